import type { Duplex } from 'node:stream';
import pg from 'pg';
import { translateError } from './errors.ts';
import { preparedName } from './prepared.ts';

/**
 * What a stage asks of the database. Rows are taken as `T` unchecked: the statement beside the call says what they are.
 * int8 comes as a number (a value past 2^53 throws), timestamptz as a Date, date as 'YYYY-MM-DD', numeric as a string.
 * Throws what errors.ts has.
 */
export interface Queryable {
  /** Exactly one row; throws where there is none or are several. */
  one<T extends object>(sql: string, parameters?: readonly unknown[]): Promise<T>;
  /** One row or null; throws where there are several. */
  maybeOne<T extends object>(sql: string, parameters?: readonly unknown[]): Promise<T | null>;
  many<T extends object>(sql: string, parameters?: readonly unknown[]): Promise<T[]>;
  /** The number of rows that the statement touched; without parameters, several statements may stand in `sql`. */
  run(sql: string, parameters?: readonly unknown[]): Promise<number>;
}

/** What stands on connections of a pool. A statement without an answer for a minute counts as DatabaseAway. */
export interface Statements extends Queryable {
  /**
   * Commits when `work` resolves, rolls back when it throws. One statement at a time inside. Keep it short: on the
   * embedded database it keeps everybody else waiting, and a statement outside of it that `work` waits for never comes.
   */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>;
  /** One connection for several statements that belong together without being a transaction. */
  connection<T>(work: (connection: Queryable) => Promise<T>): Promise<T>;
}

export interface Database extends Statements {
  /** The same connections, for what may take minutes (migrations, refreshing, compressing): waits as long as it takes. */
  readonly patient: Statements;
  /** Waits for statements under way, but no longer than ten seconds: then their connections are cut. */
  close(): Promise<void>;
}

/** How long a statement waits for a connection before DatabaseAway, ms; most of it is waiting for a busy pool. */
const CONNECT_WITHIN_MS = 30_000;
/**
 * How long a statement may be without its answer before its connection is cut, ms: a server that accepts and never answers
 * would hold whoever waits for it for ever. Bounded here, because the embedded database has no statement_timeout and a
 * server that hangs would not obey one. The longest that we know is completing an inspection, some seconds; on the
 * embedded database, waiting for its one session counts as well.
 */
const ANSWER_WITHIN_MS = 60_000;
/**
 * A connection that was cut ends at a server only when it is written to: a statement that waits for a lock, or counts,
 * would go on without anybody to answer to, and get the lock first when it is tried again. So the server looks every ten
 * seconds (PostgreSQL 14 and later). The embedded database reads no options: its statements are never interrupted. A URL
 * with `options` of its own takes the place of these (a server on Windows cannot look, and refuses the setting).
 */
const SERVER_OPTIONS = '-c client_connection_check_interval=10s';
/** How long `close` waits for statements under way, ms. */
const CLOSE_WITHIN_MS = 10_000;

/**
 * Opens a pool of at most `max` connections, made when needed. Nothing in here ever says RESET ALL or DISCARD ALL: the
 * embedded database has one session for all, and they would take everybody's statements and settings away.
 */
