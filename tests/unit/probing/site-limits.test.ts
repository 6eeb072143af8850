import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Place } from '../../../src/probing/presence.ts';
import { type Freed, type Limits, SiteLimits } from '../../../src/probing/site-limits.ts';
import { GiveBack } from '../../../src/queue/jobs.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new AbortController().signal;
const free: Limits = { sockets: null, megabits: null };
const alone: Place = { workers: 1, rank: 0 };
const limitsOf = (sockets: number): SiteLimits => new SiteLimits(sockets, () => performance.now());
/** Everything that is ready to run has run. */
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

/** Probes by name: who was let in, in this order, and how to end each. */
const probes = (limits: SiteLimits) => {
  const begun: string[] = [];
  const ends = new Map<string, Freed>();
  return {
    begun,
    take(name: string, site: string, bytes = 0, signal = never): Promise<void> {
      return limits.take(site, bytes, signal).then((freed) => {
        begun.push(name);
        ends.set(name, freed);
      });
    },
    async end(name: string, received = 0): Promise<void> {
      ends.get(name)!(received);
      await settled();
    },
  };
};

describe('the sockets', () => {
  it('of a worker are never more than it has, and go to the sites in turn', async () => {
    const limits = limitsOf(1);
    for (const site of ['north', 'south']) limits.set(site, free, null);
    const { begun, take, end } = probes(limits);
    for (const name of ['n1', 'n2', 'n3', 'n4']) void take(name, 'north');
    for (const name of ['s1', 's2']) void take(name, 'south');
    await settled();
    expect(begun).toEqual(['n1']);
    expect([limits.inFlight, limits.waiting]).toEqual([1, 5]);
    for (const name of ['n1', 'n2', 's1', 'n3', 's2', 'n4']) await end(name);
    // North was next in line when south came.
    expect(begun).toEqual(['n1', 'n2', 's1', 'n3', 's2', 'n4']);
    expect([limits.inFlight, limits.waiting]).toEqual([0, 0]);
  });

  it('of a site that has all of its own taken leave the worker’s to other sites', async () => {
    const limits = limitsOf(3);
    limits.set('north', { sockets: 1, megabits: null }, alone);
    limits.set('south', free, alone);
    const { begun, take, end } = probes(limits);
    for (const name of ['n1', 'n2']) void take(name, 'north');
    for (const name of ['s1', 's2']) void take(name, 'south');
    await settled();
    expect(begun).toEqual(['n1', 's1', 's2']);
    await end('s1');
    expect(begun).toHaveLength(3);
    await end('n1');
    expect(begun.at(-1)).toBe('n2');
  });

  it('of a site are divided among its workers without rest', async () => {
    for (const [sockets, workers] of [
      [10, 3],
      [2, 3],
      [3, 3],
      [1, 1],
    ] as const) {
      const parts: number[] = [];
      for (let rank = 0; rank < workers; rank++) {
        const limits = limitsOf(100);
        limits.set('north', { sockets, megabits: null }, { workers, rank });
        const { begun, take } = probes(limits);
        for (let nth = 0; nth < 20; nth++) take(`${nth}`, 'north').catch(() => {});
        await settled();
        parts.push(begun.length);
      }
      expect(parts.reduce((sum, part) => sum + part)).toBe(sockets);
      expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
    }
  });

  it('of a site with a limit are nobody’s until the worker’s place there is known', async () => {
    const limits = limitsOf(10);
    limits.set('north', { sockets: 4, megabits: null }, null);
    limits.set('south', free, null);
    limits.set('west', { sockets: null, megabits: 8 }, null);
    const { begun, take } = probes(limits);
    for (const name of ['n1', 'n2', 'n3']) void take(name, 'north');
    void take('s', 'south', 50_000);
    void take('picture', 'west', 1);
    void take('online', 'west');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(begun).toEqual(['s', 'online']);
    expect(vi.getTimerCount()).toBe(0);
    limits.set('north', { sockets: 4, megabits: null }, { workers: 2, rank: 1 });
    limits.set('west', { sockets: null, megabits: 8 }, alone);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toEqual(['s', 'online', 'n1', 'n2', 'picture']);
  });

  it('that a worker loses to a new one are given up when what is under way ends', async () => {
    const limits = limitsOf(10);
    const north: Limits = { sockets: 2, megabits: null };
    limits.set('north', north, alone);
    const { begun, take, end } = probes(limits);
    for (const name of ['1', '2', '3']) void take(name, 'north');
    await settled();
    limits.set('north', north, { workers: 2, rank: 0 });
    await end('1');
    expect(begun).toEqual(['1', '2']);
    await end('2');
    expect(begun).toEqual(['1', '2', '3']);
  });

  it('are given back once, however often it is said', async () => {
    const limits = limitsOf(1);
    limits.set('north', free, null);
    const { begun, take, end } = probes(limits);
    for (const name of ['1', '2', '3']) void take(name, 'north');
    await settled();
    await end('1');
    await end('1');
    expect(begun).toEqual(['1', '2']);
    expect(limits.inFlight).toBe(1);
  });
});

