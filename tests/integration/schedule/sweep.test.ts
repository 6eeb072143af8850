import { Queue } from 'bullmq';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bullConnection } from '../../../src/queue/connection.ts';
import { enqueueDue, type ProbeJob, requeueLost, siteQueue } from '../../../src/schedule/enqueue.ts';
import { decidePolicy, noSweeps } from '../../../src/schedule/policy.ts';
import { planSweeps, siteSizes } from '../../../src/schedule/sweep.ts';
import { endSweeps, markSweepDone } from '../../../src/schedule/sweep-end.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear, putCameras } from './roster.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(() => clear(ground.db));

const begin = new Date('2026-10-01T00:00:00Z');
const later = (seconds: number): Date => new Date(begin.getTime() + seconds * 1_000);

type Row = { slot: Date; site: string; want: 'answer' | 'picture'; part: number; cameras: number[]; expires_at: Date };
const rows = (): Promise<Row[]> =>
  ground.db.many<Row>(
    'select slot, site, want, part, cameras, expires_at from sweep order by slot, site, want desc, part',
  );
/** When each camera is asked for what, seconds after the beginning. */
const asked = async (want: Row['want']): Promise<Map<number, number[]>> => {
  const turns = new Map<number, number[]>();
  for (const row of await rows()) {
    if (row.want !== want) continue;
    for (const camera of row.cameras) {
      turns.set(camera, [...(turns.get(camera) ?? []), (row.slot.getTime() - begin.getTime()) / 1_000]);
    }
  }
  return turns;
};
const plan = async (at: Date): Promise<number> => planSweeps(ground.db, at, await siteSizes(ground.db));

/** The tick comes by every half second, as it does. */
const ticking = async (from: number, to: number): Promise<void> => {
  for (let at = from; at <= to; at += 2.5) await plan(later(at));
};
const result = (slot: Date, camera: number): Promise<number> =>
  ground.db.run('insert into result (slot, camera, observed_at, online, took) values ($1, $2, $1, true, 5)', [
    slot,
    camera,
  ]);
const skips = () => ground.db.many('select site, want, reason, cameras from sweep_skipped order by site, want, reason');

const clearSweeps = (): Promise<number> =>
  ground.db.run('delete from sweep; delete from sweep_clock; delete from sweep_skipped');

