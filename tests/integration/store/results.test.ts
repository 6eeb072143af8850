import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProbeResult } from '../../../src/probing/result.ts';
import { countOutcomes } from '../../../src/rollup/counts.ts';
import { freezeOutcomes } from '../../../src/rollup/outcome.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { insert, ResultWriter } from '../../../src/store/writer.ts';
import { countFound, type FoundCamera as Found } from '../../../src/verdict/count.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { answerOf, pictureOf } from '../../support/results.ts';
import { clear, putCameras } from '../schedule/roster.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(() => clear(ground.db));

const slot = new Date('2026-10-01T02:00:00.500Z');

const answer = (camera: number, more: Partial<ProbeResult> = {}): ProbeResult => answerOf(camera, slot, more);
const result = (camera: number, more: Partial<ProbeResult> = {}): ProbeResult =>
  pictureOf(camera, slot, { inspection: 1, attempt: 1, ...more });
const some = (count: number): ProbeResult[] => Array.from({ length: count }, (_, nth) => result(nth + 1));

const counted = () =>
  ground.db.one(
    `select count(*) as rows, count(distinct (camera, slot)) as slots, count(*) filter (where online) as online,
       count(*) filter (where image is null) as untold from result`,
  );

describe('results', () => {
  it('that are delivered twice, at once and interleaved, are one row each', async () => {
    const results = some(300).map((one, nth) => (nth % 3 === 0 ? { ...one, image: 'unknown' as const } : one));
    const writers = [new ResultWriter(ground.db, ground.log), new ResultWriter(ground.db, ground.log)];
    const delivered = [results, [...results].reverse()].flatMap((order, nth) =>
      order.map((one) => writers[nth]!.write(one)),
    );
    await Promise.all([...delivered, insert(ground.db, results), insert(ground.db, [...results, ...results])]);
    const expected = { rows: 300, slots: 300, online: 300, untold: 100 };
    expect(await counted()).toEqual(expected);
    await insert(ground.db, results);
    expect(await counted()).toEqual(expected);
  });

  it('that come late to a compressed chunk are one row each as well', async () => {
    const results = some(40);
    await insert(ground.db, results.slice(0, 30));
    const chunks = await ground.db.many("select compress_chunk(chunk)::text from show_chunks('result') chunk");
    expect(chunks).toHaveLength(1);
    await Promise.all([insert(ground.db, results), insert(ground.db, results.slice(20))]);
    await insert(ground.db, results);
    expect(await counted()).toMatchObject({ rows: 40, slots: 40 });
  });

  it('stay as the first of them said', async () => {
    await insert(ground.db, [result(1)]);
    await insert(ground.db, [result(1, { online: 'no', image: 'no', failure: 'refused', took: 99 })]);
    expect(await ground.db.one('select online, image, failure, took from result')).toEqual({
      online: true,
      image: true,
      failure: null,
      took: 12,
    });
  });

  it('keep everything that was seen', async () => {
    const failure = { failure: 'damaged_picture', step: 'decode', detail: '12 of 45 slices, "x", \\ 和中文' };
    await insert(ground.db, [
      result(1, { ...failure, online: 'unknown', image: 'no', faults: ['black', 'flat'] }),
      result(2, { codec: null, width: null, height: null, keyframeBytes: null, meanLuma: null, contrast: null }),
      result(3, { provedBy: 'snapshot', jpeg: Buffer.from('jpeg') }),
      result(4, { provedBy: null }),
    ]);
    expect(await ground.db.many('select * from result order by camera')).toMatchObject([
      {
        ...failure,
        slot,
        online: null,
        image: false,
        faults: ['black', 'flat'],
        width: 1920,
        contrast: 40.25,
        proved_by: 'stream',
      },
      { codec: null, width: null, height: null, keyframe_bytes: null, mean_luma: null, contrast: null, faults: null },
      { proved_by: 'snapshot' },
      { proved_by: null },
    ]);
  });

  it('of a probe that asked for no picture say nothing of one, beside those that did', async () => {
    const failure = { online: 'no' as const, failure: 'unreachable', step: 'connect', detail: '{"refused", \\, null}' };
    await insert(ground.db, [answer(2, failure), result(3), answer(1)]);
    const none = { codec: null, keyframe_bytes: null, mean_luma: null, faults: null, proved_by: null };
    expect(await ground.db.many('select * from result order by camera')).toMatchObject([
      { ...none, inspection: null, attempt: null, online: true, image: null, failure: null, took: 12 },
      { ...none, ...failure, online: false },
      { codec: 'h264', faults: null, inspection: 1 },
    ]);
  });

  it('keep their times to the millisecond', async () => {
    const times = fc
      .sample(fc.date({ min: new Date('2020-01-01Z'), max: new Date('2060-01-01Z'), noInvalidDate: true }), {
        seed: 3,
        numRuns: 100,
      })
      .map((at, nth) => ({ slot: new Date(slot.getTime() + nth), observedAt: at }));
    await insert(
      ground.db,
      times.map((time, nth) => (nth % 2 === 0 ? answer(1, time) : result(1, time))),
    );
    const stored = await ground.db.many(
      `select slot, coalesce(observed_at, slot + observed_after * interval '1 millisecond') as "observedAt"
       from result order by slot`,
    );
    expect(stored).toEqual(times);
  });
});

