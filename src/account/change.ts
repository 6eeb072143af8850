import type { Queryable, Statements } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { type Account, accountColumns, requireUnitOf } from './account.ts';
import { forgetBrowsers } from './browser.ts';
import { forgetTries } from './guess.ts';
import { type Role, unitOf } from './role.ts';
import { removeTotp } from './second-factor.ts';

/** What is left out stays as it is. */
export type Changes = {
  readonly shownName?: string;
  readonly role?: Role;
  readonly unit?: string | null;
  readonly phone?: string | null;
  readonly disabled?: boolean;
};

/** How long a password that somebody else made may be used. */
export const firstPasswordMs = 7 * 86_400_000;

/**
 * Changes an account; null where there is none. What it may do (role, unit, being disabled) ends its sessions and tokens.
 * Throws a Sentence where role and unit do not go together, or no administrator would be left.
 */
export const changeAccount = (db: Statements, now: Date, id: number, changes: Changes): Promise<Account | null> =>
  db.transaction(async (tx) => {
    // Two administrators who disable each other at the same moment wait for one another here.
    const administrators = await tx.many<{ id: number }>(
      `select id from account where role = 'administrator' and disabled_at is null order by id for update`,
    );
    const was = await tx.maybeOne<Account>(`select ${accountColumns} from account where id = $1 for update`, [id]);
    if (was === null) return null;
    const role = changes.role ?? was.role;
    // Whoever becomes one of the city's own leaves their unit by it.
    const unit = changes.unit === undefined ? (unitOf[role] === 'never' ? null : was.unit) : changes.unit;
    const disabled = changes.disabled ?? was.disabled_at !== null;
    if (role !== was.role || unit !== was.unit) await requireUnitOf(tx, role, unit);
    const others = administrators.filter((one) => one.id !== id).length;
    if (administrators.length > others && others === 0 && (role !== 'administrator' || disabled)) {
      throw new Sentence(
        `${was.name} 是最后一个可用的管理员账号，不能停用或改换角色：请先添加另一个`,
        `${was.name} is the last administrator and can be neither disabled nor given another role: add another one first`,
      );
    }
    const changed = role !== was.role || unit !== was.unit || disabled !== (was.disabled_at !== null);
    if (changed && disabled) await forgetBrowsers(tx, id, null);
    return tx.one<Account>(
      `update account set shown_name = $2, role = $3, unit = $4, phone = $5, epoch = epoch + $6,
         disabled_at = case when $7 then coalesce(disabled_at, $8) end
       where id = $1 returning ${accountColumns}`,
      [
        ...[id, changes.shownName ?? was.shown_name, role, unit],
        ...[changes.phone === undefined ? was.phone : changes.phone, changed ? 1 : 0, disabled, now],
      ],
    );
  });

/**
 * Gives an account a first password, by its hash: all that was open under the old one ends, and whoever asked for it because
 * they had tried too often need not wait.
 */
export const resetPassword = async (db: Queryable, now: Date, id: number, hash: string): Promise<void> => {
  const { key } = await db.one<{ key: string }>(
    `update account set password = $2, must_change = true, first_until = $3, epoch = epoch + 1
     where id = $1 returning key`,
    [id, hash, new Date(now.getTime() + firstPasswordMs)],
  );
  await forgetBrowsers(db, id, null);
  await forgetTries(db, [
    { kind: 'name', of: key },
    { kind: 'self', of: String(id) },
  ]);
};

/**
 * Sets somebody's own new password, by its hash, in place of the one that they proved to know; the epoch after it, in which
 * a new session can be opened. Null where it was changed by somebody else meanwhile. The browser that it is done in stays
 * known, no other one.
 */
export const setOwnPassword = async (
  db: Queryable,
  id: number,
  former: string,
  hash: string,
  browser: string | null,
): Promise<number | null> => {
  const set = await db.maybeOne<{ epoch: number }>(
    `update account set password = $3, must_change = false, first_until = null, epoch = epoch + 1
     where id = $1 and password = $2 returning epoch`,
    [id, former, hash],
  );
  if (set !== null) await forgetBrowsers(db, id, browser);
  return set?.epoch ?? null;
};

/** Ends an account's sessions and tokens; false where there is no such account. */
export const endAll = async (db: Queryable, id: number): Promise<boolean> =>
  (await db.run('update account set epoch = epoch + 1 where id = $1', [id])) === 1;

/** Takes somebody's second factor away, who lost it: all that was open under it ends. */
export const dropTotp = (db: Statements, id: number): Promise<void> =>
  db.transaction(async (tx) => {
    await removeTotp(tx, id);
    await forgetBrowsers(tx, id, null);
    await endAll(tx, id);
  });
