import type { Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { keyOf, requireName } from './name.ts';
import { type Role, unitOf } from './role.ts';

/** An account as it is shown; nothing of it is a secret. */
export type Account = {
  readonly id: number;
  readonly name: string;
  readonly shown_name: string;
  readonly role: Role;
  readonly unit: string | null;
  readonly phone: string | null;
  /** Whether it signs in by a password of ours, and not elsewhere alone. */
  readonly has_password: boolean;
  readonly must_change: boolean;
  readonly first_until: Date | null;
  readonly totp: boolean;
  readonly epoch: number;
  readonly disabled_at: Date | null;
  readonly made_at: Date;
  readonly made_by: string;
  readonly signed_in_at: Date | null;
};

/** The columns of an Account, of `account`. */
export const accountColumns = `account.id, account.name, account.shown_name, account.role, account.unit, account.phone,
  account.password is not null as has_password, account.must_change, account.first_until, account.totp is not null as totp,
  account.epoch, account.disabled_at, account.made_at, account.made_by, account.signed_in_at`;

export type NewAccount = {
  readonly name: string;
  readonly shownName: string;
  readonly role: Role;
  readonly unit: string | null;
  readonly phone: string | null;
  /** Its hash, and until when it may be used as a first one; null: it signs in elsewhere. */
  readonly password: { readonly hash: string; readonly firstUntil: Date | null } | null;
  readonly by: string;
};

/** Adds an account; a Sentence where its name is taken, or its role and unit do not go together. */
export const addAccount = async (db: Queryable, now: Date, account: NewAccount): Promise<Account> => {
  const name = requireName(account.name);
  await requireUnitOf(db, account.role, account.unit);
  const added = await db.maybeOne<Account>(
    `insert into account (name, key, shown_name, role, unit, phone, password, must_change, first_until, made_at, made_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (key) do nothing
     returning ${accountColumns}`,
    [
      ...[name, keyOf(name), account.shownName, account.role, account.unit, account.phone],
      ...[account.password?.hash ?? null, (account.password?.firstUntil ?? null) !== null],
      ...[account.password?.firstUntil ?? null, now, account.by],
    ],
  );
  if (added !== null) return added;
  throw new Sentence(`登录名 ${name} 已有账号使用`, `the name ${name} is taken by another account`);
};

/** A Sentence where an account of this role cannot be of this unit, or there is no such unit. */
export const requireUnitOf = async (db: Queryable, role: Role, unit: string | null): Promise<void> => {
  if (unit === null) {
    if (unitOf[role] !== 'always') return;
    throw new Sentence(`角色 ${role} 须指明考核单位`, `an account of the role ${role} belongs to a unit: say which`);
  }
  if (unitOf[role] === 'never') {
    throw new Sentence(`角色 ${role} 属于全市，不能指明考核单位`, `an account of the role ${role} belongs to no unit`);
  }
  const known = await db.maybeOne('select code from unit where code = $1', [unit]);
  if (known === null) throw new Sentence(`没有考核单位 ${unit}`, `there is no unit ${unit}`);
};

/** By its id; null where there is none. */
export const accountBy = (db: Queryable, id: number): Promise<Account | null> =>
  db.maybeOne<Account>(`select ${accountColumns} from account where id = $1`, [id]);

/** By the name that it signs in by; null where there is none. */
export const accountNamed = (db: Queryable, name: string): Promise<Account | null> =>
  db.maybeOne<Account>(`select ${accountColumns} from account where key = $1`, [keyOf(name)]);
