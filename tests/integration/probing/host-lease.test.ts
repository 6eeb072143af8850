import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RedisHostLeases } from '../../../src/probing/host-lease.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

let server: TestRedis;
/** Of the test itself; each worker has a connection of its own. */
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = server.connect();
});
afterAll(() => server.stop());
beforeEach(() => redis.flushall());

const host = '10.20.0.1';
const key = `xunjian:host:${host}`;
const never = new AbortController().signal;

type Verb = 'take' | 'release' | 'leave';

/** A worker, and how often Redis was asked and has answered so far, in how many calls. */
const worker = () => {
  const own = server.connect();
  const count = { sent: { take: 0, release: 0, leave: 0 }, answered: { take: 0, release: 0, leave: 0 } };
  let calls = 0;
  const wanted: (() => void)[] = [];
  const add = (to: Record<Verb, number>, args: readonly unknown[]): void => {
    for (const verb of ['take', 'release', 'leave'] as const) to[verb] += args.filter((arg) => arg === verb).length;
    for (const look of wanted) look();
  };
  const seen = {
    evalsha: async (...args: Parameters<Redis['evalsha']>) => {
      calls++;
      add(count.sent, args);
      // Where Redis does not know the script yet, the text goes after it.
      const told = await own.evalsha(...args);
      add(count.answered, args);
      return told;
    },
    eval: async (...args: Parameters<Redis['eval']>) => {
      const told = await own.eval(...args);
      add(count.answered, args);
      return told;
    },
  };
  const reached = (done: () => boolean): Promise<void> =>
    new Promise((there) => {
      const look = (): void => {
        if (done()) there();
      };
      wanted.push(look);
      look();
    });
  return {
    leases: new RedisHostLeases(seen as unknown as Redis),
    calls: () => calls,
    asked: (): number => count.answered.take,
    hasSent: (most: number): Promise<void> => reached(() => count.sent.take >= most),
    hasAsked: (most: number): Promise<void> => reached(() => count.answered.take >= most),
    hasLeft: (): Promise<void> => reached(() => count.answered.leave > 0),
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

  it('is given back and taken again by Redis that has forgotten its scripts', async () => {
    const { leases } = worker();
    const mine = await leases.take(host, never);
    await redis.script('FLUSH');
    await mine.release();
    await redis.script('FLUSH');
    const again = await leases.take(host, never);
    expect(again.visitedAgo).toBeGreaterThanOrEqual(0);
    await again.release();
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

describe('of several workers that want a host', () => {
  it('one that has waited a second is next, however many visits another has before it', async () => {
    const [busy, late] = [worker(), worker()];
    const visits: string[] = [];
    const lease = await busy.leases.take(host, never);
    const next = late.leases.take(host, never).then((its) => {
      visits.push('late');
      return its.release();
    });
    await late.hasAsked(12);
    await lease.release();
    for (let visit = 0; visit < 100; visit++) {
      const its = await busy.leases.take(host, never);
      visits.push('busy');
      await its.release();
    }
    await next;
    expect(visits.indexOf('late')).toBe(0);
    expect(visits).toHaveLength(101);
  });

  it('each has it in the order of their coming', async () => {
    const mine = await worker().leases.take(host, never);
    const others = [worker(), worker(), worker()];
    const order: number[] = [];
    const ends = [];
    for (const [index, { leases, hasAsked }] of others.entries()) {
      ends.push(
        leases.take(host, never).then(async (its) => {
          order.push(index);
          // Who still waits has asked again, and its place is known.
          await Promise.all(others.slice(index + 1).map((other) => other.hasAsked(other.asked() + 2)));
          await its.release();
        }),
      );
      await hasAsked(1);
    }
    // The last one's second is over, too.
    await others.at(-1)!.hasAsked(12);
    await mine.release();
    await Promise.all(ends);
    expect(order).toEqual([0, 1, 2]);
    expect(await redis.keys('xunjian:next:*')).toEqual([]);
  });

  it('one that was killed while it waited for it holds up the others for a moment only', async () => {
    await redis.set(`xunjian:next:${host}`, '1000 of a worker that was killed', 'PX', 2_000);
    const lease = await worker().leases.take(host, never);
    await lease.release();
    expect(await redis.exists(`xunjian:next:${host}`)).toBe(0);
  });
});

describe('what is asked at once', () => {
  it('goes to Redis together, and each has its own answer', async () => {
    const one = worker();
    await (await one.leases.take(host, never)).release();
    const busy = await worker().leases.take('10.20.0.7', never);
    const before = one.calls();
    const hosts = Array.from({ length: 100 }, (_, nth) => `10.20.0.${nth + 1}`);
    const stop = new AbortController();
    const taken = hosts.map((name) => one.leases.take(name, stop.signal));
    await one.hasAsked(101);
    expect(one.calls() - before).toBe(1);
    const late = taken.splice(6, 1)[0]!;
    const leases = await Promise.all(taken);
    expect(leases.map(({ visitedAgo }) => visitedAgo !== null)).toEqual(leases.map((_, index) => index === 0));
    expect(await redis.keys('xunjian:host:*')).toHaveLength(100);
    stop.abort();
    await expect(late).rejects.toThrow('stopped');
    await Promise.all([...leases, busy].map((lease) => lease.release()));
    expect(await redis.keys('xunjian:host:*')).toEqual([]);
  });

  it('costs a worker one call a turn however many hosts it waits for', async () => {
    const [first, second] = [worker(), worker()];
    const hosts = Array.from({ length: 50 }, (_, nth) => `10.20.1.${nth}`);
    const leases = await Promise.all(hosts.map((name) => first.leases.take(name, never)));
    const stop = new AbortController();
    const waiting = Promise.allSettled(hosts.map((name) => second.leases.take(name, stop.signal)));
    await second.hasAsked(50);
    const before = second.calls();
    await second.hasAsked(250);
    expect(second.calls() - before).toBe(4);
    stop.abort();
    await waiting;
    await second.hasLeft();
    expect(await redis.keys('xunjian:next:*')).toEqual([]);
    await Promise.all(leases.map((lease) => lease.release()));
  });
});

it('tells its next visitor when it was visited last, by whichever worker', async () => {
  const first = await worker().leases.take(host, never);
  expect(first.visitedAgo).toBeNull();
  await first.release();
  const left = performance.now();
  const second = await worker().leases.take(host, never);
  expect(second.visitedAgo).toBeGreaterThanOrEqual(0);
  expect(second.visitedAgo).toBeLessThanOrEqual(performance.now() - left + 1_000);
  await second.release();
  // Flushed, Redis knows of nobody: whoever comes has to look for himself.
  await redis.flushall();
  const third = await worker().leases.take(host, never);
  expect(third.visitedAgo).toBeNull();
  await third.release();
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

  it('is not taken for ours because Redis gave it long after it was asked: it is asked for again', async () => {
    const { leases, hasSent, asked } = worker();
    await (await leases.take(host, never)).release();
    process.kill(server.pid, 'SIGSTOP');
    const begun = performance.now();
    const waiting = leases.take(host, never);
    try {
      await hasSent(2);
      // Longer than a lease goes without its renewal.
      await until(async () => performance.now() - begun > 5_500);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    const lease = await waiting;
    expect(asked()).toBe(3);
    await lease.release();
    expect(await redis.keys('xunjian:host:*')).toEqual([]);
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
    await second.hasLeft();
    expect(await redis.get(key)).toBe(told);
    // Nor is it kept for the one that is gone.
    expect(await redis.exists(`xunjian:next:${host}`)).toBe(0);
    await mine.release();
  });

  it('does not ask at all where it was stopped before', async () => {
    await expect(worker().leases.take(host, AbortSignal.abort())).rejects.toThrow('stopped');
    expect(await redis.keys('xunjian:host:*')).toEqual([]);
  });

  it('keeps nothing that Redis gave it too late', async () => {
    const { leases, hasSent, hasLeft } = worker();
    // Its connection stands.
    await (await leases.take(host, never)).release();
    const stop = new AbortController();
    process.kill(server.pid, 'SIGSTOP');
    try {
      const waiting = leases.take(host, stop.signal);
      await hasSent(2);
      stop.abort();
      await expect(waiting).rejects.toThrow('stopped');
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    await hasLeft();
    expect(await redis.keys('xunjian:host:*')).toEqual([]);
  });
});