describe('the bandwidth of a site', () => {
  /** 1 Mbit/s: 125,000 bytes a second. */
  const slow = { sockets: 1, megabits: 1 };

  it('is waited for without a socket, and not by those that ask for no picture', async () => {
    const limits = limitsOf(1);
    limits.set('north', slow, alone);
    const { begun, take, end } = probes(limits);
    void take('picture', 'north', 50_000);
    void take('online', 'north');
    await settled();
    expect(begun).toEqual(['online']);
    await end('online');
    await vi.advanceTimersByTimeAsync(399);
    expect(begun).toEqual(['online']);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toEqual(['online', 'picture']);
  });

  it('lets a picture larger than a second’s traffic in, and is then waited for until that is paid', async () => {
    const limits = limitsOf(9);
    limits.set('north', { sockets: null, megabits: 1 }, alone);
    const { begun, take, end } = probes(limits);
    void take('large', 'north', 500_000);
    void take('small', 'north', 12_500);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(begun).toEqual(['large']);
    await end('large', 500_000);
    await vi.advanceTimersByTimeAsync(3_099);
    expect(begun).toEqual(['large']);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toEqual(['large', 'small']);
  });

  it('is given back where less came than was estimated, and waited for where more came', async () => {
    const limits = limitsOf(9);
    limits.set('north', { sockets: null, megabits: 1 }, alone);
    const { begun, take, end } = probes(limits);
    await vi.advanceTimersByTimeAsync(1_000);
    for (const name of ['1', '2', '3']) void take(name, 'north', 125_000);
    await settled();
    expect(begun).toEqual(['1']);
    await end('1', 0);
    expect(begun).toEqual(['1', '2']);
    await end('2', 250_000);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(begun).toEqual(['1', '2']);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toEqual(['1', '2', '3']);
  });

  it('that is there is not kept from a picture by those that came after it and need none', async () => {
    const limits = limitsOf(9);
    limits.set('north', slow, alone);
    const { begun, take, end } = probes(limits);
    await vi.advanceTimersByTimeAsync(1_000);
    void take('before', 'north');
    void take('picture', 'north', 50_000);
    void take('after', 'north');
    await settled();
    await end('before');
    expect(begun).toEqual(['before', 'picture']);
  });

  it('is divided among its workers', async () => {
    const limits = limitsOf(9);
    limits.set('north', { sockets: null, megabits: 1 }, { workers: 4, rank: 3 });
    const { begun, take } = probes(limits);
    void take('picture', 'north', 31_250);
    await vi.advanceTimersByTimeAsync(999);
    expect(begun).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toEqual(['picture']);
  });
});

describe('who is stopped while it waits', () => {
  it('leaves no trace: those behind move up, and no timer is left', async () => {
    const limits = limitsOf(9);
    limits.set('north', { sockets: null, megabits: 1 }, alone);
    const { begun, take } = probes(limits);
    const stop = new AbortController();
    const large = take('large', 'north', 125_000, stop.signal);
    const also = take('also', 'north', 125_000, stop.signal);
    void take('small', 'north', 12_500);
    await vi.advanceTimersByTimeAsync(100);
    expect(begun).toEqual([]);
    stop.abort();
    await expect(large).rejects.toThrow('stopped');
    await expect(also).rejects.toThrow('stopped');
    await settled();
    expect(begun).toEqual(['small']);
    expect([limits.inFlight, limits.waiting, vi.getTimerCount()]).toEqual([1, 0, 0]);
  });

  it('does not wait at all where it was stopped before', async () => {
    const limits = limitsOf(0);
    limits.set('north', free, null);
    await expect(limits.take('north', 0, AbortSignal.abort())).rejects.toThrow('stopped');
    expect(limits.waiting).toBe(0);
  });

  it('is not asked to wait for a site that nobody has told the limits of', async () => {
    await expect(limitsOf(1).take('north', 0, never)).rejects.toThrow('north');
  });
});

