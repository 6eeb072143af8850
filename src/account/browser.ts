import type { Queryable } from '../db/pool.ts';
import { digest, newSecret } from './secret.ts';

/** A browser is known for half a year after the last time somebody signed in from it. */
export const knownDays = 180;
/** So many browsers of an account are known; the one used longest ago is forgotten. */
const mostBrowsers = 20;

/** Whether this account has signed in from this browser before. */
export const isKnown = async (db: Queryable, now: Date, account: number, secret: string | null): Promise<boolean> => {
  if (secret === null) return false;
  const known = await db.maybeOne('select account from browser where hash = $1 and account = $2 and used_at > $3', [
    ...[digest(secret), account, new Date(now.getTime() - knownDays * 86_400_000)],
  ]);
  return known !== null;
};

/**
 * Keeps a browser after a sign-in; the secret for its cookie. Its own where we gave it one, whoever signed in from it: a
 * secret that we never gave may be one that somebody planted.
 */
export const keepBrowser = async (db: Queryable, now: Date, account: number, given: string | null): Promise<string> => {
  const ours =
    given !== null &&
    (await db.many('select account from browser where hash = $1 limit 1', [digest(given)])).length > 0;
  const secret = ours ? given : newSecret();
  await db.run(
    `insert into browser (hash, account, used_at) values ($1, $2, $3)
     on conflict (hash, account) do update set used_at = excluded.used_at`,
    [digest(secret), account, now],
  );
  await db.run(
    `delete from browser where account = $1 and hash not in
       (select hash from browser where account = $1 order by used_at desc limit $2)`,
    [account, mostBrowsers],
  );
  return secret;
};

/** Forgets an account's browsers, but for one. */
export const forgetBrowsers = async (db: Queryable, account: number, but: string | null): Promise<void> => {
  await db.run('delete from browser where account = $1 and hash <> $2', [
    ...[account, but === null ? Buffer.alloc(0) : digest(but)],
  ]);
};
