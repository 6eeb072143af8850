import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedDatabase } from '../../src/db/embedded/start.ts';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { startEmbeddedRedis } from '../../src/queue/embedded.ts';

export type Pair = {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Of the children now. */
  readonly pids: { readonly database: number; readonly redis: number };
  /** kill -9; with nothing on disk, it comes back at the same address without a memory. */
  killRedis(): Promise<{ start(): Promise<void> }>;
  /** A folder of this pair's own, gone after `stop`. */
  readonly folder: string;
  /** Closes `db`, ends both children and removes every file. Connections to Redis are the caller's to close before. */
  stop(): Promise<void>;
};

/** TimescaleDB and Redis in memory, empty: migrations are the caller's. 3-7 s, so once a test file. */
export const startPair = async (): Promise<Pair> => {
  const folder = await mkdtemp(join(tmpdir(), 'xunjian-'));
  const where = { dataDir: null, socketDir: folder };
  const [database, first] = await Promise.all([startEmbeddedDatabase(where), startEmbeddedRedis(where)]);
  let redis = first;
  const db = openDatabase(database.url, { max: 4 });
  return {
    db,
    databaseUrl: database.url,
    redisUrl: redis.url,
    get pids() {
      return { database: database.pid, redis: redis.pid };
    },
    async killRedis() {
      process.kill(redis.pid, 'SIGKILL');
      await redis.stop();
      return {
        async start() {
          redis = await startEmbeddedRedis(where);
        },
      };
    },
    folder,
    async stop() {
      await db.close();
      await Promise.all([database.stop(), redis.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
};
