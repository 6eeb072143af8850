import { describe, expect, test } from 'vitest';
import { planCity } from '../../../src/simulator/city.ts';
import { channelFaults } from '../../../src/simulator/faults.ts';
import { planEvents, planFaults } from '../../soak/plan.ts';
import { owed } from '../../soak/turns.ts';

describe('the plan of a soak', () => {
  test.each([1, 2, 3, 10, 60])('of %i minutes is the same for the same seed, in order, and within them', (minutes) => {
    const events = planEvents(7, minutes, 3);
    expect(planEvents(7, minutes, 3)).toEqual(events);
    expect(planEvents(8, minutes, 3)).not.toEqual(events);
    const times = events.map(({ at }) => at);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    expect(times.every((at) => at > 0 && at < minutes * 60_000)).toBe(true);
    for (const what of ['kill_worker', 'kill_scheduler', 'flush_redis', 'restart_redis', 'kill_redis', 'inspect'])
      expect([what, events.some((event) => event.what === what)]).toEqual([what, true]);
  });

  test('kills a worker about every twenty seconds, and takes the database away for half of ten minutes', () => {
    const events = planEvents(7, 10, 3);
    const kills = events.filter(({ what }) => what === 'kill_worker');
    expect(kills.length).toBeGreaterThan(22);
    expect(kills.length).toBeLessThan(40);
    const away = events.find((event) => event.what === 'database_away')!;
    expect(away).toMatchObject({ forMs: 300_000 });
    // Two workers live through all of it.
    const meanwhile = events.filter(({ at }) => at >= away.at && at < away.at + 300_000);
    expect(new Set(meanwhile.flatMap((event) => ('worker' in event ? [event.worker] : [])))).toEqual(new Set([2]));
    expect(meanwhile.some(({ what }) => what === 'inspect')).toBe(false);
  });

  test('lets faults come and go among the sound, one at a time, none that a login would remember', () => {
    const { cameras } = planCity({ cameras: 2000, seed: 1, recorders: 0.2 });
    const events = planFaults(7, cameras, 600_000);
    expect(planFaults(7, cameras, 600_000)).toEqual(events);
    expect(events.length).toBeGreaterThan(1000);
    const byCode = new Map(cameras.map((camera) => [camera.code, camera]));
    for (const [code, theirs] of Map.groupBy(events, (event) => event.code)) {
      expect(byCode.get(code)!.fault).toBe('sound');
      theirs.forEach(({ fault }, nth) => {
        expect(fault === 'sound').toBe(nth % 2 === 1);
        expect(['unauthorized', 'forbidden', 'basic_only', 'no_credentials'].includes(fault)).toBe(false);
        if (byCode.get(code)!.channel !== undefined) expect(channelFaults.has(fault)).toBe(true);
      });
    }
  });
});

describe('what a sweep owes', () => {
  const camera = { phase: 3, stride: 5, online: 60, picture: 300 };

  test.each([
    ['nothing before the turn', 0, 10, 0, 0],
    ['the first turn shows a picture, in whose place no answer is asked', 10, 15, 0, 1],
    ['an hour: twelve pictures, and the other forty-eight turns', 0, 3600, 48, 12],
    ['the turn at the beginning belongs to the time before', 15, 75, 1, 0],
  ])('%s', (_, from, to, answer, picture) => {
    expect(owed([camera], from, to)).toEqual({ answer, picture });
  });

  test('at a site that is asked every half minute comes with the job before it', () => {
    expect(owed([{ ...camera, phase: 9, stride: 30 }], 0, 29)).toEqual({ answer: 0, picture: 0 });
    expect(owed([{ ...camera, phase: 9, stride: 30 }], 29, 30)).toEqual({ answer: 0, picture: 1 });
  });

  test('a class that is never shown owes answers only, and one that is never asked nothing', () => {
    expect(owed([{ ...camera, picture: null }], 0, 3600)).toEqual({ answer: 60, picture: 0 });
    expect(owed([{ ...camera, online: null, picture: null }], 0, 3600)).toEqual({ answer: 0, picture: 0 });
  });
});
