import { createHash } from 'node:crypto';
import type { Queryable } from '../db/pool.ts';
import { digest, newSecret } from './secret.ts';

/** A session ends after two hours without a request, and after twelve in any case. */
export const idleMs = 2 * 3_600_000;
const wholeMs = 12 * 3_600_000;

/** Of dead sessions, so many are cleared away whenever one is opened. */
const cleared = 100;

export type NewSession = {
  readonly account: number;
  readonly epoch: number;
  readonly by: 'password' | 'oidc';
  readonly address: string | null;
};

export type OpenedSession = {
  /** The cookie's value, shown to nobody else. */
  readonly secret: string;
  readonly csrf: string;
  readonly until: Date;
};

/**
 * Opens a session for whoever proved to be this account when it was of this `epoch`: what raised it since, or does later,
 * ends the session.
 */
export const openSession = async (
  db: Queryable,
  now: Date,
  { account, epoch, by, address }: NewSession,
): Promise<OpenedSession> => {
  const secret = newSecret();
  const until = new Date(now.getTime() + wholeMs);
  await db.run(
    'delete from session where hash in (select hash from session where until < $1 limit $2 for update skip locked)',
    [now, cleared],
  );
  await db.run(
    `insert into session (hash, account, epoch, by, address, made_at, seen_at, until)
     values ($1, $2, $3, $4, $5, $6, $6, $7)`,
    [digest(secret), account, epoch, by, address, now, until],
  );
  return { secret, csrf: csrfOf(secret), until };
};

/** What a page must send along with whatever changes something: made from the cookie, which another site cannot read. */
export const csrfOf = (secret: string): string =>
  createHash('sha256').update(`csrf:${secret}`, 'utf8').digest('base64url');

export const endSession = async (db: Queryable, secret: string): Promise<void> => {
  await db.run('delete from session where hash = $1', [digest(secret)]);
};

/** When a session ends if nothing more is asked in it; null where there is none. */
export const sessionEnd = async (db: Queryable, secret: string): Promise<Date | null> => {
  const row = await db.maybeOne<{ seen_at: Date; until: Date }>('select seen_at, until from session where hash = $1', [
    digest(secret),
  ]);
  return row === null ? null : new Date(Math.min(row.until.getTime(), row.seen_at.getTime() + idleMs));
};
