import type { Database, Queryable } from '../db/pool.ts';
import { readyKeys } from './data-key.ts';
import { lockImports } from './import.ts';
import { type Change, type KnownLogin, loginChanges, loginOf } from './plan.ts';
import { keyColumns, keyOf } from './stored-login.ts';
import type { Credentials, Vault } from './vault.ts';
import { writeLogins } from './write-logins.ts';

type Found = KnownLogin & { readonly id: number; readonly unit: string };

/** Which camera, for whom, and who changes its login. */
export type Setting = {
  readonly code: string;
  /** The one unit whose cameras there are for whoever asks; null: all. */
  readonly reach: string | null;
  readonly by: string;
};

/**
 * Gives a camera a login, or takes it away (null), as an import of that one value would: a new password is a new version,
 * which ends what is remembered of refusals of the old one, and stands in the history without being shown. false: there
 * is no such camera. Throws KeyUnavailable; nothing was written then.
 */
export const setLogin = async (
  db: Database,
  vault: Vault,
  setting: Setting,
  login: (Credentials & { readonly basicAllowed: boolean | undefined }) | null,
): Promise<boolean> => {
  const before = await find(db, setting, false);
  if (before === null) return false;
  if (login !== null) {
    await readyKeys(db, vault, [before.unit]);
    await vault.hold([keyOf(before)]);
  }
  const done = await db.transaction(async (tx) => {
    await lockImports(tx);
    const found = await find(tx, setting, true);
    if (found === null || found.unit !== before.unit) return false;
    if (login !== null) await vault.hold([keyOf(found)]);
    const wanted = { code: setting.code, unit: found.unit, ...(login ?? { user: '', password: '' }) };
    const next = loginOf(vault, { basicAllowed: undefined, ...wanted }, found, 'replaced');
    if (next === null) return true;
    await note(tx, setting, found, loginChanges(next, found));
    await writeLogins(tx, vault, [next]);
    return true;
  });
  // Gone, or moved to another unit meanwhile.
  return done || setLogin(db, vault, setting, login);
};

const find = (db: Queryable, { code, reach }: Setting, held: boolean): Promise<Found | null> =>
  db.maybeOne<Found>(
    `select c.id, c.code, c.unit, cr.version, cr.sealed, cr.basic_allowed, ${keyColumns}
     from camera c left join credential cr on cr.camera = c.id left join data_key k on k.id = cr.data_key
     where c.code = $1 and ($2::text is null or c.unit = $2) ${held ? 'for update of c' : ''}`,
    [code, reach],
  );

const note = async (tx: Queryable, { by }: Setting, { id }: Found, changes: readonly Change[]): Promise<void> => {
  const told = Object.fromEntries(changes.map(({ field, old, new: next }) => [field, [old, next]]));
  await tx.run('update camera set changed_at = now() where id = $1', [id]);
  await tx.run(
    `with i as (insert into import (by, added, changed, removed, same) values ($1, 0, 1, 0, 0) returning id)
     insert into camera_change (camera, import, changes) select $2, i.id, $3 from i`,
    [by, id, JSON.stringify(told)],
  );
};
