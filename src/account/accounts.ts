import type { Queryable } from '../db/pool.ts';
import { type Account, accountColumns } from './account.ts';
import { keyOf } from './name.ts';
import type { Role } from './role.ts';

/** Which accounts; null: whichever. */
export type AccountFilter = {
  readonly role: Role | null;
  readonly unit: string | null;
  readonly disabled: boolean | null;
  /** A part of the name to sign in by or of the name shown. */
  readonly search: string | null;
};

export type AccountPage = {
  readonly by: 'name' | 'madeAt';
  readonly descending: boolean;
  /** The last row of the page before: what it is ordered by (ms of `made_at`), and its id. */
  readonly after: readonly [string | number, number] | null;
  readonly limit: number;
};

export type Listed = Account & { readonly key: string; readonly unit_name: string | null };

const where = `($1::text is null or account.role = $1) and ($2::text is null or account.unit = $2)
  and ($3::boolean is null or (account.disabled_at is not null) = $3)
  and ($4::text is null or strpos(account.key, $5) > 0 or strpos(account.shown_name, $4) > 0)`;

const parameters = ({ role, unit, disabled, search }: AccountFilter): unknown[] => [
  ...[role, unit, disabled, search, search === null ? null : keyOf(search)],
];

/** One row more than the limit where there is another page. The collation is told, so that it is the same everywhere. */
const pages = {
  name: {
    ascending: `and ($6::text is null or (account.key collate "C", account.id) > ($6, $7)) order by account.key collate "C", account.id`,
    descending: `and ($6::text is null or (account.key collate "C", account.id) < ($6, $7)) order by account.key collate "C" desc, account.id desc`,
  },
  madeAt: {
    ascending: `and ($6::float8 is null or (account.made_at, account.id) > (to_timestamp($6 / 1000), $7)) order by account.made_at, account.id`,
    descending: `and ($6::float8 is null or (account.made_at, account.id) < (to_timestamp($6 / 1000), $7)) order by account.made_at desc, account.id desc`,
  },
} as const;

export const accountsPage = (db: Queryable, filter: AccountFilter, page: AccountPage): Promise<Listed[]> =>
  db.many<Listed>(
    `select ${accountColumns}, account.key, unit.name as unit_name from account left join unit on unit.code = account.unit
     where ${where} ${pages[page.by][page.descending ? 'descending' : 'ascending']} limit $8`,
    [...parameters(filter), page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit + 1],
  );

export const accountsTotal = async (db: Queryable, filter: AccountFilter): Promise<number> =>
  (await db.one<{ total: number }>(`select count(*) as total from account where ${where}`, parameters(filter))).total;

/** All there are, by name. */
export const everyAccount = (db: Queryable): Promise<Account[]> =>
  db.many<Account>(`select ${accountColumns} from account order by key collate "C"`);
