import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Config } from '../config/env.ts';
import { readKey } from '../config/secrets.ts';
import { startEmbeddedDatabase } from '../db/embedded/start.ts';
import { migrate, requireMigrated } from '../db/migrate.ts';
import { type Database, openDatabase } from '../db/pool.ts';
import { requireTimescale } from '../db/preflight.ts';
import { Vault } from '../inventory/vault.ts';
import { openLog } from '../log.ts';
import { openRedis, requireNoEviction } from '../queue/connection.ts';
import { startEmbeddedRedis } from '../queue/embedded.ts';
import { Sentence } from '../sentence.ts';

import { within } from './patience.ts';

/** A client that cannot connect tries for ever; a command that cannot start says so. */
const redisMs = 10_000;

export const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url));

/** What every role stands on: database, Redis, key and log. */
export type Ground = {
  readonly config: Config;
  readonly db: Database;
  readonly redis: Redis;
  readonly vault: Vault;
  readonly log: Logger;
  /** True with the embedded pair: then this process is the only one, and runs every role itself. */
  readonly embedded: boolean;
  /** For another process that joins: both in the form of the environment variables. */
  readonly urls: { readonly database: string; readonly redis: string };
  close(): Promise<void>;
};

/**
 * Opens what the configuration names, or starts the embedded pair: in `config.dataDir`, or in memory where `fleeting`
 * is true. Refuses, with a Sentence, a database without TimescaleDB and a Redis that may evict. Migrates the embedded
 * database; a real one is migrated by `xunjian migrate`, and only looked at here.
 */
export const openGround = async (config: Config, fleeting = false): Promise<Ground> => {
  const log = openLog(config.logLevel);
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const embedded = config.databaseUrl === null;
    const urls = embedded ? await startPair(config, fleeting, closing) : await ownUrls(config);
    const db = openDatabase(urls.database, { max: 10 });
    closing.push(() => db.close());
    const redis = openRedis(urls.redis, (error) => log.warn({ error: error.message }, 'redis'));
    closing.push(async () => redis.disconnect());
    await requireTimescale(db);
    await within(redisMs, requireNoEviction(redis), () => {
      throw new Sentence(
        `Redis 在 ${redisMs / 1000} 秒内没有应答：请检查 XUNJIAN_REDIS_URL 以及 Redis 是否在运行`,
        `Redis did not answer within ${redisMs / 1000} s: check XUNJIAN_REDIS_URL and whether Redis runs`,
      );
    });
    if (embedded) await migrate(db, migrationsFolder);
    else await requireMigrated(db, migrationsFolder);
    const vault = new Vault(await readKey(config));
    return { config, db, redis, vault, log, embedded, urls, close };
  } catch (error) {
    await close();
    throw error;
  }
};

const ownUrls = async (config: Config): Promise<Ground['urls']> => ({
  database: config.databaseUrl!,
  redis: config.redisUrl!,
});

const startPair = async (
  config: Config,
  fleeting: boolean,
  closing: (() => Promise<unknown>)[],
): Promise<Ground['urls']> => {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    throw new Sentence(
      `XUNJIAN_DATA_DIR=${config.dataDir}：无法建立该目录（${error.code}）`,
      `XUNJIAN_DATA_DIR=${config.dataDir}: the folder cannot be made (${error.code})`,
    );
  });
  // A short path of its own: the address of a unix socket has room for 107 characters.
  const socketDir = await mkdtemp(join(tmpdir(), 'xunjian-'));
  closing.push(() => rm(socketDir, { recursive: true, force: true }));
  const at = (name: string): string | null => (fleeting ? null : join(config.dataDir, name));
  const database = await startEmbeddedDatabase({ dataDir: at('timescale'), socketDir });
  closing.push(() => database.stop());
  const redis = await startEmbeddedRedis({ dataDir: at('redis'), socketDir });
  closing.push(() => redis.stop());
  return { database: database.url, redis: redis.url };
};
