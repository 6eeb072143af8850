import { Readable } from 'node:stream';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Principal } from '../../../src/account/role.ts';
import { csrfOf } from '../../../src/account/session.ts';
import { audited } from '../../../src/api/audited.ts';
import { guard } from '../../../src/api/guard.ts';
import { idempotent } from '../../../src/api/idempotency.ts';
import { forgetKeys } from '../../../src/api/idempotency-book.ts';
import { ApiProblem } from '../../../src/api/problem.ts';
import { tellWith } from '../../../src/api/tell.ts';
import { entries } from '../../../src/audit/entries.ts';
import { startGround, type TestGround } from '../../support/ground.ts';

let ground: TestGround;
/** The hooks as the API has them, above a route that does what a test tells it to. */
let app: FastifyInstance;
/** How often something was done. */
let done = 0;
/** What a request that waits is let go on by. */
let letGo: (() => void) | null = null;

const decision = async (as: string): Promise<unknown> => {
  done += 1;
  if (as === 'refused') throw new ApiProblem(409, 'decided', '已定', 'it was decided');
  if (as === 'away') throw new ApiProblem(503, 'vault_unavailable', '稍后', 'later');
  if (as === 'often') throw new ApiProblem(429, 'too_often', '稍后', 'later');
  if (as === 'bug') throw new Error('a bug');
  if (as === 'long') return { text: 'x'.repeat(300_000) };
  if (as === 'stream') return Readable.from(['one', 'two']);
  if (as === 'waits') await new Promise<void>((resolve) => (letGo = resolve));
  return { as, done };
};

beforeAll(async () => {
  ground = await startGround();
  const { db, log } = ground;
  app = Fastify({ genReqId: () => crypto.randomUUID() });
  app.setErrorHandler(tellWith(log));
  app.addContentTypeParser(/^multipart\//, (_request, payload, next) => {
    payload.resume();
    payload.on('end', () => next(null));
  });
  const identify = async ({ headers }: { headers: Record<string, unknown> }): Promise<Principal | null> =>
    headers.who === undefined ? null : (JSON.parse(String(headers.who)) as Principal);
  guard(app, { ...ground, identify } as never);
  audited(app, { db, log });
  idempotent(app, { db, log });
  for (const [method, url] of [
    ['POST', '/api/v1/exemptions/:id/decision'],
    ['POST', '/api/v1/appeals/:id/decision'],
    ['POST', '/api/v1/inspections'],
  ] as const) {
    app.route({
      method,
      url,
      async handler(request, reply) {
        const { as } = request.body as { as: string };
        if (as === 'nothing') {
          done += 1;
          return reply.code(204).send();
        }
        if (as === 'made') reply.code(201).header('location', '/made/1').header('x-other', 'x');
        const body = await decision(as);
        return reply.send(body);
      },
    });
  }
  for (const [method, url] of [
    ['PUT', '/api/v1/cameras/:code/credential'],
    ['POST', '/api/v1/tokens'],
    ['POST', '/api/v1/session'],
  ] as const) {
    app.route({ method, url, handler: () => decision('a secret') });
  }
  app.get('/api/v1/exemptions', () => decision('a list'));
});
afterAll(async () => {
  await app.close();
  await ground.close();
});
let key: string;
beforeEach(() => {
  done = 0;
  key = crypto.randomUUID();
});

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
/** By a person, from a page of ours. */
const secret = 's'.repeat(43);
const inSession = {
  who: { token: null },
  headers: { cookie: `xunjian=${secret}`, 'x-csrf-token': csrfOf(secret) },
};
type Ask = {
  method?: 'POST' | 'PUT' | 'GET';
  url?: string;
  payload?: unknown;
  who?: Partial<Principal>;
  headers?: Record<string, string>;
};
const ask = async (as: string, { method = 'POST', url = '/api/v1/exemptions/12/decision', ...more }: Ask = {}) => {
  const headers = { 'idempotency-key': key, who: JSON.stringify({ ...centre, ...more.who }), ...more.headers };
  const answer = await app.inject({ method, url, headers, payload: (more.payload ?? { as }) as object });
  return { status: answer.statusCode, headers: answer.headers, text: answer.body };
};
const codeOf = ({ text }: { text: string }): string => (JSON.parse(text) as { code: string }).code;
const rowsNow = () => ground.db.one<{ rows: number }>('select count(*) as rows from idempotency where key = $1', [key]);

