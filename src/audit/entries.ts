import type { Queryable } from '../db/pool.ts';
import type { AuditEntry, AuditOutcome } from './record.ts';

/** A row of the audit as it is read. */
export type AuditRow = AuditEntry & { readonly number: number; readonly at: Date };

/** Which rows; what is null or not given restricts nothing. `at` from `from` on, and before `until`. */
export type AuditFilter = {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly kind?: string | undefined;
  readonly on?: string | undefined;
  readonly unit?: string | undefined;
  readonly outcome?: AuditOutcome | undefined;
  readonly request?: string | undefined;
  /** Begun, and no row says what came of it: under way now, or killed over. */
  readonly open?: boolean | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
};

const where = `($1::text is null or actor = $1) and ($2::text is null or action = $2)
  and ($3::text is null or kind = $3) and ($4::text is null or on_id = $4) and ($5::text is null or unit = $5)
  and ($6::text is null or outcome = $6) and ($7::text is null or request = $7)
  and ($8::timestamptz is null or at >= $8) and ($9::timestamptz is null or at < $9)
  and ($10::boolean is not true or (outcome = 'begun' and not exists (
    select from audit later
    where later.request = audit.request and later.number > audit.number and later.outcome <> 'begun')))`;

const parametersOf = ({ actor, action, kind, on, unit, outcome, request, from, until, open }: AuditFilter): unknown[] =>
  [actor, action, kind, on, unit, outcome, request, from, until, open].map((one) => one ?? null);

/**
 * A page of rows by their numbers: `after` the one of this number, null: from the beginning; the newest first, or the
 * oldest where `oldestFirst`. At most `limit`.
 */
export const entries = (
  db: Queryable,
  filter: AuditFilter,
  page: { readonly after: number | null; readonly oldestFirst: boolean; readonly limit: number },
): Promise<AuditRow[]> =>
  db.many<AuditRow>(
    `select number, at, actor, role, via, address, action, kind, on_id as on, unit, why, outcome, request, detail
     from audit where ${where} and ($11::bigint is null or number ${page.oldestFirst ? '>' : '<'} $11)
     order by number ${page.oldestFirst ? 'asc' : 'desc'} limit $12`,
    [...parametersOf(filter), page.after, page.limit],
  );

/** Rows that are counted at most: of some kinds there are ten thousand a day, kept for years. */
export const mostCounted = 100_000;

/** How many rows there are of these, as far as `mostCounted`; where nothing restricts them, all. */
export const countEntries = async (db: Queryable, filter: AuditFilter): Promise<number> => {
  const parameters = parametersOf(filter);
  const { count } = parameters.every((one) => one === null)
    ? // The chain has no gaps.
      await db.one<{ count: number }>('select coalesce(max(number), 0) as count from audit')
    : await db.one<{ count: number }>(
        `select count(*) as count from (select from audit where ${where} limit ${mostCounted}) as found`,
        parameters,
      );
  return count;
};

const openForMs = 31 * 86_400_000;

/** What is open is looked for among the rows of a month, where nobody says since when: of each, those after it are read. */
export const boundedOpen = (filter: AuditFilter, now: Date): AuditFilter =>
  filter.open === true && filter.from === undefined
    ? { ...filter, from: new Date((filter.until ?? now).getTime() - openForMs) }
    : filter;
