import type { Queryable } from '../db/pool.ts';
import { masterOfBefore, requireMasters } from './data-key.ts';
import { KeyUnavailable } from './master-keys.ts';
import type { Vault } from './vault.ts';

export type KeyState = { readonly ok: true } | { readonly ok: false; readonly error: KeyUnavailable };

/**
 * Whether the master keys at hand open what the database holds: every data key, and a login of before there were any. They
 * are looked for again where they do not.
 */
export const keyState = async (db: Queryable, vault: Vault): Promise<KeyState> => {
  const { masters } = vault;
  try {
    await requireMasters(db, masters);
    await masterOfBefore(db, vault);
    // Nothing is sealed yet; what is to be sealed next needs one.
    void masters.first;
    return { ok: true };
  } catch (error) {
    if (!(error instanceof KeyUnavailable)) throw error;
    return { ok: false, error };
  }
};
