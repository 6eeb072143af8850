import type { Queryable } from '../db/pool.ts';

/**
 * Freezes what each camera of an inspection came to: the best of its attempts, online and image apart (yes before no
 * before unknown), and the failure of the attempt that came nearest to a picture, the later one of two alike. Scans
 * the results of one inspection, some 16,610 rows and their retries.
 */
export const freezeOutcomes = async (tx: Queryable, inspection: number): Promise<void> => {
  // As parameters: joined to the inspection, every chunk of the history would be read.
  const { started_at, cutoff_at } = await tx.one<{ started_at: Date; cutoff_at: Date }>(
    'select started_at, cutoff_at from inspection where id = $1',
    [inspection],
  );
  await tx.run(
    `insert into outcome (inspection, camera, online, image, attempts, failure, step, detail)
     with answer as (
       select * from result where inspection = $1 and slot between $2 and $3
     ),
     -- bool_or passes over null: true if any was yes, false if any was no and none yes, null if none was either.
     best as (
       select camera, bool_or(online) as online, bool_or(image) as image, count(*) as attempts
       from answer group by camera
     ),
     nearest as (
       select distinct on (camera) camera, failure, step, detail
       from answer
       order by camera, image desc nulls last, online desc nulls last, slot desc
     )
     select ro.inspection, ro.camera, best.online, case when ro.picture_due then best.image end,
       coalesce(best.attempts, 0),
       case when sound.yes then null else nearest.failure end,
       case when sound.yes then null else nearest.step end,
       case when sound.yes then null else nearest.detail end
     from roster ro
     left join best using (camera)
     left join nearest using (camera)
     -- Nothing that is owed is missing: what else was met on the way is no failure of the camera.
     cross join lateral (select best.online and (best.image or not ro.picture_due) as yes) sound
     where ro.inspection = $1`,
    [inspection, started_at, cutoff_at],
  );
};
