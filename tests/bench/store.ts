import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startEmbeddedDatabase } from '../../src/db/embedded/start.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type Database, openDatabase, type Queryable } from '../../src/db/pool.ts';
import type { ProbeResult } from '../../src/probing/result.ts';
import { migrationsFolder } from '../../src/roles/ground.ts';
import { Sentence } from '../../src/sentence.ts';
import { ResultWriter } from '../../src/store/writer.ts';
import { answersOf, historyOf, picturesOf } from './store-mix.ts';
import { type BenchRow, ratioOf, spread } from './table.ts';

const rounds = 5;
const city = 138_698;
/** Results a round: of those that answered, of those with a picture, of those that go one by one. */
const answers = 20_000;
const pictures = 4_000;
const single = 1_000;
/** What is compressed: cameras, and the days of one chunk. */
const cameras = 400;
const days = 3;
const mostBytes = 8;

const silent = pino({ level: 'silent' });

/** The same statements into a table without an index, where nothing can be in conflict. */
const floorOf = (db: Database): Database => {
  const plain = (to: Queryable): Queryable => ({
    ...to,
    run: (sql, parameters) =>
      to.run(
        sql.replace('into result ', 'into plain ').replace('on conflict (camera, slot) do nothing', ''),
        parameters,
      ),
  });
  return { ...db, ...plain(db), transaction: (work) => db.transaction((tx) => work(plain(tx))) };
};

const write = async (db: Database, results: readonly ProbeResult[]): Promise<void> => {
  const writer = new ResultWriter(db, silent);
  await Promise.all(results.map((one) => writer.write(one)));
};

const oneByOne = async (db: Database, results: readonly ProbeResult[]): Promise<void> => {
  for (const one of results) {
    await db.run(
      `insert into result (slot, camera, inspection, attempt, observed_at, online, image, failure, step, detail, took)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (camera, slot) do nothing`,
      [one.slot, one.camera, null, null, one.observedAt, one.online === 'yes', null, null, null, null, one.took],
    );
  }
};

type Cost = { readonly own: number; readonly server: number; readonly wall: number };
type Costs = { own: number[]; server: number[]; wall: number[] };

/** Microseconds a result: CPU of this process, CPU of the database's, and on the clock. */
const costOf = async (pid: number, count: number, work: () => Promise<void>): Promise<Cost> => {
  // User and system time of the process, in ticks of 10 ms: fields 14 and 15 of proc(5)'s stat.
  const server = async (): Promise<number> => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  };
  const [serverBefore, before, at] = [await server(), process.cpuUsage(), performance.now()];
  await work();
  const wall = (performance.now() - at) * 1_000;
  const { user, system } = process.cpuUsage(before);
  return { own: (user + system) / count, server: ((await server()) - serverBefore) / count, wall: wall / count };
};
const add = (costs: Costs, { own, server, wall }: Cost): void => {
  costs.own.push(own);
  costs.server.push(server);
  costs.wall.push(wall);
};

const units = { own: 'our CPU us / result', server: 'database’s CPU us / result', wall: 'us / result' } as const;
const rowsOf = (name: string, ours: Costs, peerName: string, theirs: Costs, n: number): BenchRow[] =>
  (Object.keys(units) as (keyof Costs)[]).map((kind) => {
    const [a, b] = [spread(ours[kind]), spread(theirs[kind])];
    return { case: name, unit: units[kind], ours: a, peer: { name: peerName, ...b }, ratio: ratioOf(a, b), n };
  });

const rowsIn = async (db: Database): Promise<number> =>
  (await db.one<{ rows: number }>('select count(*) as rows from result')).rows;
/** A result that is missing or doubled makes every figure worthless. */
const mustHold = async (db: Database, expected: number): Promise<void> => {
  const rows = await rowsIn(db);
  if (rows === expected) return;
  throw new Sentence(
    `应有 ${expected} 行结果，实有 ${rows} 行`,
    `${rows} rows of results where ${expected} were written`,
  );
};

