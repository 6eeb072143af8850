import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Break } from '../../../src/audit/chain.ts';
import { boundedOpen, countEntries, entries } from '../../../src/audit/entries.ts';
import { type AuditEntry, record, recordAll } from '../../../src/audit/record.ts';
import { broken, headOf, type Verified, type VerifyWish, verify } from '../../../src/audit/verify.ts';
import { camera } from '../../../src/commands/camera.ts';
import { exportFile } from '../../../src/commands/export.ts';
import { login } from '../../../src/commands/login.ts';
import { site } from '../../../src/commands/site.ts';
import { StatementFailed } from '../../../src/db/errors.ts';
import type { Queryable } from '../../../src/db/pool.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { type Ran, xunjian } from '../commands/xunjian.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';

let ground: TestGround;

const entry: AuditEntry = {
  ...{ actor: '黄某', role: 'centre', via: 'session', address: '10.20.3.4', action: 'exemption.decide' },
  ...{ kind: 'exemption', on: '12', unit: '450202', why: '属实', outcome: 'done', request: 'req-1' },
  detail: { decision: 'approved', status: 200 },
};

/** More than a page, so that what is broken lies behind one. */
const rows = 1_210;

beforeAll(async () => {
  ground = await startGround();
  const { db } = ground;
  await record(db, entry);
  await record(db, { ...entry, role: null, address: null, kind: null, on: null, unit: null, why: null, detail: null });
  // By plain SQL, with all that JSON writes in a way of its own.
  await db.run(
    `insert into audit (actor, via, action, outcome, why, detail)
     values (E'"quoted" \\\\ \\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u0080 \\u2028 / <&> 😀', 'system', 'key.rotate', 'done', '', '{"a": [1.50, null, "\\"x"]}')`,
  );
  await db.run(
    `insert into audit (actor, via, action, outcome, on_id)
     select '甲', 'command', 'camera.probe', 'done', n::text from generate_series(4, ${rows}) n`,
  );
});
afterAll(() => ground.close());

/** Changes the audit as its owner can who has switched off its guards, looks at it, and takes it all back. */
const tampered = async <T>(sql: string, look: (db: Queryable) => Promise<T>): Promise<T> => {
  const seen: T[] = [];
  const back = new Error('taken back');
  await ground.db
    .transaction(async (tx) => {
      await tx.run('alter table audit disable trigger all; alter table audit_head disable trigger all');
      await tx.run(sql);
      seen.push(await look(tx));
      throw back;
    })
    .catch((error: unknown) => {
      if (error !== back) throw error;
    });
  return seen[0]!;
};

const verifiedAfter = (sql: string, wish: VerifyWish = {}): Promise<Verified> =>
  tampered(sql, (db) => verify(db, wish));

/** The hash that the database's own function gives a row, put into it: what somebody does who knows the scheme. */
const rehash = (number: number): string =>
  `update audit a set hash = sha256(a.previous || convert_to(audit_text(a), 'UTF8')) where number = ${number};`;
/** Of all rows from one on, each after the one before it, and the end. */
const rehashAll = (from: number): string => `
  do $$ declare n bigint; begin
    for n in select number from audit where number >= ${from} order by number loop
      update audit a set previous = (select hash from audit where number = n - 1) where number = n and n > 1;
      update audit a set hash = sha256(a.previous || convert_to(audit_text(a), 'UTF8')) where number = n;
    end loop;
    update audit_head set (number, hash) = (select number, hash from audit order by number desc limit 1);
  end $$;`;
/** Room for one row, as number 5. */
const makeRoom = `
  alter table audit drop constraint audit_pkey;
  update audit set number = number + 1 where number >= 5;
  update audit_head set number = number + 1;
  alter table audit add primary key (number);`;