describe('the picture of a camera that is kept as evidence', () => {
  const later = (minutes: number): Date => new Date(slot.getTime() + minutes * 60_000);
  const picture = (camera: number, minutes: number): ProbeResult =>
    result(camera, {
      slot: later(minutes),
      fingerprint: `${minutes}`,
      jpeg: Buffer.from(`jpeg ${camera} at ${minutes}`),
    });
  const evidence = async (): Promise<[number, string][]> =>
    (await ground.db.many<{ camera: number; jpeg: Buffer }>('select camera, jpeg from evidence order by camera')).map(
      ({ camera, jpeg }) => [camera, jpeg.toString()],
    );

  it('is the newest, in whatever order they come', async () => {
    await insert(ground.db, [picture(1, 5), picture(1, 10), picture(1, 0), picture(2, 0)]);
    expect(await evidence()).toEqual([
      [1, 'jpeg 1 at 10'],
      [2, 'jpeg 2 at 0'],
    ]);
    await insert(ground.db, [picture(1, 7), picture(2, 15)]);
    await insert(ground.db, [result(2, { slot: later(20), image: 'no' })]);
    expect(await evidence()).toEqual([
      [1, 'jpeg 1 at 10'],
      [2, 'jpeg 2 at 15'],
    ]);
  });
});

describe('a writer', () => {
  it('that is closed has written what was given to it', async () => {
    const writer = new ResultWriter(ground.db, ground.log);
    const written = some(1_500).map((one) => writer.write(one));
    await writer.close();
    expect(await counted()).toMatchObject({ rows: 1_500 });
    await Promise.all(written);
  });

  it('tells whoever waits when a result can never be written, instead of trying for ever', async () => {
    const writer = new ResultWriter(ground.db, ground.log);
    await expect(writer.write(result(1, { width: 70_000 }))).rejects.toThrow(/smallint/);
    await writer.write(result(2));
    expect(await counted()).toMatchObject({ rows: 1 });
  });

  it('lets a result that is refused take none of its neighbours along', async () => {
    const writer = new ResultWriter(ground.db, ground.log);
    const results = some(300).map((one, nth) => (nth % 100 === 7 ? { ...one, width: 70_000 } : one));
    const ends = await Promise.allSettled(results.map((one) => writer.write(one)));
    expect(ends.flatMap(({ status }, nth) => (status === 'rejected' ? [nth] : []))).toEqual([7, 107, 207]);
    expect(await counted()).toMatchObject({ rows: 297, slots: 297 });
  });
});

