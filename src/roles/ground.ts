import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Config } from '../config/env.ts';
import { MalformedKeys, type MasterKeySource, masterKeySource } from '../config/master-key-source.ts';
import { startEmbeddedDatabase } from '../db/embedded/start.ts';
import { migrate, requireMigrated } from '../db/migrate.ts';
import { type Database, openDatabase } from '../db/pool.ts';
import { requireTimescale } from '../db/preflight.ts';
import { keyState } from '../inventory/key-state.ts';
import { KeyUnavailable, MasterKeys } from '../inventory/master-keys.ts';
import { Vault } from '../inventory/vault.ts';
import { openLog } from '../log.ts';
import { openRedis, requireNoEviction } from '../queue/connection.ts';
import { startEmbeddedRedis } from '../queue/embedded.ts';
import { Sentence } from '../sentence.ts';
import { within } from './patience.ts';
import { sayOnce } from './say-once.ts';

/** A client that cannot connect tries for ever; a command that cannot start says so. */
const redisMs = 10_000;

export const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url));

/** What every role stands on: database, Redis, key and log. */
export type Ground = {
  readonly config: Config;
  readonly db: Database;
  readonly redis: Redis;
  readonly vault: Vault;
  /** Where the vault's master keys come from. */
  readonly keys: MasterKeySource;
  readonly log: Logger;
  /** True where this process started the embedded pair: then it runs every role that it needs itself. */
  readonly embedded: boolean;
  /** For another process that joins: both in the form of the environment variables. */
  readonly urls: { readonly database: string; readonly redis: string };
  close(): Promise<void>;
};

/**
 * Opens what the configuration names; else the embedded pair that runs in `config.dataDir`; else starts one there, or in
 * memory where `fleeting` is true. Refuses, with a Sentence, a database without TimescaleDB and a Redis that may evict. Migrates the embedded
 * database; a real one is migrated by `xunjian migrate`, and only looked at here.
 */
export const openGround = async (config: Config, fleeting = false): Promise<Ground> => {
  const log = openLog(config.logLevel);
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const joined = config.databaseUrl === null && !fleeting ? await runningPair(config) : null;
    const embedded = config.databaseUrl === null && joined === null;
    const urls = embedded ? await startPair(config, fleeting, closing) : (joined ?? ownUrls(config));
    const db = openDatabase(urls.database, { max: 10 });
    closing.push(() => db.close());
    const redis = openRedis(
      urls.redis,
      sayOnce((error) => log.warn({ error: error.message }, 'redis')),
    );
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
    const keys = masterKeySource(config);
    const vault = await openVault(keys, db, log);
    return { config, db, redis, vault, keys, log, embedded, urls, close };
  } catch (error) {
    await close();
    throw error;
  }
};

/**
 * Without its keys this service starts all the same and says so once: what needs no password goes on, and the keys are
 * looked for again whenever one is needed. A file that holds something else than keys is refused like any other bad value.
 */
const openVault = async (keys: MasterKeySource, db: Database, log: Logger): Promise<Vault> => {
  const masters = new MasterKeys(keys.read);
  await masters.read().catch((error: unknown) => {
    if (!(error instanceof KeyUnavailable)) throw error;
    if (error.cause instanceof MalformedKeys) throw error.cause;
  });
  const vault = new Vault(masters);
  const state = await keyState(db, vault);
  if (!state.ok) {
    const { message, cause } = state.error;
    const why = cause instanceof Error ? cause.message : undefined;
    log.error({ error: message, why }, 'camera passwords cannot be read: no login will be tried');
  }
  return vault;
};

const ownUrls = (config: Config): Ground['urls'] => ({ database: config.databaseUrl!, redis: config.redisUrl! });

/** Where the embedded pair that runs in this folder says how to reach it. */
const noteOf = (config: Config): string => join(config.dataDir, 'running.json');

/** The embedded pair that another process runs in this folder (`npm start`), so that `xunjian import` can join it. */
const runningPair = async (config: Config): Promise<Ground['urls'] | null> => {
  const note = await readFile(noteOf(config), 'utf8').catch(() => null);
  if (note === null) return null;
  const { pid, urls } = JSON.parse(note) as { pid: number; urls: Ground['urls'] };
  try {
    process.kill(pid, 0);
    return urls;
  } catch {
    // It ended without a word: the note is as old as it is.
    return null;
  }
};

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
  const urls = { database: database.url, redis: redis.url };
  if (!fleeting) {
    await writeFile(noteOf(config), JSON.stringify({ pid: process.pid, urls }), { mode: 0o600 });
    closing.push(() => rm(noteOf(config), { force: true }));
  }
  return urls;
};
