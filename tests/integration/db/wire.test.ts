import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { frame, MESSAGE_MAX, simpleQuery } from '../../../src/db/embedded/frames.ts';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../../src/db/embedded/start.ts';

let folder: string;
let database: EmbeddedDatabase;
const opened: { end(): unknown }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian-wire-'));
  database = await startEmbeddedDatabase({ dataDir: null, socketDir: folder });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.end()));
});
afterAll(async () => {
  await database.stop();
  await rm(folder, { recursive: true });
});

const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client(database.url);
  client.on('error', () => {});
  await client.connect();
  opened.push(client);
  return client;
};

/** A client that says exactly these bytes. */
const connectRaw = async (): Promise<Socket> => {
  const socket = createConnection(join(folder, '.s.PGSQL.5432'));
  await once(socket, 'connect');
  opened.push({ end: () => socket.destroy() });
  return socket;
};

const packet = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 + 4 * values.length);
  [bytes.length, ...values].forEach((value, i) => {
    bytes.writeInt32BE(value, 4 * i);
  });
  return bytes;
};
const START = packet(196_608);

/** All bytes until the server closes the connection. */
const untilClosed = async (socket: Socket): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks);
};

/** Resolves when the bytes that came hold `words`. */
const until = async (socket: Socket, words: string): Promise<void> => {
  let came = '';
  while (!came.includes(words)) came = came.slice(-words.length) + (await once(socket, 'data'))[0].toString('latin1');
};

const backendStands = async (): Promise<void> => {
  const client = await connect();
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
};

describe('a batch longer than the 8 KB that the engine reads at a time', () => {
  it('is answered to its end wherever its messages are cut', async () => {
    const client = await connect();
    // The five messages of a statement with a parameter end on such a border, one after the other, within these lengths.
    for (let length = 24_000; length < 24_600; length++) {
      const { rows } = await client.query('select length($1::text) as length', ['x'.repeat(length)]);
      expect(rows).toEqual([{ length }]);
    }
  });
});

describe('TimescaleDB speaks pg', () => {
  it('a hypertable is compressed and a continuous aggregate refreshed', async () => {
    const client = await connect();
    await client.query(`create table reading (at timestamptz not null, camera int not null, online boolean not null)`);
    await client.query(`select create_hypertable('reading', 'at', chunk_time_interval => interval '1 day')`);
    await client.query(
      `alter table reading set (timescaledb.compress, timescaledb.compress_segmentby = 'camera', timescaledb.compress_orderby = 'at')`,
    );
    await client.query(
      `create materialized view reading_hourly with (timescaledb.continuous) as
       select time_bucket('1 hour', at) as hour, camera, count(*) filter (where online) as online
       from reading group by 1, 2 with no data`,
    );
    const hours = Array.from({ length: 48 }, (_, i) => new Date(Date.UTC(2026, 10, 1, i)));
    await client.query('insert into reading select unnest($1::timestamptz[]), 7, true', [hours]);
    await client.query(`call refresh_continuous_aggregate('reading_hourly', '2026-11-01', '2026-11-03')`);
    const compressed = await client.query(`select compress_chunk(chunk) from show_chunks('reading') chunk`);

    expect(compressed.rowCount).toBe(2);
    expect((await client.query('select count(*) from reading')).rows).toEqual([{ count: '48' }]);
    expect((await client.query('select count(*), sum(online) from reading_hourly')).rows).toEqual([
      { count: '48', sum: '48' },
    ]);
  });

  it('5,000 rows go in by one unnest', async () => {
    const client = await connect();
    await client.query('create table many_rows (id int, name text, at timestamptz)');
    const ids = Array.from({ length: 5_000 }, (_, i) => i);
    const { rowCount } = await client.query(
      'insert into many_rows select * from unnest($1::int[], $2::text[], $3::timestamptz[])',
      [ids, ids.map((id) => `点位${id}`), ids.map((id) => new Date(id * 1_000))],
    );
    expect(rowCount).toBe(5_000);
    expect((await client.query('select name, at from many_rows where id = 4999')).rows).toEqual([
      { name: '点位4999', at: new Date(4_999_000) },
    ]);
  });

  it.each([65_535, 65_538, 300_000, 21_000_000])('a parameter of %i bytes goes there and back', async (bytes) => {
    const client = await connect();
    const sent = '字'.repeat(bytes / 3);
    const { rows } = await client.query('select $1::text as echo', [sent]);
    expect(rows[0].echo === sent).toBe(true);
  });
});

