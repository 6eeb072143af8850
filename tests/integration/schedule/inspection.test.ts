import { Queue } from 'bullmq';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bullConnection } from '../../../src/queue/connection.ts';
import { countOutcomes } from '../../../src/rollup/counts.ts';
import { freezeOutcomes } from '../../../src/rollup/outcome.ts';
import { isOver, markDone, planAttempts, progressOf } from '../../../src/schedule/attempts.ts';
import { enqueueDue, type ProbeJob, requeueLost, siteQueue } from '../../../src/schedule/enqueue.ts';
import {
  closeInspection,
  type Inspection,
  openInspection,
  runningInspections,
} from '../../../src/schedule/inspection.ts';
import { decidePolicy, policyAt } from '../../../src/schedule/policy.ts';
import { Sentence } from '../../../src/sentence.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear, putCameras } from './roster.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(() => clear(ground.db));

const start = new Date('2026-10-01T00:00:00.200Z');
const half = (text: string): Date => new Date(`2026-10-01T${text}.500Z`);
const into = ({ started_at }: Inspection, seconds: number): Date => new Date(started_at.getTime() + seconds * 1_000);

type Batch = { attempt: number; part: number; site: string; slot: Date; cameras: number[] };
const batches = (inspection: number): Promise<Batch[]> =>
  ground.db.many<Batch>(
    'select attempt, part, site, slot, cameras from batch where inspection = $1 order by attempt, site, part',
    [inspection],
  );
const planned = async (inspection: number) =>
  (await batches(inspection)).map(({ attempt, site, cameras }) => [attempt, site, [...cameras].sort((a, b) => a - b)]);

type Answers = { online?: boolean | null; image?: boolean | null };
/** A result for every camera of an attempt at a site, sound where nothing else is said. */
const answer = async (
  inspection: Inspection,
  attempt: number,
  site: string,
  said: Map<number, Answers> = new Map(),
): Promise<void> => {
  for (const batch of await batches(inspection.id)) {
    if (batch.attempt !== attempt || batch.site !== site) continue;
    for (const camera of batch.cameras) {
      const { online = true, image = true } = said.get(camera) ?? {};
      await ground.db.run(
        `insert into result (slot, camera, inspection, attempt, observed_at, online, image, took)
         values ($1, $2, $3, $4, $1, $5, $6, 5)`,
        [batch.slot, camera, inspection.id, attempt, online, image],
      );
    }
  }
  await markDone(ground.db, inspection.id, into(inspection, 3_600));
};

describe('the roster of an inspection', () => {
  it('is frozen: a camera added, moved or taken out later does not change it', async () => {
    const { db } = ground;
    const ids = await putCameras(db, [{ serial: 1 }, { serial: 2 }, { serial: 3, class: 'household' }]);
    await db.run('update camera set in_use = false where id = $1', [ids.get(2)]);
    const inspection = await openInspection(db, start, null);
    await putCameras(db, [{ serial: 4 }]);
    await db.run("update camera set unit = '450203', class = 'skynet', in_use = false where id = $1", [ids.get(1)]);
    await planAttempts(db, inspection, inspection.started_at);
    expect(
      await db.many('select camera, unit, class, exempt, picture_due from roster where inspection = $1 order by 1', [
        inspection.id,
      ]),
    ).toEqual([
      { camera: ids.get(1), unit: '450202', class: 'social', exempt: false, picture_due: true },
      { camera: ids.get(3), unit: '450202', class: 'household', exempt: false, picture_due: false },
    ]);
    expect(await planned(inspection.id)).toEqual([[1, 'north', [ids.get(1), ids.get(3)]]]);
  });

  it('holds one unit where one was asked for', async () => {
    const ids = await putCameras(ground.db, [{ serial: 1 }, { serial: 2, unit: '450203' }]);
    const inspection = await openInspection(ground.db, start, '450203');
    await planAttempts(ground.db, inspection, inspection.started_at);
    expect(await planned(inspection.id)).toEqual([[1, 'north', [ids.get(2)]]]);
  });

  it.each([
    [null, '请先导入档案'],
    ['450203', '450203'],
    ['999999', '450225 融水苗族自治县'],
  ])(
    'of unit %s where there is nothing to inspect is refused in words, and leaves no inspection behind',
    async (unit, word) => {
      if (unit !== null) await putCameras(ground.db, [{ serial: 1 }]);
      const refused = await openInspection(ground.db, start, unit).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Sentence);
      expect((refused as Sentence).message).toContain(word);
      expect(await runningInspections(ground.db)).toEqual([]);
    },
  );
});

