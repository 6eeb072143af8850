import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProbeResult } from '../../../src/probing/result.ts';
import { availability, everything } from '../../../src/rollup/availability.ts';
import { addUp, refreshDays } from '../../../src/rollup/refresh.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { insert } from '../../../src/store/writer.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { answerOf } from '../../support/results.ts';
import { clear, putCameras } from '../schedule/roster.ts';
import { type Camera, outagesOf, type Policy, type Probe, type State, states } from './availability-oracle.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(async () => {
  await clear(ground.db);
  await empty();
});

const empty = (): Promise<number> =>
  ground.db.run('delete from result; delete from availability_hour; truncate late_result, rollup_clock, outage');

/** 18:00 in Liuzhou: a local day begins six hours later. */
const start = Date.UTC(2026, 9, 1, 10) / 1000;
const hours = 36;
const end = start + hours * 3600;
const date = (seconds: number): Date => new Date(seconds * 1000);
const cameraClasses = ['skynet', 'social', 'household'] as const;

/** The first version, which is there already: every five minutes. */
const first: Policy = { since: 0, every: { skynet: 300, social: 300, household: 300 }, downAfter: 3, upAfter: 2 };

const policies = fc
  .array(
    fc.record({
      since: fc.integer({ min: 0, max: hours * 60 - 1 }).map((minute) => start + minute * 60),
      every: fc.record({
        skynet: fc.constantFrom(300, 1_800, 3_600, 7_200),
        social: fc.constantFrom(600, 3_600, null),
        household: fc.constantFrom(1_800, 43_200),
      }),
      downAfter: fc.integer({ min: 1, max: 4 }),
      upAfter: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 3 },
  )
  .map((all): Policy[] => [first, ...all.sort((a, b) => a.since - b.since)]);

/** A state lasts for some probes, most of them as regular as a sweep's, and now and then nobody looks. */
const probes = fc
  .array(
    fc.record({
      online: fc.constantFrom(true, true, false, false, null),
      times: fc.integer({ min: 1, max: 6 }),
      every: fc.constantFrom(300, 300, 900, 1_800, 3_600),
      pause: fc.constantFrom(5, 295, 600, 605, 4_000, 20_000),
      kind: fc.constantFrom('unreachable', 'timeout', 'no_media'),
      other: fc.constantFrom('unreachable', 'timeout', 'no_media'),
    }),
    { minLength: 3, maxLength: 25 },
  )
  .map((stretches): Probe[] => {
    const all: Probe[] = [];
    let slot = start;
    for (const { online, times, every, pause, kind, other } of stretches) {
      for (let time = 0; time < times && slot < end; time++, slot += every) {
        all.push({ slot, online, kind: online === false ? (time % 2 === 0 ? kind : other) : null });
      }
      slot += pause - (pause % 5);
    }
    return all;
  });

const story = fc.record({
  policies,
  cameras: fc.tuple(...cameraClasses.map((of) => probes.map((all): Camera => ({ class: of, probes: all })))),
  /** How late each result comes, in hours, by its number. */
  late: fc.array(fc.constantFrom(0, 0, 0, 0, 0, 1, 2, 9, 30), { minLength: 7, maxLength: 40 }),
  spans: fc.array(fc.tuple(fc.integer({ min: 0, max: hours * 3600 }), fc.integer({ min: 0, max: hours * 3600 })), {
    minLength: 2,
    maxLength: 2,
  }),
});

const count = (all: readonly State[]) => ({
  online: all.filter((one) => one === 'online').length,
  offline: all.filter((one) => one === 'offline').length,
  unknown: all.filter((one) => one === 'unknown').length,
});

describe('what is added up hour by hour', () => {
  it('is what the words say, second by second, in whatever order and however late the results came', async () => {
    const { db } = ground;
    await fc.assert(
      fc.asyncProperty(story, async ({ policies: decided, cameras, late, spans }) => {
        await clear(db);
        await empty();
        const ids = await putCameras(
          db,
          cameras.map((camera, nth) => ({ serial: nth + 1, class: camera.class as 'skynet' })),
        );
        for (const { since, every, downAfter, upAfter } of decided.slice(1)) {
          await decidePolicy(db, date(since), 'test', {
            down_after: downAfter,
            up_after: upAfter,
            ...Object.fromEntries(
              cameraClasses.flatMap((of) => [
                [`${of}_online_every`, every[of]],
                [`${of}_picture_every`, null],
              ]),
            ),
          });
        }
        const arriving = cameras.flatMap((camera, nth) =>
          camera.probes.map(({ slot, online, kind }, which) => ({
            at: Math.floor((slot - start) / 3600) + late[(which * 3 + nth) % late.length]!,
            result: answerOf(ids.get(nth + 1)!, date(slot), {
              online: online === null ? 'unknown' : online ? 'yes' : 'no',
              failure: kind,
            }),
          })),
        );
        // An inspection saw the opposite, half a second after each probe: it has no part in this.
        const inspected = arriving.map(({ at, result }) => ({
          at,
          result: {
            ...result,
            slot: new Date(result.slot.getTime() + 500),
            inspection: 1,
            online: result.online === 'yes' ? 'no' : 'yes',
          } as ProbeResult,
        }));
        for (let hour = 0; hour < hours + 31; hour++) {
          const come = [...arriving, ...inspected].filter(({ at }) => at === hour).map(({ result }) => result);
          if (come.length > 0) await insert(db, come);
          // Now and then nobody adds up, and then several hours come at once; the last full hour of the story is not over.
          if (hour % 5 !== 2) {
            // Two of the three cameras at once, so that an hour is two parts.
            await addUp(db, date(Math.min(start + (hour + 1) * 3600 + 900, end - 3600 + 900)), Infinity, 2);
            if (hour % 7 === 0) await refreshDays(db);
          }
        }
        await refreshDays(db);

        const firstHour = Math.min(...cameras.flatMap((camera) => camera.probes.map(({ slot }) => slot)));
        const from = Math.floor(firstHour / 3600) * 3600;
        for (const [nth, camera] of cameras.entries()) {
          const rows = await db.many<{ hour: Date }>(
            'select hour, online, offline, unknown from availability_hour where camera = $1 order by hour',
            [ids.get(nth + 1)],
          );
          // Of a class that is not swept, hours of which nothing is known are not told at all.
          for (const row of rows) {
            const at = row.hour.getTime() / 1000;
            expect(row).toEqual({ hour: row.hour, ...count(states(decided, camera, at, at + 3600)) });
          }
          const told = new Set(rows.map(({ hour }) => hour.getTime() / 1000));
          for (let hour = from; hour < end - 3600; hour += 3600) {
            if (!told.has(hour)) expect(count(states(decided, camera, hour, hour + 3600)).unknown).toBe(3600);
          }
          expect(
            await db.many(
              `select date_part('epoch', began_at)::integer as began, date_part('epoch', ended_at)::integer as ended,
                 unknown, kind from outage where camera = $1 order by began_at`,
              [ids.get(nth + 1)],
            ),
          ).toEqual(outagesOf(decided, camera, end - 3600));
          for (const [a, b] of spans) {
            const [low, high] = [start + Math.min(a, b), start + Math.max(a, b)];
            const scope = { ...everything, camera: ids.get(nth + 1)! };
            const [sum] = await availability(db, scope, { from: date(low), until: date(high) });
            const { online, offline } = count(states(decided, camera, low, high));
            expect({ online: sum?.online ?? 0, offline: sum?.offline ?? 0 }).toEqual({ online, offline });
            const [ofClass] = await availability(
              db,
              { ...everything, class: camera.class as 'skynet' },
              {
                from: date(low),
                until: date(high),
              },
            );
            expect(ofClass).toEqual(sum);
          }
        }
      }),
      { numRuns: Number(process.env.RUNS ?? 4), seed: Number(process.env.SEED ?? 5), endOnFailure: true },
    );
  });
});
