import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../../src/db/pool.ts';
import { availability, everything } from '../../../src/rollup/availability.ts';
import { meanTimeToRepair, outageFigures, outages, repeatOffenders } from '../../../src/rollup/outage-figures.ts';
import type { Period } from '../../../src/rollup/period.ts';
import { periodFigures, periodOf, spanOf } from '../../../src/rollup/period-figures.ts';
import { addUp, refreshDays } from '../../../src/rollup/refresh.ts';
import { insert } from '../../../src/store/writer.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { answerOf } from '../../support/results.ts';
import { clear, codeOf, putCameras } from '../schedule/roster.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(async () => {
  await clear(ground.db);
  await ground.db.run('delete from availability_hour; truncate late_result, rollup_clock, outage');
});

/** 00:00 of 2 October in Liuzhou. */
const midnight = Date.UTC(2026, 9, 1, 16);
const minute = 60_000;

/** Probes every five minutes from midnight on, of which those in the ranges (minutes, [from, until)) failed or are unknown. */
const probesOf = (
  camera: number,
  hours: number,
  down: readonly (readonly [number, number, string])[],
  unknown: readonly (readonly [number, number])[] = [],
) =>
  Array.from({ length: hours * 12 }, (_, nth) => {
    const at = nth * 5;
    const failed = down.find(([from, until]) => at >= from && at < until);
    const open = unknown.some(([from, until]) => at >= from && at < until);
    return answerOf(camera, new Date(midnight + at * minute), {
      online: open ? 'unknown' : failed === undefined ? 'yes' : 'no',
      failure: open ? 'no_route' : (failed?.[2] ?? null),
      detail: failed === undefined ? null : `at minute ${at}`,
    });
  });

const day = { from: '2026-10-02', until: '2026-10-02' };
const later = new Date('2026-10-20T00:00:00Z');

const fill = async (db: Database): Promise<Map<number, number>> => {
  const ids = await putCameras(db, [
    { serial: 1, unit: '450202', class: 'skynet' },
    { serial: 2, unit: '450202', class: 'social' },
    { serial: 3, unit: '450203', class: 'social', site: 'south' },
    { serial: 4, unit: '450203', class: 'household', site: 'south' },
  ]);
  await insert(db, [
    // Two failed probes are no outage; then one of an hour, one of half an hour of which ten minutes nobody knows.
    ...probesOf(ids.get(1)!, 26, [
      [60, 70, 'timeout'],
      [120, 180, 'unreachable'],
      [300, 330, 'timeout'],
    ]),
    // Down for two hours, in which nobody asked for one: ten minutes of it are still known.
    ...probesOf(ids.get(2)!, 26, [[600, 720, 'refused']]).filter(({ slot }) => {
      const at = (slot.getTime() - midnight) / minute;
      return at < 630 || at >= 690;
    }),
    // Not over at the end of the day, and over after it; its cause is the kind of two of the first three.
    ...probesOf(ids.get(3)!, 26, [
      [1_400, 1_405, 'timeout'],
      [1_405, 1_500, 'refused'],
    ]),
    ...probesOf(ids.get(4)!, 26, [[0, 1_440, 'unreachable']]),
  ]);
  // 02:15 of the day after.
  await addUp(db, new Date(midnight + (26 * 60 + 15) * minute));
  await refreshDays(db);
  return ids;
};