describe('the sweep', () => {
  it('asks every camera once in its period, a picture in place of an answer where both are due, and no picture at home', async () => {
    const { db } = ground;
    const policy = { ...noSweeps, skynet_online_every: 60, skynet_picture_every: 120, household_online_every: 120 };
    await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), 'short', policy);
    const street = await putCameras(
      db,
      Array.from({ length: 40 }, (_, nth) => ({ serial: nth + 1, class: 'skynet' as const })),
    );
    const homes = await putCameras(
      db,
      Array.from({ length: 40 }, (_, nth) => ({ serial: nth + 101, class: 'household' as const })),
    );
    await putCameras(db, [{ serial: 201, class: 'social' }]);
    await ticking(0, 240);
    const [answers, pictures] = [await asked('answer'), await asked('picture')];
    for (const id of street.values()) {
      expect(answers.get(id)).toHaveLength(2);
      expect(pictures.get(id)).toHaveLength(2);
      const all = [...answers.get(id)!, ...pictures.get(id)!].sort((a, b) => a - b);
      expect(all.slice(1).map((turn, nth) => turn - all[nth]!)).toEqual([60, 60, 60]);
    }
    expect([...pictures.keys()].sort((a, b) => a - b)).toEqual([...street.values()]);
    for (const id of homes.values()) expect(answers.get(id)).toHaveLength(2);
    expect(answers.size).toBe(80);
  });

  it('is planned once by two schedulers at once, a hundred cameras to a job, and each job names one site', async () => {
    const { db } = ground;
    await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), 'all at once', { ...noSweeps, social_online_every: 10 });
    await putCameras(
      db,
      Array.from({ length: 500 }, (_, nth) => ({ serial: nth + 1, site: nth % 2 === 0 ? 'north' : 'south' })),
    );
    await plan(begin);
    await Promise.all([plan(later(10)), plan(later(10)), plan(later(10))]);
    const planned = await rows();
    expect(planned.flatMap(({ cameras }) => cameras)).toHaveLength(500);
    expect(new Set(planned.flatMap(({ cameras }) => cameras)).size).toBe(500);
    expect(planned.every(({ cameras }) => cameras.length <= 100)).toBe(true);
    expect(new Set(planned.map(({ slot, site }) => `${slot.getTime()} ${site}`)).size).toBe(4);
  });

  it('does not make up for a time in which nobody planned: those slots are counted as skipped, each camera’s', async () => {
    const { db } = ground;
    const policy = { ...noSweeps, social_online_every: 60, social_picture_every: 120 };
    await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), 'short', policy);
    await putCameras(
      db,
      Array.from({ length: 20 }, (_, nth) => ({ serial: nth + 1 })),
    );
    await plan(begin);
    await plan(later(630));
    const planned = (await rows()).flatMap(({ cameras }) => cameras).length;
    expect((await rows()).every(({ slot }) => slot > later(600))).toBe(true);
    const [answers, pictures] = (await skips()) as { want: string; cameras: number }[];
    expect(await skips()).toEqual([
      { site: 'north', want: 'answer', reason: 'scheduler_away', cameras: 100 },
      { site: 'north', want: 'picture', reason: 'scheduler_away', cameras: 100 },
    ]);
    // Ten minutes and a half are ten turns and a half of each.
    expect(planned + answers!.cameras + pictures!.cameras).toBeGreaterThanOrEqual(200);
    expect(planned).toBeLessThan(20);
  });

  it('goes on after a clock that was a day ahead was set right', async () => {
    const { db } = ground;
    await putCameras(db, [{ serial: 1 }]);
    await plan(later(86_400));
    await plan(later(0));
    await ticking(0, 300);
    expect((await rows()).flatMap(({ cameras }) => cameras)).toHaveLength(1);
  });
});

