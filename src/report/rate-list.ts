import type { Queryable } from '../db/pool.ts';
import type { RateClass, Verdict } from '../verdict/rates.ts';

/** The figures of one unit and class in one inspection, by its newest revision. */
export type ListedRate = {
  readonly inspection: number;
  readonly day: string | null;
  readonly started_at: Date;
  readonly completed_at: Date;
  readonly revision: number;
  readonly published_at: Date | null;
  readonly policy: number;
  readonly formula: string;
  readonly unit: string;
  readonly unit_name: string;
  readonly class: RateClass;
  readonly roster: number;
  readonly exempt: number;
  readonly unknown: number;
  readonly assessed: number;
  readonly online: number;
  readonly image: number;
  readonly raw_assessed: number;
  readonly raw_online: number;
  readonly raw_image: number;
  readonly online_verdict: Verdict | null;
  readonly image_verdict: Verdict | null;
  readonly unit_verdict: Verdict | null;
  /** Within its inspection. */
  readonly place: number;
};

/** What is null is not asked for. */
export type RatesWanted = {
  readonly reach: string | null;
  readonly unit: string | null;
  readonly class: RateClass | null;
  /** Inspections that began from here … */
  readonly from: Date;
  /** … up to here. */
  readonly until: Date;
  /** Daily rounds alone, or what somebody asked for alone. */
  readonly daily: boolean | null;
};

const place = `position * 4 + array_position('{total,skynet,social,household}'::text[], class)`;

/** So many in the order of inspections, then of units and classes, after one of them; and how many there are in all. */
export const ratesWanted = async (
  db: Queryable,
  { reach, unit, class: of, from, until, daily }: RatesWanted,
  page: { readonly down: boolean; readonly after: readonly [number, number] | null; readonly limit: number },
): Promise<{ readonly rows: ListedRate[]; readonly total: number }> => {
  const wanted = `from inspection_rate
    where completed_at is not null and started_at >= $1 and started_at < $2 and ($3::text is null or unit = $3)
      and ($4::text is null or unit = $4) and ($5::text is null or class = $5)
      and ($6::boolean is null or (day is not null) = $6)`;
  const parameters = [from, until, reach, unit, of, daily];
  const [sign, order] = page.down ? ['<', 'desc'] : ['>', 'asc'];
  const rows = await db.many<ListedRate>(
    `select *, ${place} as place ${wanted}
       and ($7::bigint is null or (inspection, ${place}) ${sign} ($7, $8::bigint))
     order by inspection ${order}, place ${order} limit $9`,
    [...parameters, page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit],
  );
  const { total } = await db.one<{ total: number }>(`select count(*) as total ${wanted}`, parameters);
  return { rows, total };
};
