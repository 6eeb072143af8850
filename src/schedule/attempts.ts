import type { Queryable } from '../db/pool.ts';
import type { Inspection } from './inspection.ts';
import { policyOf } from './policy.ts';

/** Cameras in one job: many rows to one write, and little to do again when a worker dies over it. */
const batchSize = 100;

/**
 * A camera still needs an attempt while none of its results is the best there can be: a picture, or for one that owes
 * no picture, being online.
 */
const inNeed = `not exists (
  select from result r
  where r.inspection = ro.inspection and r.camera = ro.camera
    and r.slot between $2::timestamptz and $3::timestamptz
    and r.online and (r.image or not ro.picture_due))`;

/** Marks the batches whose cameras all have their result. */
export const markDone = (db: Queryable, inspection: number): Promise<number> =>
  db.run(
    `update batch b set done = true
     where b.inspection = $1 and not b.done and not exists (
       select from unnest(b.cameras) as c (camera)
       where not exists (select from result r where r.camera = c.camera and r.slot = b.slot)
     )`,
    [inspection],
  );

/**
 * Plans every attempt that is due at `now`, site by site: a site's next attempt begins when its one before is done, so
 * that a site whose workers are away holds up nobody else. Idempotent by (inspection, attempt, site, part). Cameras
 * are ordered by a hash: neighbours on one switch are not visited all at once, and the order can be repeated.
 */
export const planAttempts = async (db: Queryable, inspection: Inspection, now: Date): Promise<void> => {
  const policy = await policyOf(db, inspection.policy);
  for (const [index, seconds] of policy.attempts.entries()) {
    const slot = new Date(inspection.started_at.getTime() + seconds * 1000);
    if (now < slot) return;
    await db.run(
      `insert into batch (inspection, attempt, part, slot, site, cameras)
       with ready as (
         select site from roster where inspection = $1
         except select site from batch where inspection = $1 and attempt = $4
         except select site from batch where inspection = $1 and not done
       ),
       due as (
         select ro.site, ro.camera,
           (row_number() over (partition by ro.site order by hashint4(ro.camera), ro.camera) - 1) / ${batchSize} as n
         from roster ro join ready using (site)
         where ro.inspection = $1 and ${inNeed}
           and ($4 = 1 or ro.site in (select site from batch where inspection = $1 and attempt = $4 - 1))
       )
       select $1, $4, n, $5, site, array_agg(camera order by hashint4(camera), camera)
       from due group by site, n
       on conflict do nothing`,
      [inspection.id, inspection.started_at, inspection.cutoff_at, index + 1, slot],
    );
  }
};

/** Whether an inspection is over at `now`: every camera has its best answer or all its attempts, or it is cut off. */
export const isOver = async (db: Queryable, inspection: Inspection, now: Date): Promise<boolean> => {
  if (now >= inspection.cutoff_at) return true;
  const { open } = await db.one<{ open: boolean }>(
    'select exists (select from batch where inspection = $1 and not done) as open',
    [inspection.id],
  );
  if (open) return false;
  const policy = await policyOf(db, inspection.policy);
  const { needed } = await db.one<{ needed: boolean }>(
    `select exists (
       select from roster ro
       where ro.inspection = $1 and ${inNeed}
         and not exists (select from batch b where b.inspection = $1 and b.site = ro.site and b.attempt = $4)
     ) as needed`,
    [inspection.id, inspection.started_at, inspection.cutoff_at, policy.attempts.length],
  );
  return !needed;
};

export type Progress = { readonly planned: number; readonly done: number; readonly attempt: number };

/** How far an inspection is: probes planned so far and their results, and the attempt under way. */
export const progressOf = (db: Queryable, inspection: number): Promise<Progress> =>
  db.one<Progress>(
    `select coalesce(sum(cardinality(cameras)), 0)::integer as planned, coalesce(max(attempt), 0)::integer as attempt,
       (select count(*)::integer from result where inspection = $1) as done
     from batch where inspection = $1`,
    [inspection],
  );
