import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../../src/db/migrate.ts';
import { openDatabase } from '../../../src/db/pool.ts';
import type { ProbeResult } from '../../../src/probing/result.ts';
import { migrationsFolder } from '../../../src/roles/ground.ts';
import { addUpHour, hoursAfter } from '../../../src/rollup/availability-hours.ts';
import { insert } from '../../../src/store/writer.ts';
import { type Pair, startPair } from '../../support/pair.ts';
import { putCameras } from '../schedule/roster.ts';
import { sweepOf } from './sweep.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());

const observed = "coalesce(observed_at, slot + observed_after * interval '1 millisecond')";
const history = (at = observed) =>
  pair.db.one(
    `select count(*) as rows, count(distinct (camera, slot)) as slots,
       sum(hashtextextended((camera, slot, ${at}, online, failure, detail, took)::text, 0))::text as words from result`,
  );
const hours = () => pair.db.many('select * from availability_hour order by hour, camera');
/** As the results were stored before they had milliseconds after their slot. */
const insertOld = (results: readonly ProbeResult[]) =>
  pair.db.run(
    `insert into result (slot, camera, observed_at, online, failure, step, detail, took)
     select slot, camera, "observedAt", case online when 'yes' then true when 'no' then false end, failure, step, detail,
       took
     from json_to_recordset($1) as r (slot timestamptz, camera integer, "observedAt" timestamptz, online text,
       failure text, step text, detail text, took integer)`,
    [JSON.stringify(results)],
  );
const chunks = () =>
  pair.db.many<{ days: number; compressed: boolean }>(
    `select extract(day from range_end - range_start)::integer as days, is_compressed as compressed
     from timescaledb_information.chunks where hypertable_name = 'result' order by range_start`,
  );

it('a database full of compressed days goes on with the longer chunks, and loses nothing by it', async () => {
  const { db } = pair;
  const before = join(pair.folder, 'before');
  await mkdir(before);
  for (const name of await readdir(migrationsFolder)) {
    if (/^\d{4}_/.test(name) && name < '0011') await cp(join(migrationsFolder, name), join(before, name));
  }
  // A millisecond for an answer: migrations and refreshes may take longer than other statements.
  const hasty = openDatabase(pair.databaseUrl, { max: 1, answerWithinMs: 1 });
  await migrate(hasty, before);
  // 2026-09-30 is a day in the middle of three, as the longer chunks count them.
  const from = new Date('2026-09-30T22:00:00Z');
  const results = sweepOf(100, 40, from);
  await insertOld(results);
  await db.run("select compress_chunk(chunk) from show_chunks('result') chunk order by chunk limit 1");
  // It is dropped later, and full.
  await db.run("call refresh_continuous_aggregate('camera_hour', null, null)");
  const once = await history('observed_at');
  const short = [
    { days: 1, compressed: true },
    { days: 1, compressed: false },
  ];
  expect(await chunks()).toEqual(short);

  await migrate(hasty, migrationsFolder);
  await hasty.close();
  expect(await history()).toEqual(once);
  await insert(db, results);
  expect(await history()).toEqual(once);

  // A day that the old chunks leave over of three, and days of which there is no chunk yet.
  await insert(db, sweepOf(100, 4, new Date('2026-10-02T22:00:00Z')));
  await insert(db, sweepOf(100, 4, new Date('2026-10-10T22:00:00Z')));
  const all = await history();
  expect(all).toMatchObject({ rows: 4_800, slots: 4_800 });
  expect((await chunks()).at(-1)).toEqual({ days: 3, compressed: false });
  await db.run("select compress_chunk(chunk, if_not_compressed => true) from show_chunks('result') chunk");
  expect((await chunks()).every(({ compressed }) => compressed)).toBe(true);
  expect(await history()).toEqual(all);
});

it('the hours are the same when they are compressed, and take late results in', async () => {
  const { db } = pair;
  await migrate(db, migrationsFolder);
  const from = new Date('2026-11-01T00:00:00Z');
  const until = new Date('2026-11-01T05:00:00Z');
  await putCameras(
    db,
    Array.from({ length: 50 }, (_, nth) => ({ serial: nth + 1 })),
  );
  await insert(db, sweepOf(50, 40, from));
  for (let hour = from; hour < until; hour = hoursAfter(hour, 1)) await addUpHour(db, hour, null);
  const plain = await hours();
  expect(plain).toHaveLength(50 * 5);
  await db.run("select compress_chunk(chunk) from show_chunks('availability_hour') chunk");
  expect(await hours()).toEqual(plain);
  // The last probe of camera 2, at 03:15, held until 03:25.
  const last = { hour: new Date('2026-11-01T03:00:00Z'), camera: 2 };
  const found = (all: object[]) => all.find((row) => expect.objectContaining(last).asymmetricMatch(row));
  expect(found(plain)).toMatchObject({ online: 1_500, offline: 0, unknown: 2_100 });
  await insert(
    db,
    sweepOf(1, 1, new Date('2026-11-01T03:30:00Z')).map((one) => ({ ...one, camera: 2, online: 'no' })),
  );
  for (let hour = from; hour < until; hour = hoursAfter(hour, 1)) await addUpHour(db, hour, null);
  const late = await hours();
  expect(found(late)).toMatchObject({ online: 1_500, offline: 600, unknown: 1_500 });
  expect(late.filter((row) => row !== found(late))).toEqual(plain.filter((row) => row !== found(plain)));
});
