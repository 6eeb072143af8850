import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { welcome } from '../../../src/db/embedded/frames.ts';
import { DatabaseAway, StatementFailed, UniqueViolation } from '../../../src/db/errors.ts';
import { type Database, openDatabase, type Queryable } from '../../../src/db/pool.ts';
import { requireTimescale } from '../../../src/db/preflight.ts';
import { prepared } from '../../../src/db/prepared.ts';
import { type Pair, startPair } from '../../support/pair.ts';

let pair: Pair;
let db: Database;

beforeAll(async () => {
  pair = await startPair();
  db = pair.db;
});
afterAll(() => pair.stop());

describe('rows', () => {
  it('one is exactly one, maybeOne at most one, many any number', async () => {
    const rows = (n: number) => [`select i from generate_series(1, $1::int) i`, [n]] as const;
    expect(await db.one(...rows(1))).toEqual({ i: 1 });
    await expect(db.one(...rows(0))).rejects.toThrow('0 rows where there must be one');
    await expect(db.one(...rows(2))).rejects.toThrow('2 rows');
    expect(await db.maybeOne(...rows(0))).toBeNull();
    await expect(db.maybeOne(...rows(2))).rejects.toThrow('2 rows where there may be one');
    expect(await db.many(...rows(3))).toEqual([{ i: 1 }, { i: 2 }, { i: 3 }]);
  });

  it('run tells how many rows were touched, of the last statement where there are several', async () => {
    expect(await db.run('create table touched (i int); insert into touched values (1), (2)')).toBe(2);
    expect(await db.run('update touched set i = 0 where i = $1', [1])).toBe(1);
  });

  it('values come as what they are', async () => {
    const row = await db.one(
      `select 9007199254740991::int8 as big, array[1, null, 3]::int8[] as bigs, array[1, 2] as ints,
              timestamptz '2026-11-23 08:00+08' as at, date '2026-11-23' as day, array[date '2026-11-23'] as days`,
    );
    expect(row).toEqual({
      big: Number.MAX_SAFE_INTEGER,
      bigs: [1, null, 3],
      ints: [1, 2],
      at: new Date('2026-11-23T00:00:00Z'),
      day: '2026-11-23',
      days: ['2026-11-23'],
    });
  });

  it('an int8 that a number cannot hold is refused, not rounded', async () => {
    await expect(db.one('select 9007199254740993::int8 as big')).rejects.toThrow('9007199254740993');
    await expect(db.one('select array[9007199254740993::int8] as big')).rejects.toThrow(RangeError);
    expect(await db.one('select 1 as one')).toEqual({ one: 1 });
  });
});

describe('a transaction', () => {
  beforeAll(() => db.run('create table kept (id int primary key)'));

  it('commits what its work did, and gives its value', async () => {
    expect(await db.transaction(async (tx) => (await tx.run('insert into kept values (1)')) + 1)).toBe(2);
    expect(await db.one('select count(*) from kept where id = 1')).toEqual({ count: 1 });
  });

  it('rolls back when its work throws, and throws the same', async () => {
    const reason = new Error('a reason of our own');
    const work = db.transaction(async (tx) => {
      await tx.run('insert into kept values (2)');
      throw reason;
    });
    await expect(work).rejects.toBe(reason);
    expect(await db.maybeOne('select id from kept where id = 2')).toBeNull();
  });

  it('does not pretend to have committed after a failure that its work swallowed', async () => {
    const work = db.transaction(async (tx) => {
      await tx.run('insert into kept values (3)');
      await tx.run('select 1 / 0').catch(() => {});
    });
    await expect(work).rejects.toThrow('rolled back at commit');
    expect(await db.maybeOne('select id from kept where id = 3')).toBeNull();
  });

  it('cannot be spoken to once it is over', async () => {
    const escaped = await db.transaction(async (tx) => ({ tx }));
    await expect(escaped.tx.run('insert into kept values (4)')).rejects.toThrow('is over');
  });

  it('meets a typed error inside, and can go on from a savepoint', async () => {
    await db.transaction(async (tx) => {
      await tx.run('insert into kept values (5)');
      await tx.run('savepoint before_doubt');
      const error = await tx.run('insert into kept values ($1)', [5]).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(UniqueViolation);
      expect(error).toMatchObject({ constraint: 'kept_pkey', sqlState: '23505', retryable: false });
      await tx.run('rollback to before_doubt');
    });
    expect(await db.one('select count(*) from kept where id = 5')).toEqual({ count: 1 });
  });
});

it('ten transactions at once on a pool of four take their turns', async () => {
  await db.run('create table sum as select 0 as value');
  const add = () =>
    db.transaction(async (tx) => {
      const { value } = await tx.one<{ value: number }>('select value from sum');
      await tx.run('update sum set value = $1', [value + 1]);
    });
  await Promise.all(Array.from({ length: 10 }, add));
  expect(await db.one('select value from sum')).toEqual({ value: 10 });
});

