import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Place, type Presence, startPresence, workersOf } from '../../../src/probing/presence.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

let server: TestRedis;
/** Of the test itself; each worker has a connection of its own. */
let redis: Redis;
const living: Presence[] = [];
beforeAll(async () => {
  server = await startRedis();
  redis = server.connect();
});
afterAll(() => server.stop());
beforeEach(() => redis.flushall());
afterEach(() => Promise.all(living.splice(0).map((one) => one.stop())));

type Told = Readonly<Record<string, Place>>;

/** A worker that lives; `told`: its places after each time that it said so. */
const worker = (sites: () => readonly string[]) => {
  const own = server.connect();
  const told: Told[] = [];
  const lines: string[] = [];
  const wanted: (() => void)[] = [];
  const heard = (): void => {
    for (const look of wanted) look();
  };
  const log = pino(
    { base: null },
    {
      write(line: string) {
        lines.push(line);
        heard();
      },
    },
  );
  const presence = startPresence(own, log, sites, (places) => {
    told.push(Object.fromEntries(places));
    heard();
  });
  living.push(presence);
  return {
    ...presence,
    told,
    lines,
    until: (done: () => boolean): Promise<void> =>
      new Promise((there) => {
        const look = (): void => {
          if (done()) there();
        };
        wanted.push(look);
        look();
      }),
  };
};

const north = (): string[] => ['north'];

describe('a worker', () => {
  it('that is alone at a site has its place at once, and leaves nothing behind when it stops', async () => {
    const one = worker(() => ['north', 'south']);
    await one.until(() => one.told.length > 0);
    const alone = { workers: 1, rank: 0 };
    expect(one.told).toEqual([{ north: alone, south: alone }]);
    expect(await workersOf(redis, ['north', 'west', 'south'])).toEqual(
      new Map([
        ['north', 1],
        ['west', 0],
        ['south', 1],
      ]),
    );
    expect(await workersOf(redis, [])).toEqual(new Map());
    await one.stop();
    expect(await redis.keys('*')).toEqual([]);
  });

  it('that comes to others has its place when they have made room, two beats later, in the order of the ids', async () => {
    const first = worker(north);
    await first.until(() => first.told.length > 0);
    const second = worker(north);
    await second.until(() => second.told.some((places) => 'north' in places));
    expect(second.told.map((places) => places.north?.workers)).toEqual([undefined, undefined, 2]);
    expect(first.told.at(-1)!.north!.workers).toBe(2);
    const ranks = [first, second].map(({ id, told }) => [id, told.at(-1)!.north!.rank] as const);
    expect(ranks.toSorted((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, rank]) => rank)).toEqual([0, 1]);
    await second.stop();
    const so = first.told.length;
    await first.until(() => first.told.length > so + 1);
    expect(first.told.at(-1)!.north).toEqual({ workers: 1, rank: 0 });
  });

  it('that learns of a site later is announced there, too', async () => {
    const sites = ['north'];
    const one = worker(() => sites);
    await one.until(() => one.told.length > 0);
    sites.push('south');
    await one.until(() => one.told.length > 1);
    expect(Object.keys(one.told[1]!)).toEqual(['north', 'south']);
  });

  it('that serves no site yet says nothing', async () => {
    const sites: string[] = [];
    const one = worker(() => sites);
    await redis.ping();
    sites.push('north');
    await one.until(() => one.told.length > 0);
    expect(Object.keys(one.told[0]!)).toEqual(['north']);
  });

  it('that was killed is believed for ten seconds by Redis’s clock, and not counted then', async () => {
    const one = worker(north);
    await one.until(() => one.told.length > 0);
    const [seconds = 0, micros = 0] = await redis.time();
    const life = Number(await redis.zscore('xunjian:workers:north', one.id)) - seconds * 1_000 - micros / 1_000;
    expect(life).toBeGreaterThan(0);
    expect(life).toBeLessThanOrEqual(10_000);
    expect(await redis.pttl('xunjian:workers:north')).toBeLessThanOrEqual(10_000);
    await redis.zadd('xunjian:workers:north', seconds * 1_000 - 1, 'killed');
    expect(await workersOf(redis, north())).toEqual(new Map([['north', 1]]));
    await one.until(() => one.told.length > 1);
    expect(one.told[1]!.north).toEqual({ workers: 1, rank: 0 });
    expect(await redis.zscore('xunjian:workers:north', 'killed')).toBeNull();
  });

  it('that cannot say that it lives says so once, and goes on as soon as it can', async () => {
    await redis.set('xunjian:workers:north', 'not a set');
    const one = worker(north);
    await one.until(() => one.lines.length > 0);
    await redis.del('xunjian:workers:north');
    await one.until(() => one.told.length > 0);
    expect(one.lines).toHaveLength(1);
    expect(one.lines[0]).toContain('WRONGTYPE');
  });
});

describe('where Redis', () => {
  it('has forgotten everything, nobody takes itself for alone: the places hold until all are back', async () => {
    const [first, second] = [worker(north), worker(north)];
    await Promise.all([first, second].map((one) => one.until(() => one.told.at(-1)?.north?.workers === 2)));
    const before = [first, second].map(({ told }) => told.length);
    await redis.flushall();
    await Promise.all([first, second].map((one, index) => one.until(() => one.told.length >= before[index]! + 4)));
    for (const [index, { told }] of [first, second].entries()) {
      expect(told.slice(before[index]!).map((places) => places.north!.workers)).toEqual([2, 2, 2, 2]);
    }
  });

  it('does not answer, the last places hold, and stopping takes no longer for it', async () => {
    const one = worker(north);
    await one.until(() => one.told.length > 0);
    process.kill(server.pid, 'SIGSTOP');
    try {
      await one.stop();
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    expect(one.told).toHaveLength(1);
  });
});