describe('the outages of a day', () => {
  it('begin with the first of three failed probes, end with the first of two good ones, and name their cause', async () => {
    const { db } = ground;
    const ids = await fill(db);
    const all = await outages(db, { ...everything, camera: ids.get(1)! }, spanOf(day, later));
    expect(all).toMatchObject([
      {
        code: codeOf(1),
        began_at: new Date(midnight + 120 * minute),
        ended_at: new Date(midnight + 180 * minute),
        seconds: 3_600,
        unknown: 0,
        kind: 'unreachable',
        detail: 'at minute 120',
      },
      { began_at: new Date(midnight + 300 * minute), seconds: 1_800, kind: 'timeout' },
    ]);
    const [third] = await outages(db, { ...everything, camera: ids.get(3)! }, spanOf(day, later));
    expect(third).toMatchObject({ seconds: 6_000, kind: 'refused', detail: 'at minute 1405' });
  });

  it('count what nobody knows of for nobody: neither as repair time nor as an outage of its own', async () => {
    const { db } = ground;
    const ids = await fill(db);
    expect(await outages(db, { ...everything, camera: ids.get(2)! }, spanOf(day, later))).toMatchObject([
      // The last probe before the gap is at 625, and holds for ten minutes.
      { began_at: new Date(midnight + 600 * minute), unknown: 55 * 60, seconds: 65 * 60 },
    ]);
  });

  it('count the time in which the camera was taken out of use for nobody, too', async () => {
    const { db } = ground;
    const ids = await putCameras(db, [{ serial: 1 }]);
    const camera = ids.get(1)!;
    const probes = probesOf(camera, 26, [[60, 1_440, 'timeout']]);
    const at = (minutes: number): Date => new Date(midnight + minutes * minute);
    // Down from the second hour on, out of use from the third to the end of the twentieth.
    await insert(
      db,
      probes.filter(({ slot }) => slot < at(180)),
    );
    await addUp(db, at(180 + 15));
    await db.run('update camera set in_use = false');
    await addUp(db, at(1_200 + 15));
    await db.run('update camera set in_use = true');
    await insert(
      db,
      probes.filter(({ slot }) => slot >= at(1_200)),
    );
    await addUp(db, at(26 * 60 + 15));
    // The last probe before, at 175, held for ten minutes.
    const out = 1_200 - 185;
    expect(await outages(db, everything, spanOf(day, later))).toMatchObject([
      { began_at: at(60), ended_at: at(1_440), unknown: out * 60, seconds: (1_440 - 60 - out) * 60 },
    ]);
  });

  it('of a camera that is out of use are open in the period in which they began, and in no later one', async () => {
    const { db } = ground;
    await fill(db);
    const open = async (days: Period) =>
      (await outageFigures(db, 'unit', everything, spanOf(days, later))).map((unit) => unit.open);
    const next = { from: '2026-10-04', until: '2026-10-04' };
    await db.run("update outage set ended_at = null, end_confirmed_at = null, unknown = null where class = 'social'");
    expect([await open(day), await open(next)]).toEqual([
      [1, 1],
      [1, 1],
    ]);
    await db.run("update camera set in_use = false where class = 'social'");
    expect([await open(day), await open(next)]).toEqual([[1, 1], []]);
    expect(await outages(db, { ...everything, class: 'social' }, spanOf(next, later))).toEqual([]);
    expect(await outages(db, { ...everything, class: 'social' }, spanOf(day, later))).toHaveLength(2);
  });

  it('are figures of units: what began, what ended, what is open, and repair time as a sum and a number', async () => {
    const { db } = ground;
    await fill(db);
    const figures = await outageFigures(db, 'unit', everything, spanOf(day, later));
    expect(figures).toEqual([
      { of: '450202', began: 3, ended: 3, seconds: 3_600 + 1_800 + 3_900, longest: 3_900, open: 0 },
      // The household camera is not counted; the other one ended on the next day.
      { of: '450203', began: 1, ended: 0, seconds: 0, longest: 0, open: 1 },
    ]);
    expect(figures.map(meanTimeToRepair)).toEqual([3_100, null]);
    expect(await repeatOffenders(db, everything, spanOf(day, later), 2)).toMatchObject([
      { code: codeOf(1), outages: 2, seconds: 5_400, kind: 'timeout' },
    ]);
    expect(await repeatOffenders(db, everything, spanOf(day, later), 3)).toEqual([]);
  });
});