describe('the same request under the same key', () => {
  it.each(['made', 'nothing', 'refused'])('is done once, and answered the same again: %s', async (as) => {
    const first = await ask(as);
    const second = await ask(as);
    expect(done).toBe(1);
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect({ status: second.status, text: second.text }).toEqual({ status: first.status, text: first.text });
    for (const name of ['content-type', 'location']) expect(second.headers[name]).toBe(first.headers[name]);
  });

  it('leaves one row that says done, and one that says that it was answered again', async () => {
    const before = await ground.db.one<{ number: number }>('select number from audit_head');
    await ask('made');
    await ask('made');
    const rows = await entries(ground.db, {}, { after: before.number, oldestFirst: true, limit: 9 });
    expect(rows.map(({ outcome, on }) => [outcome, on])).toEqual([
      ['begun', '12'],
      ['done', '12'],
      ['replayed', '12'],
    ]);
  });

  it('is done once, however many come at a time', async () => {
    const first = ask('waits');
    while (letGo === null) await new Promise((resolve) => setTimeout(resolve, 5));
    const others = await Promise.all([ask('waits'), ask('waits'), ask('waits')]);
    expect(others.map(codeOf)).toEqual(Array(3).fill('idempotency_in_progress'));
    expect(others.map(({ status, headers }) => [status, headers['retry-after']])).toEqual(Array(3).fill([409, '2']));
    letGo();
    letGo = null;
    const { status, text } = await first;
    expect([status, done]).toEqual([200, 1]);
    expect((await ask('waits')).text).toBe(text);
    expect(done).toBe(1);
  });

  it('is done again after a day', async () => {
    await ask('made');
    await ground.db.run("update idempotency set begun_at = begun_at - interval '24 hours 1 second' where key = $1", [
      key,
    ]);
    expect((await ask('made')).headers).not.toHaveProperty('idempotency-replayed');
    expect(done).toBe(2);
    expect((await ask('made')).headers['idempotency-replayed']).toBe('true');
  });

  it('is told, where the process was killed over the first, that nobody knows what came of it', async () => {
    void ask('waits').catch(() => {});
    while (letGo === null) await new Promise((resolve) => setTimeout(resolve, 5));
    await ground.db.run("update idempotency set begun_at = begun_at - interval '61 seconds' where key = $1", [key]);
    const second = await ask('waits');
    expect([second.status, codeOf(second), done]).toEqual([409, 'idempotency_unknown', 1]);
    letGo();
    letGo = null;
  });

  it('is told the same where the first failed on the way, or its answer cannot be kept', async () => {
    for (const as of ['bug', 'long', 'stream']) {
      key = crypto.randomUUID();
      done = 0;
      const first = await ask(as);
      expect(first.status).toBe(as === 'bug' ? 500 : 200);
      expect([codeOf(await ask(as)), done]).toEqual(['idempotency_unknown', 1]);
    }
  });

  it.each(['away', 'often'])('is done anew where the first was put off: %s', async (as) => {
    await ask(as);
    expect(await rowsNow()).toEqual({ rows: 0 });
    await ask(as);
    expect(done).toBe(2);
  });

  it('is done anew where it was refused before it began', async () => {
    expect((await ask('made', { who: { role: 'viewer' } })).status).toBe(403);
    expect((await ask('made')).status).toBe(201);
  });
});

describe('another request under the same key is refused, and nothing is done', () => {
  it.each<[string, string, Ask]>([
    ['another body', 'nothing', {}],
    ['another thing', 'made', { url: '/api/v1/exemptions/13/decision' }],
    ['another address', 'made', { url: '/api/v1/appeals/12/decision' }],
    ['another condition', 'made', { headers: { 'if-match': '"2"' } }],
  ])('%s', async (_, as, more) => {
    await ask('made');
    const second = await ask(as, more);
    expect([second.status, codeOf(second), done]).toEqual([422, 'idempotency_key_reused', 1]);
  });

  it('the same by an account whose role or unit has changed since', async () => {
    const inspect = { url: '/api/v1/inspections' };
    await ask('made', inspect);
    for (const who of [{ role: 'administrator' }, { role: 'county', unit: '450202' }] as const) {
      expect(codeOf(await ask('made', { ...inspect, who }))).toBe('idempotency_key_reused');
    }
    expect(done).toBe(1);
  });
});