describe('a job of a sweep', () => {
  const queuesOf = () => {
    const opened = new Map<string, Queue<ProbeJob>>();
    const of = (site: string): Queue<ProbeJob> => {
      const queue = opened.get(site) ?? new Queue<ProbeJob>(siteQueue(site), bullConnection(ground.redis));
      opened.set(site, queue);
      return queue;
    };
    return { of, opened };
  };
  beforeEach(async () => {
    await ground.redis.flushall();
    await decidePolicy(ground.db, new Date('2026-01-01T00:00:00Z'), 'all at once', {
      ...noSweeps,
      social_online_every: 10,
      skynet_picture_every: 60,
    });
  });

  it('is queued where a worker serves its site; elsewhere nothing piles up, and the site’s cameras count as skipped', async () => {
    const { db } = ground;
    await putCameras(db, [
      { serial: 1, site: 'north' },
      { serial: 2, site: 'south' },
    ]);
    await plan(begin);
    await plan(later(10));
    const { of, opened } = queuesOf();
    expect(await enqueueDue(db, { of }, later(10), ['north'])).toBe(1);
    expect(await enqueueDue(db, { of }, later(11), ['north'])).toBe(0);
    expect([await of('north').count(), await of('south').count()]).toEqual([1, 0]);
    const [job] = await of('north').getPrioritized();
    const row = (await rows()).find(({ site }) => site === 'north');
    expect(job?.data).toEqual({
      sweep: { slot: row!.slot.getTime(), site: 'north', want: 'answer', part: 0 },
      until: row!.expires_at.getTime(),
    });
    expect(row!.expires_at.getTime() - row!.slot.getTime()).toBe(10_000);
    expect(await endSweeps(db, later(100))).toBe(0);
    await db.run(`insert into result (slot, camera, observed_at, took) select slot, cameras[1], slot, 1 from sweep
      where site = 'north'`);
    expect(await endSweeps(db, later(400))).toBe(1);
    expect(await endSweeps(db, later(400))).toBe(0);
    expect(await skips()).toEqual([{ site: 'south', want: 'answer', reason: 'no_worker', cameras: 1 }]);
    // A worker that comes now finds nothing of what is over.
    expect(await enqueueDue(db, { of }, later(401), ['north', 'south'])).toBe(0);
    for (const queue of opened.values()) await queue.close();
  });

  it('that Redis lost is queued again while there is time, and is counted as late when there is none left', async () => {
    const { db, redis, log } = ground;
    await putCameras(db, [{ serial: 1 }, { serial: 2 }]);
    await decidePolicy(db, new Date('2026-01-02T00:00:00Z'), 'slower', { social_online_every: 300 });
    await plan(begin);
    for (let at = 10; at <= 300; at += 30) await plan(later(at));
    const planned = await rows();
    const { of, opened } = queuesOf();
    await enqueueDue(db, { of }, later(300), ['north']);
    await redis.flushall();
    expect(await requeueLost(db, { of }, later(301), 15_000, log)).toBe(0);
    const inTime = planned.filter(({ expires_at }) => expires_at > later(316)).length;
    expect(await requeueLost(db, { of }, later(316), 15_000, log)).toBe(inTime);
    expect(await requeueLost(db, { of }, later(317), 0, log)).toBe(0);
    await redis.flushall();
    expect(await requeueLost(db, { of }, later(900), 15_000, log)).toBe(0);
    expect(await endSweeps(db, later(900))).toBe(2);
    expect(await skips()).toMatchObject([{ reason: 'late', cameras: 2 }]);
    for (const queue of opened.values()) await queue.close();
  });

  it('is done when its worker says so, or when its results are there though nobody had the time to say it', async () => {
    const { db } = ground;
    const ids = await putCameras(db, [{ serial: 1 }, { serial: 2, class: 'skynet' }]);
    await plan(begin);
    for (let at = 30; at <= 60; at += 30) await plan(later(at));
    const planned = await rows();
    const picture = planned.find(({ want }) => want === 'picture')!;
    const answers = planned.filter(({ want }) => want === 'answer');
    expect(picture.cameras).toEqual([ids.get(2)]);
    const key = ({ slot, site, want, part }: Row) => ({ slot: slot.getTime(), site, want, part });
    expect(await markSweepDone(db, key(picture), later(75))).toBe(1);
    expect(await markSweepDone(db, key(picture), later(75))).toBe(0);
    for (const { slot, cameras } of answers) for (const camera of cameras) await result(slot, camera);
    expect(await endSweeps(db, later(600))).toBe(0);
    expect(await db.many('select from sweep where done_at is null')).toEqual([]);
    expect(await skips()).toEqual([]);
    // One that was given up is not done any more, whoever comes with its results after all.
    await db.run('update sweep set done_at = null, skipped = 1 where want = $1', ['picture']);
    expect(await markSweepDone(db, key(picture), later(601))).toBe(0);
  });
});

describe('the count of what nobody planned', () => {
  it('is exactly what the plan would have held, in cities of any size, with pictures and without', async () => {
    const { db } = ground;
    const policy = {
      ...noSweeps,
      skynet_picture_every: 120,
      social_online_every: 60,
      social_picture_every: 120,
      household_online_every: 120,
    };
    await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), 'short', policy);
    const classes = ['skynet', 'social', 'household'] as const;
    await putCameras(
      db,
      Array.from({ length: 1_200 }, (_, nth) => ({
        serial: nth + 1,
        class: classes[nth % 3]!,
        site: nth % 12 === 0 ? 'small' : 'large',
      })),
    );
    for (const [from, away] of [
      [0, 160],
      [1_000, 1_315],
      [2_000, 2_045],
    ] as const) {
      await clearSweeps();
      await plan(later(from));
      await plan(later(away));
      const late = later(away - 30);
      await db.run('delete from sweep where slot > $1', [late]);
      const counted = await skips();
      await clearSweeps();
      await ticking(from, away);
      expect(counted).toEqual(
        await db.many(
          `select site, want, 'scheduler_away' as reason, sum(cardinality(cameras))::integer as cameras
           from sweep where slot <= $1 group by site, want order by site, want`,
          [late],
        ),
      );
    }
  });
});
