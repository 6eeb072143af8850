import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../../src/db/migrate.ts';
import { openDatabase } from '../../../src/db/pool.ts';
import { migrationsFolder } from '../../../src/roles/ground.ts';
import { refreshHours } from '../../../src/rollup/refresh.ts';
import { insert } from '../../../src/store/writer.ts';
import { type Pair, startPair } from '../../support/pair.ts';
import { sweepOf } from './sweep.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());

const history = () =>
  pair.db.one(
    `select count(*) as rows, count(distinct (camera, slot)) as slots,
       sum(hashtextextended(result::text, 0))::text as words from result`,
  );
const hours = () => pair.db.many('select * from camera_hour order by hour, camera');
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
  await insert(db, results);
  await db.run("select compress_chunk(chunk) from show_chunks('result') chunk order by chunk limit 1");
  await refreshHours(hasty, from, new Date('2026-10-01T02:00:00Z'));
  const [once, aggregated] = [await history(), await hours()];
  const short = [
    { days: 1, compressed: true },
    { days: 1, compressed: false },
  ];
  expect(await chunks()).toEqual(short);

  await migrate(hasty, migrationsFolder);
  await hasty.close();
  expect([await history(), await hours()]).toEqual([once, aggregated]);
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
  await insert(db, sweepOf(50, 40, from));
  await refreshHours(db, from, until);
  const plain = await hours();
  await db.run("select compress_chunk(chunk) from show_chunks('camera_hour') chunk");
  expect(await hours()).toEqual(plain);
  await insert(db, sweepOf(1, 1, new Date('2026-11-01T00:01:00Z')));
  await refreshHours(db, from, until);
  const late = await hours();
  expect(late).toHaveLength(plain.length);
  const probes = (all: object[]) => all.reduce((sum, hour) => sum + (hour as { probes: number }).probes, 0);
  expect(probes(late)).toBe(probes(plain) + 1);
});