describe('the slots of an inspection', () => {
  it('are at the half second, never before it was asked for', async () => {
    await putCameras(ground.db, [{ serial: 1 }]);
    for (const [at, began] of [
      ['00:00:00.200', '00:00:00'],
      ['00:01:00.500', '00:01:00'],
      ['00:02:00.501', '00:02:01'],
      ['00:03:00.999', '00:03:01'],
    ]) {
      const { started_at, cutoff_at } = await openInspection(ground.db, new Date(`2026-10-01T${at}Z`), null);
      expect(started_at).toEqual(half(began!));
      expect(cutoff_at.getTime() - started_at.getTime()).toBe(3_600_000);
    }
  });

  it('are never those of another: not in the same second, and not where its second attempt falls on the first of the next', async () => {
    const { db } = ground;
    await putCameras(db, [{ serial: 1 }]);
    const opened = [
      await openInspection(db, start, null),
      ...(await Promise.all([openInspection(db, start, null), openInspection(db, start, null)])),
      await openInspection(db, new Date(start.getTime() + 300_000), null),
      await openInspection(db, new Date(start.getTime() - 900_000), null),
    ];
    const slots = opened.flatMap((inspection) => [0, 300, 900].map((s) => into(inspection, s).toISOString()));
    expect(new Set(slots).size).toBe(15);
    const begun = opened.map(({ started_at }) => started_at.toISOString().slice(11, 19));
    expect(begun.slice(0, 3).sort()).toEqual(['00:00:00', '00:00:01', '00:00:02']);
    expect(begun.slice(3)).toEqual(['00:05:03', '23:45:03']);
  });
});

