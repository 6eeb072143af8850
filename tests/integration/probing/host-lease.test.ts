import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RedisHostLeases } from '../../../src/probing/host-lease.ts';
import { openRedis } from '../../../src/queue/connection.ts';
import { type EmbeddedRedis, startEmbeddedRedis } from '../../../src/queue/embedded.ts';

let folder: string;
let server: EmbeddedRedis;
/** Of the test itself; each worker has a connection of its own. */
let redis: Redis;
const connections: Redis[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian-'));
  server = await startEmbeddedRedis({ dataDir: null, socketDir: folder });
  redis = openRedis(server.url);
});
afterAll(async () => {
  for (const connection of [redis, ...connections]) connection.disconnect();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => redis.flushall());

const host = '10.20.0.1';
const key = `xunjian:host:${host}`;
const never = new AbortController().signal;

/** A worker, and how often it has asked for a host so far. */
const worker = () => {
  const own = openRedis(server.url);
  connections.push(own);
  let asked = 0;
  const wanted: { count: number; there: () => void }[] = [];
  const seen = {
    eval: async (...args: Parameters<Redis['eval']>) => {
      const told = await own.eval(...args);
      if (!String(args[0]).includes("'NX'")) return told;
      asked++;
      for (const { count, there } of wanted) if (asked >= count) there();
      return told;
    },
  };
  return {
    leases: new RedisHostLeases(seen as unknown as Redis),
    /** Ends when Redis has answered everything that this worker asked before. */
    answered: () => own.ping(),
    hasAsked: (count: number): Promise<void> =>
      new Promise((there) => {
        if (asked >= count) there();
        else wanted.push({ count, there });
      }),
  };
};

const until = async (done: () => Promise<boolean>): Promise<void> => {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('a host that a worker visits', () => {
  it('is nobody else’s until it is given back, and then the next one’s', async () => {
    const [first, second] = [worker(), worker()];
    const mine = await first.leases.take(host, never);
    let taken = false;
    const next = second.leases.take(host, never).then((lease) => {
      taken = true;
      return lease;
    });
    await second.hasAsked(3);
    expect(taken).toBe(false);
    await mine.release();
    const lease = await next;
    expect(mine.lost.aborted || lease.lost.aborted).toBe(false);
    await lease.release();
    expect(await redis.keys('xunjian:host:*')).toEqual([]);
  });

  it('is nobody else’s within one worker either, and holds up no other host', async () => {
    const { leases, hasAsked } = worker();
    const mine = await leases.take(host, never);
    const next = leases.take(host, never);
    await hasAsked(3);
    const other = await leases.take('10.20.0.2', never);
    await mine.release();
    for (const lease of [other, await next]) await lease.release();
    expect(await redis.keys('xunjian:host:*')).toEqual([]);
  });

  it('goes to one of many that ask at once', async () => {
    const workers = Array.from({ length: 4 }, worker);
    let [inside, most] = [0, 0];
    await Promise.all(
      workers.map(async ({ leases }) => {
        for (let visit = 0; visit < 3; visit++) {
          const lease = await leases.take(host, never);
          inside++;
          most = Math.max(most, inside);
          await redis.ping();
          inside--;
          await lease.release();
        }
      }),
    );
    expect([most, inside]).toEqual([1, 0]);
  });

  it('is taken over when its worker died over it: the key expires, since nobody renews it', async () => {
    await redis.set(key, 'of a worker that was killed', 'PX', 15_000);
    const { leases, hasAsked } = worker();
    const next = leases.take(host, never);
    await hasAsked(2);
    await redis.pexpire(key, 1);
    await (await next).release();
  });

  it('stays its worker’s for as long as the visit lasts', async () => {
    const lease = await worker().leases.take(host, never);
    expect(await redis.pttl(key)).toBeLessThanOrEqual(15_000);
    // As if most of the time were over.
    await redis.pexpire(key, 9_000);
    await until(async () => (await redis.pttl(key)) > 9_000);
    expect(lease.lost.aborted).toBe(false);
    await lease.release();
  });
});

it('tells its next visitor when it was visited last, by whichever worker', async () => {
  const first = await worker().leases.take(host, never);
  expect(first.visitedAt).toBe(0);
  const before = Date.now();
  await first.release();
  const second = await worker().leases.take(host, never);
  expect(second.visitedAt).toBeGreaterThanOrEqual(before);
  expect(second.visitedAt).toBeLessThanOrEqual(Date.now());
  await second.release();
});

describe('a host that is not ours any more', () => {
  it('is known to be lost at the next renewal after Redis was flushed', async () => {
    const lease = await worker().leases.take(host, never);
    await redis.flushall();
    await once(lease.lost, 'abort');
    await lease.release();
  });

  it('is not renewed for its new visitor, and not taken away from it by a late release', async () => {
    const lease = await worker().leases.take(host, never);
    await redis.set(key, 'somebody else', 'PX', 60_000);
    await once(lease.lost, 'abort');
    await lease.release();
    expect(await redis.get(key)).toBe('somebody else');
    expect(await redis.pttl(key)).toBeGreaterThan(15_000);
  });

  it('is known to be lost before its key can have expired, where Redis does not answer', async () => {
    const lease = await worker().leases.take(host, never);
    const taken = performance.now();
    process.kill(server.pid, 'SIGSTOP');
    try {
      await once(lease.lost, 'abort');
      expect(performance.now() - taken).toBeLessThan(15_000);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    await lease.release();
  });
});

describe('a worker that is stopped while it waits for a host', () => {
  it('waits no longer, and leaves the host to its visitor', async () => {
    const [first, second] = [worker(), worker()];
    const mine = await first.leases.take(host, never);
    const stop = new AbortController();
    const waiting = second.leases.take(host, stop.signal);
    await second.hasAsked(2);
    const told = await redis.get(key);
    stop.abort();
    await expect(waiting).rejects.toThrow('stopped');
    expect(await redis.get(key)).toBe(told);
    await mine.release();
  });

  it('does not ask at all where it was stopped before', async () => {
    await expect(worker().leases.take(host, AbortSignal.abort())).rejects.toThrow('stopped');
    expect(await redis.keys('xunjian:host:*')).toEqual([]);
  });

  it('keeps nothing that Redis gave it too late', async () => {
    const { leases, answered } = worker();
    // Its connection stands.
    await (await leases.take(host, never)).release();
    const stop = new AbortController();
    process.kill(server.pid, 'SIGSTOP');
    try {
      const waiting = leases.take(host, stop.signal);
      stop.abort();
      await expect(waiting).rejects.toThrow('stopped');
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    await answered();
    expect(await redis.keys('xunjian:host:*')).toEqual([]);
  });
});