const speed = async (db: Database, pid: number, told: (line: string) => void): Promise<BenchRow[]> => {
  const floor = floorOf(db);
  const names = ['answers', 'floor', 'again', 'single', 'pictures', 'picturesFloor'] as const;
  const costs = Object.fromEntries(names.map((name) => [name, { own: [], server: [], wall: [] }])) as unknown as Record<
    (typeof names)[number],
    Costs
  >;
  let next = 0;
  const take = (count: number): number => {
    next += count;
    return next - count;
  };
  let expected = 0;
  // The first round warms up and is not counted.
  for (let round = -1; round < rounds; round++) {
    told(`store: round ${round + 1} of ${rounds}`);
    const results = answersOf(city, take(answers), answers);
    const alone = answersOf(city, take(single), single);
    const seen = picturesOf(city, take(pictures), pictures);
    // Of other cameras: evidence that is there already costs nothing.
    const others = picturesOf(city, take(pictures), pictures);
    const measured = {
      answers: await costOf(pid, answers, () => write(db, results)),
      floor: await costOf(pid, answers, () => write(floor, results)),
      again: await costOf(pid, answers, () => write(db, results)),
      single: await costOf(pid, single, () => oneByOne(db, alone)),
      pictures: await costOf(pid, pictures, () => write(db, seen)),
      picturesFloor: await costOf(pid, pictures, () => write(floor, others)),
    };
    expected += answers + single + pictures;
    if (round >= 0) for (const name of names) add(costs[name], measured[name]);
  }
  await mustHold(db, expected);
  const perSecond = spread(costs.answers.wall.map((us) => 1e6 / us));
  const plain = 'the same statement into a table without an index';
  const n = rounds * answers;
  return [
    { case: 'answers, through ResultWriter', unit: 'results / s', ours: perSecond, peer: null, ratio: null, n },
    ...rowsOf('answers', costs.answers, plain, costs.floor, n),
    ...rowsOf('answers', costs.answers, 'one INSERT a result', costs.single, n),
    ...rowsOf('answers, delivered again', costs.again, 'the first time', costs.answers, n),
    ...rowsOf('pictures, JPEG of 8 KB', costs.pictures, plain, costs.picturesFloor, rounds * pictures),
  ];
};

/** Bytes of all relations of all chunks, before and after compression. */
const sizes = (db: Database, table: string) =>
  db.one<{ before: number; after: number }>(
    `select sum(before_compression_total_bytes)::bigint as before, sum(after_compression_total_bytes)::bigint as after
     from hypertable_compression_stats($1::regclass)`,
    [table],
  );

const bytes = async (db: Database, pid: number, told: (line: string) => void): Promise<BenchRow[]> => {
  await db.run('truncate result, evidence');
  const history = historyOf(cameras, days);
  told(`store: ${history.length} results to compress`);
  for (let from = 0; from < history.length; from += answers) await write(db, history.slice(from, from + answers));
  await mustHold(db, history.length);
  const row = async (name: string, table: string): Promise<BenchRow> => {
    await db.patient.run(`select compress_chunk(chunk) from show_chunks('${table}') chunk`);
    const { before, after } = await sizes(db, table);
    const [a, b] = [spread([after / history.length]), spread([before / history.length])];
    return {
      case: name,
      unit: 'bytes / result',
      ours: a,
      peer: { name: 'uncompressed', ...b },
      ratio: ratioOf(a, b),
      n: 1,
    };
  };
  const rows = [await row('result, compressed', 'result')];
  const again: Costs = { own: [], server: [], wall: [] };
  for (let round = 0; round < rounds; round++) {
    const results = history.slice(round * answers, (round + 1) * answers);
    add(again, await costOf(pid, answers, () => write(db, results)));
  }
  await mustHold(db, history.length);
  const { median } = rows[0]!.ours;
  if (median >= mostBytes) {
    throw new Sentence(
      `压缩后每条结果 ${median} 字节，应少于 ${mostBytes} 字节`,
      `${median} bytes a result after compression, ${mostBytes} are too many`,
    );
  }
  const n = rounds * answers;
  const lines = (Object.keys(units) as (keyof Costs)[]).map(
    (kind): BenchRow => ({
      case: 'answers, delivered again into compressed chunks',
      unit: units[kind],
      ours: spread(again[kind]),
      peer: null,
      ratio: null,
      n,
    }),
  );
  return [...rows, ...lines];
};

/** Results into the embedded database: what one costs, and how many bytes it takes. Throws a Sentence where one is missing or doubled, or takes eight bytes. */
export const benchStore = async (_: string, told: (line: string) => void): Promise<BenchRow[]> => {
  const socketDir = await mkdtemp(join(tmpdir(), 'xunjian-'));
  const server = await startEmbeddedDatabase({ dataDir: null, socketDir });
  const db = openDatabase(server.url, { max: 2 });
  try {
    await migrate(db, migrationsFolder);
    await db.run('create table plain (like result)');
    return [...(await speed(db, server.pid, told)), ...(await bytes(db, server.pid, told))];
  } finally {
    await db.close();
    await server.stop();
    await rm(socketDir, { recursive: true });
  }
};
