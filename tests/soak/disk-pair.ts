import { join } from 'node:path';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../src/db/embedded/start.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from '../../src/queue/embedded.ts';

/** TimescaleDB and Redis on disk, children of this process, that can die and come back at the same sockets. */
export class DiskPair {
  readonly #folder: string;
  #database: EmbeddedDatabase;
  #redis: EmbeddedRedis;

  private constructor(folder: string, database: EmbeddedDatabase, redis: EmbeddedRedis) {
    this.#folder = folder;
    this.#database = database;
    this.#redis = redis;
  }

  static async start(folder: string): Promise<DiskPair> {
    const database = await startEmbeddedDatabase(at(folder, 'timescale'));
    return new DiskPair(folder, database, await startEmbeddedRedis(at(folder, 'redis')));
  }

  get databaseUrl(): string {
    return this.#database.url;
  }

  get redisUrl(): string {
    return this.#redis.url;
  }

  /** kill -9; resolves when it is gone. */
  async killDatabase(): Promise<void> {
    process.kill(this.#database.pid, 'SIGKILL');
    await this.#database.stop();
  }

  async startDatabase(): Promise<void> {
    this.#database = await startEmbeddedDatabase(at(this.#folder, 'timescale'));
  }

  /** Ended in order, or by kill -9, and there again at once. */
  async restartRedis(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (signal === 'SIGKILL') process.kill(this.#redis.pid, 'SIGKILL');
    await this.#redis.stop();
    this.#redis = await startEmbeddedRedis(at(this.#folder, 'redis'));
  }

  async stop(): Promise<void> {
    await Promise.all([this.#database.stop(), this.#redis.stop()]);
  }
}

const at = (folder: string, name: string) => ({ dataDir: join(folder, name), socketDir: folder });
