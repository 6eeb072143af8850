import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Account, accountBy, addAccount } from '../../../src/account/account.ts';
import type { Role } from '../../../src/account/role.ts';
import { digest } from '../../../src/account/secret.ts';
import { openSession } from '../../../src/account/session.ts';
import { makeToken, tokensOf } from '../../../src/account/token.ts';
import { type Answer, type Caller, startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { type Ran, xunjian } from '../commands/xunjian.ts';
import { Browser } from './browser.ts';

let ground: TestGround;
let api: TestApi;
let admin: Caller;

beforeAll(async () => {
  ground = await startGround();
  api = await startTestApi(ground);
  admin = await api.as('administrator');
});
afterAll(async () => {
  await api.close();
  await ground.close();
});

/** An account that signs in elsewhere: no password is hashed for it. */
const account = async (name: string, role: Role = 'viewer', unit: string | null = null): Promise<number> => {
  const { id } = await addAccount(ground.db, new Date(), {
    ...{ name, shownName: name, role, unit, phone: null, password: null, by: 'test' },
  });
  return id;
};

const expectProblem = (answer: Answer, status: number, code: string): void => {
  expect([answer.status, (answer.body as { code: string }).code]).toEqual([status, code]);
};

describe('accounts', () => {
  it('are added with a first password that is told once, and never again', async () => {
    const asked = { name: 'Lu.Zhai', shownName: '鹿寨值班', role: 'county', unit: '450223', phone: '0772-6812345' };
    const made = await admin.send('POST', '/api/v1/users', asked);
    const { id, firstPassword } = made.body as { id: number; firstPassword: string };
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ...asked,
      ...{ unitName: '鹿寨县', password: true, mustChange: true, totp: false, disabledAt: null },
      madeBy: 'administrator',
    });
    const again = await admin.get(`/api/v1/users/${id}`);
    expect(again.text).not.toContain(firstPassword);
    expect(again.text).not.toContain('argon2');
    expect((await admin.get('/api/v1/users?q=lu.zhai')).body).toMatchObject({ total: 1, items: [{ id }] });
    const rows = await ground.db.many<{ row: string }>('select audit::text as row from audit');
    expect(rows.some(({ row }) => row.includes('user.add') && row.includes('Lu.Zhai'))).toBe(true);
    for (const { row } of rows) expect(row).not.toContain(firstPassword);
  });

  it.each<[string, object, number, string, string]>([
    ['a name that is taken, in other letters', { name: 'ADMINISTRATOR' }, 409, 'name_taken', 'name'],
    ['a name that is none', { name: 'a b' }, 422, 'name_refused', 'name'],
    ['a county without a unit', { role: 'county' }, 422, 'unit_refused', 'unit'],
    ['a unit for the city’s own', { role: 'centre', unit: '450202' }, 422, 'unit_refused', 'unit'],
    ['a unit that there is not', { role: 'county', unit: '999999' }, 422, 'unit_refused', 'unit'],
    ['a role that there is not', { role: 'god' }, 400, 'invalid', 'role'],
    ['a name shown with a line’s end', { shownName: 'a\nb' }, 400, 'invalid', 'shownName'],
    ['what nobody asked for', { epoch: 1 }, 400, 'invalid', 'epoch'],
  ])('are refused with %s', async (_, change, status, code, field) => {
    const before = (await admin.get('/api/v1/users')).body as { total: number };
    const asked = { name: 'somebody', shownName: '某人', role: 'viewer', ...change };
    const answer = await admin.send('POST', '/api/v1/users', asked);
    expectProblem(answer, status, code);
    expect(answer.text).toContain(field);
    expect((await admin.get('/api/v1/users')).body).toMatchObject({ total: before.total });
  });

  it('that sign in elsewhere have no password here to change', async () => {
    const made = await admin.send('POST', '/api/v1/users', {
      ...{ name: 'oidc-only', shownName: '统一认证', role: 'auditor', password: false },
    });
    expect(made.body).toMatchObject({ firstPassword: null, password: false, mustChange: false });
    const nobody = new Browser(api.app);
    expectProblem(await nobody.signIn('oidc-only', ''.padEnd(12, 'x')), 401, 'sign_in_wrong');
    const auditor = await api.as('auditor');
    const change = { current: 'x', password: 'three old trees by the river' };
    expectProblem(await auditor.send('PUT', '/api/v1/session/password', change), 409, 'no_password');
    expectProblem(await auditor.send('POST', '/api/v1/session/totp', { password: 'x' }), 409, 'no_password');
  });

  it('are listed page by page in either order, each once, by role, unit and name', async () => {
    for (const name of ['page-c', 'page-a', 'page-b', 'page-d', 'page-e']) await account(name, 'county', '450222');
    const walk = async (sort: string): Promise<string[]> => {
      const names: string[] = [];
      let cursor = '';
      do {
        const page = await admin.get(`/api/v1/users?unit=450222&sort=${sort}&limit=2&fields=name${cursor}`);
        const { items, next, total } = page.body as { items: { name: string }[]; next: string | null; total: number };
        expect(total).toBe(5);
        names.push(...items.map(({ name }) => name));
        cursor = next === null ? '' : `&cursor=${next}`;
      } while (cursor !== '');
      return names;
    };
    const byName = ['page-a', 'page-b', 'page-c', 'page-d', 'page-e'];
    expect(await walk('name')).toEqual(byName);
    expect(await walk('-name')).toEqual(byName.toReversed());
    expect((await walk('madeAt')).toSorted()).toEqual(byName);
    expect(await walk('-madeAt')).toEqual((await walk('madeAt')).toReversed());
    const count = async (query: string) =>
      ((await admin.get(`/api/v1/users?${query}`)).body as { total: number }).total;
    expect(await count('unit=450222&role=viewer')).toBe(0);
    expect(await count('q=PAGE-')).toBe(5);
    expect(await count('q=%25')).toBe(0);
    expect(await count('disabled=true')).toBe(0);
    expectProblem(await admin.get('/api/v1/users?sort=password'), 400, 'invalid');
  });

  it('always keep one administrator, and nobody changes their own rights', async () => {
    const me = (await admin.get('/api/v1/session')).body as { name: string };
    expect(me.name).toBe('administrator');
    const found = (await admin.get('/api/v1/users?role=administrator')).body as { items: { id: number }[] };
    const { id } = found.items[0]!;
    for (const change of [{ role: 'viewer' }, { disabled: true }]) {
      expectProblem(await admin.send('PATCH', `/api/v1/users/${id}`, change), 409, 'own_account');
    }
    expectProblem(await admin.send('POST', `/api/v1/users/${id}/password`), 409, 'own_account');
    expectProblem(await admin.send('DELETE', `/api/v1/users/${id}/totp`), 409, 'own_account');

    const second = await account('second', 'administrator');
    expect((await admin.send('PATCH', `/api/v1/users/${second}`, { role: 'centre' })).status).toBe(200);
    expect((await admin.send('PATCH', `/api/v1/users/${second}`, { role: 'administrator' })).status).toBe(200);
    const disabled = await admin.send('PATCH', `/api/v1/users/${second}`, { disabled: true });
    expect((disabled.body as { disabledAt: string }).disabledAt).toMatch(/Z$/);
    // At the command line there is no "own": the last one stays all the same.
    const refused = await xunjian(ground.env, 'user', 'disable', 'administrator');
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/最后一个可用的管理员.*\n.*last administrator/);
    expect((await admin.get('/api/v1/session')).status).toBe(200);
  });

  it('are read by the auditor, changed by the administrator, and seen by nobody else', async () => {
    const id = await account('looked-at');
    const auditor = await api.as('auditor');
    expect((await auditor.get(`/api/v1/users/${id}`)).status).toBe(200);
    expectProblem(await auditor.send('PATCH', `/api/v1/users/${id}`, { disabled: true }), 403, 'forbidden');
    for (const other of [await api.as('centre'), await api.as('county', '450202'), await api.as('viewer')]) {
      expectProblem(await other.get('/api/v1/users'), 403, 'forbidden');
      expectProblem(await other.get(`/api/v1/users/${id}`), 403, 'forbidden');
    }
    expectProblem(await admin.get('/api/v1/users/2147483647'), 404, 'not_found');
    expectProblem(await admin.send('PATCH', '/api/v1/users/2147483647', { disabled: true }), 404, 'not_found');
    expectProblem(await admin.get('/api/v1/users/2147483648'), 400, 'invalid');
  });
});

