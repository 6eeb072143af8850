import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { openRedis } from '../../src/queue/connection.ts';
import { startEmbeddedRedis } from '../../src/queue/embedded.ts';

export type TestRedis = {
  readonly pid: number;
  /** A connection more, for as long as the server lives: each worker has its own. */
  connect(): Redis;
  /** Ends all connections and the server, and removes its files. */
  stop(): Promise<void>;
};

/** A Redis in memory, empty. */
export const startRedis = async (): Promise<TestRedis> => {
  const folder = await mkdtemp(join(tmpdir(), 'xunjian-'));
  const server = await startEmbeddedRedis({ dataDir: null, socketDir: folder });
  const connections: Redis[] = [];
  return {
    pid: server.pid,
    connect() {
      const connection = openRedis(server.url);
      connections.push(connection);
      return connection;
    },
    async stop() {
      for (const connection of connections) connection.disconnect();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