describe('attempts', () => {
  const cities = [
    { serial: 1, site: 'north' },
    { serial: 2, site: 'north' },
    { serial: 3, site: 'south' },
    { serial: 4, site: 'south', class: 'household' },
  ] as const;

  it('are planned when they are due, once, however often the tick comes by', async () => {
    const { db } = ground;
    await putCameras(db, cities);
    const inspection = await openInspection(db, start, null);
    await planAttempts(db, inspection, start);
    expect(await batches(inspection.id)).toEqual([]);
    for (let tick = 0; tick < 3; tick++) await planAttempts(db, inspection, into(inspection, tick));
    await Promise.all([
      planAttempts(db, inspection, into(inspection, 9)),
      planAttempts(db, inspection, into(inspection, 9)),
    ]);
    expect((await batches(inspection.id)).map(({ attempt, site, slot }) => [attempt, site, slot])).toEqual([
      [1, 'north', inspection.started_at],
      [1, 'south', inspection.started_at],
    ]);
    expect(await progressOf(db, inspection.id)).toEqual({ planned: 4, done: 0, attempt: 1 });
  });

  it('go to a hundred cameras a batch, in an order that can be repeated and is not that of the inventory', async () => {
    const { db } = ground;
    await putCameras(
      db,
      Array.from({ length: 230 }, (_, nth) => ({ serial: nth + 1 })),
    );
    const inspection = await openInspection(db, start, null);
    await planAttempts(db, inspection, inspection.started_at);
    const first = await batches(inspection.id);
    expect(first.map(({ part, cameras }) => [part, cameras.length])).toEqual([
      [0, 100],
      [1, 100],
      [2, 30],
    ]);
    const order = first.flatMap(({ cameras }) => cameras);
    expect(new Set(order).size).toBe(230);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    await db.run('delete from batch');
    await planAttempts(db, inspection, inspection.started_at);
    expect((await batches(inspection.id)).flatMap(({ cameras }) => cameras)).toEqual(order);
  });

  it('keep the channels of one recorder in one batch, and household cameras behind those that are judged', async () => {
    const { db } = ground;
    const channels = await putCameras(
      db,
      Array.from({ length: 64 }, (_, nth) => ({ serial: nth + 1, url: `rtsp://127.9.9.9/channel/${nth}` })),
    );
    const others = await putCameras(
      db,
      Array.from({ length: 150 }, (_, nth) => ({ serial: nth + 101 })),
    );
    const homes = await putCameras(
      db,
      Array.from({ length: 90 }, (_, nth) => ({ serial: nth + 301, class: 'household' as const })),
    );
    const inspection = await openInspection(db, start, null);
    await planAttempts(db, inspection, inspection.started_at);
    const planned = await batches(inspection.id);
    const recorder = new Set(channels.values());
    expect(planned.filter(({ cameras }) => cameras.some((camera) => recorder.has(camera)))).toHaveLength(1);
    const order = planned.flatMap(({ cameras }) => cameras);
    expect(order).toHaveLength(64 + 150 + 90);
    const firstHome = Math.min(...[...homes.values()].map((id) => order.indexOf(id)));
    expect([...channels.values(), ...others.values()].every((id) => order.indexOf(id) < firstHome)).toBe(true);
  });

  it('take all channels of a recorder into one batch, whose worker visits them in turn, and household cameras last', async () => {
    const { db } = ground;
    const channel = (nth: number) => ({ serial: nth + 1, url: `rtsp://127.0.1.1/channel/${nth}` });
    const recorder = await putCameras(
      db,
      Array.from({ length: 130 }, (_, nth) => channel(nth)),
    );
    const homes = await putCameras(
      db,
      Array.from({ length: 60 }, (_, nth) => ({ serial: 200 + nth, class: 'household' as const })),
    );
    await putCameras(
      db,
      Array.from({ length: 120 }, (_, nth) => ({ serial: 300 + nth })),
    );
    const inspection = await openInspection(db, start, null);
    await planAttempts(db, inspection, inspection.started_at);
    const parts = await batches(inspection.id);
    const holding = parts.filter(({ cameras }) => cameras.some((id) => [...recorder.values()].includes(id)));
    expect(holding).toHaveLength(1);
    expect(parts.flatMap(({ cameras }) => cameras)).toHaveLength(310);
    expect(new Set(parts.flatMap(({ cameras }) => cameras).slice(-60))).toEqual(new Set(homes.values()));
  });

  it('after the first go only to cameras in need: no picture, or unknown; a household camera needs to be online', async () => {
    const { db } = ground;
    const ids = await putCameras(
      db,
      [1, 2, 3, 4].map((serial) => ({ serial })),
    );
    const more = await putCameras(
      db,
      [5, 6].map((serial) => ({ serial, class: 'household' as const })),
    );
    const id = (serial: number): number => (ids.get(serial) ?? more.get(serial))!;
    const inspection = await openInspection(db, start, null);
    await planAttempts(db, inspection, into(inspection, 0));
    const first = new Map<number, Answers>([
      [id(2), { image: false }],
      [id(3), { online: false, image: false }],
      [id(4), { online: null, image: null }],
      [id(5), { image: null }],
      [id(6), { online: false, image: null }],
    ]);
    await answer(inspection, 1, 'north', first);
    await planAttempts(db, inspection, into(inspection, 299));
    expect(await planned(inspection.id)).toHaveLength(1);
    await planAttempts(db, inspection, into(inspection, 300));
    expect((await planned(inspection.id))[1]).toEqual([2, 'north', [id(2), id(3), id(4), id(6)]]);
    // It showed its picture now, and was not seen online before: the best of both.
    await answer(
      inspection,
      2,
      'north',
      new Map([
        [id(2), { online: false, image: false }],
        [id(4), {}],
      ]),
    );
    await planAttempts(db, inspection, into(inspection, 900));
    expect((await planned(inspection.id))[2]).toEqual([3, 'north', [id(2)]]);
    expect(await isOver(db, inspection, into(inspection, 901))).toBe(false);
    await answer(inspection, 3, 'north');
    expect(await isOver(db, inspection, into(inspection, 902))).toBe(true);
  });

  it('at a site without results hold up no other site, and not the end of the others', async () => {
    const { db } = ground;
    const ids = await putCameras(db, cities);
    const inspection = await openInspection(db, start, null);
    await planAttempts(db, inspection, into(inspection, 0));
    await answer(inspection, 1, 'south', new Map([[ids.get(3)!, { online: false, image: false }]]));
    await planAttempts(db, inspection, into(inspection, 300));
    await answer(inspection, 2, 'south');
    await planAttempts(db, inspection, into(inspection, 900));
    expect(await planned(inspection.id)).toEqual([
      [1, 'north', [ids.get(1), ids.get(2)]],
      [1, 'south', [ids.get(3), ids.get(4)]],
      [2, 'south', [ids.get(3)]],
    ]);
    expect(await isOver(db, inspection, into(inspection, 3_599))).toBe(false);
  });

  it('follow a camera as soon as it had its one before: a recorder that answers no channel holds up nobody else', async () => {
    const { db } = ground;
    const ids = await putCameras(
      db,
      [1, 2, 3].map((serial) => ({ serial })),
    );
    const inspection = await openInspection(db, start, null);
    await planAttempts(db, inspection, into(inspection, 0));
    const failed = (serial: number, attempt: number, seconds: number): Promise<number> =>
      db.run(
        `insert into result (slot, camera, inspection, attempt, observed_at, online, image, took)
         values ($1, $2, $3, $4, $1, false, false, 5)`,
        [into(inspection, seconds), ids.get(serial), inspection.id, attempt],
      );
    const second = async (): Promise<number[][]> =>
      (await planned(inspection.id)).filter(([attempt]) => attempt === 2).map(([, , cameras]) => cameras as number[]);
    await failed(1, 1, 0);
    await planAttempts(db, inspection, into(inspection, 301));
    expect(await second()).toEqual([[ids.get(1)]]);
    // Its third is due when its second has come to something, though others still wait for their first.
    await failed(1, 2, 300);
    await failed(2, 1, 0);
    await planAttempts(db, inspection, into(inspection, 900));
    await planAttempts(db, inspection, into(inspection, 901));
    expect(await second()).toEqual([[ids.get(1)], [ids.get(2)]]);
    expect((await planned(inspection.id)).filter(([attempt]) => attempt === 3)).toEqual([[3, 'north', [ids.get(1)]]]);
    await failed(3, 1, 0);
    await failed(1, 3, 900);
    await markDone(db, inspection.id, into(inspection, 3_600));
    expect(await isOver(db, inspection, into(inspection, 902))).toBe(false);
  });

  it('are over at once when all is well, long before the second is due', async () => {
    const { db } = ground;
    await putCameras(db, cities);
    const inspection = await openInspection(db, start, null);
    expect(await isOver(db, inspection, start)).toBe(false);
    await planAttempts(db, inspection, into(inspection, 0));
    await answer(inspection, 1, 'north');
    expect(await isOver(db, inspection, into(inspection, 10))).toBe(false);
    await answer(inspection, 1, 'south', new Map());
    expect(await isOver(db, inspection, into(inspection, 11))).toBe(true);
  });

  it('end at the cut-off with what is missing unknown, never "no"', async () => {
    const { db } = ground;
    const ids = await putCameras(db, cities);
    const inspection = await openInspection(db, start, null);
    await planAttempts(db, inspection, into(inspection, 0));
    await answer(inspection, 1, 'south');
    expect(await isOver(db, inspection, into(inspection, 3_600))).toBe(true);
    expect(await closeInspection(db, inspection.id, into(inspection, 3_600))).toBe(true);
    expect(await closeInspection(db, inspection.id, into(inspection, 3_601))).toBe(false);
    await freezeOutcomes(db, inspection.id);
    expect(
      await db.many('select camera, online, image, attempts, failure from outcome where camera = any ($1) order by 1', [
        [ids.get(1), ids.get(3)],
      ]),
    ).toEqual([
      { camera: ids.get(1), online: null, image: null, attempts: 0, failure: null },
      { camera: ids.get(3), online: true, image: true, attempts: 1, failure: null },
    ]);
    expect(await countOutcomes(db, inspection.id)).toMatchObject([
      { class: 'household', roster: 1, unknown: 0, online: 1, image: 0 },
      { class: 'social', roster: 3, unknown: 2, online: 1, image: 1 },
    ]);
  });
});

