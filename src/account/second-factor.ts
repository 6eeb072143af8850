import { randomBytes } from 'node:crypto';
import type { Queryable } from '../db/pool.ts';
import type { Sealer } from '../inventory/vault.ts';
import { digest } from './secret.ts';
import { newTotpSecret, stepOf, totpUri } from './totp.ts';

const recoveryCodes = 10;

/** What a secret's seal is bound to. */
const boundTo = (account: number): string => `totp:${account}`;

type Whose = { readonly id: number; readonly name: string };

/** Begins: a secret for the authenticator, which counts for nothing until a code of it came. Throws KeyUnavailable. */
export const beginTotp = async (
  db: Queryable,
  vault: Sealer,
  { id, name }: Whose,
): Promise<{ readonly secret: string; readonly uri: string }> => {
  const secret = newTotpSecret();
  await db.run('update account set totp_begun = $2 where id = $1', [
    ...[id, await vault.sealText(db, boundTo(id), secret)],
  ]);
  return { secret, uri: totpUri(secret, name) };
};

/**
 * Ends what was begun: with a code of the secret it is asked for from now on. Gives the recovery codes, told this once, in
 * place of all before; null where the code is wrong, 'not begun' where nothing was. Throws KeyUnavailable.
 */
export const confirmTotp = async (
  db: Queryable,
  vault: Sealer,
  now: Date,
  id: number,
  code: string,
): Promise<readonly string[] | 'not begun' | null> => {
  const { totp_begun: begun } = await db.one<{ totp_begun: Buffer | null }>(
    'select totp_begun from account where id = $1',
    [id],
  );
  if (begun === null) return 'not begun';
  const step = stepOf(await vault.openText(db, boundTo(id), begun), code, now);
  if (step === null) return null;
  const codes = Array.from({ length: recoveryCodes }, newRecoveryCode);
  // The old codes go and the new ones come in one statement, and only where it is still the same secret.
  const confirmed = await db.run(
    `with confirmed as (
       update account set totp = totp_begun, totp_begun = null, totp_step = $3 where id = $1 and totp_begun = $2
       returning id),
     gone as (delete from recovery_code using confirmed where account = confirmed.id)
     insert into recovery_code (account, hash) select confirmed.id, hash from confirmed, unnest($4::bytea[]) as hash`,
    [id, begun, step, codes.map((one) => digest(plain(one)))],
  );
  return confirmed === 0 ? 'not begun' : codes;
};

/**
 * Takes a code of an account that has a second factor: each of the authenticator's once, each recovery code once; false
 * where it is none of them. Throws KeyUnavailable: a code is never called wrong for a key that is away.
 */
export const takeCode = async (
  db: Queryable,
  vault: Sealer,
  now: Date,
  { id, totp }: { readonly id: number; readonly totp: Buffer },
  code: string,
): Promise<boolean> => {
  const bare = plain(code);
  if (!/^\d{6}$/.test(bare)) {
    const used = await db.run(
      'update recovery_code set used_at = $3 where account = $1 and hash = $2 and used_at is null',
      [id, digest(bare), now],
    );
    return used === 1;
  }
  const step = stepOf(await vault.openText(db, boundTo(id), totp), bare, now);
  if (step === null) return false;
  const taken = await db.run(
    'update account set totp_step = $2 where id = $1 and totp = $3 and (totp_step is null or totp_step < $2)',
    [id, step, totp],
  );
  return taken === 1;
};

/** Takes it away, with its recovery codes and with what was begun. */
export const removeTotp = async (db: Queryable, id: number): Promise<void> => {
  await db.run(
    `with gone as (delete from recovery_code where account = $1)
     update account set totp = null, totp_begun = null, totp_step = null where id = $1`,
    [id],
  );
};

/** 80 bits in base 32, in groups of four. */
const newRecoveryCode = (): string => {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  const text = Array.from(randomBytes(16), (byte) => letters[byte % 32]).join('');
  return text.match(/.{4}/g)!.join('-');
};

/** As it is compared: people type codes with spaces and in capitals. */
const plain = (code: string): string => code.replace(/[\s-]/g, '').toLowerCase();
