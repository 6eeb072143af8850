import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../../src/db/migrate.ts';
import { type Database, openDatabase } from '../../../src/db/pool.ts';
import { type Pair, startPair } from '../../support/pair.ts';

let pair: Pair;
let db: Database;
let folder: string;

beforeAll(async () => {
  pair = await startPair();
  db = pair.db;
});
afterAll(() => pair.stop());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian-migrate-'));
});
afterEach(async () => {
  // One by one: TimescaleDB drops no hypertable along with another table.
  for (const table of ['schema_migration', 'noted', 'later']) await db.run(`drop table if exists ${table} cascade`);
  await rm(folder, { recursive: true });
});

const write = async (files: Record<string, string>) => {
  for (const [name, sql] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), sql);
  }
};

const notes = async () =>
  (await db.many<{ note: string }>('select note from noted order by id')).map(({ note }) => note);
const note = (words: string) => `insert into noted (note) values ('${words}');`;
const FIRST = { '0001_noted.sql': 'create table noted (id serial, note text);' };

describe('numbered files', () => {
  it('are applied in order, each once', async () => {
    await write({ ...FIRST, '0002_two.sql': note('two'), '0003_three.sql': `${note('three')}\n${note('and more')}` });
    const heard: string[] = [];
    expect(await migrate(db, folder, (line) => heard.push(line))).toEqual({
      applied: ['0001_noted.sql', '0002_two.sql', '0003_three.sql'],
    });
    expect(heard).toEqual(['0001_noted.sql', '0002_two.sql', '0003_three.sql']);
    expect(await migrate(db, folder)).toEqual({ applied: [] });

    await write({ '0004_four.sql': note('four') });
    expect(await migrate(db, folder)).toEqual({ applied: ['0004_four.sql'] });
    expect(await notes()).toEqual(['two', 'three', 'and more', 'four']);
  });

  it('that fail leave nothing behind, are named, and go through once they are mended', async () => {
    await write({ ...FIRST, '0002_half.sql': `${note('half')} select 1 / 0;` });
    await expect(migrate(db, folder)).rejects.toMatchObject({
      name: 'Sentence',
      zh: '迁移 0002_half.sql 失败：division by zero',
      en: 'migration 0002_half.sql failed: division by zero',
    });
    expect(await notes()).toEqual([]);
    await write({ '0002_half.sql': note('whole') });
    expect(await migrate(db, folder)).toEqual({ applied: ['0002_half.sql'] });
  });

  it('beginning with "-- no-transaction" run outside of one', async () => {
    await write({ ...FIRST, '0002_vacuum.sql': '-- no-transaction\nvacuum noted;' });
    expect(await migrate(db, folder)).toEqual({ applied: ['0001_noted.sql', '0002_vacuum.sql'] });
    expect(await migrate(db, folder)).toEqual({ applied: [] });

    await write({ '0003_vacuum.sql': 'vacuum noted;' });
    await expect(migrate(db, folder)).rejects.toThrow('VACUUM cannot run inside a transaction block');
  });

  it('make hypertables and continuous aggregates', async () => {
    await write({
      '0001_later.sql': `create table later (at timestamptz not null, online boolean);
        select create_hypertable('later', 'at');`,
      '0002_hourly.sql': `create materialized view later_hourly with (timescaledb.continuous) as
        select time_bucket('1 hour', at) as hour, count(*) from later group by 1 with no data;`,
      '0003_refresh.sql': `-- no-transaction\ncall refresh_continuous_aggregate('later_hourly', null, null);`,
    });
    expect((await migrate(db, folder)).applied).toHaveLength(3);
    expect(await db.many('select * from later_hourly')).toEqual([]);
  });
});

describe('folder and database must agree', () => {
  const refused = async (words: string) => {
    await expect(migrate(db, folder)).rejects.toMatchObject({ name: 'Sentence', en: expect.stringContaining(words) });
  };

  it('a file that was changed after it was applied is refused', async () => {
    await write(FIRST);
    await migrate(db, folder);
    await write({ '0001_noted.sql': `${FIRST['0001_noted.sql']} ` });
    await refused('migration 0001_noted.sql was changed or renamed');
  });

  it('so is one that got another name', async () => {
    await write(FIRST);
    await migrate(db, folder);
    await rm(join(folder, '0001_noted.sql'));
    await write({ '0001_notes.sql': FIRST['0001_noted.sql'] });
    await refused('migration 0001_noted.sql was changed or renamed');
  });

  it('a database that is newer than the folder is refused', async () => {
    await write({ ...FIRST, '0002_two.sql': note('two') });
    await migrate(db, folder);
    await rm(join(folder, '0002_two.sql'));
    await refused('it has 0002_two.sql, and this program ends at 0001_noted.sql');
  });

  it.each([
    ['a gap', { '0003_three.sql': '' }, '0002_name.sql was due, found 0003_three.sql'],
    ['a double', { '0001_other.sql': '' }, '0002_name.sql was due, found 0001_other.sql'],
    ['a file without a number', { 'noted.sql': '' }, '0002_name.sql was due, found noted.sql'],
  ])('%s is refused before anything is applied', async (_, files, words) => {
    await write({ ...FIRST, ...files });
    await refused(words);
    expect(await db.one(`select to_regclass('noted') as noted`)).toEqual({ noted: null });
  });
});

describe('repeatable files', () => {
  it('run after the numbered ones, in order of their names, and again when they changed', async () => {
    await write({ ...FIRST, 'repeatable/b.sql': note('b'), 'repeatable/a.sql': note('a') });
    expect((await migrate(db, folder)).applied).toEqual(['0001_noted.sql', 'repeatable/a.sql', 'repeatable/b.sql']);
    await write({ 'repeatable/b.sql': note('b, changed'), '0002_two.sql': note('two') });
    expect((await migrate(db, folder)).applied).toEqual(['0002_two.sql', 'repeatable/b.sql']);
    expect(await notes()).toEqual(['a', 'b', 'two', 'b, changed']);
  });
});

it('two runners at once apply each file once between them', async () => {
  const files = Array.from({ length: 8 }, (_, i) => [`000${i + 2}_note.sql`, note(`note ${i}`)]);
  await write({ ...FIRST, ...Object.fromEntries(files), 'repeatable/a.sql': note('repeatable') });
  const other = openDatabase(pair.databaseUrl, { max: 2 });
  const runs = await Promise.all([migrate(db, folder), migrate(other, folder)]);
  await other.close();
  expect(runs.flatMap(({ applied }) => applied).sort()).toEqual(
    ['0001_noted.sql', ...files.map(([name]) => name), 'repeatable/a.sql'].sort(),
  );
  expect(await notes()).toEqual([...files.map((_, i) => `note ${i}`), 'repeatable']);
});
