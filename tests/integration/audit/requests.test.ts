import { Readable } from 'node:stream';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Principal } from '../../../src/account/role.ts';
import { audited, noteAudit } from '../../../src/api/audited.ts';
import { guard } from '../../../src/api/guard.ts';
import { idempotent } from '../../../src/api/idempotency.ts';
import { ApiProblem } from '../../../src/api/problem.ts';
import { tellWith } from '../../../src/api/tell.ts';
import { type AuditRow, entries } from '../../../src/audit/entries.ts';
import { verify } from '../../../src/audit/verify.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';

let ground: TestGround;
/** The hooks as the API has them, above routes that do what a test tells them to. */
let app: FastifyInstance;
const logged: object[] = [];
let stream: Readable | null;

beforeAll(async () => {
  ground = await startGround();
  const log = { ...ground.log, error: (line: object) => logged.push(line) } as never;
  app = Fastify({ genReqId: () => crypto.randomUUID() });
  app.setErrorHandler(tellWith(log));
  const identify = async ({ headers }: { headers: Record<string, unknown> }): Promise<Principal | null> =>
    headers.who === undefined ? null : (JSON.parse(String(headers.who)) as Principal);
  guard(app, { ...ground, log, identify } as never);
  audited(app, { db: ground.db, log });
  idempotent(app, { db: ground.db, log });

  app.get('/api/v1/cameras/:code/picture', async (request, reply) => {
    const { code } = request.params as { code: string };
    if (code === 'none') throw new ApiProblem(404, 'no_camera', '没有', 'none');
    noteAudit(request, { kind: 'camera', on: code, unit: '450202' });
    stream = Readable.from([Buffer.from('jpeg')]);
    return reply
      .type('image/jpeg')
      .header('content-disposition', 'inline; filename=a.jpg')
      .header('set-cookie', 'seen=1')
      .header('cache-control', 'private, max-age=60')
      .send(stream);
  });
  app.post('/api/v1/exemptions/:id/decision', async (request, reply) => {
    const { as, why = null } = request.body as { as: string; why?: string };
    noteAudit(request, { unit: '450202', why, detail: { as } });
    // The row of the begin stands before anything is done.
    const [begun] = await newest(1);
    expect(begun).toMatchObject({ outcome: 'begun', request: request.id });
    if (as === 'refused') throw new ApiProblem(422, 'not_now', '不', 'no');
    if (as === 'often') throw new ApiProblem(429, 'too_often', '稍后', 'later');
    if (as === 'failed') throw new Error('a bug');
    if (as === 'killed') return new Promise(() => {});
    if (as === 'nothing') return reply.code(204).send();
    return { as };
  });
  app.get('/api/v1/cameras/:code', async () => ({ code: '1' }));
});
afterAll(async () => {
  await app.close();
  await ground.close();
});

const newest = (limit: number): Promise<AuditRow[]> =>
  entries(ground.db, {}, { after: null, oldestFirst: false, limit });

const centre: Principal = {
  ...{
    account: 1,
    name: '黄某',
    epoch: 1,
    role: 'centre',
    unit: null,
    token: { id: 7, scope: 'write' },
    mustChange: false,
  },
};
const who = (changes: Partial<Principal> = {}) => ({ who: JSON.stringify({ ...centre, ...changes }) });
const decide = (as: string, more: object = {}) =>
  app.inject({
    ...{ method: 'POST', url: '/api/v1/exemptions/12/decision', headers: who(), payload: { as } },
    ...more,
  });
const look = (code: string, headers: Record<string, string> = who(), method: 'GET' | 'HEAD' = 'GET') =>
  app.inject({ method, url: `/api/v1/cameras/${code}/picture`, headers });
const countRows = async (): Promise<number> =>
  (await ground.db.one<{ number: number }>('select number from audit_head')).number;

