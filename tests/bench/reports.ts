import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedDatabase } from '../../src/db/embedded/start.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { latestInspection, reportOf } from '../../src/report/inspection.ts';
import { migrationsFolder } from '../../src/roles/ground.ts';
import { availability, availabilityByDay, everything } from '../../src/rollup/availability.ts';
import { outages } from '../../src/rollup/outage-figures.ts';
import { periodFigures, rankingsOf, spanOf, unitPeriods } from '../../src/rollup/period-figures.ts';
import { addUp, refreshDays } from '../../src/rollup/refresh.ts';
import { Sentence } from '../../src/sentence.ts';
import { cameras, chunkDays, dayAt, perDay, putCity, putInspections, putResults } from './reports-city.ts';
import { type BenchRow, one, ratioOf, spread } from './table.ts';

const calls = 400;
const mostMs = 50;
const mostBytes = 8;
const units = 12;

/** Loads and adds up chunk by chunk, as time does it: results, their hours one by one, the days, compression. */
const load = async (db: Database, days: number, told: (line: string) => void): Promise<number[]> => {
  await putCity(db, days);
  const hours: number[] = [];
  for (let first = 0; first < days; first += chunkDays) {
    const begun = performance.now();
    // A chunk is built, and its index when it is full: a third of what filling both at once takes.
    await db.run('drop index result_camera_slot');
    const rows = await putResults(db, first, Math.min(chunkDays, days - first));
    await db.patient.run('create unique index result_camera_slot on result (camera, slot desc)');
    const loaded = performance.now();
    const end = dayAt(Math.min(first + chunkDays, days));
    for (;;) {
      const before = performance.now();
      // What is over at the end of the last chunk.
      if ((await addUp(db.patient, new Date(end.getTime() + 900_000), 1)) === 0) break;
      hours.push(performance.now() - before);
    }
    const added = performance.now();
    await refreshDays(db);
    const refreshed = performance.now();
    await db.patient.run("select compress_chunk(chunk, if_not_compressed => true) from show_chunks('result') as chunk");
    const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(0);
    told(
      `reports: days ${first} to ${first + chunkDays} of ${days}: ${rows} results in ${seconds(begun, loaded)} s, hours in ` +
        `${seconds(loaded, added)} s, days in ${seconds(added, refreshed)} s, compressed in ` +
        `${seconds(refreshed, performance.now())} s`,
    );
  }
  for (const table of ['availability_hour', await materialized(db, 'camera_day')]) {
    await db.patient.run(
      `select compress_chunk(chunk, if_not_compressed => true) from show_chunks('${table}') as chunk`,
    );
  }
  await putInspections(db, days);
  await db.patient.run('analyze availability_hour; analyze outage; analyze rate; analyze inspection');
  return hours;
};

const materialized = async (db: Database, view: string): Promise<string> => {
  const { name } = await db.one<{ name: string }>(
    `select format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) as name
     from timescaledb_information.continuous_aggregates where view_name = $1`,
    [view],
  );
  return name;
};

/** Bytes of all relations, indexes included, by result. */
const bytes = async (db: Database, results: number): Promise<BenchRow[]> => {
  const size = async (table: string): Promise<number> =>
    (await db.one<{ bytes: number }>('select hypertable_size($1::regclass) as bytes', [table])).bytes;
  const sizes = {
    result: await size('result'),
    availability_hour: await size('availability_hour'),
    'camera_day and unit_day':
      (await size(await materialized(db, 'camera_day'))) + (await size(await materialized(db, 'unit_day'))),
    outage: (await db.one<{ bytes: number }>("select pg_total_relation_size('outage') as bytes")).bytes,
  };
  const all = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0);
  return [...Object.entries(sizes), ['all of them', all] as const].map(
    ([name, bytes]): BenchRow => ({
      case: `${name}, compressed`,
      unit: 'bytes / result',
      ours: one(bytes / results),
      peer: null,
      ratio: null,
      n: 1,
    }),
  );
};

