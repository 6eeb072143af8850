import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { digest } from './secret.ts';

/** A token is good for a year at most, and an account has so many that live. */
export const mostDays = 366;
const mostTokens = 50;

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const labelLength = 8;
/** log2(62) * 43 = 256 bits. */
const secretLength = 43;
const checkLength = 6;

/** What a scanner of secrets looks for; the checksum tells it from what only looks like one. */
const shape = /^xj_([0-9A-Za-z]{51})([0-9A-Za-z]{6})$/;

const draw = (length: number): string => {
  let text = '';
  // 248 = 4 * 62: above, some digits would come more often.
  while (text.length < length) for (const byte of randomBytes(64)) if (byte < 248) text += digits[byte % 62];
  return text.slice(0, length);
};

const checkOf = (body: string): string => {
  let left = crc32(`xj_${body}`);
  let text = '';
  for (let nth = 0; nth < checkLength; nth++) {
    text = digits[left % 62] + text;
    left = Math.floor(left / 62);
  }
  return text;
};

/** `xj_`, 8 characters that name it, 43 that are secret, 6 of a checksum. */
export const newTokenText = (): string => {
  const body = draw(labelLength + secretLength);
  return `xj_${body}${checkOf(body)}`;
};

/** Whether a text is a token as we make them: what is not costs no statement. */
export const isTokenText = (text: string): boolean => {
  const [, body, check] = shape.exec(text) ?? [];
  return body !== undefined && checkOf(body) === check;
};

export type Token = {
  readonly id: number;
  readonly name: string;
  readonly scope: 'read' | 'write';
  /** `xj_` and the 8 characters after it. */
  readonly label: string;
  readonly made_at: Date;
  readonly expires_at: Date;
  readonly used_at: Date | null;
};

const tokenColumns = `token.id, token.name, token.scope, token.label, token.made_at, token.expires_at, token.used_at`;

/** Of tokens that live: neither revoked nor expired, and of the account's epoch now. */
const living = `account.epoch = token.epoch and token.revoked_at is null and token.expires_at > `;

export type NewToken = {
  readonly account: number;
  /** The account's, when whoever asks for it was looked up. */
  readonly epoch: number;
  readonly name: string;
  readonly scope: 'read' | 'write';
  readonly expiresAt: Date;
};

/**
 * Makes a token; its text is told this once. Null where the account's sessions and tokens were ended meanwhile: one made
 * now would live on. A Sentence where it would live too long, or there are too many.
 */
export const makeToken = async (
  db: Queryable,
  now: Date,
  { account, epoch, name, scope, expiresAt }: NewToken,
): Promise<(Token & { readonly text: string }) | null> => {
  const latest = new Date(now.getTime() + mostDays * 86_400_000);
  if (!(expiresAt > now && expiresAt <= latest)) {
    throw new Sentence(
      `有效期应晚于现在，至多 ${mostDays} 天（不晚于 ${latest.toISOString()}）`,
      `the expiry must lie ahead, by ${mostDays} days at most (no later than ${latest.toISOString()})`,
    );
  }
  const text = newTokenText();
  const made = await db.maybeOne<Token>(
    `insert into token (account, epoch, name, scope, label, hash, made_at, expires_at)
     select id, epoch, $2, $3, $4, $5, $6, $7 from account
     where id = $1 and epoch = $9 and (select count(*) from token where token.account = account.id and ${living} $6) < $8
     returning ${tokenColumns}`,
    [account, name, scope, text.slice(0, 3 + labelLength), digest(text), now, expiresAt, mostTokens, epoch],
  );
  if (made !== null) return { ...made, text };
  if ((await db.maybeOne('select id from account where id = $1 and epoch = $2', [account, epoch])) === null)
    return null;
  throw new Sentence(
    `每个账号至多 ${mostTokens} 个有效令牌：请先撤销不用的`,
    `an account has ${mostTokens} tokens at most: revoke those that are not used`,
  );
};

/** The tokens of an account that live, the newest first. */
export const tokensOf = (db: Queryable, now: Date, account: number): Promise<Token[]> =>
  db.many<Token>(
    `select ${tokenColumns} from token join account on account.id = token.account
     where token.account = $1 and ${living} $2 order by token.id desc`,
    [account, now],
  );

/** Every account's tokens that live. */
export const allTokens = (db: Queryable, now: Date): Promise<(Token & { readonly account: string })[]> =>
  db.many(
    `select ${tokenColumns}, account.name as account from token join account on account.id = token.account
     where ${living} $1 order by account.key, token.id`,
    [now],
  );

/** Revokes a token, of one account (null: whosever it is); false where it has none such that lives. */
export const revokeToken = async (db: Queryable, now: Date, id: number, account: number | null): Promise<boolean> =>
  (await db.run(
    `update token set revoked_at = $2 from account
     where token.id = $1 and account.id = token.account and ($3::integer is null or account.id = $3) and ${living} $2`,
    [id, now, account],
  )) === 1;