describe('a change', () => {
  it('leaves a row before and one after: who, what, on which, from where, why, and what came of it', async () => {
    const answer = await decide('done', { payload: { as: 'done', why: '属实' }, remoteAddress: '10.20.3.4' });
    expect(answer.statusCode).toBe(200);
    const [done, begun] = await newest(2);
    const same = { actor: '黄某', role: 'centre', via: 'token', address: '10.20.3.4', action: 'exemption.decide' };
    expect(begun).toMatchObject({ ...same, kind: 'exemption', on: '12', outcome: 'begun', detail: { token: 7 } });
    expect(done).toMatchObject({
      ...same,
      ...{ kind: 'exemption', on: '12', unit: '450202', why: '属实', outcome: 'done', request: begun!.request },
      detail: { token: 7, status: 200, as: 'done' },
    });
  });

  it('that answers nothing leaves them as well', async () => {
    expect((await decide('nothing')).statusCode).toBe(204);
    expect((await newest(2)).map(({ outcome }) => outcome)).toEqual(['done', 'begun']);
  });

  it('that is refused says so, with the code and the number that the caller was given', async () => {
    const answer = await decide('refused');
    expect(answer.statusCode).toBe(422);
    const [row] = await newest(1);
    expect(row).toMatchObject({ outcome: 'refused', unit: '450202', detail: { status: 422, code: 'not_now' } });
    expect(answer.json()).toMatchObject({ request: row!.request });
  });

  it('that fails by our fault says so', async () => {
    expect((await decide('failed')).statusCode).toBe(500);
    expect((await newest(1))[0]).toMatchObject({ outcome: 'failed', detail: { status: 500, code: null } });
  });

  it('over which the process was killed stands as begun, without an end', async () => {
    const before = await countRows();
    void decide('killed').catch(() => {});
    while ((await countRows()) === before) await new Promise((resolve) => setTimeout(resolve, 5));
    const [row] = await newest(1);
    expect(row).toMatchObject({ outcome: 'begun' });
    const open = await entries(ground.db, { open: true }, { after: null, oldestFirst: false, limit: 9 });
    expect(open.map(({ number }) => number)).toEqual([row!.number]);
    const ofRequest = await entries(
      ground.db,
      { request: row!.request! },
      { after: null, oldestFirst: false, limit: 9 },
    );
    expect(ofRequest).toHaveLength(1);
  });

  it.each<[string, number, object]>([
    ['by nobody', 401, { headers: {} }],
    ['by a role that may not', 403, { headers: who({ role: 'viewer' }) }],
    ['by a token that only reads', 403, { headers: who({ token: { id: 8, scope: 'read' } }) }],
    ['by a body that is none', 400, { payload: '{', headers: { ...who(), 'content-type': 'application/json' } }],
    ['by a body of no known kind', 415, { payload: 'x', headers: { ...who(), 'content-type': 'text/x' } }],
  ])('that was tried %s leaves one row, refused', async (_, status, request) => {
    const before = await countRows();
    expect((await decide('done', request)).statusCode).toBe(status);
    expect(await countRows()).toBe(before + 1);
    expect((await newest(1))[0]).toMatchObject({
      ...{ outcome: 'refused', action: 'exemption.decide', kind: 'exemption', on: '12' },
      detail: { status },
    });
  });

  it('by nobody has no name', async () => {
    await decide('done', { headers: { authorization: 'Bearer xj_none' } });
    expect((await newest(1))[0]).toMatchObject({ actor: '-', role: null, via: 'token' });
  });

  it('may be tried by whoever likes, with whatever they like in the address', async () => {
    await decide('done', { url: `/api/v1/exemptions/${encodeURIComponent('a\u0000\u001b[2J')}/decision` });
    expect((await newest(1))[0]).toMatchObject({ on: 'a\uFFFD\uFFFD[2J' });
  });
});

describe('a look at a picture', () => {
  it('leaves one row, before the first byte goes out', async () => {
    const before = await countRows();
    const answer = await look('1', who({ token: null }));
    expect([answer.statusCode, answer.body]).toEqual([200, 'jpeg']);
    expect(await countRows()).toBe(before + 1);
    expect((await newest(1))[0]).toMatchObject({
      action: 'picture.look',
      via: 'session',
      outcome: 'done',
      on: '1',
      unit: '450202',
    });
  });

  it('that shows nothing leaves one, too', async () => {
    expect((await look('none')).statusCode).toBe(404);
    expect((await newest(1))[0]).toMatchObject({ outcome: 'refused', kind: 'camera', on: 'none' });
  });

  it('is not to be had by asking for its headers, without a name', async () => {
    expect((await look('1', {}, 'HEAD')).statusCode).toBe(401);
    expect((await newest(1))[0]).toMatchObject({ outcome: 'refused', on: '1' });
  });
});

it('what only reads leaves none', async () => {
  const before = await countRows();
  expect((await app.inject({ url: '/api/v1/cameras/1', headers: who() })).statusCode).toBe(200);
  expect((await app.inject({ url: '/api/v1/cameras/1' })).statusCode).toBe(401);
  expect(await countRows()).toBe(before);
});