type Question = {
  readonly name: string;
  readonly ask: (nth: number) => Promise<unknown>;
  readonly peer: { readonly name: string; readonly ask: (nth: number) => Promise<unknown>; readonly times: number };
};

const timed = async (times: number, ask: (nth: number) => Promise<unknown>): Promise<number[]> => {
  const taken: number[] = [];
  for (let nth = 0; nth < times; nth++) {
    const begun = performance.now();
    await ask(nth);
    taken.push(performance.now() - begun);
  }
  return taken;
};

const measure = async ({ name, ask, peer }: Question): Promise<BenchRow[]> => {
  await timed(20, ask);
  const taken = (await timed(calls, ask)).sort((a, b) => a - b);
  const theirs = spread(await timed(peer.times, peer.ask));
  const ours = spread(taken);
  const p99 = taken[Math.ceil(calls * 0.99) - 1]!;
  return [
    { case: name, unit: 'ms', ours, peer: { name: peer.name, ...theirs }, ratio: ratioOf(ours, theirs), n: calls },
    { case: `${name}: p99`, unit: 'ms', ours: one(p99), peer: null, ratio: null, n: calls },
  ];
};

const questions = async (db: Database, days: number): Promise<Question[]> => {
  const now = dayAt(days);
  const codes = (await db.many<{ code: string }>('select code from unit order by position')).map(({ code }) => code);
  const length = Math.min(30, days - 1);
  /** A month of whole local days, another one for each `nth`. */
  const month = (nth: number) => {
    const first = nth % Math.max(1, days - length);
    const day = (at: number): string => new Date(dayAt(at).getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
    return { from: day(first), until: day(first + length - 1) };
  };
  const latest = (await latestInspection(db))!;
  const inMonth = (nth: number): Date[] => {
    const { from, until } = spanOf(month(nth), now);
    return [from, until];
  };
  const perUnit = `select c.unit, c.class, count(*) filter (where online) as online,
    count(*) filter (where not online) as offline, count(*) filter (where online is null) as unknown
    from result r join camera c on c.id = r.camera`;
  return [
    {
      name: 'county table: rates of an inspection, all counties',
      ask: (nth) => reportOf(db, nth % 2 === 0 ? latest : 1 + (nth % latest)),
      peer: {
        name: 'counted from one slot’s results',
        times: 3,
        ask: (nth) =>
          db.patient.many(`${perUnit} where slot >= $1 and slot < $2 group by c.unit, c.class`, [
            dayAt(nth % days),
            new Date(dayAt(nth % days).getTime() + 300_000),
          ]),
      },
    },
    {
      name: 'month of a county',
      ask: (nth) => unitPeriods(db, month(nth), codes[nth % units]!, now),
      peer: {
        name: 'counted from its results of one day',
        times: 2,
        ask: (nth) =>
          db.patient.many(`${perUnit} where slot >= $1 and slot < $2 and c.unit = $3 group by c.unit, c.class`, [
            dayAt(nth),
            dayAt(nth + 1),
            codes[nth % units],
          ]),
      },
    },
    {
      name: 'month of a camera: days, sum and outages',
      ask: async (nth) => {
        const span = spanOf(month(nth), now);
        const scope = { ...everything, camera: 1 + ((nth * 7_919) % cameras) };
        await availability(db, scope, span);
        await availabilityByDay(db, scope, span);
        await outages(db, scope, span);
      },
      peer: {
        name: 'counted from its results',
        times: 50,
        ask: (nth) =>
          db.many(
            `select time_bucket(interval '1 day', slot, 'Asia/Shanghai') as day, count(*) filter (where online) as online,
               count(*) filter (where not online) as offline
             from result where camera = $1 and slot >= $2 and slot < $3 and inspection is null group by 1 order by 1`,
            [1 + ((nth * 7_919) % cameras), ...inMonth(nth)],
          ),
      },
    },
    {
      name: 'ranking of the counties by their month',
      ask: async (nth) => rankingsOf(await unitPeriods(db, month(nth), null, now)),
      peer: {
        name: 'counted from the results of one day',
        times: 2,
        ask: (nth) =>
          db.patient.many(`${perUnit} where slot >= $1 and slot < $2 group by c.unit, c.class`, [
            dayAt(nth),
            dayAt(nth + 1),
          ]),
      },
    },
    {
      name: 'monthly report: every figure in it',
      ask: (nth) => periodFigures(db, month(nth), { unit: null, offends: 3, now }),
      peer: {
        name: 'the hours of one county added up',
        times: 3,
        ask: (nth) =>
          db.patient.many(
            `select class, sum(online) as online, sum(offline) as offline from availability_hour
             where hour >= $1 and hour < $2 and unit = $3 group by class`,
            [...inMonth(nth), codes[nth % units]],
          ),
      },
    },
  ];
};

/** What must take less than 50 ms in 99 of 100 calls; the whole report is told beside them. */
const held = (name: string): boolean => !name.startsWith('monthly report');

const bench = async (db: Database, days: number, told: (line: string) => void): Promise<BenchRow[]> => {
  await migrate(db, migrationsFolder);
  const begun = performance.now();
  const hours = await load(db, days, told);
  const minutes = (performance.now() - begun) / 60_000;
  const { results } = await db.one<{ results: number }>('select count(*) as results from result');
  if (results !== days * cameras * perDay) {
    throw new Sentence(`应有 ${days * cameras * perDay} 行结果，实有 ${results} 行`, `${results} rows of results`);
  }
  const { seconds } = await db.one<{ seconds: number }>(
    'select sum(online + offline + unknown)::bigint as seconds from availability_hour',
  );
  if (seconds !== days * cameras * 86_400) {
    throw new Sentence(`汇总时长不符：${seconds} 秒`, `${seconds} seconds added up of ${days * cameras * 86_400}`);
  }
  const rows: BenchRow[] = [
    { case: 'results loaded', unit: 'results', ours: one(results), peer: null, ratio: null, n: 1 },
    { case: 'loading and adding up', unit: 'minutes', ours: one(minutes), peer: null, ratio: null, n: 1 },
    {
      case: 'an hour added up, outages with it',
      unit: 'ms',
      ours: spread(hours),
      peer: null,
      ratio: null,
      n: hours.length,
    },
    ...(await bytes(db, results)),
  ];
  for (const question of await questions(db, days)) {
    told(`reports: ${question.name}`);
    rows.push(...(await measure(question)));
  }
  const slow = rows.filter(({ case: name, ours }) => name.endsWith('p99') && held(name) && ours.median >= mostMs);
  const total = rows.find(({ case: name }) => name.startsWith('all of them'))!.ours.median;
  for (const row of rows) told(`${row.case}: ${row.ours.median} ${row.unit}`);
  if (slow.length > 0) {
    const list = slow.map(({ case: name, ours }) => `${name} ${ours.median.toFixed(1)} ms`).join(', ');
    throw new Sentence(`应在 ${mostMs} 毫秒以内：${list}`, `must take less than ${mostMs} ms: ${list}`);
  }
  if (total >= mostBytes) {
    throw new Sentence(
      `压缩后每条结果 ${total} 字节，应少于 ${mostBytes} 字节`,
      `${total} bytes a result after compression, ${mostBytes} are too many`,
    );
  }
  return rows;
};

/**
 * Reports over `days` of a city of 16,610 cameras, each probed 288 times a day: in the embedded database, on disk, or in the
 * empty real one of XUNJIAN_BENCH_DATABASE_URL. Throws a Sentence where a result is missing or doubled, a second is, a
 * question takes 50 ms in more than one of a hundred calls, or a result takes eight bytes with all that is made of it.
 */
export const benchReports = async (days: number, told: (line: string) => void): Promise<BenchRow[]> => {
  const url = process.env.XUNJIAN_BENCH_DATABASE_URL;
  const folder = await mkdtemp(join(tmpdir(), 'xunjian-'));
  const server =
    url === undefined ? await startEmbeddedDatabase({ dataDir: join(folder, 'data'), socketDir: folder }) : null;
  const db = openDatabase(url ?? server!.url, { max: 2 });
  try {
    return await bench(db, days, told);
  } finally {
    await db.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  }
};
