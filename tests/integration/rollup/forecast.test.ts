import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forecastBasis, forecastOf } from '../../../src/report/todo/forecast.ts';
import { camerasNow } from '../../../src/rollup/forecast.ts';
import { decideExemption } from '../../../src/schedule/exemption-decide.ts';
import { submitExemption } from '../../../src/schedule/exemption-submit.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy, policyAt } from '../../../src/schedule/policy.ts';
import { ofNoInspection } from '../../../src/schedule/probe-request.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());

/** 09:30 in the city. */
const now = new Date('2026-10-05T01:30:00Z');
const ago = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000);

/** Minutes before now, and what was said; a probe for an answer alone says nothing of a picture. */
type Probe = { minutes: number; online: boolean | null; image?: boolean | null; failure?: string; inspection?: number };
type Class = 'skynet' | 'social' | 'household';

let serial = 0;
/** Puts cameras with their probes into the store; gives their codes. */
const put = async (unit: string, cameras: readonly { class: Class; probes: readonly Probe[] }[]): Promise<string[]> => {
  const first = serial + 1;
  serial += cameras.length;
  const ids = await putCameras(
    ground.db,
    cameras.map((camera, nth) => ({ serial: first + nth, unit, class: camera.class })),
  );
  const results = cameras.flatMap(({ probes }, nth) =>
    probes.map(({ minutes, online, image = null, failure = null, inspection = null }) => ({
      ...{ camera: ids.get(first + nth), slot: ago(minutes), online, image, failure, inspection },
    })),
  );
  await ground.db.run(
    `insert into result (slot, camera, inspection, observed_at, online, image, failure, took)
     select slot, camera, inspection, slot, online, image, failure, 5
     from jsonb_to_recordset($1::jsonb)
       as r (slot timestamptz, camera integer, inspection bigint, online boolean, image boolean, failure text)`,
    [JSON.stringify(results)],
  );
  return cameras.map((_, nth) => codeOf(first + nth));
};

const yes = (minutes: number): Probe => ({ minutes, online: true });
const no = (minutes: number): Probe => ({ minutes, online: false, failure: 'unreachable' });
/** Because somebody pressed a button. */
const asked = (probe: Probe): Probe => ({ ...probe, inspection: ofNoInspection });
const picture = (minutes: number, image: boolean | null = true): Probe => ({
  ...{ minutes, online: true, image, ...(image !== true && { failure: image === null ? 'busy' : 'no_keyframe' }) },
});

const stories: readonly [string, Class, Probe[], boolean | null, boolean | null][] = [
  ['answered, and showed a picture an hour ago', 'social', [yes(2), picture(60)], true, true],
  ['answers, and its picture was broken', 'social', [yes(2), picture(60, false), picture(119)], true, false],
  ['answers, and was busy when asked for a picture', 'social', [yes(2), picture(60, null), picture(119)], true, null],
  ['was heard eleven minutes ago', 'social', [yes(11), picture(60)], null, null],
  ['was heard at the very end of two intervals', 'social', [yes(10), picture(60)], null, null],
  ['was heard a moment before the end of two intervals', 'social', [yes(9.9), picture(119.9)], true, true],
  ['showed its last picture two hours ago', 'social', [yes(2), picture(120)], true, null],
  ['is offline now, whatever it showed', 'skynet', [no(2), yes(7), picture(12)], false, false],
  [
    'could not be asked by our fault',
    'skynet',
    [{ minutes: 2, online: null, failure: 'local_limit' }, picture(7)],
    null,
    null,
  ],
  ['was asked by an inspection', 'skynet', [picture(1)], true, true],
  ['was asked by somebody alone', 'skynet', [asked(picture(1))], null, null],
  ['was never asked', 'skynet', [], null, null],
  ['has only a future', 'skynet', [yes(-1), picture(-2)], null, null],
  ['is a household, and shows nothing', 'household', [yes(2)], true, null],
];

describe('a camera now', () => {
  it.each(stories)('that %s (%s)', async (_, name, probes, online, image) => {
    const [code] = await put('450202', [{ class: name, probes }]);
    const found = (await camerasNow(ground.db, '450202', now, await policyAt(ground.db, now))).find(
      (one) => one.code === code,
    );
    expect(found).toMatchObject({ online, image });
  });

  it('is down after three failed probes in a row, which what is unknown neither adds to nor breaks', async () => {
    const unknown: Probe = { minutes: 8, online: null, failure: 'local_limit' };
    const codes = await put('450203', [
      { class: 'social', probes: [no(1), no(6), no(11), yes(16)] },
      { class: 'social', probes: [no(1), no(6), yes(11)] },
      { class: 'social', probes: [no(1), unknown, no(11), no(16)] },
      { class: 'social', probes: [yes(1), no(6), no(11), no(16)] },
      { class: 'social', probes: [no(1), no(6)] },
      { class: 'social', probes: [asked(no(1)), asked(no(2)), asked(no(3)), yes(4)] },
    ]);
    const down = (await camerasNow(ground.db, '450203', now, await policyAt(ground.db, now))).filter((one) => one.down);
    expect(down.map(({ code }) => code)).toEqual([codes[0], codes[2]]);
  });

  it('is flapping where it changed six times within the hour', async () => {
    const minutes = [1, 6, 11, 16, 21, 26, 31];
    const codes = await put('450204', [
      { class: 'social', probes: minutes.map((at, nth) => (nth % 2 === 0 ? yes(at) : no(at))) },
      { class: 'social', probes: minutes.slice(1).map((at, nth) => (nth % 2 === 0 ? yes(at) : no(at))) },
      { class: 'social', probes: minutes.map((at, nth) => (nth % 2 === 0 ? yes(at + 30) : no(at + 30))) },
    ]);
    const flapping = (await camerasNow(ground.db, '450204', now, await policyAt(ground.db, now))).filter(
      (one) => one.flapping,
    );
    expect(flapping.map(({ code }) => code)).toEqual([codes[0]]);
  });
});

