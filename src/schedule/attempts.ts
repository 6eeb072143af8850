import type { Queryable } from '../db/pool.ts';
import type { Inspection } from './inspection.ts';
import { policyOf } from './policy.ts';

/** Cameras in one job: many rows to one write, and little to do again when a worker dies over it. */
export const batchSize = 100;

/**
 * A camera still needs an attempt while none of its results is the best there can be: a picture, or for one that owes
 * no picture, being online. Two hashed sets in place of one search a camera: without statistics of this hour's results,
 * which nobody has gathered yet, the planner joined 138,698 cameras with as many results by nested loops (over 220 s).
 */
const answered = (proof: 'image' | 'online'): string =>
  `(select camera from result where inspection = $1 and slot between $2::timestamptz and $3::timestamptz and online and ${proof})`;
const inNeed = `not (ro.camera in ${answered('image')}
  or (not ro.picture_due and ro.camera in ${answered('online')}))`;

/** Marks one batch whose results were all delivered: what the worker that did it knows. */
export const markBatchDone = (db: Queryable, batch: number): Promise<number> =>
  db.run('update batch set done = true where id = $1 and not done', [batch]);

/** What a worker had no time to say is looked for so long after a batch was queued, ms. */
const unsaidMs = 10_000;

/**
 * Marks the batches whose cameras all have their result by `now`, whoever delivered it: what a worker had no time to say.
 * Gives their number. A slot at a time, as a parameter, so that one chunk of the results is read.
 */
export const markDone = async (db: Queryable, inspection: number, now: Date): Promise<number> => {
  let marked = 0;
  const before = new Date(now.getTime() - unsaidMs);
  const open = await db.many<{ slot: Date }>(
    'select distinct slot from batch where inspection = $1 and not done and coalesce(enqueued_at, slot) < $2 order by slot',
    [inspection, before],
  );
  for (const { slot } of open) {
    marked += await db.run(
      `update batch set done = true where id in (
         select b.id from batch b
         cross join unnest(b.cameras) as c (camera)
         left join result r on r.camera = c.camera and r.slot = $2
         where b.inspection = $1 and b.slot = $2 and not b.done and coalesce(b.enqueued_at, b.slot) < $3
         group by b.id having count(*) = count(r.camera)
       )`,
      [inspection, slot, before],
    );
  }
  return marked;
};

/**
 * Plans what is due at `now`: the first attempt of all cameras, and a further one for each camera that still needs it
 * and has had its attempt before, so that neither a site whose workers are away nor a recorder that answers no channel
 * holds up anybody else. Idempotent by (inspection, attempt, site, part). Hosts are ordered by a hash: neighbours on one
 * switch are not visited all at once, and the order can be repeated. A host is in one batch with all its channels, so
 * that one worker takes them in turn. Household cameras come last: nobody is judged by them.
 */
export const planAttempts = async (db: Queryable, inspection: Inspection, now: Date): Promise<void> => {
  const policy = await policyOf(db, inspection.policy);
  for (const [index, seconds] of policy.attempts.entries()) {
    const slot = new Date(inspection.started_at.getTime() + seconds * 1000);
    if (now < slot) return;
    const before = new Date(inspection.started_at.getTime() + (policy.attempts[index - 1] ?? 0) * 1000);
    await db.run(
      `insert into batch (inspection, attempt, part, slot, site, cameras)
       with planned as (
         select site, part, cameras from batch where inspection = $1 and attempt = $4
       ),
       due as (
         select ro.site, ro.camera, ro.class = 'household' as household, c.host
         from roster ro join camera c on c.id = ro.camera
         where ro.inspection = $1 and ${inNeed}
           and ${
             index === 0
               ? '$6::timestamptz is not null and ro.site not in (select site from planned)'
               : `ro.camera in (select camera from result where inspection = $1 and slot = $6)
                  and ro.camera not in (select unnest(cameras) from planned)`
           }
       ),
       host as (
         select site, household, host, array_agg(camera order by camera) as cameras,
           sum(count(*)) over (partition by site order by household, hashtext(host), host) - count(*) as before
         from due group by site, household, host
       ),
       first as (
         select site, max(part) + 1 as part from planned group by site
       )
       select $1, $4, n + coalesce(first.part, 0), $5, site, array_agg(camera order by before, camera)
       from (select site, before, div(before, ${batchSize})::integer as n, unnest(cameras) as camera from host) as part
       left join first using (site)
       group by site, n, first.part order by n, site
       on conflict do nothing`,
      [inspection.id, inspection.started_at, inspection.cutoff_at, index + 1, slot, before],
    );
  }
};

/** Whether nothing of an inspection is under way: its first attempt is not planned, or all that is planned is done. */
export const isIdle = async (db: Queryable, inspection: number): Promise<boolean> =>
  (
    await db.one<{ idle: boolean }>(
      'select not exists (select from batch where inspection = $1 and not done) as idle',
      [inspection],
    )
  ).idle;

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
         and ro.camera not in (select unnest(cameras) from batch where inspection = $1 and attempt = $4)
     ) as needed`,
    [inspection.id, inspection.started_at, inspection.cutoff_at, policy.attempts.length],
  );
  return !needed;
};

export type Progress = { readonly planned: number; readonly done: number; readonly attempt: number };

/** How far an inspection is: probes planned so far and their results, and the attempt under way. */
export const progressOf = async (db: Queryable, inspection: number): Promise<Progress> => {
  const { started_at, cutoff_at } = await db.one<Pick<Inspection, 'started_at' | 'cutoff_at'>>(
    'select started_at, cutoff_at from inspection where id = $1',
    [inspection],
  );
  return db.one<Progress>(
    `select coalesce(sum(cardinality(cameras)), 0)::integer as planned, coalesce(max(attempt), 0)::integer as attempt,
       (select count(*)::integer from result where inspection = $1 and slot between $2 and $3) as done
     from batch where inspection = $1`,
    [inspection, started_at, cutoff_at],
  );
};
