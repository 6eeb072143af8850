import type { Queryable } from '../db/pool.ts';
import { type Outage, outageSeconds } from './outage-figures.ts';

/** An outage in a list. */
export type ListedOutage = Omit<Outage, 'name'> & {
  readonly camera: number;
  /** As it is called now; null: of one that is not of the reach any more. */
  readonly name: string | null;
};

/** What is null is not asked for. Unit, class and site are those of the time. */
export type OutagesWanted = {
  readonly reach: string | null;
  readonly unit: string | null;
  readonly class: string | null;
  readonly site: string | null;
  /** 20 digits. */
  readonly camera: string | null;
  readonly kind: string | null;
  readonly open: boolean | null;
  /** Outages that touch the time from here … */
  readonly from: Date;
  /** … up to here. */
  readonly until: Date;
};

/** One that began before the time and goes on belongs to it, as long as its camera is in use: nobody will see the other up. */
const wanted = `from outage o join camera c on c.id = o.camera
  where o.began_at < $9 and (o.ended_at >= $8 or (o.ended_at is null and (o.began_at >= $8 or c.in_use)))
    and ($1::text is null or o.unit = $1) and ($2::text is null or o.unit = $2) and ($3::text is null or o.class = $3)
    and ($4::text is null or o.site = $4) and ($5::text is null or c.code = $5) and ($6::text is null or o.kind = $6)
    and ($7::boolean is null or (o.ended_at is null) = $7)`;

/** So many by their beginning and camera, after one of them; and how many there are in all. */
export const outagesWanted = async (
  db: Queryable,
  { reach, unit, class: of, site, camera, kind, open, from, until }: OutagesWanted,
  page: { readonly down: boolean; readonly after: readonly [Date, number] | null; readonly limit: number },
): Promise<{ readonly rows: ListedOutage[]; readonly total: number }> => {
  const parameters = [reach, unit, of, site, camera, kind, open, from, until];
  const [sign, order] = page.down ? ['<', 'desc'] : ['>', 'asc'];
  const rows = await db.many<ListedOutage>(
    `select o.camera, c.code, case when $1::text is null or c.unit = $1 then c.name end as name, o.unit, o.class, o.site, o.began_at, o.ended_at,
       ${outageSeconds} as seconds, o.unknown, o.kind, o.step, o.detail
     ${wanted} and ($10::timestamptz is null or (o.began_at, o.camera) ${sign} ($10, $11::integer))
     order by o.began_at ${order}, o.camera ${order} limit $12`,
    [...parameters, page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit],
  );
  const { total } = await db.one<{ total: number }>(`select count(*) as total ${wanted}`, parameters);
  return { rows, total };
};