describe('the forecast of a unit', () => {
  it('is judged over the cameras in use, without those that are exempt and would count so', async () => {
    const { db } = ground;
    const sound = Array.from({ length: 95 }, () => ({ class: 'social' as const, probes: [yes(2), picture(40)] }));
    const broken = Array.from({ length: 6 }, () => ({ class: 'social' as const, probes: [no(2), no(7), no(12)] }));
    const codes = await put('450205', [...sound, ...broken]);
    const before = await forecastOf(db, '450205', await forecastBasis(db, now));
    expect(before.classes.social).toMatchObject({
      roster: 101,
      assessed: 101,
      online: 95,
      verdict: { online: 'missed' },
    });
    expect(before.data).toEqual({ from: ago(40), until: ago(2) });
    expect(before.down).toEqual(codes.slice(95).map((code) => ({ code, name: code })));
    expect(before).toMatchObject({ at: now, formula: 'xunjian-rates/1', policy: 1, verdict: 'missed' });

    const exempt = async (at: Date, code: string): Promise<void> => {
      const { id } = await submitExemption(db, at, {
        ...{
          unit: '450205',
          applicant: '覃工',
          phone: '0772-2825110',
          reason: 'road_works',
          text: null,
          attachment: null,
        },
        ...{ selection: { by: 'cameras', codes: [code] }, beginsAt: ago(60), endsAt: ago(-600) },
      });
      await decideExemption(db, id, 'approved', '中心', null, at);
    };
    await exempt(ago(120), codes[100]!);
    const after = await forecastOf(db, '450205', await forecastBasis(db, now));
    expect(after.classes.total).toMatchObject({
      ...{ roster: 101, exempt: 1, assessed: 100, online: 95, image: 95 },
      ...{ raw: { assessed: 101, online: 95, image: 95 }, verdict: { online: 'met', image: 'met' } },
    });
    expect(after.verdict).toBe('met');

    // Once the day's round has begun, what is submitted later does not count for it any more.
    await exempt(ago(20), codes[99]!);
    expect((await forecastOf(db, '450205', await forecastBasis(db, now))).classes.total.exempt).toBe(2);
    await openInspection(db, ago(30), null, '2026-10-05');
    expect((await forecastOf(db, '450205', await forecastBasis(db, now))).classes.total.exempt).toBe(1);
  });

  it('of which nothing was heard is undetermined, and of no camera is none', async () => {
    await put('450206', [{ class: 'social', probes: [yes(300)] }]);
    const basis = await forecastBasis(ground.db, now);
    expect(await forecastOf(ground.db, '450206', basis)).toMatchObject({ data: null, verdict: 'undetermined' });
    expect(await forecastOf(ground.db, '450226', basis)).toMatchObject({ data: null, verdict: null });
  });

  it('is what a slow look at every probe says, for any probes and intervals', async () => {
    const { db } = ground;
    const at = new Date(now.getTime() + 86_400_000);
    await decidePolicy(db, ago(-600), 'other intervals', {
      ...{ skynet_online_every: 600, skynet_picture_every: 1_800 },
      ...{ social_online_every: null, social_picture_every: 3_600, household_online_every: 300 },
    });
    const every = { skynet: [10, 30], social: [60, 60], household: [5, 0] } as const;
    const probe = fc.record({
      minutes: fc.integer({ min: 0, max: 130 }),
      online: fc.constantFrom(true, true, false, null),
      image: fc.constantFrom(true, false, null),
      failure: fc.constantFrom('busy', undefined),
    });
    const [drawn] = fc.sample(
      fc.array(
        fc.record({
          class: fc.constantFrom<Class>('skynet', 'social', 'household'),
          probes: fc.uniqueArray(probe, { maxLength: 8, selector: ({ minutes }) => minutes }),
        }),
        { minLength: 500, maxLength: 500, size: 'max' },
      ),
      { seed: 5, numRuns: 1 },
    );
    const shift = (at.getTime() - now.getTime()) / 60_000;
    const codes = await put(
      '450222',
      drawn!.map((camera) => ({
        ...camera,
        probes: camera.probes.map(({ failure, ...one }) => ({
          ...one,
          minutes: one.minutes - shift,
          ...(failure && { failure }),
        })),
      })),
    );
    const told = drawn!.map(({ class: name, probes }, nth) => {
      const [online, picture] = every[name];
      const newest = [...probes].sort((a, b) => a.minutes - b.minutes);
      const answer = newest.find(({ minutes }) => minutes < 2 * online)?.online ?? null;
      const asked = newest.find(
        (one) =>
          one.minutes < 2 * picture && (one.image !== null || (one.online === true && one.failure !== undefined)),
      );
      return {
        code: codes[nth],
        online: answer,
        image: answer === true ? (asked?.image ?? null) : answer === null ? null : false,
      };
    });
    const found = await camerasNow(db, '450222', at, await policyAt(db, at));
    expect(found.map(({ code, online, image }) => ({ code, online, image }))).toEqual(told);
  });
});