type Probe = {
  readonly site: number;
  readonly at: number;
  readonly bytes: number;
  readonly received: number;
  readonly ms: number;
  readonly stopAfter: number | null;
};

const places: fc.Arbitrary<Place> = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.nat())
  .map(([workers, any]) => ({ workers, rank: any % workers }));
const cities = fc.integer({ min: 1, max: 400_000 }).chain((largest) =>
  fc.record({
    largest: fc.constant(largest),
    sockets: fc.integer({ min: 1, max: 30 }),
    sites: fc.array(
      fc.record({
        sockets: fc.option(fc.integer({ min: 3, max: 30 })),
        megabits: fc.option(fc.integer({ min: 1, max: 4 }), { freq: 5 }),
        place: places,
      }),
      { minLength: 1, maxLength: 3 },
    ),
    probes: fc.array(
      fc
        .record({
          site: fc.nat(2),
          // Two waves: a bucket is empty before the first and full before the second.
          at: fc.oneof(fc.nat(1_000), fc.integer({ min: 9_000, max: 9_500 })),
          bytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: largest })),
          part: fc.double({ min: 0, max: 1, noNaN: true }),
          ms: fc.nat(1_000),
          stopAfter: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(2_000) }),
        })
        .map(({ part, ...probe }): Probe => ({ ...probe, received: Math.round(part * probe.bytes) })),
      { maxLength: 120, size: 'max' },
    ),
  }),
);

/** What happened at a site: a probe was let in (`estimate`), or is over (`received`). */
type Event = { readonly at: number; readonly estimate: number; readonly received: number; readonly nth: number };

/** The worst stretch of time: bytes that came, less what may have come in it. */
const worst = (events: readonly Event[], bytesAMs: number): number => {
  let most = Number.NEGATIVE_INFINITY;
  let inFlight = 0;
  for (const [from, { at, estimate }] of events.entries()) {
    let came = 0;
    for (const later of events.slice(from)) {
      came += later.received;
      most = Math.max(most, came - bytesAMs * (later.at - at + 1_000) - inFlight);
    }
    inFlight += estimate;
  }
  return most;
};

it('whatever comes: no limit is exceeded, nobody starves or overtakes, and nothing is left behind', async () => {
  await fc.assert(
    fc.asyncProperty(cities, async ({ largest, sockets, sites, probes: all }) => {
      const limits = limitsOf(sockets);
      const under = sites.map(() => 0);
      const most = sites.map(() => 0);
      let mostOfAll = 0;
      const events = sites.map((): Event[] => []);
      let [done, stopped] = [0, 0];
      for (const [index, site] of sites.entries()) limits.set(`${index}`, site, site.place);
      const probe = async ({ site: any, at, bytes, received, ms, stopAfter }: Probe, nth: number): Promise<void> => {
        const site = any % sites.length;
        await new Promise((resolve) => setTimeout(resolve, at));
        const stop = new AbortController();
        if (stopAfter !== null) setTimeout(() => stop.abort(), stopAfter);
        const freed = await limits.take(`${site}`, bytes, stop.signal).catch(() => null);
        if (freed === null) {
          stopped++;
          return;
        }
        under[site]!++;
        most[site] = Math.max(most[site]!, under[site]!);
        mostOfAll = Math.max(
          mostOfAll,
          under.reduce((sum, one) => sum + one),
        );
        events[site]!.push({ at: performance.now(), estimate: bytes, received: 0, nth });
        await new Promise((resolve) => setTimeout(resolve, ms));
        under[site]!--;
        events[site]!.push({ at: performance.now(), estimate: -bytes, received, nth: -1 });
        freed(received);
        done++;
      };
      for (const [nth, one] of all.toSorted((a, b) => a.at - b.at).entries()) void probe(one, nth);
      await vi.runAllTimersAsync();
      expect(done + stopped).toBe(all.length);
      expect(stopped).toBeLessThanOrEqual(all.filter(({ stopAfter }) => stopAfter !== null).length);
      expect([limits.inFlight, limits.waiting, vi.getTimerCount()]).toEqual([0, 0, 0]);
      expect(mostOfAll).toBeLessThanOrEqual(sockets);
      for (const [index, { sockets: limit, megabits, place }] of sites.entries()) {
        const { workers, rank } = place;
        if (limit !== null) {
          expect(most[index]).toBeLessThanOrEqual(Math.floor(limit / workers) + (rank < limit % workers ? 1 : 0));
        }
        for (const picture of [true, false]) {
          const order = events[index]!.filter(({ nth, estimate }) => nth >= 0 && estimate > 0 === picture);
          expect(order).toEqual(order.toSorted((a, b) => a.nth - b.nth));
        }
        // And the largest picture: it may come at a rate of less than its size. A millionth of a byte for sums of fractions.
        if (megabits !== null) {
          expect(worst(events[index]!, (megabits * 125) / workers)).toBeLessThanOrEqual(largest + 1e-6);
        }
      }
    }),
    { numRuns: 300 },
  );
});

