import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bullConnection, openRedis, requireNoEviction } from '../../../src/queue/connection.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from '../../../src/queue/embedded.ts';

let folder: string;
let server: EmbeddedRedis;
let redis: Redis;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian-queue-'));
  server = await startEmbeddedRedis({ dataDir: null, socketDir: folder });
  redis = openRedis(server.url);
});
afterAll(async () => {
  await redis.quit();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

it('a job goes from a queue to a worker over one connection, which neither of them closes', async () => {
  const name = randomUUID();
  const queue = new Queue<{ cameras: number[] }>(name, bullConnection(redis));
  const worker = new Worker<{ cameras: number[] }>(name, async (job) => job.data.cameras.length, bullConnection(redis));
  queue.on('error', () => {});
  worker.on('error', () => {});
  const completed = once(worker, 'completed');
  await queue.add('batch', { cameras: [1, 2, 3] });
  expect((await completed)[1]).toBe(3);
  await worker.close();
  await queue.close();
  expect(await redis.ping()).toBe('PONG');
});

it('while Redis is away every failed attempt is heard, and a command waits until it is back', async () => {
  const socketDir = join(folder, 'late');
  const errors: Error[] = [];
  const early = openRedis(`unix://${join(socketDir, 'redis.sock')}`, (error) => errors.push(error));
  const command = early.ping();
  await expect.poll(() => errors.length).toBeGreaterThan(1);
  expect(errors[0]).toMatchObject({ code: 'ENOENT' });
  const late = await startEmbeddedRedis({ dataDir: null, socketDir });
  expect(await command).toBe('PONG');
  await early.quit();
  await late.stop();
});

it.each(['127.0.0.1:6379', 'http://127.0.0.1', ''])('%j is refused as an address', (url) => {
  expect(() => openRedis(url)).toThrow('unix://, redis:// or rediss://');
});

it('a password, a port and a number of the database are taken from the URL, and TLS from its scheme', () => {
  const open = (url: string) => {
    const client = openRedis(url);
    client.disconnect();
    return client.options;
  };
  expect(open('redis://user:p%40ss@127.0.0.1:1/3')).toMatchObject({
    ...{ host: '127.0.0.1', port: 1, username: 'user', password: 'p@ss', db: 3 },
    maxRetriesPerRequest: null,
  });
  expect(open('redis://127.0.0.1:1').tls).toBeUndefined();
  expect(open('rediss://127.0.0.1:1').tls).toBeTruthy();
});

describe('a Redis that may lose jobs is refused', () => {
  it('by its eviction policy, with the remedy', async () => {
    await requireNoEviction(redis);
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(requireNoEviction(redis)).rejects.toMatchObject({
      name: 'Unfit',
      zh: expect.stringMatching(/allkeys-lru.*config set maxmemory-policy noeviction/),
      en: expect.stringMatching(/allkeys-lru.*config set maxmemory-policy noeviction/),
    });
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await requireNoEviction(redis);
  });

  it('also where CONFIG is forbidden to us', async () => {
    await redis.call('ACL', 'SETUSER', 'tenant', 'on', '>secret', '~*', '+@all', '-config');
    const tenant = openRedis(server.url);
    await tenant.auth('tenant', 'secret');
    await expect(tenant.config('GET', 'maxmemory-policy')).rejects.toThrow('NOPERM');
    await requireNoEviction(tenant);
    await redis.config('SET', 'maxmemory-policy', 'volatile-ttl');
    await expect(requireNoEviction(tenant)).rejects.toThrow('volatile-ttl');
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await tenant.quit();
  });

  // Servers that cannot be run here, by what they answer.
  it.each([
    ['6.2.14', 'Redis 6.2.14 is too old, 7.0 is needed'],
    ['what?', 'too old'],
  ])('by its version, %s', async (version, words) => {
    const info = async () => `# Server\r\nredis_version:${version}\r\n# Memory\r\nmaxmemory_policy:noeviction\r\n`;
    await expect(requireNoEviction({ info })).rejects.toThrow(words);
  });
});