describe('whoever is disabled while a request of theirs drips in', () => {
  type Dripped = {
    readonly url: string;
    readonly type: string;
    readonly text: string;
    /** Whether the beginning has come as far as it comes without the end. */
    readonly begun: (session: Buffer) => Promise<boolean>;
  };

  /** Sends all but the last bytes of a body, does `meanwhile` when they are there, and sends the rest; the answer's status. */
  const drip = async (who: Account, asked: Dripped, meanwhile: () => Promise<unknown>): Promise<number> => {
    const { url, type, text, begun } = asked;
    const by = { account: who.id, epoch: who.epoch, by: 'password', address: null } as const;
    const { secret, csrf } = await openSession(ground.db, new Date(Date.now() - 3_600_000), by);
    const socket = connect((api.app.server.address() as AddressInfo).port, '127.0.0.1');
    const head = [
      ...[`POST /api/v1${url} HTTP/1.1`, 'host: x', 'connection: close', `content-type: ${type}`],
      ...[`content-length: ${text.length}`, `cookie: xunjian=${secret}`, `x-csrf-token: ${csrf}`],
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${text.slice(0, -2)}`);
    await vi.waitFor(async () => expect(await begun(digest(secret))).toBe(true), { timeout: 10_000 });
    await meanwhile();
    socket.write(text.slice(-2));
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return Number(answer.slice(9, 12));
  };

  /** A session that was looked up has been seen since it was opened. */
  const json = (url: string, body: object): Dripped => ({
    ...{ url, type: 'application/json', text: JSON.stringify(body) },
    begun: async (session) =>
      (await ground.db.many('select from session where hash = $1 and seen_at > made_at', [session])).length === 1,
  });

  it('has done nothing: no account is added, no token made that would live on, no file kept', async () => {
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const leaver = (await accountBy(ground.db, await account('leaving', 'administrator')))!;
    const disable = () => admin.send('PATCH', `/api/v1/users/${leaver.id}`, { disabled: true });
    const heir = { name: 'heir', shownName: 'heir', role: 'administrator' };
    expect(await drip(leaver, json('/users', heir), disable)).toBe(401);
    expect((await admin.get('/api/v1/users?q=heir')).body).toMatchObject({ total: 0 });

    const robbed = (await accountBy(ground.db, await account('robbed')))!;
    const end = () => admin.send('DELETE', `/api/v1/users/${robbed.id}/sessions`);
    expect(await drip(robbed, json('/tokens', { name: 'x', scope: 'read', days: 366 }), end)).toBe(401);

    const keeper = (await accountBy(ground.db, await account('keeper', 'centre')))!;
    const part =
      '--b\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n%%EOF\r\n--b--\r\n';
    const file: Dripped = {
      ...{ url: '/uploads', type: 'multipart/form-data; boundary=b', text: part },
      begun: async () =>
        (await ground.db.many(`select from audit where actor = 'keeper' and outcome = 'begun'`)).length === 1,
    };
    const demote = () => admin.send('PATCH', `/api/v1/users/${keeper.id}`, { role: 'viewer' });
    expect(await drip(keeper, file, demote)).toBe(401);
  });

  it('gets no token either where the session ended a moment before it was written', async () => {
    const { id, epoch } = (await accountBy(ground.db, await account('robbed-late')))!;
    await admin.send('DELETE', `/api/v1/users/${id}/sessions`);
    const now = new Date();
    const late = { account: id, epoch, name: 'x', scope: 'read', expiresAt: new Date(now.getTime() + 9_000) } as const;
    expect(await makeToken(ground.db, now, late)).toBe(null);
    expect(await tokensOf(ground.db, now, id)).toEqual([]);
  });
});

describe('a token', () => {
  type Made = { id: number; token: string; label: string };
  const make = async (who: Caller, scope: 'read' | 'write', days = 30): Promise<Made> =>
    (await who.send('POST', '/api/v1/tokens', { name: '夜间导出', scope, days })).body;
  const bearing = (token: string) => ({ authorization: `Bearer ${token}` });
  const asked = (token: string, url = '/api/v1/session') => api.nobody.get(url, bearing(token));

  it('acts with its owner’s role and unit, reads only where it is made to read, and makes no others', async () => {
    const county = await api.as('county', '450203');
    const [reads, writes] = [await make(county, 'read'), await make(county, 'write')];
    expect((await asked(reads.token)).body).toMatchObject({
      ...{ role: 'county', unit: { code: '450203' }, csrf: null, expiresAt: null },
    });
    const may = async ({ token }: Made) => ((await asked(token)).body as { may: string[] }).may;
    expect(await may(reads)).not.toContain('POST /api/v1/appeals');
    expect(await may(writes)).toContain('POST /api/v1/appeals');
    expectProblem(await asked(reads.token, '/api/v1/users'), 403, 'forbidden');
    const send = (token: string, url: string, body: object) =>
      api.nobody.send('POST', `/api/v1${url}`, body, bearing(token));
    expectProblem(await send(reads.token, '/appeals', {}), 403, 'token_scope');
    const more = { name: 'more', scope: 'read', days: 1 };
    expectProblem(await send(writes.token, '/tokens', more), 403, 'token_scope');
  });

  it('is told once, listed by its beginning, kept as a hash, and revoked by its owner alone', async () => {
    const [one, two] = [await api.as('county', '450204'), await api.as('county', '450205')];
    const made = await make(one, 'read');
    const listed = await one.get('/api/v1/tokens');
    expect(listed.text).not.toContain(made.token);
    expect(made.token.startsWith(made.label)).toBe(true);
    expect(listed.body).toMatchObject({ items: [{ id: made.id, label: made.label, name: '夜间导出', usedAt: null }] });
    expect((await two.get('/api/v1/tokens')).body).toEqual({ items: [] });
    const rows = await ground.db.many<{ row: string }>('select token::text as row from token');
    for (const { row } of rows) expect(row).not.toContain(made.token.slice(made.label.length));

    expect((await asked(made.token)).status).toBe(200);
    expect(((await one.get('/api/v1/tokens')).body as { items: { usedAt: string }[] }).items[0]!.usedAt).toMatch(/Z$/);
    expectProblem(await two.send('DELETE', `/api/v1/tokens/${made.id}`), 404, 'not_found');
    expect((await asked(made.token)).status).toBe(200);
    expect((await one.send('DELETE', `/api/v1/tokens/${made.id}`)).status).toBe(204);
    expect((await asked(made.token)).status).toBe(401);
    expectProblem(await one.send('DELETE', `/api/v1/tokens/${made.id}`), 404, 'not_found');
  });

  it('expires, within a year', async () => {
    const viewer = await api.as('viewer');
    expectProblem(
      await viewer.send('POST', '/api/v1/tokens', { name: 'x', scope: 'read', days: 367 }),
      ...([400, 'invalid'] as const),
    );
    const made = await make(viewer, 'read', 1);
    await ground.db.run(`update token set expires_at = expires_at - interval '1 day' where id = $1`, [made.id]);
    expect((await asked(made.token)).status).toBe(401);
    expect((await viewer.get('/api/v1/tokens')).body).toEqual({ items: [] });
  });

  it('that is none is nobody, also beside a session', async () => {
    const viewer = await api.as('viewer');
    for (const authorization of ['Bearer xj_none', 'Bearer', 'Basic YTpi', `Bearer xj_${'a'.repeat(57)}`]) {
      expectProblem(await viewer.get('/api/v1/session', { authorization }), 401, 'signed_out');
    }
  });
});

describe('at the command line', () => {
  const told = ({ code, out, err }: Ran) => {
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out);
  };
  const run = async (...args: string[]) => told(await xunjian(ground.env, ...args, '--json'));

  it('the first administrator is made, signs in, and whoever lost something is helped', async () => {
    const first = await run('user', 'add', '--name', '值班长', '--role', 'administrator');
    const somebody = new Browser(api.app, '10.5.0.1');
    expect((await somebody.signIn('值班长', first.firstPassword)).body).toMatchObject({ mustChange: true });
    const reset = await run('user', 'password', '值班长');
    expect((await somebody.get('/session')).status).toBe(401);
    expect((await somebody.signIn('值班长', first.firstPassword)).status).toBe(401);
    expect((await somebody.signIn('值班长', reset.firstPassword)).status).toBe(200);
    expect(await run('user', 'set', '值班长', '--role', 'county', '--unit', '450202')).toMatchObject({
      ...{ role: 'county', unit: '450202' },
    });
    expect((await somebody.get('/session')).status).toBe(401);
    expect(await run('user', 'set', '值班长', '--role', 'auditor')).toMatchObject({ role: 'auditor', unit: null });
    const { users } = await run('user', 'list');
    expect(users.find(({ name }: { name: string }) => name === '值班长')).toMatchObject({ mustChange: true });
    const acts = await ground.db.many<{ action: string }>(
      `select action from audit where via = 'command' and on_id = '值班长' and outcome = 'done' order by number`,
    );
    expect(acts.map(({ action }) => action)).toEqual(['user.add', 'user.reset_password', 'user.change', 'user.change']);
  });

  it('a token that was found somewhere is revoked by whoever has the machine', async () => {
    const viewer = await api.as('viewer');
    const made = (await viewer.send('POST', '/api/v1/tokens', { name: 'lost', scope: 'read', days: 9 })).body as {
      id: number;
      label: string;
    };
    const { tokens } = await run('token', 'list');
    expect(tokens).toContainEqual(expect.objectContaining({ id: made.id, label: made.label, account: 'viewer' }));
    expect(await run('token', 'revoke', String(made.id))).toEqual({ id: made.id });
    expect((await viewer.get('/api/v1/tokens')).body).toEqual({ items: [] });
  });

  it.each<[string, string[], string]>([
    ['a name that is not there', ['user', 'password', 'ghost'], 'ghost'],
    ['a role that is none', ['user', 'add', '--name', 'x1', '--role', 'god'], 'administrator'],
    ['a county without a unit', ['user', 'add', '--name', 'x1', '--role', 'county'], 'county'],
    ['nothing to change', ['user', 'set', 'viewer'], '--shown-name'],
    ['a token that is not there', ['token', 'revoke', '99999'], '99999'],
  ])('%s is refused in words', async (_, args, word) => {
    const { code, out, err } = await xunjian(ground.env, ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/\p{Script=Han}/u);
    expect(err).toContain(word);
  });
});
