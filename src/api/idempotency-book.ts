import type { Queryable } from '../db/pool.ts';

/** A request as it is told from others: whose it is, the key that it bears, and SHA-256 of what it asks. */
export type KeyedRequest = { readonly account: number; readonly key: string; readonly request: Buffer };

/** An answer that can be given again. */
export type KeptAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/**
 * What stands under a key. `new`: nothing did, and the request is noted as begun; `other`: another request; `running`: the
 * same one, begun within a minute; `unknown`: the same one, of which nobody knows what came; `kept`: its answer.
 */
export type Standing = { readonly is: 'new' | 'other' | 'running' | 'unknown' } | KeptRow;
type KeptRow = { readonly is: 'kept'; readonly answer: KeptAnswer };

type Row = {
  readonly request: Buffer;
  readonly finished: boolean;
  readonly fresh: boolean;
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly body: Buffer | null;
};

/** Notes a request as begun, or says what stands under its key; what is older than a day is as if it were not there. */
export const begin = async (db: Queryable, { account, key, request }: KeyedRequest): Promise<Standing> => {
  const begun = await db.run(
    `insert into idempotency (account, key, request) values ($1, $2, $3)
     on conflict (account, key) do update set request = excluded.request, begun_at = excluded.begun_at,
       finished_at = null, status = null, headers = null, body = null
     where idempotency.begun_at < now() - interval '24 hours'`,
    [account, key, request],
  );
  if (begun === 1) return { is: 'new' };
  const row = await db.maybeOne<Row>(
    `select request, finished_at is not null as finished, begun_at > now() - interval '1 minute' as fresh, status,
       headers, body
     from idempotency where account = $1 and key = $2`,
    [account, key],
  );
  // It was let go between the two statements: whoever comes again finds it free.
  if (row === null) return { is: 'running' };
  if (!row.request.equals(request)) return { is: 'other' };
  if (row.status !== null) {
    return { is: 'kept', answer: { status: row.status, headers: row.headers!, body: row.body! } };
  }
  return { is: !row.finished && row.fresh ? 'running' : 'unknown' };
};

/** Keeps the answer of a request that was begun; null: it is over, and what came of it is not known or cannot be kept. */
export const finish = async (
  db: Queryable,
  { account, key, request }: KeyedRequest,
  answer: KeptAnswer | null,
): Promise<void> => {
  await db.run(
    `update idempotency set finished_at = now(), status = $4, headers = $5, body = $6
     where account = $1 and key = $2 and request = $3 and finished_at is null`,
    [
      ...[account, key, request, answer?.status ?? null],
      ...[answer === null ? null : JSON.stringify(answer.headers), answer?.body ?? null],
    ],
  );
};

/** Nothing was done: the same request may come again under this key. */
export const release = async (db: Queryable, { account, key, request }: KeyedRequest): Promise<void> => {
  await db.run('delete from idempotency where account = $1 and key = $2 and request = $3 and finished_at is null', [
    account,
    key,
    request,
  ]);
};

/** Forgets what is older than a day; gives the number. */
export const forgetKeys = (db: Queryable): Promise<number> =>
  db.run("delete from idempotency where begun_at < now() - interval '24 hours'");