describe('the outcome of an inspection', () => {
  type Attempt = { online: boolean | null; image: boolean | null; failure: string | null };
  type Member = { class: Found['class']; unit: string; exempt: boolean; attempts: Attempt[] };

  const attempt = fc.record({
    online: fc.constantFrom(true, true, false, null),
    image: fc.constantFrom(true, false, null),
    failure: fc.constantFrom('unreachable', 'busy', 'no_keyframe', null),
  });
  const member = fc.record<Member>({
    class: fc.constantFrom('skynet', 'social', 'household'),
    unit: fc.constantFrom('450202', '450203'),
    exempt: fc.constantFrom(false, false, false, true),
    attempts: fc.array(attempt, { maxLength: 3 }),
  });

  /** Yes if any said yes; else no if any said no; else unknown. */
  const best = (answers: readonly (boolean | null)[]): boolean | null =>
    answers.includes(true) ? true : answers.includes(false) ? false : null;
  const found = (one: Member, household: boolean): Found => {
    const pictureDue = one.class !== 'household' || household;
    return {
      class: one.class,
      exempt: one.exempt,
      pictureDue,
      online: best(one.attempts.map(({ online }) => online)),
      image: pictureDue ? best(one.attempts.map(({ image }) => image)) : null,
    };
  };
  /** The failure that is shown: of the attempt that came nearest, the later of two alike; none where all that is owed came. */
  const shown = (one: Member, { online, image, pictureDue }: Found): string | null => {
    if (online === true && (image === true || !pictureDue)) return null;
    const rank = (answer: boolean | null): number => (answer === null ? 2 : answer ? 0 : 1);
    const [nearest] = one.attempts
      .map((each, nth) => ({ ...each, nth }))
      .sort((a, b) => rank(b.image) - rank(a.image) || rank(b.online) - rank(a.online) || a.nth - b.nth)
      .reverse();
    return nearest?.failure ?? null;
  };

  it.each([false, true])(
    'and its counts are what a count over its cameras says (household pictures: %s)',
    async (household) => {
      const { db } = ground;
      const [members] = fc.sample(fc.array(member, { minLength: 600, maxLength: 600, size: 'max' }), {
        seed: 7,
        numRuns: 1,
      });
      const ids = await putCameras(
        db,
        members!.map((one, nth) => ({ serial: nth + 1, unit: one.unit, class: one.class })),
      );
      await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), 'homes', { household_pictures: household });
      const inspection = await openInspection(db, new Date('2026-10-01T02:00:00Z'), null);
      const exempt = members!.flatMap((one, nth) => (one.exempt ? [ids.get(nth + 1)!] : []));
      await db.run('update roster set exempt = true where camera = any ($1)', [exempt]);
      const answer = (value: boolean | null) => (value === null ? 'unknown' : value ? 'yes' : 'no');
      const at = (nth: number): Date => new Date(inspection.started_at.getTime() + nth * 300_000);
      const delivered = members!.flatMap((one, nth) =>
        one.attempts.map(({ online, image, failure }, which) =>
          result(ids.get(nth + 1)!, {
            inspection: inspection.id,
            attempt: which + 1,
            slot: at(which),
            online: answer(online),
            image: answer(image),
            failure,
          }),
        ),
      );
      // What another inspection and a sweep found of the same cameras in the same hour is not this one's.
      const strangers = members!.map((_, nth) =>
        result(ids.get(nth + 1)!, { inspection: inspection.id + 1, slot: new Date(at(0).getTime() + 1_000) }),
      );
      await insert(db, [...delivered, ...strangers]);
      await freezeOutcomes(db, inspection.id);

      const rows = await db.many<{ camera: number }>(
        'select camera, online, image, attempts, failure from outcome where inspection = $1 order by camera',
        [inspection.id],
      );
      expect(rows).toEqual(
        members!
          .map((one, nth) => {
            const { online, image } = found(one, household);
            const failure = shown(one, found(one, household));
            return { camera: ids.get(nth + 1)!, online, image, attempts: one.attempts.length, failure };
          })
          .sort((a, b) => a.camera - b.camera),
      );
      const expected = ['450202', '450203'].flatMap((unit) =>
        (['household', 'skynet', 'social'] as const).map((name) => {
          const cameras = members!.filter((one) => one.unit === unit && one.class === name);
          const { counts, raw } = countFound(cameras.map((one) => found(one, household)))[name]!;
          return {
            unit,
            class: name,
            ...counts,
            raw_assessed: raw.assessed,
            raw_online: raw.online,
            raw_image: raw.image,
          };
        }),
      );
      expect(await countOutcomes(db, inspection.id)).toEqual(expected);
    },
  );
});

describe('a picture that is the very one of the probe before', () => {
  const minute = (minutes: number, fingerprint: string | null, more: Partial<ProbeResult> = {}): ProbeResult =>
    result(1, { slot: new Date(slot.getTime() + minutes * 60_000), fingerprint, ...more });
  const faults = async (): Promise<(string[] | null)[]> =>
    (await ground.db.many<{ faults: string[] | null }>('select faults from result order by slot')).map(
      (row) => row.faults,
    );

  it('is frozen, which is a fault of the picture and not a missing one', async () => {
    for (const [minutes, fingerprint] of [
      [0, 'aa'],
      [5, 'bb'],
      [10, 'bb'],
      [15, 'cc'],
    ] as const) {
      await insert(ground.db, [minute(minutes, fingerprint)]);
    }
    expect(await faults()).toEqual([null, null, ['frozen'], null]);
    expect(await ground.db.one('select bool_and(image) as image from result')).toEqual({ image: true });
  });

  it('may be blurred as well, and a probe without a picture between changes nothing', async () => {
    await insert(ground.db, [minute(0, 'aa')]);
    await insert(ground.db, [minute(5, null, { image: 'no', failure: 'no_media' })]);
    await insert(ground.db, [minute(10, 'aa', { faults: ['blurred'] })]);
    expect(await faults()).toEqual([null, null, ['blurred', 'frozen']]);
  });

  it.each(['black', 'white', 'flat'])(
    'is not frozen where it is %s: an even picture is the same by itself',
    async (fault) => {
      await insert(ground.db, [minute(0, 'aa', { faults: [fault] })]);
      await insert(ground.db, [minute(5, 'aa', { faults: [fault] })]);
      expect(await faults()).toEqual([[fault], [fault]]);
    },
  );

  it('is not frozen where it is only delivered again, late, or another camera’s', async () => {
    await insert(ground.db, [minute(5, 'aa')]);
    await insert(ground.db, [minute(5, 'aa')]);
    await insert(ground.db, [minute(0, 'aa')]);
    await insert(ground.db, [result(2, { slot: new Date(slot.getTime() + 600_000), fingerprint: 'aa' })]);
    expect(await faults()).toEqual([null, null, null]);
  });
});