describe('a worker that has no part in the limit of a site', () => {
  const limits = { sockets: 1, megabits: null };

  it('gives back what waits there, and takes nothing on, until it has one again', async () => {
    const gate = new SiteLimits(100, () => 0);
    const { signal } = new AbortController();
    gate.set('thin', limits, { workers: 1, rank: 0 });
    const free = await gate.take('thin', 0, signal);
    const waiting = [gate.take('thin', 0, signal), gate.take('thin', 5_000, signal)];
    gate.set('thin', limits, { workers: 2, rank: 1 });
    for (const one of waiting) await expect(one).rejects.toThrow(GiveBack);
    await expect(gate.take('thin', 0, signal)).rejects.toThrow(GiveBack);
    expect([gate.waiting, gate.room('thin', { site: 0, all: 0 })]).toEqual([0, false]);
    free(0);
    gate.set('thin', limits, { workers: 1, rank: 0 });
    expect(gate.room('thin', { site: 0, all: 0 })).toBe(true);
    (await gate.take('thin', 0, signal))(0);
  });

  it('leaves the line’s bandwidth to those who have one', async () => {
    const gate = new SiteLimits(100, () => now);
    let now = 0;
    gate.set('thin', { sockets: 1, megabits: 8 }, { workers: 4, rank: 0 });
    now = 1_000;
    const { signal } = new AbortController();
    // A second of the whole line is a million bytes; a quarter of it would let one go and not the other.
    (await gate.take('thin', 500_000, signal))(500_000);
    (await gate.take('thin', 400_000, signal))(400_000);
  });
});

describe('room for more', () => {
  it('is left for other sites by one whose cameras wait for its own limit, and for its online probes by its pictures', async () => {
    const gate = new SiteLimits(10, () => 0);
    const { signal } = new AbortController();
    const none = { site: 0, all: 0 };
    gate.set('thin', { sockets: 1, megabits: null }, { workers: 1, rank: 0 });
    gate.set('slow', { sockets: null, megabits: 1 }, { workers: 1, rank: 0 });
    gate.set('wide', { sockets: null, megabits: null }, null);
    await gate.take('thin', 0, signal);
    for (let nth = 0; nth < 100; nth++) void gate.take('thin', 0, signal).catch(() => {});
    for (let nth = 0; nth < 100; nth++) void gate.take('slow', 100_000, signal).catch(() => {});
    expect(gate.room('thin', none)).toBe(false);
    expect(gate.room('slow', none)).toBe(true);
    expect(gate.room('wide', none)).toBe(true);
    for (let nth = 0; nth < 9; nth++) await gate.take('wide', 0, signal);
    for (let nth = 0; nth < 10; nth++) void gate.take('wide', 0, signal).catch(() => {});
    expect(gate.room('wide', none)).toBe(false);
    expect(gate.room('slow', { site: 0, all: 20 })).toBe(false);
  });
});
