import type { Database, Queryable } from '../db/pool.ts';
import type { SweepKey } from './sweep.ts';

/**
 * A probe that began in the last moment may take so long to be stored: the longest deadline of a camera, and some. After
 * the database was away, results wait for it as long: nothing is ended before.
 */
export const graceMs = 150_000;

/** Marks a row whose results were all delivered: what the worker that did it knows. */
export const markSweepDone = (db: Queryable, { slot, site, want, part }: SweepKey, now: Date): Promise<number> =>
  db.run(
    `update sweep set done_at = $5 where slot = $1 and site = $2 and want = $3 and part = $4 and done_at is null
       and skipped is null`,
    [new Date(slot), site, want, part, now],
  );

/** A slot at a time, as a parameter, so that one chunk of the results is read. */
const counted = `select s.site, s.want, s.part, cardinality(s.cameras) - count(r.camera) as missing
  from sweep s cross join unnest(s.cameras) as c (camera)
  left join result r on r.camera = c.camera and r.slot = $1
  where s.slot = $1 and s.done_at is null and s.skipped is null
  group by s.site, s.want, s.part, s.cameras`;

/**
 * Ends the rows whose time is over: what has no result by now is skipped, and counted by day, site and reason. Gives the
 * number of cameras that were skipped.
 */
export const endSweeps = async (db: Database, now: Date): Promise<number> => {
  const over = await db.many<{ slot: Date }>(
    `select distinct slot from sweep
     where done_at is null and skipped is null and expires_at < $1 and slot > $2 order by slot`,
    [new Date(now.getTime() - graceMs), oldest(now)],
  );
  let skipped = 0;
  for (const { slot } of over) {
    const { cameras } = await db.one<{ cameras: number }>(
      `with n as (${counted}),
       ended as (
         update sweep s set skipped = nullif(n.missing, 0), done_at = case when n.missing = 0 then $2::timestamptz end
         from n where s.slot = $1 and s.site = n.site and s.want = n.want and s.part = n.part and s.expires_at < $3
           and s.done_at is null and s.skipped is null
         returning s.site, s.want, n.missing,
           case when s.enqueued > 0 then 'late' when s.unserved then 'no_worker' else 'not_queued' end as reason
       ),
       told as (
         insert into sweep_skipped as k (day, site, want, reason, cameras)
         select ($1::timestamptz at time zone 'Asia/Shanghai')::date, site, want, reason, sum(missing)
         from ended where missing > 0 group by site, want, reason
         on conflict (day, site, want, reason) do update set cameras = k.cameras + excluded.cameras
       )
       select coalesce(sum(missing), 0)::integer as cameras from ended`,
      [slot, now, new Date(now.getTime() - graceMs)],
    );
    skipped += cameras;
  }
  return skipped;
};

/** Rows are kept for three days; one that is older and open belongs to nobody. */
const oldest = (now: Date): Date => new Date(now.getTime() - 3 * 86_400_000);