describe('a chain that nobody has touched', () => {
  it('is whole, whatever its texts hold', async () => {
    const head = await headOf(ground.db);
    expect(await verify(ground.db)).toEqual({
      ...{ from: 1, until: rows, rows, whole: true, broken: 0, breaks: [], head },
    });
    expect(head).toMatchObject({ number: rows, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('is whole from any row on, and as far as is asked for', async () => {
    expect(await verify(ground.db, { from: 1_200 })).toMatchObject({ rows: 11, whole: true });
    expect(await verify(ground.db, { from: 3, most: 1_100 })).toMatchObject({ until: 1_102, rows: 1_100, whole: true });
    expect(await verify(ground.db, { from: rows + 1 })).toMatchObject({ rows: 0, whole: true });
  });

  it('is not said to be whole from a row on that there is none of, or was once', async () => {
    await expect(verify(ground.db, { from: rows + 2 })).rejects.toThrow(`the chain ends with row ${rows}`);
    const cut = `delete from audit where number > 1200; ${rehashAll(1_200)}`;
    await expect(verifiedAfter(cut, { from: 1_205 })).rejects.toThrow('the chain was cut');
  });

  it('fits what was noted of it', async () => {
    const anchor = await headOf(ground.db);
    expect(await verify(ground.db, { anchor })).toMatchObject({ whole: true });
    await expect(verify(ground.db, { from: rows + 1, anchor })).rejects.toThrow('begin with row');
  });
});

describe('one row altered by SQL is named', () => {
  it.each([
    ["at = at + interval '1 microsecond'"],
    ["actor = '覃某'"],
    ["role = 'county'"],
    ['role = null'],
    ["via = 'token'"],
    ["address = '10.20.3.5'"],
    ["action = 'exemption.end'"],
    ["kind = 'appeal'"],
    ["on_id = '13'"],
    ["unit = '450203'"],
    ["why = '属实 '"],
    ["why = ''"],
    ["outcome = 'refused'"],
    ["request = 'req-2'"],
    [`detail = '{"decision": "refused", "status": 200}'`],
    ['detail = null'],
    ["previous = sha256('x')"],
    ["hash = sha256('x')"],
    // From one column into the next: the text of both together is the same.
    ["kind = 'exemption12', on_id = ''"],
  ])('by %s', async (change) => {
    const { breaks, broken: places } = await verifiedAfter(`update audit set ${change} where number = 1`);
    expect(breaks).toEqual([{ kind: 'altered', number: 1 }]);
    expect(places).toBe(1);
  });

  it('behind the first page', async () => {
    const { breaks } = await verifiedAfter("update audit set on_id = 'x' where number in (1005, 1100)");
    expect(breaks).toEqual([
      { kind: 'altered', number: 1_005 },
      { kind: 'altered', number: 1_100 },
    ]);
  });

  it('where its hash was computed anew: the row after it names the one that it had', async () => {
    const { breaks } = await verifiedAfter(`update audit set on_id = 'x' where number = 7; ${rehash(7)}`);
    expect(breaks).toEqual([{ kind: 'rewritten', number: 7 }]);
  });

  it('as the last one, where its hash was computed anew: the end names the one that it had', async () => {
    const { breaks } = await verifiedAfter(`update audit set on_id = 'x' where number = ${rows}; ${rehash(rows)}`);
    expect(breaks).toEqual([{ kind: 'end', number: rows }]);
  });

  it('as the first one, put on another beginning', async () => {
    const { breaks } = await verifiedAfter(`update audit set previous = sha256('x') where number = 1; ${rehash(1)}`);
    expect(breaks.map(({ number }) => number)).toEqual([1, 1]);
  });
});

describe('rows that are not where they were', () => {
  it.each<[string, string, Break[]]>([
    ['one removed', 'delete from audit where number = 9', [{ kind: 'removed', number: 9, until: 9 }]],
    ['the first removed', 'delete from audit where number = 1', [{ kind: 'removed', number: 1, until: 1 }]],
    [
      'several removed, over the border of a page',
      'delete from audit where number between 990 and 1003',
      [{ kind: 'removed', number: 990, until: 1_003 }],
    ],
    ['the last removed', `delete from audit where number = ${rows}`, [{ kind: 'removed', number: rows, until: rows }]],
    ['all removed', 'delete from audit', [{ kind: 'removed', number: 1, until: rows }]],
    [
      'one removed, and those behind it moved up',
      `delete from audit where number = 1205; update audit set number = number - 1 where number > 1205;
       update audit_head set number = number - 1`,
      [{ kind: 'moved', number: 1_205, was: 1_206 }],
    ],
    [
      'one put in between, with hashes that fit',
      `${makeRoom} insert into audit (number, at, actor, via, action, outcome, previous, hash)
       select 5, at, '丙', 'command', 'camera.probe', 'done', hash, hash from audit where number = 4; ${rehash(5)}`,
      [{ kind: 'moved', number: 6, was: 5 }],
    ],
    [
      'two that changed places',
      `update audit set number = -1 where number = 20; update audit set number = 20 where number = 21;
       update audit set number = 21 where number = -1`,
      [
        { kind: 'moved', number: 20, was: 21 },
        { kind: 'moved', number: 21, was: 20 },
      ],
    ],
    [
      'two far apart that changed places',
      `update audit set number = -1 where number = 20; update audit set number = 20 where number = 1100;
       update audit set number = 1100 where number = -1`,
      [
        { kind: 'altered', number: 20 },
        { kind: 'altered', number: 1_100 },
      ],
    ],
    [
      'one added behind the end',
      `insert into audit select ${rows + 1}, at, actor, role, via, address, action, kind, on_id, unit, why, outcome,
         request, detail, hash, hash from audit where number = ${rows}; ${rehash(rows + 1)}`,
      [{ kind: 'beyond', number: rows + 1, until: rows + 1 }],
    ],
    [
      'a second one of a number',
      `alter table audit drop constraint audit_pkey; insert into audit select number, at, '丙', role, via, address, action,
         kind, on_id, unit, why, outcome, request, detail, previous, sha256('x') from audit where number = 1000`,
      [{ kind: 'surplus', number: 1_000 }],
    ],
    [
      'a second one of a number, without a hash, where a page ends',
      `alter table audit drop constraint audit_pkey; alter table audit alter column hash drop not null;
       insert into audit select number, at, '丙', role, via, address, action, kind, on_id, unit, why, outcome, request,
         detail, previous, null from audit where number = 1000`,
      [{ kind: 'surplus', number: 1_000 }],
    ],
    [
      'one without a number, which a list would show above all others',
      `alter table audit drop constraint audit_pkey; alter table audit alter column number drop not null;
       insert into audit select null, at, '丙', role, via, address, action, kind, on_id, unit, why, outcome, request,
         detail, previous, hash from audit where number = 1000`,
      [{ kind: 'numberless', number: 0 }],
    ],
    [
      'one at the lowest number that there is',
      `alter table audit drop constraint audit_number_check; insert into audit select -9223372036854775808, at, actor, role,
         via, address, action, kind, on_id, unit, why, outcome, request, detail, previous, hash from audit where number = 2`,
      [{ kind: 'surplus', number: -(2 ** 63) }],
    ],
    [
      'one before the first',
      `alter table audit drop constraint audit_number_check; insert into audit select 0, at, actor, role, via, address,
         action, kind, on_id, unit, why, outcome, request, detail, previous, hash from audit where number = 2`,
      [{ kind: 'surplus', number: 0 }],
    ],
  ])('show: %s', async (_, sql, breaks) => {
    // Changing places needs numbers that there are not.
    const wide = 'alter table audit drop constraint if exists audit_number_check;';
    const verified = await verifiedAfter(sql.includes('-1 where') ? wide + sql : sql);
    // Of two rows of one number nobody can say which is the one too many: both are told.
    expect(verified.breaks).toEqual(expect.arrayContaining(breaks));
    expect(verified.breaks.every(({ number }) => breaks.some((one) => Math.abs(one.number - number) <= 1))).toBe(true);
  });

  it('show once, however many moved', async () => {
    const { breaks, broken: places } = await verifiedAfter(
      `delete from audit where number = 1000; update audit set number = number - 1 where number > 1000;
       update audit_head set number = number - 1`,
    );
    expect(breaks).toEqual([{ kind: 'moved', number: 1_000, was: 1_001 }]);
    expect(places).toBe(rows - 1_000);
  });

  it('show once, however many were taken out or put in', async () => {
    const closed = await verifiedAfter(
      `delete from audit where number between 1000 and 1006; update audit set number = number - 7 where number > 1006;
       update audit_head set number = number - 7`,
    );
    expect(closed.breaks).toEqual([{ kind: 'moved', number: 1_000, was: 1_007 }]);
    const added = await verifiedAfter(
      `alter table audit drop constraint audit_pkey; update audit set number = number + 40 where number > 1000;
       update audit_head set number = number + 40;
       insert into audit select n, at, '丙', role, via, address, action, kind, on_id, unit, why, outcome, request, detail,
         previous, hash from audit cross join generate_series(1001, 1040) n where number = 1000;
       alter table audit add primary key (number)`,
    );
    expect(added.breaks.filter(({ kind }) => kind === 'altered').map(({ number }) => number)).toEqual(
      [...Array(40).keys()].map((n) => 1_001 + n),
    );
    expect(added.breaks.filter(({ kind }) => kind !== 'altered')).toEqual([
      { kind: 'moved', number: 1_041, was: 1_001 },
    ]);
  });

  it('are counted, and the first hundred told', async () => {
    const verified = await verifiedAfter("update audit set why = 'x' where number % 2 = 0");
    expect(verified).toMatchObject({ whole: false, broken: rows / 2 });
    expect(verified.breaks).toHaveLength(100);
  });
});

describe('the end of the chain', () => {
  it.each<[string, string, Break[]]>([
    ['is missed', 'delete from audit_head', [{ kind: 'end', number: rows }]],
    ['does not fit', "update audit_head set hash = sha256('x')", [{ kind: 'end', number: rows }]],
    ['was put back', `update audit_head set number = ${rows - 2}`, [{ kind: 'end', number: rows - 2 }]],
    [
      'is further off than numbers go',
      'update audit_head set number = 9223372036854775807',
      [{ kind: 'removed', number: rows + 1, until: Number.MAX_SAFE_INTEGER }],
    ],
    [
      'is there twice',
      'alter table audit_head drop constraint audit_head_one_check; insert into audit_head select false, number, hash from audit_head',
      [{ kind: 'end', number: rows }],
    ],
  ])('%s', async (_, sql, breaks) => {
    expect((await verifiedAfter(sql)).breaks).toEqual(expect.arrayContaining(breaks));
  });

  it('tells, from where it was noted, of a chain cut off and ended anew, which by itself is whole', async () => {
    const anchor = (await headOf(ground.db))!;
    const cut = `delete from audit where number > 1200; ${rehashAll(1_200)}`;
    expect(await verifiedAfter(cut)).toMatchObject({ whole: true, until: 1_200 });
    expect((await verifiedAfter(cut, { anchor })).breaks).toEqual([{ kind: 'anchor', number: rows }]);
  });

  it('tells, from where it was noted, of a chain rewritten as a whole, which by itself is whole', async () => {
    const anchor = (await headOf(ground.db))!;
    const forged = `update audit set actor = '丙' where number = 1190; ${rehashAll(1_190)}`;
    expect(await verifiedAfter(forged)).toMatchObject({ whole: true });
    expect((await verifiedAfter(forged, { anchor })).breaks).toEqual([{ kind: 'anchor', number: rows }]);
  });
});

it('every kind of break is told in both languages, with its number', () => {
  const kinds = ['altered', 'rewritten', 'removed', 'moved', 'surplus', 'beyond', 'end', 'anchor'] as const;
  expect(broken({ kind: 'numberless', number: 0 })).toEqual({
    zh: expect.stringMatching(/\p{Script=Han}/u),
    en: expect.any(String),
  });
  for (const kind of kinds) {
    const { zh, en } = broken({ kind, number: 4_711, until: 4_712, was: 4_713 } as Break);
    expect(zh).toMatch(/\p{Script=Han}/u);
    expect(`${zh}\n${en}`).toMatch(/471[12].*\n.*471[12]/);
  }
});

/** Runs it to its end and takes it back; why it was refused, or null. */
const attempt = async (sql: string, role: string | null): Promise<StatementFailed | null> => {
  const done = new Error('it was done');
  const refused = await ground.db
    .transaction(async (tx) => {
      if (role !== null) await tx.run(`set local role ${role}`);
      await tx.run(sql);
      throw done;
    })
    .catch((error: unknown) => error);
  if (refused === done) return null;
  expect(refused, sql).toBeInstanceOf(StatementFailed);
  return refused as StatementFailed;
};

const anyRow = "insert into audit (actor, via, action, outcome) values ('丙', 'system', 'key.rotate', 'done')";

/** Refused to everybody, the owner of the tables included. */
const changes: readonly string[] = [
  "update audit set why = 'x' where number = 1",
  'update audit set why = why where false',
  'delete from audit where number = 1',
  'delete from audit where false',
  'truncate audit',
  'truncate audit cascade',
  'with gone as (delete from audit returning number) select * from gone',
  "merge into audit a using audit b on a.number = b.number when matched then update set why = 'x'",
  'update audit_head set number = 0',
  'update audit_head set one = one',
  'delete from audit_head',
  'truncate audit_head',
  "insert into audit_head (number, hash) values (0, '')",
  "insert into audit_head (number, hash) values (0, '') on conflict (one) do update set number = 0",
];

/** Ways round the guards: refused to the service. */
const detours: readonly string[] = [
  'alter table audit disable trigger all',
  'alter table audit disable trigger chained',
  'alter table audit_head disable trigger user',
  'drop table audit cascade',
  'drop table audit_head cascade',
  'alter table audit rename to old',
  'drop trigger chained on audit',
  'drop trigger read_only on audit_head',
  'alter trigger chained on audit rename to z',
  'set local session_replication_role = replica',
  `create or replace function chain_audit() returns trigger language plpgsql as 'begin return null; end'`,
  `create or replace function audit_text(entry audit) returns text language sql as 'select 1::text'`,
  'drop function chain_audit() cascade',
  'alter function chain_audit() set search_path = pg_temp',
  'alter function chain_audit() security invoker',
  'create rule mine as on insert to audit do instead nothing',
  'create trigger mine before insert on audit for each row execute function refuse_audit_change()',
  'alter table audit owner to xunjian_service',
  'grant update on audit to xunjian_service; update audit set why = null',
  'create policy mine on audit using (false)',
  'alter table audit add column mine text',
  'select number from audit_head for update',
  'lock table audit_head in exclusive mode',
  "insert into audit (number, actor, via, action, outcome) values (1, '丙', 'system', 'key.rotate', 'done')",
  "insert into audit (at, actor, via, action, outcome) values ('2020-01-01', '丙', 'system', 'key.rotate', 'done')",
  "insert into audit (previous, hash, actor, via, action, outcome) values ('', '', '丙', 'system', 'key.rotate', 'done')",
  `${anyRow} on conflict (number) do update set why = 'x'`,
  "copy audit from '/dev/null'",
  // The trigger moves the end with its owner's rights: not for a table of somebody else's.
  `create temporary table mine (like audit);
   create trigger mine before insert on mine for each row execute function chain_audit();
   insert into mine (actor) values ('x')`,
  `create temporary table audit (like public.audit);
   create trigger mine before insert on pg_temp.audit for each row execute function public.chain_audit()`,
];

describe('the audit', () => {
  it.each(changes)('is changed by nobody, not even the owner: %s', async (sql) => {
    const refused = await attempt(sql, null);
    expect(refused?.sqlState, refused?.message).toBe('23001');
  });

  it.each([...changes, ...detours])('is out of the reach of the service: %s', async (sql) => {
    const refused = await attempt(sql, 'xunjian_service');
    expect(['23001', '42501'], refused?.message ?? 'it was done').toContain(refused?.sqlState);
  });

  it('is added to by the service, and the chain goes on', async () => {
    const before = (await headOf(ground.db))!;
    await ground.db.transaction(async (tx) => {
      await tx.run('set local role xunjian_service');
      // A table of one's own by the name of the end is not what the trigger looks into.
      await tx.run('create temporary table audit_head (one boolean, number bigint, hash bytea) on commit drop');
      await record(tx, entry);
    });
    expect(await headOf(ground.db)).toMatchObject({ number: before.number + 1 });
    expect(await verify(ground.db, { from: before.number, anchor: before })).toMatchObject({ rows: 2, whole: true });
  });

  it('takes no number, time or hash from whoever adds a row, the owner included', async () => {
    const [[last], from] = [await entries(ground.db, {}, { after: null, oldestFirst: false, limit: 1 }), new Date()];
    await ground.db.run(
      `insert into audit (number, at, actor, via, action, outcome, previous, hash)
       values (1, '2020-01-01', '丙', 'system', 'key.rotate', 'done', sha256('x'), sha256('y'))`,
    );
    const [added] = await entries(ground.db, {}, { after: null, oldestFirst: false, limit: 1 });
    expect(added).toMatchObject({ number: last!.number + 1, actor: '丙' });
    expect(added!.at.getTime()).toBeGreaterThanOrEqual(from.getTime() - 60_000);
    expect(await verify(ground.db, { from: last!.number })).toMatchObject({ rows: 2, whole: true });
  });

  it('has no gap where what a row told of was taken back', async () => {
    const before = (await headOf(ground.db))!;
    await attempt(anyRow, null);
    await ground.db.transaction(async (tx) => {
      await record(tx, entry);
      await tx.run('savepoint half');
      await record(tx, { ...entry, why: '收回' });
      await tx.run('rollback to savepoint half');
    });
    expect(await headOf(ground.db)).toMatchObject({ number: before.number + 1 });
    expect(await countEntries(ground.db, {})).toBe(before.number + 1);
    expect(await verify(ground.db, { from: before.number })).toMatchObject({ whole: true });
  });
});

it('a detail is an object, whoever adds the row: what reads it need not expect anything else', async () => {
  for (const detail of ['[1]', '"x"', '7', 'null']) {
    const sql = `insert into audit (actor, via, action, outcome, detail) values ('丙', 'system', 'key.rotate', 'done', '${detail}')`;
    expect((await attempt(sql, 'xunjian_service'))?.sqlState).toBe('23514');
  }
});

it('rows that are added together stand in their order', async () => {
  const { number } = (await headOf(ground.db))!;
  await recordAll(
    ground.db,
    [...Array(30).keys()].map((n) => ({
      ...entry,
      on: String(n),
      why: n % 2 === 0 ? null : `第 ${n}`,
      detail: n === 3 ? null : { n },
    })),
  );
  const added = await entries(ground.db, {}, { after: number, oldestFirst: true, limit: 99 });
  expect(added.map(({ on, why, detail }) => [on, why, detail])).toEqual(
    [...Array(30).keys()].map((n) => [String(n), n % 2 === 0 ? null : `第 ${n}`, n === 3 ? null : { n }]),
  );
  expect(await verify(ground.db, { from: number })).toMatchObject({ rows: 31, whole: true });
});

it('what is open is looked for in the last month, or since when it is said', async () => {
  const now = new Date('2026-11-23T00:00:00Z');
  expect(boundedOpen({ open: true }, now).from).toEqual(new Date('2026-10-23T00:00:00Z'));
  const until = new Date('2026-03-01T00:00:00Z');
  expect(boundedOpen({ open: true, until }, now).from).toEqual(new Date('2026-01-29T00:00:00Z'));
  for (const filter of [{ open: true, from: until }, { actor: '黄某' }]) expect(boundedOpen(filter, now)).toBe(filter);
});

describe('whatever stands in an entry', () => {
  const deep = (levels: number): object => (levels === 0 ? { end: true } : { inner: deep(levels - 1) });
  it.each<[string, Partial<AuditEntry>]>([
    [
      'NUL and other control characters',
      { actor: 'a\u0000b\n', why: '\u0000', on: '\u001b[2J', detail: { '\u0000': '\u0000' } },
    ],
    ['halves of characters', { actor: '\ud800', why: 'x\udfff', detail: { '\ud83d': ['\ud83d'] } }],
    [
      'a hundred thousand characters',
      { actor: '字'.repeat(100_000), why: '😀'.repeat(50_000), address: 'f'.repeat(9_999) },
    ],
    ['nothing', { actor: '', on: '', why: '', request: '', detail: {} }],
    [
      'a detail of all kinds',
      { detail: { a: 1n, b: undefined, c: Number.NaN, d: new Date(Number.NaN), e: () => 1, f: 1e308 } },
    ],
    ['a detail as deep as it comes', { detail: { deep: deep(3_000) } }],
    [
      'a detail as long as it comes',
      { detail: Object.fromEntries([...Array(9_999).keys()].map((n) => [`${n}`, 'x'.repeat(600)])) },
    ],
  ])('it is stored: %s', async (_, part) => {
    await record(ground.db, { ...entry, ...part });
    const [row] = await entries(ground.db, {}, { after: null, oldestFirst: false, limit: 1 });
    const { number, at, ...told } = row!;
    expect(JSON.stringify(told).length).toBeLessThan(8_000);
    expect(JSON.stringify(told)).not.toMatch(/\\u00[01]|\\ud[89a-f]/i);
    expect(told.actor).not.toBe('');
    expect(await verify(ground.db, { from: number })).toMatchObject({ rows: 1, whole: true });
  });
});

describe('at the command line', () => {
  const run = (...args: readonly string[]): Promise<Ran> => xunjian(ground.env, ...args);
  const since = async (number: number) => entries(ground.db, {}, { after: number, oldestFirst: true, limit: 99 });
  /** The smallest picture that is one. */
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );

  it('what changes something leaves a row before and one after, and what is taken out one', async () => {
    await putCameras(ground.db, [{ serial: 1, unit: '450202' }]);
    const { number } = (await headOf(ground.db))!;
    const at = (name: string): string => join(ground.pair.folder, name);
    await writeFile(at('photo.png'), png);
    const sha256 = createHash('sha256').update(png).digest('hex');
    // Called, not run: what they print is of other tests, and a process costs half a second.
    const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      await site(ground, 'east', { networks: '10.9.0.0/16' });
      await expect(site(ground, 'east', { networks: '10.9.0.1/16' })).rejects.toThrow('10.9.0.1/16');
      await camera(ground, codeOf(1), { photo: at('photo.png'), by: '黄某', note: '立杆' });
      await camera(ground, codeOf(1), { save: sha256, to: at('out.png') });
      await exportFile(ground, at('all.csv'), {});
      await expect(login(ground, { release: codeOf(2) })).rejects.toThrow(codeOf(2));
      await camera(ground, codeOf(1), { history: true });
    } finally {
      said.mockRestore();
    }
    expect(await readFile(at('out.png'))).toEqual(png);
    const by = { actor: userInfo().username, via: 'command', role: null, address: null };
    const seen = await since(number);
    expect(seen.map(({ action, outcome, on }) => [action, outcome, on])).toEqual([
      ['site.put', 'begun', 'east'],
      ['site.put', 'done', 'east'],
      ['site.put', 'begun', 'east'],
      ['site.put', 'refused', 'east'],
      ['photo.add', 'begun', codeOf(1)],
      ['photo.add', 'done', codeOf(1)],
      ['photo.look', 'done', codeOf(1)],
      ['camera.export', 'done', null],
      ['login.release', 'begun', codeOf(2)],
      ['login.release', 'refused', codeOf(2)],
    ]);
    for (const row of seen) expect(row).toMatchObject(by);
    expect(seen[1]!.request).toBe(seen[0]!.request);
    expect(seen[5]).toMatchObject({ why: '立杆', detail: { by: '黄某', sha256, added: true } });
    expect(seen[6]).toMatchObject({ unit: '450202', detail: { sha256 } });
  });

  it('lists rows, shows the end of the chain, and finds it whole', async () => {
    const listed = await run('audit', 'list', '--action', 'photo.look', '--json');
    const row = JSON.parse(listed.out) as { number: number };
    expect(row).toMatchObject({ action: 'photo.look', on: codeOf(1) });
    expect((await run('audit', 'list', '--on', codeOf(1), '--limit', '1')).out).toMatch(
      new RegExp(`^${row.number}  .*photo\\.look  done  camera ${codeOf(1)} 450202`),
    );
    const head = await run('audit', 'head');
    expect(head.out).toMatch(/^\d+:[0-9a-f]{64}\n$/);
    const verified = await run('audit', 'verify', '--anchor', head.out.trim());
    expect(verified).toMatchObject({ code: 0, err: '' });
    expect(verified.out).toContain('the chain is whole');
  });

  it('names a row that was altered by SQL, and one that was removed, and ends with 1', async () => {
    const { db } = ground;
    const old = await db.one<{ why: string | null }>('select why from audit where number = 5');
    const disturb = (sql: string) =>
      db.run(`alter table audit disable trigger all; ${sql}; alter table audit enable trigger all`);
    await disturb("update audit set why = 'x' where number = 5");
    const altered = await run('audit', 'verify');
    expect(altered.code).toBe(1);
    expect(altered.out).toContain('第 5 条被改动');
    expect(altered.out).toContain('row 5 was altered');
    expect(old).toEqual({ why: null });
    await disturb('delete from audit where number = 5');
    const removed = await run('audit', 'verify', '--from', '4', '--json');
    expect(removed.code).toBe(1);
    expect(JSON.parse(removed.out)).toMatchObject({
      ...{ from: 4, whole: false, broken: 1 },
      breaks: [{ kind: 'removed', number: 5, until: 5, en: 'row 5 was removed' }],
    });
  });

  it.each([
    ['an anchor that is none', ['audit', 'verify', '--anchor', '5'], 'NUMBER:HASH'],
    ['an anchor before the first row', ['audit', 'verify', '--from', '9', '--anchor', `5:${'0'.repeat(64)}`], '锚点'],
  ])('refuses %s in words', async (_, args, word) => {
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(word);
  });
});