describe('the queue of a site', () => {
  it('gets each batch once; a batch that Redis lost is put back, one that is still there or done is not', async () => {
    const { db, redis, log } = ground;
    await putCameras(db, [
      { serial: 1, site: 'north' },
      { serial: 2, site: 'south' },
      { serial: 3, site: 'west' },
    ]);
    const opened = new Map<string, Queue<ProbeJob>>();
    const of = (site: string): Queue<ProbeJob> => {
      const queue = opened.get(site) ?? new Queue<ProbeJob>(siteQueue(site), bullConnection(redis));
      opened.set(site, queue);
      return queue;
    };
    const queues = { of };
    const waiting = async (): Promise<Record<string, number>> =>
      Object.fromEntries(await Promise.all(['north', 'south', 'west'].map(async (s) => [s, await of(s).count()])));
    const inspection = await openInspection(db, start, null);
    await planAttempts(db, inspection, into(inspection, 0));
    expect(await enqueueDue(db, queues, into(inspection, 0), [])).toBe(3);
    expect(await enqueueDue(db, queues, into(inspection, 1), [])).toBe(0);
    expect(await waiting()).toEqual({ north: 1, south: 1, west: 1 });
    const [job] = await of('north').getWaiting();
    expect(job?.data).toEqual({ batch: expect.any(Number) });

    // Killed between the queue and the note of it: the same job again, not a second one.
    await db.run('update batch set enqueued = 0, enqueued_at = null');
    expect(await enqueueDue(db, queues, into(inspection, 2), [])).toBe(3);
    expect(await waiting()).toEqual({ north: 1, south: 1, west: 1 });

    await answer(inspection, 1, 'west');
    expect(await requeueLost(db, queues, into(inspection, 63), 60_000, log)).toBe(0);
    await redis.flushall();
    expect(await requeueLost(db, queues, into(inspection, 61), 60_000, log)).toBe(0);
    expect(await requeueLost(db, queues, into(inspection, 63), 60_000, log)).toBe(2);
    expect(await waiting()).toEqual({ north: 1, south: 1, west: 0 });
    expect(await requeueLost(db, queues, into(inspection, 63), 60_000, log)).toBe(0);

    // Nothing is asked of cameras once the inspection is over.
    await redis.flushall();
    await closeInspection(db, inspection.id, into(inspection, 3_600));
    expect(await requeueLost(db, queues, into(inspection, 4_000), 60_000, log)).toBe(0);
    for (const queue of opened.values()) await queue.close();
  });
});

describe('the policy', () => {
  it('in force is the newest of those valid by then, and an inspection keeps the one it began with', async () => {
    const { db } = ground;
    await putCameras(db, [{ serial: 1 }]);
    const stricter = await decidePolicy(db, half('08:00:00'), '更严 / stricter', {
      total_online: 96,
      attempts: [0, 60],
    });
    const revoked = await decidePolicy(db, half('08:00:00'), '改正 / corrected', { total_online: 97 });
    expect((await policyAt(db, half('07:59:59'))).version).toBe(1);
    expect(await policyAt(db, half('08:00:00'))).toMatchObject({
      version: revoked,
      total_online: 97,
      attempts: [0, 60],
    });
    expect(revoked).toBeGreaterThan(stricter);
    const before = await openInspection(db, half('07:59:00'), null);
    const later = await openInspection(db, half('08:00:00'), null);
    expect([before.policy, later.policy]).toEqual([1, revoked]);
    await planAttempts(db, before, into(before, 0));
    await answer(before, 1, 'north', new Map([[1, { online: false, image: false }]]));
    await planAttempts(db, before, into(before, 299));
    expect(await batches(before.id)).toHaveLength(1);
  });
});
