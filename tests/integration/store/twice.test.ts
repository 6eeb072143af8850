import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/db/pool.ts';
import type { ProbeResult } from '../../../src/probing/result.ts';
import { addUpHour } from '../../../src/rollup/availability-hours.ts';
import { countOutcomes } from '../../../src/rollup/counts.ts';
import { freezeOutcomes } from '../../../src/rollup/outcome.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { ResultWriter } from '../../../src/store/writer.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear, putCameras } from '../schedule/roster.ts';
import { sweepOf } from './sweep.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(() => clear(ground.db));

const deliver = async (results: readonly ProbeResult[], db = ground.db): Promise<void> => {
  const writer = new ResultWriter(db, ground.log);
  await Promise.all(results.map((one) => writer.write(one)));
  await writer.close();
};

/** How many rows, of how many keys, and what they say. */
const history = () =>
  ground.db.one(
    `select count(*) as rows, count(distinct (camera, slot)) as slots,
       sum(hashtextextended(result::text, 0))::text as words
     from result`,
  );
const compressed = () =>
  ground.db.many<{ chunk: string }>("select compress_chunk(chunk)::text as chunk from show_chunks('result') chunk");

describe('100,000 results, of an inspection and of the sweeps around it', () => {
  const cameras = 1_000;
  const start = new Date('2026-10-01T02:00:00Z');
  let inspection: number;
  let results: ProbeResult[];

  beforeEach(async () => {
    const ids = await putCameras(
      ground.db,
      Array.from({ length: cameras }, (_, nth) => ({
        serial: nth + 1,
        unit: nth % 2 === 0 ? '450202' : '450203',
        class: (['skynet', 'social', 'household'] as const)[nth % 3]!,
      })),
    );
    const opened = await openInspection(ground.db, start, null);
    inspection = opened.id;
    const { started_at } = await ground.db.one<{ started_at: Date }>(
      'select started_at from inspection where id = $1',
      [inspection],
    );
    const asked = [0, 300_000, 900_000].flatMap((after, nth) =>
      sweepOf(cameras, 1, new Date(started_at.getTime() + after)).map(
        (one, at): ProbeResult => ({
          ...one,
          inspection,
          attempt: nth + 1,
          image: (at + nth) % 5 === 0 ? 'no' : (at + nth) % 7 === 0 ? 'unknown' : 'yes',
          codec: 'h264',
          meanLuma: 90.5,
          fingerprint: `${at}`,
        }),
      ),
    );
    results = [...asked, ...sweepOf(cameras, 97, new Date('2026-09-30T23:00:00Z'))].map((one) => ({
      ...one,
      camera: ids.get(one.camera)!,
    }));
    expect(results).toHaveLength(100_000);
  });

  const rates = async () => {
    await ground.db.run('delete from outcome');
    await freezeOutcomes(ground.db, inspection);
    return {
      outcomes: await ground.db.many('select * from outcome order by camera'),
      counts: await countOutcomes(ground.db, inspection),
    };
  };
  const hours = async () => {
    for (let hour = 22; hour < 33; hour++) await addUpHour(ground.db, new Date(Date.UTC(2026, 8, 30, hour)), null);
    return ground.db.many('select * from availability_hour order by hour, camera');
  };

  it('are the same history, rates and hours when they come a second time, into compressed chunks', async () => {
    await deliver(results);
    const once = { history: await history(), rates: await rates(), hours: await hours() };
    expect(once.history).toMatchObject({ rows: 100_000, slots: 100_000 });
    expect((await compressed()).length).toBeGreaterThan(0);
    await deliver(results);
    expect(await history()).toEqual(once.history);
    expect(await rates()).toEqual(once.rates);
    expect(await hours()).toEqual(once.hours);
  });

  it('are one row each when two deliver them at once, one from the last to the first, a part to compressed chunks', async () => {
    await deliver(results.slice(0, 40_000));
    await compressed();
    const other = openDatabase(ground.pair.databaseUrl, { max: 2 });
    await Promise.all([deliver(results), deliver([...results].reverse(), other)]);
    await other.close();
    expect(await history()).toMatchObject({ rows: 100_000, slots: 100_000 });
  });
});

describe('results older than what is kept', () => {
  const dropOld = async (): Promise<void> => {
    const { job } = await ground.db.one<{ job: number }>(
      `select job_id as job from timescaledb_information.jobs
       where proc_name = 'policy_retention' and hypertable_name = 'result'`,
    );
    await ground.db.run(`call run_job(${job})`);
  };
  const day = 86_400_000;
  const today = new Date(Math.floor(Date.now() / day) * day);

  it('are taken beside the new ones, as often as they come, and go when the old is dropped', async () => {
    const old = sweepOf(50, 2, new Date(today.getTime() - 200 * day));
    const fresh = sweepOf(50, 2, today);
    for (let time = 0; time < 2; time++) {
      await deliver([...old, ...fresh]);
      expect(await history()).toMatchObject({ rows: 200, slots: 200 });
      await dropOld();
      expect(await history()).toMatchObject({ rows: 100, slots: 100 });
    }
    expect(await ground.db.one('select min(slot) as oldest from result')).toEqual({ oldest: today });
  });
});
