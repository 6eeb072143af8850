import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importRows } from '../../../src/inventory/import.ts';
import { MasterKeys, masterKeysOf } from '../../../src/inventory/master-keys.ts';
import type { Row } from '../../../src/inventory/sheet.ts';
import { putSite } from '../../../src/inventory/site.ts';
import { type KeyColumns, keyColumns, keyOf } from '../../../src/inventory/stored-login.ts';
import { Vault } from '../../../src/inventory/vault.ts';
import { LoginBook } from '../../../src/probing/login-book.ts';
import { heldLogins } from '../../../src/probing/login-held.ts';
import { Sentence } from '../../../src/sentence.ts';
import { type Caller, startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear, codeOf } from '../schedule/roster.ts';

/** A machine that is busy with other tests is not what is looked at here. */
const patient = { lag: 0 };

let ground: TestGround;
let api: TestApi;
let county: Caller;
beforeAll(async () => {
  ground = await startGround();
  api = await startTestApi(ground, { bounds: patient });
  county = await api.as('county', '450202');
});
afterAll(async () => {
  await api.close();
  await ground.close();
});
beforeEach(async () => {
  await clear(ground.db);
  await putSite(ground.db, { code: 'north', name: '城北', networks: ['127.0.0.0/8'] });
});

const row = (serial: number, more: Partial<Row> = {}): Row => ({
  ...{ line: serial + 1, code: codeOf(serial), name: `点位 ${serial}`, unit: '450202', class: 'social', site: 'north' },
  ...{ rtspUrl: `rtsp://127.0.0.${serial}/live`, onvifUrl: null, snapshotUrl: null, transport: 'tcp' },
  ...{ certificate: null, deadlineMs: null, user: 'admin', password: `open ${serial}`, basicAllowed: true },
  ...more,
});
const run = (...rows: Row[]) => importRows(ground.db, ground.vault, rows, false);

const stored = async () => {
  const rows = await ground.db.many<
    KeyColumns & { code: string; version: number; sealed: Buffer; basic_allowed: boolean }
  >(
    `select c.code, cr.version, cr.sealed, cr.basic_allowed, ${keyColumns} from credential cr
     join camera c on c.id = cr.camera left join data_key k on k.id = cr.data_key order by c.code`,
  );
  await ground.vault.hold(rows.map(keyOf));
  return rows.map((one) => {
    const { user, password } = ground.vault.open({ ...one, key: keyOf(one) });
    return `${Number(one.code.slice(14))} v${one.version} ${user} ${password} ${one.basic_allowed}`;
  });
};
const path = (serial: number): string => `/api/v1/cameras/${codeOf(serial)}/credential`;

describe('a camera’s login', () => {
  it('is set without ever being answered, and stands in the history without being shown', async () => {
    await run(row(1), row(2, { user: '', password: '' }));
    const login = { user: 'operator', password: '密码 🔑 "x\'; drop table camera' };
    const set = await county.send('PUT', path(1), login);
    expect([set.status, set.text]).toEqual([204, '']);
    expect(await county.send('PUT', path(2), { ...login, basicAllowed: true })).toMatchObject({ status: 204 });
    expect(await stored()).toEqual([
      `1 v2 ${login.user} ${login.password} true`,
      `2 v1 ${login.user} ${login.password} true`,
    ]);
    const history = await ground.db.many(
      `select i.by, i.file, i.changed, c.changes from camera_change c join import i on i.id = c.import
       where i.file is null and i.changed = 1 order by i.id`,
    );
    const made = { by: 'county-450202', file: null, changed: 1 };
    expect(history).toEqual([
      { ...made, changes: { login: ['***', '***'] } },
      { ...made, changes: { login: [null, '***'], basic_allowed: ['no', 'yes'] } },
    ]);
    const { text } = await ground.db.one<{ text: string }>("select string_agg(a::text, '') as text from audit a");
    expect(text).toContain('credential.set');
    expect(text).not.toContain('密码');
  });

  it('that is the same changes nothing; another one lifts what held the old', async () => {
    await run(row(1));
    const { fingerprint } = await ground.db.one<{ fingerprint: Buffer }>('select fingerprint from credential');
    const login = { host: '127.0.0.1', fingerprint, renewedAt: null };
    const book = new LoginBook(ground.db, ground.log);
    const guard = book.guard(login, await book.standings([login]), new AbortController().signal);
    await guard.mayTry('rtsp');
    await guard.refused('rtsp', 'unauthorized', 'DESCRIBE: 401');
    expect((await county.send('PUT', path(1), { user: 'admin', password: 'open 1' })).status).toBe(204);
    expect(await stored()).toEqual(['1 v1 admin open 1 true']);
    expect(await heldLogins(ground.db)).toHaveLength(1);
    expect((await county.send('PUT', path(1), { user: 'admin', password: 'better' })).status).toBe(204);
    expect(await stored()).toEqual(['1 v2 admin better true']);
    expect(await heldLogins(ground.db)).toEqual([]);
    expect(await ground.db.many('select from camera_change where changes ? $1', ['login'])).toHaveLength(1);
  });

  it('is taken away, also twice', async () => {
    await run(row(1));
    for (const _ of [1, 2]) expect((await county.send('DELETE', path(1))).status).toBe(204);
    expect(await stored()).toEqual([]);
    expect(await ground.db.many('select from camera_change where changes ? $1', ['login'])).toHaveLength(1);
  });

  it('of another county’s camera is as that of one that does not exist', async () => {
    await run(row(1, { unit: '450203' }));
    for (const [method, body] of [
      ['PUT', { user: 'admin', password: 'x' }],
      ['DELETE', undefined],
    ] as const) {
      const { request: _, ...other } = (await county.send(method, path(1), body)).body as Record<string, unknown>;
      const { request: __, ...none } = (await county.send(method, path(9), body)).body as Record<string, unknown>;
      expect(other).toMatchObject({ status: 404, code: 'no_such_camera' });
      expect(other).toEqual(none);
    }
    expect(await stored()).toEqual(['1 v1 admin open 1 true']);
  });

  it.each([
    ['no user', { password: 'opensesame' }],
    ['an empty user', { user: '', password: 'opensesame' }],
    ['a line break', { user: 'admin', password: 'opensesame\n' }],
    ['a NUL', { user: 'admin\u0000', password: 'opensesame' }],
    ['half a character', { user: 'admin', password: 'opensesame\ud800' }],
    ['100,000 characters', { user: 'admin', password: 'opensesame'.repeat(10_000) }],
    ['a number', { user: 'admin', password: 12345 }],
    ['an unknown field', { user: 'admin', password: 'opensesame', passwort: 'opensesame' }],
  ])('with %s is refused, and not repeated', async (_, body) => {
    await run(row(1));
    const refused = await county.send('PUT', path(1), body);
    expect([400, 413]).toContain(refused.status);
    expect(refused.text).not.toContain('opensesame');
    expect(await stored()).toEqual(['1 v1 admin open 1 true']);
  });

  it('in a seal that does not open can be set anew', async () => {
    await run(row(1));
    await ground.db.run(`update credential set sealed = overlay(sealed placing '\\x00' from 20)`);
    expect((await county.send('PUT', path(1), { user: 'admin', password: 'open 1' })).status).toBe(204);
    expect(await stored()).toEqual(['1 v2 admin open 1 true']);
  });
});

