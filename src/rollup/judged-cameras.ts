import type { Queryable } from '../db/pool.ts';

/** How a camera came out of an inspection, in one word. */
export type Standing = 'sound' | 'offline' | 'no_image' | 'unknown' | 'exempt';

export type JudgedCamera = {
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly class: 'skynet' | 'social' | 'household';
  readonly site: string;
  readonly standing: Standing;
  readonly online: boolean | null;
  readonly image: boolean | null;
  readonly picture_due: boolean;
  readonly attempts: number;
  readonly failure: string | null;
  readonly step: string | null;
  readonly detail: string | null;
  /** By which it is not counted; null: it is, or by another unit's, whose camera it was. */
  readonly exemption: number | null;
  /** Which made its answers so; null: they are as found. */
  readonly appeal: number | null;
};

/** What is null is not asked for. */
export type JudgedWanted = {
  readonly reach: string | null;
  readonly unit: string | null;
  readonly class: string | null;
  readonly site: string | null;
  /** Any of these; empty: all. */
  readonly standings: readonly Standing[];
  /** Kind of failure. */
  readonly failure: string | null;
};

/**
 * So many cameras of a closed inspection as a revision judges them, in the order of codes, after one; and how many there
 * are in all. As `countOutcomes` counts them; the first revision adjusts nothing.
 */
export const judgedCameras = async (
  db: Queryable,
  inspection: number,
  revision: number,
  { reach, unit, class: of, site, standings: any, failure }: JudgedWanted,
  page: { readonly down: boolean; readonly after: string | null; readonly limit: number },
): Promise<{ readonly rows: JudgedCamera[]; readonly total: number }> => {
  const told = `with judged as (
      select ro.code, ro.name, ro.unit, ro.class, ro.site, ro.picture_due, o.attempts, o.failure, o.step, o.detail,
        ro.exempt, ro.exemption, o.online, o.image, null::bigint as appeal
      from roster ro join outcome o using (inspection, camera)
      where ro.inspection = $1
        and ro.camera not in (select camera from adjustment where inspection = $1 and revision = $2)
      union all
      select ro.code, ro.name, ro.unit, ro.class, ro.site, ro.picture_due, o.attempts, o.failure, o.step, o.detail,
        a.exemption is not null, a.exemption, a.online, a.image, a.appeal
      from adjustment a
      join roster ro using (inspection, camera)
      join outcome o using (inspection, camera)
      where a.inspection = $1 and a.revision = $2
    ),
    told as (
      select *, case when exempt then 'exempt'
        when online is null or (picture_due and image is null) then 'unknown'
        when not online then 'offline'
        when picture_due and not image then 'no_image'
        else 'sound' end as standing
      from judged
      where ($3::text is null or unit = $3) and ($4::text is null or unit = $4) and ($5::text is null or class = $5)
        and ($6::text is null or site = $6) and ($7::text is null or failure = $7)
    )`;
  const wanted = `from told where cardinality($8::text[]) = 0 or standing = any($8)`;
  const parameters = [inspection, revision, reach, unit, of, site, failure, any];
  const [sign, order] = page.down ? ['<', 'desc'] : ['>', 'asc'];
  const rows = await db.many<JudgedCamera>(
    `${told} select x.code, x.name, x.unit, x.class, x.site, x.standing, x.online, x.image, x.picture_due, x.attempts, x.failure,
       x.step, x.detail, x.appeal, case when $3::text is null or exists (
         select from exemption e where e.id = x.exemption and e.unit = $3
       ) then exemption end as exemption
     from (select * ${wanted}) x
     where $9::text is null or code ${sign} $9 order by code ${order} limit $10`,
    [...parameters, page.after, page.limit],
  );
  const { total } = await db.one<{ total: number }>(`${told} select count(*) as total ${wanted}`, parameters);
  return { rows, total };
};
