import type { Config } from '../config/env.ts';
import { Gather } from '../db/gather.ts';
import type { Queryable } from '../db/pool.ts';
import { prepared } from '../db/prepared.ts';
import { jarOf, secretIn } from './cookie.ts';
import type { Principal, Role } from './role.ts';
import { digest } from './secret.ts';
import { idleMs } from './session.ts';
import { isTokenText } from './token.ts';

/** So many requests are looked up in one statement. */
const most = 100;
const sessionWrittenEveryMs = 60_000;
const tokenWrittenEveryMs = 3_600_000;

type Row = {
  nth: number;
  account: number;
  name: string;
  epoch: number;
  role: Role;
  unit: string | null;
  must_change: boolean;
  token: number | null;
  scope: 'read' | 'write' | null;
  stale: boolean;
};

type Asking = {
  readonly headers: { readonly authorization?: string | undefined; readonly cookie?: string | undefined };
};

/**
 * Who a request is from: whose token it bears, or else whose session; null: nobody's. Looked up each time, or a session that
 * was ended would live on; requests that come together share a statement. `again`: of a request that was asked before and
 * is answered still, which keeps no session alive that nobody uses.
 */
export const identifyWith = (
  db: Queryable,
  config: Pick<Config, 'publicUrl' | 'tlsCertFile'>,
  now = (): Date => new Date(),
): ((request: Asking, again?: 'again') => Promise<Principal | null>) => {
  const { session } = jarOf(config);
  const gathering = (isUsed: boolean): Gather<string, Principal | null> =>
    new Gather(
      async (secrets) => {
        // A page asks for several things at once, all of them in one session.
        const each = [...new Set(secrets)];
        const found = await lookUp(db, now(), each.map(digest), isUsed);
        const bySecret = new Map(each.map((secret, nth) => [secret, found[nth]!]));
        return secrets.map((secret) => bySecret.get(secret) ?? null);
      },
      most,
      0,
    );
  const [asking, looking] = [gathering(true), gathering(false)];
  return async ({ headers }, again) => {
    const gather = again === undefined ? asking : looking;
    if (headers.authorization !== undefined) {
      const [, bearer] = /^Bearer (\S+)$/i.exec(headers.authorization) ?? [];
      return bearer !== undefined && isTokenText(bearer) ? gather.ask(bearer) : null;
    }
    const secret = secretIn(headers.cookie, session);
    return secret === null ? null : gather.ask(secret);
  };
};

/** $1 hashes, $2 now; last seen or used up to $3, $4, $5. */
const borneBy = prepared(
  `select asked.nth::integer as nth, account.id as account, account.name, account.epoch, account.role, account.unit,
     account.must_change and borne.by = 'password' as must_change, borne.token, borne.scope, borne.stale
   from unnest($1::bytea[]) with ordinality as asked (hash, nth)
   cross join lateral (
     select account, epoch, by, null::integer as token, null::text as scope, seen_at <= $3 as stale
     from session where session.hash = asked.hash and until > $2 and seen_at > $4
     union all
     select account, epoch, 'token', id, scope, used_at is null or used_at <= $5
     from token where token.hash = asked.hash and expires_at > $2 and revoked_at is null
   ) as borne
   join account on account.id = borne.account and account.epoch = borne.epoch and account.disabled_at is null`,
);

/** Notes when sessions and tokens were used, where they are. */
const lookUp = async (
  db: Queryable,
  now: Date,
  hashes: readonly Buffer[],
  isUsed: boolean,
): Promise<(Principal | null)[]> => {
  const rows = await db.many<Row>(borneBy, [
    hashes,
    now,
    before(now, sessionWrittenEveryMs),
    before(now, idleMs),
    before(now, tokenWrittenEveryMs),
  ]);
  const found: (Principal | null)[] = hashes.map(() => null);
  const sessions: Buffer[] = [];
  const tokens: number[] = [];
  for (const { nth, must_change, token, scope, stale, account, name, epoch, role, unit } of rows) {
    found[nth - 1] = {
      ...{ account, name, epoch, role, unit, mustChange: must_change },
      token: token === null || scope === null ? null : { id: token, scope },
    };
    if (!stale || !isUsed) continue;
    if (token === null) sessions.push(hashes[nth - 1]!);
    else tokens.push(token);
  }
  // What another process writes at this moment is as good: nobody waits for it, in whichever order.
  if (sessions.length > 0) {
    await db.run(
      `update session set seen_at = $2
       where hash in (select hash from session where hash = any($1) for update skip locked)`,
      [sessions, now],
    );
  }
  if (tokens.length > 0) {
    await db.run(
      'update token set used_at = $2 where id in (select id from token where id = any($1) for update skip locked)',
      [tokens, now],
    );
  }
  return found;
};

const before = (now: Date, ms: number): Date => new Date(now.getTime() - ms);