describe('weak logins', () => {
  it('are listed page by page, of the caller’s unit only, without any password', async () => {
    await run(
      ...[1, 2, 3].map((serial) => row(serial, { password: '12345' })),
      row(4, { password: 'k3#vQ-long-and-good' }),
      row(5, { unit: '450203', password: '12345' }),
    );
    const first = (await county.get('/api/v1/credentials/weak?limit=2')).body as { next: string; items: object[] };
    expect(first).toMatchObject({
      ...{ total: 3, looked: 4, broken: [] },
      items: [{ code: codeOf(1), reasons: ['factory', 'common', 'short'], hosts: 3 }, { code: codeOf(2) }],
    });
    const second = (await county.get(`/api/v1/credentials/weak?limit=2&cursor=${first.next}`)).body;
    expect(second).toMatchObject({ total: 3, items: [{ code: codeOf(3) }], next: null });
    expect(JSON.stringify([first, second])).not.toContain('12345"');
    const elsewhere = (await county.get('/api/v1/credentials/weak?unit=450203')).body;
    const nowhere = (await county.get('/api/v1/credentials/weak?unit=999999')).body;
    expect(elsewhere).toEqual({ items: [], total: 0, looked: 0, broken: [], next: null });
    expect(elsewhere).toEqual(nowhere);
    const centre = await api.as('centre');
    expect((await centre.get('/api/v1/credentials/weak')).body).toMatchObject({ total: 4, looked: 5 });
    expect((await centre.get('/api/v1/credentials/weak?unit=450203')).body).toMatchObject({ total: 1, looked: 1 });
  });
});

describe('without the master key', () => {
  it.each(['wrong', 'missing'])(
    'that is %s, what needs it answers 503 with the remedy, and the rest goes on',
    async (how) => {
      await run(row(1, { password: '12345' }));
      const file = '/lost/key';
      const masters =
        how === 'wrong'
          ? await masterKeysOf(randomBytes(32))
          : new MasterKeys(async () => {
              throw new Sentence('无', `${file}: ENOENT`);
            });
      const without = await startTestApi(ground, { vault: new Vault(masters), bounds: patient });
      try {
        const caller = await without.as('county', '450202');
        const before = await ground.db.many('select * from credential');
        const problem = { status: 503, code: 'key_unavailable', title: expect.stringMatching(/XUNJIAN_KEY_FILE/) };
        for (const answer of [
          await caller.send('PUT', path(1), { user: 'admin', password: 'opensesame' }),
          await caller.get('/api/v1/credentials/weak'),
        ]) {
          expect(answer.body).toMatchObject(problem);
          expect(answer.headers['retry-after']).toBeDefined();
          expect(answer.text).not.toContain(file);
        }
        expect(await ground.db.many('select * from credential')).toEqual(before);
        expect((await caller.get(`/api/v1/cameras/${codeOf(1)}`)).status).toBe(200);
        const ready = await without.nobody.get('/health/ready');
        expect(ready.status).toBe(503);
        expect(ready.body).toMatchObject({
          ...{ ready: false, database: { ok: true } },
          keys: { ok: false, detail: expect.stringMatching(/XUNJIAN_KEY_FILE/) },
        });
        expect(ready.text).not.toContain(file);
        // What takes a login away needs no key.
        expect((await caller.send('DELETE', path(1))).status).toBe(204);
      } finally {
        await without.close();
      }
      expect((await api.nobody.get('/health/ready')).body).toMatchObject({ keys: { ok: true } });
    },
  );
});