describe('while the audit cannot be written', () => {
  beforeEach(() =>
    ground.db.run('create trigger away before insert on audit for each row execute function refuse_audit_change()'),
  );
  afterEach(() => ground.db.run('drop trigger if exists away on audit'));

  it('nothing is done', async () => {
    const answer = await decide('done');
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.json()).toMatchObject({ code: 'audit_unavailable', title: expect.stringContaining('未予办理') });
  });

  it('no picture is seen, and nothing of it', async () => {
    const answer = await look('1');
    expect(answer.statusCode).toBe(503);
    expect(answer.headers).not.toHaveProperty('content-disposition');
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toMatchObject({ code: 'audit_unavailable', title: expect.stringContaining('未予显示') });
    expect(stream!.destroyed).toBe(true);
  });

  it('who is refused stays refused, and the log says it', async () => {
    logged.length = 0;
    expect((await decide('done', { headers: {} })).statusCode).toBe(401);
    expect(logged).toEqual([expect.objectContaining({ action: 'exemption.decide' })]);
  });

  it('a change that was begun before says that its state is to be looked at', async () => {
    await ground.db.run('drop trigger away on audit');
    await ground.db.run(
      `create trigger away before insert on audit for each row when (new.outcome = 'done') execute function refuse_audit_change()`,
    );
    const answer = await decide('done', { headers: { ...who(), 'accept-language': 'en' } });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ title: expect.stringContaining('look at the state') });
  });
});

it('looks that come together wait on one connection for whoever holds the end of the chain', async () => {
  const before = await countRows();
  const added = async () =>
    ground.db.one<{ calls: number }>('select count(distinct xmin::text) as calls from audit where number > $1', [
      before,
    ]);
  const answers = await Promise.all([...Array(40).keys()].map((n) => look(`together-${n}`)));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(40).fill(200));
  expect(await countRows()).toBe(before + 40);
  // In a few transactions, not in forty.
  expect((await added()).calls).toBeLessThan(20);
});

it('what was begun has its end, however often it is told to come later', async () => {
  const before = await countRows();
  for (let n = 0; n < 25; n += 1) expect((await decide('often')).statusCode).toBe(429);
  expect(await countRows()).toBe(before + 50);
});

it('nobody can fill the audit without a name, nor hide in a crowd: those without a row are told in one, by network', async () => {
  const before = await countRows();
  const crowded = Fastify();
  crowded.setErrorHandler(tellWith(ground.log));
  guard(crowded, { ...ground, identify: async () => null } as never);
  audited(crowded, ground);
  crowded.get('/api/v1/cameras/:code/picture', async () => 'jpeg');
  for (let n = 0; n < 60; n += 1) {
    // One network of IPv6 has more addresses than there may be rows.
    const remoteAddress = `2001:db8::${n + 1}`;
    const answer = await crowded.inject({ url: '/api/v1/cameras/1/picture', remoteAddress });
    expect(answer.statusCode).toBe(401);
  }
  await crowded.close();
  const rows = (await newest(60)).filter(({ number }) => number > before);
  // Two minutes where one ends meanwhile.
  expect(rows.length).toBeLessThanOrEqual(41);
  const [told, ...refused] = rows;
  const unrecorded = 60 - refused.length;
  expect(told).toMatchObject({
    ...{ actor: 'xunjian', via: 'system', action: 'request.unrecorded', outcome: 'refused' },
    detail: { unrecorded, of: { '2001:db8::': unrecorded } },
  });
});

it('the chain of all this is whole', async () => {
  expect(await verify(ground.db)).toMatchObject({ whole: true });
});