it('a refused statement names its SQL state', async () => {
  const error = await db.run('selec').catch((thrown) => thrown);
  expect(error).toBeInstanceOf(StatementFailed);
  expect(error).toMatchObject({ sqlState: '42601', retryable: false });
});

it('a database that is not there is away, and one that was closed says so', async () => {
  const away = openDatabase(`postgresql://x@localhost/x?host=${encodeURIComponent(join(tmpdir(), 'nobody'))}`, {
    max: 1,
  });
  await expect(away.run('select 1')).rejects.toMatchObject({ constructor: DatabaseAway, retryable: true });
  await away.close();
  await expect(away.run('select 1')).rejects.toThrow('the database was closed');
});

describe('preflight', () => {
  it('lets the embedded database pass', async () => {
    await requireTimescale(db);
  });

  it('refuses a database without the extension, and says what to type', async () => {
    await db.run('drop extension timescaledb cascade');
    await expect(requireTimescale(db)).rejects.toMatchObject({
      name: 'Unfit',
      zh: expect.stringMatching(/此库未启用.*create extension timescaledb/),
      en: expect.stringMatching(/PostgreSQL 17.*2\.23\.0-dev.*run create extension timescaledb/),
    });
  });

  // Servers that cannot be run here, by what they answer.
  const server = (answer: object): Pick<Queryable, 'one'> => ({ one: async <T>() => answer as T });
  const found = { server: '17.5', installed: '2.20.0', available: '2.20.0', license: 'timescale' };

  it.each([
    ['one where it is not even installed', { installed: null, available: null }, 'install TimescaleDB 2.20'],
    ['an older release', { installed: '2.9.3' }, 'TimescaleDB 2.9.3 is too old'],
    ['one that loses rows at a conflict in a compressed chunk', { installed: '2.17.2' }, '2.20 is needed'],
    ['the last release before', { installed: '2.19.3' }, 'too old'],
    ['an older major release', { installed: '1.20.0' }, 'too old'],
    ['a version that nobody can read', { installed: 'unpackaged' }, 'too old'],
    ['the edition without aggregates', { license: 'apache' }, 'Apache licence'],
  ])('refuses %s', async (_, facts, words) => {
    await expect(requireTimescale(server({ ...found, ...facts }))).rejects.toThrow(words);
  });

  it.each(['2.20.0', '2.100.1', '3.0.0-rc1'])('lets %s pass', async (installed) => {
    await requireTimescale(server({ ...found, installed }));
  });
});

describe('a server', () => {
  const firstWords = async (query: string): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'xunjian-heard-'));
    const { promise, resolve } = Promise.withResolvers<string>();
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
    });
    server.listen(join(folder, '.s.PGSQL.5432'));
    await once(server, 'listening');
    const asking = openDatabase(`postgresql://x@localhost/x?host=${encodeURIComponent(folder)}${query}`, { max: 1 });
    await expect(asking.run('select 1')).rejects.toThrow(DatabaseAway);
    await asking.close();
    server.close();
    await rm(folder, { recursive: true });
    return promise;
  };

  it('is told to look whether anybody still waits for a statement, unless the address has options of its own', async () => {
    expect(await firstWords('')).toContain('options\0-c client_connection_check_interval=10s\0');
    expect(await firstWords(`&options=${encodeURIComponent('-c geqo=off')}`)).toContain('options\0-c geqo=off\0');
  });
});

describe('a prepared statement', () => {
  const held = prepared('select * from prepared_held where one = $1');

  it('is kept by its connection, and answers each time by what it is asked', async () => {
    await db.run('create table prepared_held (one integer); insert into prepared_held values (1), (2)');
    for (const one of [1, 2, 1]) expect(await db.many(held, [one])).toEqual([{ one }]);
    expect(await db.many("select from pg_prepared_statements where statement like '%prepared_held%'")).not.toEqual([]);
  });

  it('whose table has come to have other columns fails once on its connection, and is prepared anew on the next', async () => {
    const alone = openDatabase(pair.databaseUrl, { max: 1 });
    expect(await alone.many(held, [1])).toEqual([{ one: 1 }]);
    await db.run("alter table prepared_held add column two text not null default 'two'");
    await expect(alone.many(held, [1])).rejects.toThrow(StatementFailed);
    expect(await alone.many(held, [1])).toEqual([{ one: 1, two: 'two' }]);
    await alone.close();
  });
});

describe('closing', () => {
  it('cuts the connection of a statement that never ends, instead of waiting for ever', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'xunjian-mute-'));
    // Lets everybody in and answers nothing.
    const mute = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.write(welcome(1, [])));
    });
    mute.listen(join(folder, '.s.PGSQL.5432'));
    await once(mute, 'listening');
    const hung = openDatabase(`postgresql://x@localhost/x?host=${encodeURIComponent(folder)}`, { max: 1 });
    const asked = expect(hung.one('select 1')).rejects.toThrow(DatabaseAway);
    await once(mute, 'connection');
    await hung.close();
    await asked;
    mute.close();
    await rm(folder, { recursive: true });
  });
});