describe('the figures of a period', () => {
  const rates = [
    // Inspection, revision, unit, class, assessed, online, image: the first day's first revision was wrong.
    [1, 1, '450202', 'total', 100, 10, 10],
    [1, 2, '450202', 'total', 100, 100, 90],
    [2, 1, '450202', 'total', 1_000, 500, 500],
    [2, 1, '450203', 'total', 200, 110, 80],
  ] as const;

  beforeEach(async () => {
    const { db } = ground;
    await db.run(
      `insert into inspection (started_at, cutoff_at, completed_at, policy, day)
       select at, at + interval '1 hour', at + interval '1 hour', 1, (at at time zone 'Asia/Shanghai')::date
       from unnest('{2026-10-01 00:00:00.5+00, 2026-10-02 00:00:00.5+00}'::timestamptz[]) as at`,
    );
    await db.transaction(async (tx) => {
      // Of a revision that nobody made the database takes no figures.
      await tx.run('set local session_replication_role = replica');
      for (const row of rates) {
        await tx.run(
          `insert into rate (inspection, revision, unit, class, assessed, online, image, roster, exempt, unknown,
             raw_assessed, raw_online, raw_image, formula)
           values ($1, $2, $3, $4, $5, $6, $7, $5, 0, 0, $5, $6, $7, 'xunjian-rates/1')`,
          row,
        );
      }
      await tx.run(
        `insert into unit_verdict (inspection, revision, unit, verdict)
         values (1, 1, '450202', 'missed'), (1, 2, '450202', 'met'), (2, 1, '450202', 'missed'),
           (2, 1, '450203', 'undetermined')`,
      );
    });
  });

  it('are sums over the daily inspections in their newest revision, and never a mean of percentages', async () => {
    const { db } = ground;
    await fill(db);
    const figures = await periodFigures(db, periodOf('2026-10'), { unit: null, offends: 2, now: later });
    expect(figures.inspections).toEqual([
      { id: 1, day: '2026-10-01', revision: 2, policy: 1 },
      { id: 2, day: '2026-10-02', revision: 1, policy: 1 },
    ]);
    const [first, second] = figures.units;
    expect(first!.classes.total).toMatchObject({ inspections: 2, assessed: 1_100, online: 600, image: 590 });
    expect(first!.days).toEqual({ met: 1, missed: 1, undetermined: 0 });
    expect(second!.days).toEqual({ met: 0, missed: 0, undetermined: 1 });
    expect(figures.city.classes.total).toMatchObject({ assessed: 1_300, online: 710, image: 670 });
    // 110 of 200 is 55 %, more than 600 of 1,100; by pictures it is the other way round.
    expect(figures.rankings.online.map(({ code, rank }) => [rank, code])).toEqual([
      [1, '450203'],
      [2, '450202'],
    ]);
    expect(figures.rankings.image[0]!.code).toBe('450202');
    expect(figures.trends[0]!.inspections).toEqual([
      { day: '2026-10-01', inspection: 1, assessed: 100, online: 100, image: 90 },
      { day: '2026-10-02', inspection: 2, assessed: 1_000, online: 500, image: 500 },
    ]);
    expect(figures.cityTrend.inspections[1]).toMatchObject({ assessed: 1_200, online: 610, image: 580 });
    expect(figures.causes.map(({ kind, began }) => [kind, began])).toEqual([
      ['refused', 2],
      ['timeout', 1],
      ['unreachable', 1],
    ]);
    expect(figures.offenders.map(({ code }) => code)).toEqual([codeOf(1)]);
    expect(figures.sweptUntil).toEqual(new Date(midnight + 26 * 60 * minute));
  });

  it('have the seconds of the sweeps by class and day, household cameras apart', async () => {
    const { db } = ground;
    await fill(db);
    const { units, city, trends } = await periodFigures(db, day, { unit: null, offends: 2, now: later });
    const down = { skynet: 10 + 60 + 30, social: 65 };
    expect(units[0]!.availability).toEqual({
      skynet: { online: 86_400 - down.skynet * 60, offline: down.skynet * 60, unknown: 0 },
      social: { online: 86_400 - 120 * 60, offline: down.social * 60, unknown: 55 * 60 },
      household: { online: 0, offline: 0, unknown: 0 },
      total: { online: 2 * 86_400 - 220 * 60, offline: 165 * 60, unknown: 55 * 60 },
    });
    expect(units[1]!.availability.household).toEqual({ online: 0, offline: 86_400, unknown: 0 });
    expect(city.availability.total.offline).toBe((165 + 40) * 60);
    expect(trends[1]!.availability).toEqual([
      { day: '2026-10-02', online: 86_400 - 2_400, offline: 2_400, unknown: 0 },
    ]);
  });

  it('stay with the unit that the camera was in, when it moves to another', async () => {
    const { db } = ground;
    const ids = await fill(db);
    const before = await periodFigures(db, day, { unit: null, offends: 2, now: later });
    // Days that are compressed are brought up all the same.
    await db.run(
      `select compress_chunk(chunk) from timescaledb_information.continuous_aggregates,
         lateral show_chunks(format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass)
           as chunk
       where view_name = 'camera_day'`,
    );
    await db.run("update camera set unit = '450206', class = 'household', site = 'south' where id = $1", [ids.get(1)]);
    // A result that came late has the hour added up again.
    await insert(db, [answerOf(ids.get(1)!, new Date(midnight + 302 * minute), { online: 'no', failure: 'timeout' })]);
    await insert(db, [answerOf(ids.get(2)!, new Date(midnight + 302 * minute), { online: 'no', failure: 'timeout' })]);
    await addUp(db, later, 2);
    await refreshDays(db);
    const after = await periodFigures(db, day, { unit: null, offends: 2, now: later });
    // Three minutes of the other one are offline now, to its next probe; nothing of the first has changed.
    const [was, is] = [before.units[0]!.availability, after.units[0]!.availability];
    expect(is).toEqual({
      ...was,
      social: { ...was.social, online: was.social.online - 180, offline: was.social.offline + 180 },
      total: { ...was.total, online: was.total.online - 180, offline: was.total.offline + 180 },
    });
    expect(after.units[1]!.availability).toEqual(before.units[1]!.availability);
    const scope = { ...everything, camera: ids.get(2)! };
    expect((await availability(db, scope, spanOf(day, later)))[0]).toMatchObject({ offline: (65 + 3) * 60 });
    expect((await periodFigures(db, day, { unit: '450202', offends: 2, now: later })).units).toHaveLength(1);
  });
});

