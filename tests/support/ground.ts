import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Config, readConfig } from '../../src/config/env.ts';
import { masterKeySource } from '../../src/config/master-key-source.ts';
import { migrate } from '../../src/db/migrate.ts';
import { MasterKeys } from '../../src/inventory/master-keys.ts';
import { Vault } from '../../src/inventory/vault.ts';
import { openRedis } from '../../src/queue/connection.ts';
import { type Ground, migrationsFolder } from '../../src/roles/ground.ts';
import { type Pair, startPair } from './pair.ts';

export type TestGround = Ground & {
  readonly pair: Pair;
  /** For other processes that join: everything `xunjian worker` needs. */
  readonly env: Readonly<Record<string, string>>;
};

/** A migrated pair of its own, in memory, with what every role stands on. */
export const startGround = async (changes: Partial<Config> = {}): Promise<TestGround> => {
  const pair = await startPair();
  await migrate(pair.db, migrationsFolder);
  const keyFile = join(pair.folder, 'key');
  await writeFile(keyFile, randomBytes(32).toString('hex'));
  const env = {
    XUNJIAN_DATABASE_URL: pair.databaseUrl,
    XUNJIAN_REDIS_URL: pair.redisUrl,
    XUNJIAN_KEY_FILE: keyFile,
    XUNJIAN_LOG_LEVEL: 'warn',
    XUNJIAN_DATA_DIR: pair.folder,
  };
  const redis = openRedis(pair.redisUrl);
  const config = { ...readConfig(env), port: 0, ...changes };
  const keys = masterKeySource(config);
  const masters = new MasterKeys(keys.read);
  await masters.read();
  return {
    pair,
    env,
    config,
    db: pair.db,
    redis,
    vault: new Vault(masters),
    keys,
    log: pino({ level: 'silent' }),
    embedded: true,
    urls: { database: pair.databaseUrl, redis: pair.redisUrl },
    async close() {
      redis.disconnect();
      await pair.stop();
    },
  };
};
