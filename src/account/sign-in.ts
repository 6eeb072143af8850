import type { Queryable } from '../db/pool.ts';
import type { Sealer } from '../inventory/vault.ts';
import { type Account, accountBy } from './account.ts';
import { isKnown, keepBrowser } from './browser.ts';
import { forgetTries, type Guesser, giveTryBack, takeTry } from './guess.ts';
import { hashing } from './hashing.ts';
import { keyOf } from './name.ts';
import { takeCode } from './second-factor.ts';
import { type OpenedSession, openSession } from './session.ts';

export type SignIn = {
  readonly name: string;
  readonly password: string;
  /** Of the authenticator, or a recovery code; null: none was given. */
  readonly code: string | null;
  readonly address: string;
  /** What guesses are counted by: the address, or all that whoever has it may take (IPv6). */
  readonly network: string;
  /** The secret in the browser's own cookie; null: it has none. */
  readonly browser: string | null;
};

/** Why nobody was signed in. `unknown` and `wrong` are told apart in the audit alone. */
export type Refusal = 'unknown' | 'wrong' | 'code_wanted' | 'code_wrong' | 'disabled' | 'first_expired';

export type SignInOutcome =
  | {
      readonly is: 'signed in';
      readonly account: Account;
      readonly session: OpenedSession;
      /** For the browser's cookie. */
      readonly browser: string;
    }
  | { readonly is: 'refused'; readonly why: Refusal; readonly account: number | null }
  /** Nothing was tried. */
  | { readonly is: 'held'; readonly until: Date; readonly account: number | null };

type Kept = {
  id: number;
  epoch: number;
  password: string | null;
  first_until: Date | null;
  totp: Buffer | null;
  disabled_at: Date | null;
};

/**
 * Signs in by name and password. A name that nobody has takes the same steps, down to the hash, and gets the same answer.
 * Throws HashingBusy, and KeyUnavailable where a second factor cannot be opened: then nothing counts as a failure.
 */
export const signIn = async (db: Queryable, vault: Sealer, now: Date, asked: SignIn): Promise<SignInOutcome> => {
  const key = keyOf(asked.name);
  const kept = await db.maybeOne<Kept>(
    'select id, epoch, password, first_until, totp, disabled_at from account where key = $1',
    [key],
  );
  const account = kept?.id ?? null;
  const known = await isKnown(db, now, account ?? 0, asked.browser);
  const guessers: readonly Guesser[] = known
    ? [{ kind: 'browser', of: `${account}:${asked.browser}` }]
    : [
        { kind: 'name', of: key },
        { kind: 'address', of: asked.network },
      ];
  const until = await takeTry(db, now, guessers);
  if (until !== null) return { is: 'held', until, account };
  const refused = (why: Refusal): SignInOutcome => ({ is: 'refused', why, account });
  /** What was no guess is given back, whatever becomes of it. */
  const noGuess = <T>(outcome: T): Promise<T> => giveTryBack(db, now, guessers).then(() => outcome);

  try {
    const right = await hashing.verify(kept?.password ?? null, asked.password);
    if (kept === null) return refused('unknown');
    if (!right) return refused('wrong');
    if (kept.totp !== null) {
      if (asked.code === null) return await noGuess(refused('code_wanted'));
      if (!(await takeCode(db, vault, now, { id: kept.id, totp: kept.totp }, asked.code))) return refused('code_wrong');
    }
  } catch (error) {
    throw await noGuess(error);
  }
  await noGuess(null);
  // Said only to those who proved who they are.
  if (kept.disabled_at !== null) return refused('disabled');
  if (kept.first_until !== null && kept.first_until <= now) return refused('first_expired');
  if (known) await forgetTries(db, guessers);
  await db.run('update account set signed_in_at = $2 where id = $1', [kept.id, now]);
  await strengthen(db, kept, asked.password);
  const browser = await keepBrowser(db, now, kept.id, asked.browser);
  const by = { account: kept.id, epoch: kept.epoch, by: 'password', address: asked.address } as const;
  const session = await openSession(db, now, by);
  return { is: 'signed in', account: (await accountBy(db, kept.id))!, session, browser };
};

/** Hashes a password anew that was hashed by other parameters than today's. */
const strengthen = async (db: Queryable, { id, password }: Kept, typed: string): Promise<void> => {
  if (password === null || !hashing.isOutdated(password)) return;
  await db.run('update account set password = $3 where id = $1 and password = $2', [
    ...[id, password, await hashing.hash(typed)],
  ]);
};
