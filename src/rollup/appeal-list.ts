import type { Queryable } from '../db/pool.ts';
import { type Appeal, appealColumns } from './appeal.ts';

export const appealStatuses = ['open', 'granted', 'refused'] as const;
export type AppealStatus = (typeof appealStatuses)[number];

export type AppealsWanted = {
  /** All that whoever asks meets; null: the city. */
  readonly reach: string | null;
  readonly unit: string | null;
  readonly inspection: number | null;
  readonly status: AppealStatus | null;
  /** 20 digits. */
  readonly camera: string | null;
};

const from = 'from appeal a join roster ro using (inspection, camera)';
const wanted = `($1::text is null or ro.unit = $1) and ($2::text is null or ro.unit = $2)
  and ($3::bigint is null or a.inspection = $3) and ($4::text is null or coalesce(a.decision, 'open') = $4)
  and ($5::text is null or ro.code = $5)`;

const parametersOf = ({ reach, unit, inspection, status, camera }: AppealsWanted): unknown[] => [
  ...[reach, unit, inspection, status, camera],
];

/** A page of those that are wanted, by number, behind the one numbered `after`; null: from the first. */
export const appealPage = (
  db: Queryable,
  of: AppealsWanted,
  {
    newestFirst,
    after,
    limit,
  }: { readonly newestFirst: boolean; readonly after: number | null; readonly limit: number },
): Promise<Appeal[]> =>
  db.many<Appeal>(
    `select ${appealColumns} ${from}
     where ${wanted} and ($6::bigint is null or ${newestFirst ? 'a.id < $6' : 'a.id > $6'})
     order by a.id ${newestFirst ? 'desc' : 'asc'} limit $7`,
    [...parametersOf(of), after, limit],
  );

export const countAppeals = async (db: Queryable, of: AppealsWanted): Promise<number> =>
  (await db.one<{ total: number }>(`select count(*)::integer as total ${from} where ${wanted}`, parametersOf(of)))
    .total;

/** One that was made against a camera of `unit`, or any where it is null; null where there is none. */
export const appealOf = (db: Queryable, id: number, unit: string | null): Promise<Appeal | null> =>
  db.maybeOne<Appeal>(`select ${appealColumns} ${from} where a.id = $1 and ($2::text is null or ro.unit = $2)`, [
    id,
    unit,
  ]);