describe('one session is shared as if it were many', () => {
  it('a transaction is alone: others wait until it is over, then see all of it', async () => {
    const [writer, reader] = [await connect(), await connect()];
    await writer.query('create table alone (i int)');
    const order: string[] = [];
    await writer.query('begin');
    await writer.query('insert into alone values (1)');
    const count = reader.query('select count(*)::int as rows from alone').then(({ rows }) => {
      order.push('reader saw');
      return rows;
    });
    await writer.query('insert into alone values (2)');
    order.push('writer wrote on');
    await writer.query('commit');
    expect(await count).toEqual([{ rows: 2 }]);
    expect(order).toEqual(['writer wrote on', 'reader saw']);
  });

  it('two transactions that read and then write do not lose an update', async () => {
    const clients = [await connect(), await connect()];
    await clients[0]!.query('create table counter as select 0 as value');
    const increment = async (client: pg.Client) => {
      await client.query('begin');
      const { rows } = await client.query('select value from counter');
      await client.query('update counter set value = $1', [rows[0].value + 1]);
      await client.query('commit');
    };
    await Promise.all(clients.map(increment));
    expect((await clients[0]!.query('select value from counter')).rows).toEqual([{ value: 2 }]);
  });

  it('a client that dies in a transaction blocks nobody, and nothing of it stays', async () => {
    const [dying, waiting] = [await connect(), await connect()];
    await waiting.query('create table unfinished (i int)');
    await dying.query('begin');
    await dying.query('insert into unfinished values (1)');
    const count = waiting.query('select count(*)::int as rows from unfinished');
    (dying as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
    expect((await count).rows).toEqual([{ rows: 0 }]);
  });

  it('statements prepared under one name by two clients do not clash, and go with their client', async () => {
    const [one, other] = [await connect(), await connect()];
    const ask = async (client: pg.Client, text: string) => (await client.query({ name: 'same', text })).rows;
    expect(await ask(one, `select 'one' as whose`)).toEqual([{ whose: 'one' }]);
    expect(await ask(other, `select 'other' as whose`)).toEqual([{ whose: 'other' }]);
    expect(await ask(one, `select 'one' as whose`)).toEqual([{ whose: 'one' }]);

    const names = async () =>
      (await other.query(`select statement from pg_prepared_statements where name like '%same' order by 1`)).rows;
    expect(await names()).toHaveLength(2);
    await one.end();
    await expect.poll(names).toEqual([{ statement: `select 'other' as whose` }]);
  });

  it('a client that does not read its answer holds up only itself', async () => {
    const slow = await connectRaw();
    slow.write(START);
    await until(slow, 'Z\0\0\0\x05I');
    slow.pause();
    slow.write(simpleQuery(`select repeat('x', 1000) from generate_series(1, 20000)`));
    slow.write(simpleQuery('create table after_slow (i int)'));
    await backendStands();
    slow.resume();
    await until(slow, 'CREATE TABLE');
  });
});

describe('an error leaves the connection usable', () => {
  it.each([
    ['when the statement cannot be parsed', 'selec $1'],
    ['when it fails while running', 'select 1 / $1::int'],
    ['when its parameter does not fit', `select $1::int + 'x'::int`],
  ])('in the extended protocol, %s', async (_, text) => {
    const client = await connect();
    await expect(client.query(text, [0])).rejects.toThrow(pg.DatabaseError);
    expect((await client.query('select $1::int as ok', [1])).rows).toEqual([{ ok: 1 }]);
  });

  it('and a transaction that failed is ended by rollback', async () => {
    const client = await connect();
    await client.query('begin');
    await expect(client.query('select 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' });
    await expect(client.query('select $1::int', [1])).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    await backendStands();
  });

  it('COPY FROM STDIN is refused, which the engine itself would not survive', async () => {
    const client = await connect();
    await client.query('create table copied (i int)');
    await expect(client.query('copy copied from stdin')).rejects.toThrow('takes no COPY FROM STDIN');
    await expect(client.query({ text: 'copy copied from stdin', values: [], name: 'c' })).rejects.toThrow('no COPY');
    await backendStands();
  });

  it('a client that leaves after an error and before its Sync leaves nothing open', async () => {
    const raw = await connectRaw();
    raw.write(Buffer.concat([START, simpleQuery('begin'), frame('P', '\0selec\0\0\0'), frame('H')]));
    await until(raw, '42601');
    raw.destroy();
    await backendStands();
  });
});

describe('what is not the protocol costs only its own connection', () => {
  it('random bytes', async () => {
    for (let i = 0; i < 20; i++) {
      const raw = await connectRaw();
      raw.end(randomBytes(200));
      await untilClosed(raw);
    }
    await backendStands();
  });

  it.each([
    ['a message of an unknown type, which would end the engine', frame('z', 'abc')],
    ['a message longer than any', Buffer.concat([Buffer.from('Q'), packet(0).fill(0x7f, 0, 4)])],
    ['a length of zero', Buffer.from('Q\0\0\0\0')],
  ])('%s', async (_, bytes) => {
    const raw = await connectRaw();
    raw.write(Buffer.concat([START, bytes]));
    expect((await untilClosed(raw)).toString('latin1')).toContain('FATAL\0VFATAL\0C08P01');
    await backendStands();
  });

  it.each([
    ['a query without its end', frame('Q', 'select 1')],
    ['a query that is not UTF-8', frame('Q', Buffer.from([0x73, 0xff, 0xfe, 0]))],
    ['a Bind of nothing', Buffer.concat([frame('B', 'x'), frame('S')])],
  ])('%s is answered with an error, and the connection goes on', async (_, bytes) => {
    const raw = await connectRaw();
    raw.write(Buffer.concat([START, bytes, simpleQuery(`select 'went' || ' on'`)]));
    await until(raw, 'went on');
  });

  it('more than the bound without a Sync', async () => {
    const raw = await connectRaw();
    const quarter = frame('P', 'big\0', Buffer.alloc(MESSAGE_MAX / 4, ' '), '\0\0\0');
    raw.on('error', () => {});
    raw.write(START);
    for (let i = 0; i < 4; i++) raw.write(quarter);
    expect((await untilClosed(raw)).toString('latin1')).toContain('without a Sync');
    await backendStands();
  });

  it('garbage in the middle of a transaction rolls it back', async () => {
    const client = await connect();
    await client.query('create table spoilt (i int)');
    const raw = await connectRaw();
    raw.write(Buffer.concat([START, simpleQuery('begin; insert into spoilt values (1)'), frame('z')]));
    await untilClosed(raw);
    expect((await client.query('select * from spoilt')).rows).toEqual([]);
  });
});

describe('what a client may ask before it starts', () => {
  it('encryption is declined, on a socket that only its owner can open', async () => {
    const raw = await connectRaw();
    raw.write(packet(80_877_103));
    expect((await once(raw, 'data'))[0].toString()).toBe('N');
    raw.write(START);
    await until(raw, 'server_version');
  });

  it('a cancel request is hung up on and cancels nothing', async () => {
    const raw = await connectRaw();
    raw.write(packet(80_877_102, 1, 0));
    expect(await untilClosed(raw)).toEqual(Buffer.alloc(0));
    await backendStands();
  });
});

it('a second database does not take over the socket of one that lives', async () => {
  await expect(startEmbeddedDatabase({ dataDir: null, socketDir: folder })).rejects.toMatchObject({
    name: 'Sentence',
    en: expect.stringContaining('already listening'),
  });
  await backendStands();
});
