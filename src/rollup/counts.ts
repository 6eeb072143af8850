import type { Queryable } from '../db/pool.ts';

export type CountedClass = {
  readonly unit: string;
  readonly class: 'skynet' | 'social' | 'household';
  readonly roster: number;
  readonly exempt: number;
  readonly unknown: number;
  readonly online: number;
  readonly image: number;
  readonly raw_assessed: number;
  readonly raw_online: number;
  readonly raw_image: number;
};

/**
 * The counts of each unit and class of an inspection, from its frozen outcomes. Unknown is a camera without an answer
 * that can be laid to it, be it for its being online or for a picture that was due: it is in no numerator and in no
 * denominator. A household camera owes no picture.
 */
export const countOutcomes = (db: Queryable, inspection: number): Promise<CountedClass[]> =>
  db.many<CountedClass>(
    `with found as (
       select ro.unit, ro.class, ro.exempt, o.online, o.image,
         o.online is null or (ro.picture_due and o.image is null) as unknown
       from roster ro join outcome o using (inspection, camera)
       where ro.inspection = $1
     )
     select unit, class,
       count(*)::integer as roster,
       count(*) filter (where exempt)::integer as exempt,
       count(*) filter (where not exempt and unknown)::integer as unknown,
       count(*) filter (where not exempt and not unknown and online)::integer as online,
       count(*) filter (where not exempt and not unknown and image)::integer as image,
       count(*) filter (where not unknown)::integer as raw_assessed,
       count(*) filter (where not unknown and online)::integer as raw_online,
       count(*) filter (where not unknown and image)::integer as raw_image
     from found group by unit, class order by unit, class`,
    [inspection],
  );
