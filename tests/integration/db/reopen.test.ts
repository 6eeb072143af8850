import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../../src/db/embedded/start.ts';
import { DatabaseAway } from '../../../src/db/errors.ts';
import { type Database, openDatabase } from '../../../src/db/pool.ts';
import { isAlive, startParent } from '../../support/orphans.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian-reopen-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a data folder outlives its process', () => {
  let where: { dataDir: string; socketDir: string };
  let database: EmbeddedDatabase;
  let db: Database;

  beforeAll(async () => {
    where = { dataDir: join(folder, 'data'), socketDir: folder };
    database = await startEmbeddedDatabase(where);
    db = openDatabase(database.url, { max: 2 });
  });
  afterAll(async () => {
    await db.close();
    await database.stop();
  });

  it('what was committed is there after kill -9, compressed rows too, and what was not is not', async () => {
    await db.run(`create table reading (at timestamptz not null, camera int not null)`);
    await db.run(`select create_hypertable('reading', 'at', chunk_time_interval => interval '1 day')`);
    await db.run(
      `alter table reading set (timescaledb.compress, timescaledb.compress_segmentby = 'camera', timescaledb.compress_orderby = 'at')`,
    );
    const insert = `insert into reading
      select at, 7 from generate_series('2026-11-01', '2026-11-03 23:00'::timestamptz, interval '1 hour') at`;
    await db.run(insert);
    await db.run(
      `select compress_chunk(chunk) from show_chunks('reading', older_than => '2026-11-02'::timestamptz) chunk`,
    );
    const underWay = db.transaction(async (tx) => {
      await tx.run(insert);
      process.kill(database.pid, 'SIGKILL');
      await tx.run('select 1');
    });
    await expect(underWay).rejects.toBeInstanceOf(DatabaseAway);
    await expect(db.run('select 1')).rejects.toBeInstanceOf(DatabaseAway);

    database = await startEmbeddedDatabase(where);
    const counted = await db.one(
      `select count(*) as rows, count(*) filter (where at < '2026-11-02') as compressed from reading`,
    );
    expect(counted).toEqual({ rows: 72, compressed: 24 });
    expect(
      await db.one(
        `select count(*) from timescaledb_information.chunks where hypertable_name = 'reading' and is_compressed`,
      ),
    ).toEqual({ count: 1 });
  });

  it('while it is open, a second opener is told who has it', async () => {
    const second = startEmbeddedDatabase({ ...where, socketDir: join(folder, 'second') });
    await expect(second).rejects.toMatchObject({
      name: 'Sentence',
      zh: expect.stringContaining(`正被进程 ${database.pid} 使用`),
      en: expect.stringContaining(`in use by process ${database.pid}`),
    });
    expect(await db.one('select 1 as one')).toEqual({ one: 1 });
  });

  it('after a stop it opens again with all its rows', async () => {
    await database.stop();
    database = await startEmbeddedDatabase(where);
    expect(await db.one('select count(*) from reading')).toEqual({ count: 72 });
  });
});

it('a folder that cannot be opened is named, with the reason', async () => {
  const opening = startEmbeddedDatabase({ dataDir: '/dev/null/data', socketDir: join(folder, 'nowhere') });
  await expect(opening).rejects.toMatchObject({
    name: 'Sentence',
    en: expect.stringMatching(/\/dev\/null\/data.*ENOTDIR/),
  });
});

it('a socket path longer than unix sockets allow is refused in words', async () => {
  const socketDir = join(folder, 'x'.repeat(100));
  await expect(startEmbeddedDatabase({ dataDir: null, socketDir })).rejects.toThrow('the socket path is too long');
});

it.each(['before', 'after'])('the database goes when its parent is killed %s it was ready', async (moment) => {
  const socketDir = join(folder, moment);
  const parent = await startParent(`
    import { startEmbeddedDatabase } from ${JSON.stringify(new URL('../../../src/db/embedded/start.ts', import.meta.url))};
    import { readFileSync } from 'node:fs';
    const starting = startEmbeddedDatabase({ dataDir: null, socketDir: ${JSON.stringify(socketDir)} });
    const child = () => Number(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim().split(' ')[0]);
    if (${moment === 'after'}) console.log((await starting).pid);
    else {
      while (!child()) await new Promise(setImmediate);
      console.log(child());
    }
  `);
  const pid = Number(parent.said);
  onTestFinished(() => void (isAlive(pid) && process.kill(pid, 'SIGKILL')));
  expect(isAlive(pid)).toBe(true);
  await parent.kill();
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
});