it('two that add up at once do it once, and one that is killed in the middle leaves nothing half done', async () => {
  const { db } = ground;
  const ids = await putCameras(db, [{ serial: 1 }]);
  await insert(db, probesOf(ids.get(1)!, 6, [[60, 120, 'timeout']]));
  const now = new Date(midnight + (6 * 60 + 15) * minute);
  let left = 3;
  const killed = {
    ...db,
    transaction: <T>(work: Parameters<typeof db.transaction<T>>[0]) =>
      db.transaction<T>(async (tx) => {
        const done = await work(tx);
        if (--left === 0) throw new Error('killed');
        return done;
      }),
  };
  await expect(addUp(killed, now)).rejects.toThrow('killed');
  expect(await db.one('select count(*) as hours from availability_hour')).toEqual({ hours: 2 });
  const done = await Promise.all([addUp(db, now), addUp(db, now)]);
  expect(done[0]! + done[1]!).toBeGreaterThanOrEqual(4);
  expect(await db.one('select count(*) as hours, sum(offline) as offline from availability_hour')).toEqual({
    hours: 6,
    offline: 3_600,
  });
  expect(await db.many('select began_at, ended_at from outage')).toEqual([
    { began_at: new Date(midnight + 60 * minute), ended_at: new Date(midnight + 120 * minute) },
  ]);
  expect(await addUp(db, now)).toBe(0);
});

it('what comes late while an hour is half added up is in that hour as well, as far as it holds', async () => {
  const { db } = ground;
  const ids = await putCameras(db, [{ serial: 1 }, { serial: 2 }]);
  const at = (minutes: number): Date => new Date(midnight + minutes * minute);
  await insert(db, [answerOf(ids.get(1)!, at(0)), answerOf(ids.get(2)!, at(0))]);
  await addUp(db, at(75), Infinity, 1);
  // The first part of the second hour, without the probe that holds into it.
  expect(await addUp(db, at(135), 1, 1)).toBe(1);
  await insert(db, [answerOf(ids.get(1)!, at(55))]);
  await addUp(db, at(135), Infinity, 1);
  expect(
    await db.one('select online from availability_hour where camera = $1 and hour = $2', [ids.get(1), at(60)]),
  ).toEqual({ online: 300 });
});

it('begins with what results are kept, whatever a clock that was wrong once wrote down', async () => {
  const { db } = ground;
  const ids = await putCameras(db, [{ serial: 1 }]);
  await insert(db, [answerOf(ids.get(1)!, new Date(0)), answerOf(ids.get(1)!, new Date(midnight))]);
  await addUp(db, new Date(midnight), 1);
  const { hours_until } = await db.one<{ hours_until: Date }>('select hours_until from rollup_clock');
  expect(hours_until.getTime()).toBeGreaterThan(midnight - 180 * 24 * 60 * minute);
});

it('days that are not added up yet are not read out of all results of a city: who asks is told to wait', async () => {
  const { db } = ground;
  const ids = await putCameras(db, [{ serial: 1 }]);
  await insert(db, probesOf(ids.get(1)!, 96, []));
  const asked = (hours: number, scope = everything) =>
    availability(db, scope, { from: new Date(midnight), until: new Date(midnight + hours * 60 * minute) });
  // Before anything is added up, and after the first hours.
  await expect(asked(96)).rejects.toThrow('2026-10-02 00:00');
  await addUp(db, later, 2);
  await expect(asked(96)).rejects.toThrow('2026-10-02 02:00');
  expect(await asked(26)).toMatchObject([{ online: 26 * 3_600 }]);
  // One camera's are read at once.
  expect(await asked(96, { ...everything, camera: ids.get(1)! })).toMatchObject([{ online: 96 * 3_600 }]);
});

it('is added up with the rights of the service alone', async () => {
  const { db } = ground;
  const ids = await putCameras(db, [{ serial: 1 }]);
  await insert(db, probesOf(ids.get(1)!, 6, [[60, 120, 'timeout']]));
  const service = {
    transaction: <T>(work: Parameters<typeof db.transaction<T>>[0]) =>
      db.transaction<T>(async (tx) => {
        await tx.run('set local role xunjian_service');
        return work(tx);
      }),
  };
  expect(await addUp(service, later, 6)).toBe(6);
  // Late: the hour is added up again, and the outage is another.
  await insert(db, [answerOf(ids.get(1)!, new Date(midnight + 57 * minute), { online: 'no', failure: 'timeout' })]);
  expect(await addUp(service, later, 1)).toBe(1);
  expect(await db.many('select began_at from outage')).toEqual([{ began_at: new Date(midnight + 57 * minute) }]);
});