export const openDatabase = (
  url: string,
  options: { readonly max: number; readonly answerWithinMs?: number },
): Database => {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
    application_name: 'xunjian',
    options: SERVER_OPTIONS,
    types: columnTypes(),
  });
  const lost = new WeakSet<pg.PoolClient>();
  const open = new Set<pg.PoolClient>();
  pool.on('connect', (client) => {
    open.add(client);
    client.on('error', () => lost.add(client));
    client.on('end', () => lost.add(client));
  });
  pool.on('remove', (client) => open.delete(client));
  // An idle connection that breaks is replaced by the pool; the next statement tells whether the database is away.
  pool.on('error', () => {});

  const connect = async (): Promise<pg.PoolClient> => {
    if (pool.ending) throw new Error('the database was closed');
    try {
      return await pool.connect();
    } catch (error) {
      throw translateError(error, true);
    }
  };

  const queryWithin =
    (ms: number | null): Query =>
    async (client, sql, parameters) => {
      const name = preparedName(sql);
      const cut =
        ms === null ? null : setTimeout(() => streamOf(client).destroy(new Error(`no answer in ${ms} ms`)), ms);
      try {
        const result: pg.QueryResult | pg.QueryResult[] = await client.query({
          text: sql,
          ...(name === undefined ? {} : { name }),
          ...(parameters === undefined ? {} : { values: [...parameters] }),
        });
        return Array.isArray(result) ? result.at(-1)! : result;
      } catch (error) {
        // A migration gave a prepared statement other columns: the next connection prepares it anew.
        if (name !== undefined && (error as { code?: unknown }).code === FEATURE_NOT_SUPPORTED) lost.add(client);
        throw translateError(error, lost.has(client));
      } finally {
        if (cut !== null) clearTimeout(cut);
      }
    };

  const onClient = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await connect();
    try {
      return await work(client);
    } finally {
      client.release(lost.has(client));
    }
  };

  const statements = (query: Query): Statements => ({
    ...queryable((sql, parameters) => onClient((client) => query(client, sql, parameters))),

    connection: (work) => onClient((client) => lend(client, query, work)),

    transaction: (work) =>
      onClient(async (client) => {
        await query(client, 'begin');
        try {
          const value = await lend(client, query, work);
          const { command } = await query(client, 'commit');
          // What PostgreSQL answers where a statement failed and `work` went on as if nothing had happened.
          if (command !== 'COMMIT') throw new Error('rolled back at commit: a statement in the transaction had failed');
          return value;
        } catch (error) {
          // Where this fails the connection is lost, and with it the transaction; what came first is the news.
          await query(client, 'rollback').catch(() => lost.add(client));
          throw error;
        }
      }),
  });

  return {
    ...statements(queryWithin(options.answerWithinMs ?? ANSWER_WITHIN_MS)),

    patient: statements(queryWithin(null)),

    async close() {
      // A statement that never ends (a lock, a server that hangs) must not keep a process from ending.
      const cut = setTimeout(() => {
        for (const client of open) streamOf(client).destroy();
      }, CLOSE_WITHIN_MS);
      await pool.end().finally(() => clearTimeout(cut));
    },
  };
};

/** The socket of a connection; pg gives no other way to end one whose statement hangs. */
const streamOf = (client: pg.PoolClient): Duplex =>
  (client as unknown as { connection: { stream: Duplex } }).connection.stream;

type Query = (client: pg.PoolClient, sql: string, parameters?: readonly unknown[]) => Promise<pg.QueryResult>;

/** Lends a client for as long as `work` runs; kept and used later, it would speak into somebody else's transaction. */
const lend = async <T>(client: pg.PoolClient, query: Query, work: (lent: Queryable) => Promise<T>): Promise<T> => {
  let over = false;
  const lent = queryable(async (sql, parameters) => {
    if (over) throw new Error('the connection was given back: this transaction is over');
    return query(client, sql, parameters);
  });
  try {
    return await work(lent);
  } finally {
    over = true;
  }
};

type Run = (sql: string, parameters?: readonly unknown[]) => Promise<pg.QueryResult>;

const queryable = (run: Run): Queryable => ({
  async one<T extends object>(sql: string, parameters?: readonly unknown[]) {
    const { rows } = await run(sql, parameters);
    if (rows.length !== 1) throw new Error(`${rows.length} rows where there must be one: ${sql}`);
    return rows[0] as T;
  },
  async maybeOne<T extends object>(sql: string, parameters?: readonly unknown[]) {
    const { rows } = await run(sql, parameters);
    if (rows.length > 1) throw new Error(`${rows.length} rows where there may be one: ${sql}`);
    return (rows[0] as T | undefined) ?? null;
  },
  async many<T extends object>(sql: string, parameters?: readonly unknown[]) {
    return (await run(sql, parameters)).rows as T[];
  },
  async run(sql, parameters) {
    return (await run(sql, parameters)).rowCount ?? 0;
  },
});

/** What PostgreSQL says where a plan that it keeps has come to have other columns. */
const FEATURE_NOT_SUPPORTED = '0A000';

/** The oids of int8[], date[] and text[], which pg has no names for. */
const INT8_ARRAY = 1016;
const DATE_ARRAY = 1182;
const TEXT_ARRAY = 1009;

const textArray = pg.types.getTypeParser(TEXT_ARRAY as number, 'text') as (text: string) => (string | null)[];

const columnTypes = (): pg.TypeOverrides => {
  const types = new pg.TypeOverrides();
  const { INT8, DATE } = pg.types.builtins;
  types.setTypeParser(INT8, safeInteger);
  types.setTypeParser(INT8_ARRAY as number, (text: string) => textArray(text).map((item) => item && safeInteger(item)));
  // pg makes a Date of the local midnight of it, which is another day in another zone.
  types.setTypeParser(DATE, String);
  types.setTypeParser(DATE_ARRAY as number, textArray);
  return types;
};

const safeInteger = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} is past 2^53 and does not fit a number`);
  return value;
};