describe('over the API', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi(ground);
  });
  afterAll(() => api.close());

  it('the auditor reads all, page by page, the newest first', async () => {
    const auditor = await api.as('auditor');
    const all: number[] = [];
    for (let cursor = ''; ; ) {
      const { status, body } = await auditor.get(`/api/v1/audit?limit=7&fields=number,action${cursor}`);
      expect(status).toBe(200);
      const { items, total, next } = body as { items: { number: number }[]; total: number; next: string | null };
      expect(total).toBe(await countRows());
      all.push(...items.map(({ number }) => number));
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    expect(all).toEqual([...Array(await countRows()).keys()].map((n) => n + 1).reverse());
  });

  it.each<[string, (row: Record<string, unknown>) => boolean]>([
    ['action=picture.look', ({ action }) => action === 'picture.look'],
    ['outcome=refused&on=12', ({ outcome, on }) => outcome === 'refused' && on === '12'],
    [`actor=${encodeURIComponent('黄某')}&unit=450202`, ({ actor, unit }) => actor === '黄某' && unit === '450202'],
    ['kind=camera', ({ kind }) => kind === 'camera'],
    ['from=2026-01-01T00:00:00Z&sort=number', () => true],
  ])('finds rows by %s', async (query, fits) => {
    const { body } = await (await api.as('auditor')).get(`/api/v1/audit?limit=500&${query}`);
    const { items, total } = body as { items: Record<string, unknown>[]; total: number };
    expect(items.length).toBeGreaterThan(0);
    expect(items.length).toBe(total);
    expect(items.filter((row) => !fits(row))).toEqual([]);
    const { body: every } = await (await api.as('auditor')).get('/api/v1/audit?limit=500');
    expect(total).toBe((every as { items: Record<string, unknown>[] }).items.filter(fits).length);
  });

  it.each([['until=2020-01-01T00:00:00Z'], ["actor=' or true --"], ['unit=999999']])(
    'finds none by %s',
    async (query) => {
      const { body } = await (await api.as('auditor')).get(`/api/v1/audit?${encodeURI(query)}`);
      expect(body).toEqual({ items: [], total: 0, next: null });
    },
  );

  it.each([
    ['from=2026-02-30T00:00:00Z'],
    ['actor=%00'],
    ['outcome=nothing'],
    ['cursor=x'],
    ['limit=0'],
    ['nobody=1'],
    ['fields=hash'],
  ])('refuses %s', async (query) => {
    expect((await (await api.as('auditor')).get(`/api/v1/audit?${query}`)).status).toBe(400);
  });

  it('the auditor has the chain verified, and sees where it is broken', async () => {
    const auditor = await api.as('auditor');
    const { body } = await auditor.get('/api/v1/audit/verification');
    const whole = body as { head: { number: number; hash: string } };
    expect(whole).toMatchObject({ from: 1, rows: await countRows(), whole: true, breaks: [], next: null });
    const { number, hash } = whole.head;
    expect((await auditor.get(`/api/v1/audit/verification?from=3&anchor=${number}:${hash}`)).body).toMatchObject({
      from: 3,
      whole: true,
    });
    const other = await auditor.get(`/api/v1/audit/verification?anchor=${number}:${'0'.repeat(64)}`);
    expect(other.body).toMatchObject({
      ...{ from: number, whole: false },
      breaks: [{ kind: 'anchor', number, zh: expect.stringContaining('锚点') }],
    });
    expect((await auditor.get(`/api/v1/audit/verification?from=${number + 1}&anchor=${number}:${hash}`)).status).toBe(
      422,
    );
  });

  it('the chain is verified once at a time, so that nobody keeps the service from its work by it', async () => {
    const auditor = await api.as('auditor');
    const both = await Promise.all([1, 2].map(() => auditor.get('/api/v1/audit/verification')));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 503]);
    expect(both.find(({ status }) => status === 503)!.headers['retry-after']).toBe('1');
    expect((await auditor.get('/api/v1/audit/verification')).status).toBe(200);
  });

  it('a row that is not there is no place to verify from', async () => {
    const { status, body } = await (await api.as('auditor')).get('/api/v1/audit/verification?from=999999');
    expect([status, body]).toEqual([422, expect.objectContaining({ code: 'not_verifiable' })]);
    expect((body as { title: string }).title).not.toContain('--');
  });

  it('nobody but administrator and auditor reads it', async () => {
    for (const [role, unit] of [['centre'], ['county', '450202'], ['maintainer'], ['viewer', '450202']] as const) {
      const caller = await api.as(role, unit);
      expect((await caller.get('/api/v1/audit')).status).toBe(403);
      expect((await caller.get('/api/v1/audit/verification')).status).toBe(403);
    }
    expect((await api.nobody.get('/api/v1/audit')).status).toBe(401);
    expect((await (await api.as('administrator')).get('/api/v1/audit')).status).toBe(200);
  });

  it('a route of the API is called once under one key, and its document says that it takes one', async () => {
    const centre = await api.asToken('centre', 'write');
    const key = { 'idempotency-key': crypto.randomUUID() };
    const wish = { note: '柳公〔2026〕9号', coverage: 97 };
    const first = await centre.send('POST', '/api/v1/policies', wish, key);
    const second = await centre.send('POST', '/api/v1/policies', wish, key);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(second.text).toBe(first.text);
    expect((await newest(3)).map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'policy.decide replayed',
      'policy.decide done',
      'policy.decide begun',
    ]);
    const { paths } = (await api.nobody.get('/api/docs/json')).body as {
      paths: Record<string, Record<string, object>>;
    };
    const told = (path: string, method: string) =>
      JSON.stringify(paths[`/api/v1${path}`]![method]).includes('idempotency-key');
    expect([
      told('/policies', 'post'),
      told('/policies', 'get'),
      told('/tokens', 'post'),
      told('/uploads', 'post'),
    ]).toEqual([...[true, false, false, false]]);
  });
});