it('a key is an account’s own: another account’s answer is not to be had', async () => {
  const first = await ask('made');
  const other = await ask('made', { who: { account: 2, name: '覃某' } });
  expect(other.headers).not.toHaveProperty('idempotency-replayed');
  expect([other.text === first.text, done]).toEqual([false, 2]);
});

it('who may not do it any more is refused before anything is answered again', async () => {
  await ask('made');
  expect((await ask('made', { who: { role: 'viewer' } })).status).toBe(403);
  expect(
    (await ask('made', { headers: { who: JSON.stringify({ ...centre, token: { id: 8, scope: 'read' } }) } })).status,
  ).toBe(403);
});

describe('no answer is kept', () => {
  it.each<[string, Ask]>([
    ['of what is about a camera’s login', { method: 'PUT', url: '/api/v1/cameras/1/credential' }],
    ['of what anybody may ask', { url: '/api/v1/session' }],
    ['of what is done in a session alone, such as making a token', { url: '/api/v1/tokens', ...inSession }],
    [
      'of a file',
      { headers: { 'content-type': 'multipart/form-data; boundary=x' }, payload: '--x\r\n\r\nbytes\r\n--x--\r\n' },
    ],
  ])('%s: the key is refused', async (_, more) => {
    const answer = await ask('made', more);
    expect([answer.status, codeOf(answer), done]).toEqual([400, 'idempotency_key_refused', 0]);
    expect(await rowsNow()).toEqual({ rows: 0 });
  });

  it('of what only reads, which is asked again', async () => {
    const list: Ask = { method: 'GET', url: '/api/v1/exemptions', headers: {} };
    await app.inject({ url: list.url!, headers: { who: JSON.stringify(centre), 'idempotency-key': key } });
    await app.inject({ url: list.url!, headers: { who: JSON.stringify(centre), 'idempotency-key': key } });
    expect(done).toBe(2);
    expect(await rowsNow()).toEqual({ rows: 0 });
  });
});

describe('a key that is none is refused in words', () => {
  it.each([[''], ['a b'], ['字'], ['x'.repeat(65)], ['a\tb']])('%j', async (bad) => {
    const answer = await ask('made', { headers: { 'idempotency-key': bad } });
    expect([answer.status, codeOf(answer), done]).toEqual([400, 'idempotency_key_invalid', 0]);
  });

  it('but one in quotes, as the draft has it, is taken', async () => {
    expect((await ask('made', { headers: { 'idempotency-key': `"${key}"` } })).status).toBe(201);
  });
});

it('a body as deep as it comes is no fault of ours', async () => {
  const payload = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const answer = await ask('made', { payload, headers: { 'content-type': 'application/json' } });
  expect(answer.status).toBe(400);
});

describe('where the audit cannot be written', () => {
  beforeEach(() =>
    ground.db.run('create trigger away before insert on audit for each row execute function refuse_audit_change()'),
  );
  afterEach(() => ground.db.run('drop trigger if exists away on audit'));

  it('nothing was done, and the same request is done later', async () => {
    expect((await ask('made')).status).toBe(503);
    expect(done).toBe(0);
    await ground.db.run('drop trigger away on audit');
    expect((await ask('made')).status).toBe(201);
  });

  it('only when it was done: the same request is told that it is not known', async () => {
    await ground.db.run('drop trigger away on audit');
    await ground.db.run(
      `create trigger away before insert on audit for each row when (new.outcome = 'done') execute function refuse_audit_change()`,
    );
    expect((await ask('made')).status).toBe(503);
    expect(codeOf(await ask('made'))).toBe('idempotency_unknown');
    expect(done).toBe(1);
  });
});

it('what is older than a day is forgotten', async () => {
  await ask('made');
  await ground.db.run("update idempotency set begun_at = begun_at - interval '25 hours' where key = $1", [key]);
  expect(await forgetKeys(ground.db)).toBe(1);
  expect(await rowsNow()).toEqual({ rows: 0 });
});
