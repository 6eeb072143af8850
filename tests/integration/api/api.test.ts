import { pino } from 'pino';
import Schema from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/db/pool.ts';
import { startPresence } from '../../../src/probing/presence.ts';
import type { ProbeResult } from '../../../src/probing/result.ts';
import { openRedis } from '../../../src/queue/connection.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { planAttempts } from '../../../src/schedule/attempts.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy, noSweeps } from '../../../src/schedule/policy.ts';
import { insert } from '../../../src/store/writer.ts';
import { type Answer, type Caller, startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { answerOf, pictureOf } from '../../support/results.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';
import { relayTo } from '../store/relay.ts';

let ground: TestGround;
let api: TestApi;
let centre: Caller;
let county: Caller;
const logged: object[] = [];
const log = pino({ level: 'error' }, { write: (line) => logged.push(JSON.parse(line) as object) });

/** Asks again and again until `done`; the answer is a state of the world, not a time. */
const until = async (done: () => Promise<boolean>): Promise<void> => {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20));
};

/**
 * One inspection of 城中区 that is over: Skynet 1 of 1; of four social points one without a picture and one busy; one
 * household camera that is down. And one of 鱼峰区 that runs, with a camera that is new.
 */
const fill = async (): Promise<void> => {
  const { db } = ground;
  const social = { unit: '450202', class: 'social' } as const;
  const ids = await putCameras(db, [
    { serial: 1, unit: '450202', class: 'skynet' },
    { serial: 2, ...social },
    { serial: 3, ...social },
    { serial: 4, ...social },
    { serial: 5, ...social },
    { serial: 6, unit: '450202', class: 'household' },
  ]);
  await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), '一次即可 / one attempt', {
    ...noSweeps,
    attempts: [0],
    // Or a run of these tests at eight in Liuzhou would open the day's own round.
    daily_at: null,
  });
  const inspection = await openInspection(db, new Date(Date.now() - 5_000), null);
  await planAttempts(db, inspection, new Date());
  const slot = inspection.started_at;
  const asked = {
    inspection: inspection.id,
    attempt: 1,
    observedAt: new Date(slot.getTime() + 1_250),
    took: 310,
  };
  const sound = (serial: number): ProbeResult =>
    pictureOf(ids.get(serial)!, slot, {
      ...asked,
      codec: 'h265',
      width: 2560,
      height: 1440,
      sharpness: 3.5,
      faults: ['blurred'],
      fingerprint: '00112233aabbccdd',
    });
  const blind = (serial: number, more: Partial<ProbeResult>): ProbeResult =>
    answerOf(ids.get(serial)!, slot, { ...asked, ...more });
  await insert(db, [
    sound(1),
    sound(2),
    sound(3),
    blind(4, { image: 'no', failure: 'not_found', step: 'describe', detail: 'DESCRIBE: 404' }),
    blind(5, { failure: 'busy', step: 'setup', detail: '453' }),
    blind(6, { online: 'no', failure: 'unreachable', step: 'connect' }),
  ]);
  const scheduler = startScheduler(ground);
  await until(async () => (await db.many('select from inspection where completed_at is not null')).length === 1);
  await scheduler.stop();
  await putCameras(db, [{ serial: 7, unit: '450203' }]);
  await openInspection(db, new Date(), '450203');
};

beforeAll(async () => {
  ground = await startGround();
  await fill();
  api = await startTestApi(ground, { log });
  centre = await api.as('centre');
  county = await api.as('county', '450203');
});
afterAll(async () => {
  await api.close();
  await ground.close();
});

const get = (url: string): Promise<Answer> => centre.get(url);
const typeOf = ({ headers }: Answer): string => headers['content-type']!;

type Operation = { responses: Record<string, { content?: Record<string, { schema: object }> }> };
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
};
const document = async (): Promise<Document> => (await api.nobody.get('/api/docs/json')).body;

/** The answer is of the shape that the OpenAPI document says for this path and status. */
const expectAsDocumented = async (path: string, { status, body, headers }: Answer): Promise<void> => {
  const { paths, components } = await document();
  const [type] = headers['content-type']!.split(';');
  const told = paths[path]?.get?.responses[status]?.content?.[type!]?.schema as { $ref?: string } | undefined;
  expect(told, `${path} ${status} ${type} is documented`).toBeDefined();
  const schema = told!.$ref === undefined ? told : components.schemas[told!.$ref.split('/').at(-1)!];
  const [, errors] = Schema.Errors(schema!, body);
  expect(errors).toEqual([]);
};

describe('the units', () => {
  it('are listed in the order of the city, with their cameras in use by class', async () => {
    const answer = await get('/api/v1/units');
    expect(answer.status).toBe(200);
    expect(typeOf(answer)).toBe('application/json; charset=utf-8');
    const { items, total, next } = answer.body as { items: object[]; total: number; next: null };
    expect([items.length, total, next]).toEqual([12, 12, null]);
    expect(items.slice(0, 3)).toEqual([
      { code: '450202', name: '城中区', cameras: { skynet: 1, social: 4, household: 1 } },
      { code: '450203', name: '鱼峰区', cameras: { skynet: 0, social: 1, household: 0 } },
      { code: '450204', name: '柳南区', cameras: { skynet: 0, social: 0, household: 0 } },
    ]);
    await expectAsDocumented('/api/v1/units', answer);
  });

  it('have the newest rates with their targets, and none where they were in no inspection', async () => {
    const answer = await get('/api/v1/units/450202');
    expect(answer.body).toMatchObject({
      code: '450202',
      newest: {
        inspection: { id: 1, revision: 1 },
        targets: { total: { online: 95, image: 95 }, skynet: { online: 98, image: 98 } },
        classes: { total: { online: 4, assessed: 4 } },
        verdict: 'undetermined',
      },
    });
    await expectAsDocumented('/api/v1/units/{unit}', answer);
    const none = await get('/api/v1/units/450203');
    expect(none.body).toMatchObject({ code: '450203', newest: null });
    await expectAsDocumented('/api/v1/units/{unit}', none);
  });

  it('have repairs, which are none where nothing that was assessed is under its target', async () => {
    const answer = await get('/api/v1/units/450202/repairs');
    expect(answer.body).toMatchObject({
      unit: '450202',
      inspection: { id: 1 },
      repairs: [{ cameras: [{ code: codeOf(4) }], symptom: 'no_picture' }],
      after: { verdict: 'undetermined' },
      forecast: { formula: 'xunjian-rates/1', data: null },
    });
    await expectAsDocumented('/api/v1/units/{unit}/repairs', answer);
    expect(await county.get('/api/v1/units/450203/repairs')).toMatchObject({
      status: 404,
      body: { code: 'no_such_inspection' },
    });
  });
});

describe('the inspections', () => {
  it('are listed, the newest first, also the one that runs', async () => {
    const answer = await get('/api/v1/inspections');
    expect(answer.body).toMatchObject({
      items: [
        { id: 2, completedAt: null, unit: '450203', policy: 2, revision: null, cameras: 1 },
        { id: 1, completedAt: expect.stringMatching(/Z$/), unit: null, revision: 1, cameras: 6 },
      ],
      total: 2,
      next: null,
    });
    await expectAsDocumented('/api/v1/inspections', answer);
    const first = (await get('/api/v1/inspections?limit=1&fields=id')).body as { items: object[]; next: string };
    expect(first).toMatchObject({ items: [{ id: 2 }], total: 2 });
    expect((await get(`/api/v1/inspections?limit=1&fields=id&cursor=${first.next}`)).body).toEqual({
      items: [{ id: 1 }],
      total: 2,
      next: null,
    });
    const one = await get('/api/v1/inspections/2');
    expect(one.body).toMatchObject({ id: 2, cameras: 1 });
    await expectAsDocumented('/api/v1/inspections/{id}', one);
  });

  it('have cameras, each with how it came out', async () => {
    const answer = await get('/api/v1/inspections/1/cameras');
    const { items } = answer.body as { items: { code: string; standing: string }[] };
    expect(items.map(({ code, standing }) => [code, standing])).toEqual([
      ...[1, 2, 3].map((serial) => [codeOf(serial), 'sound']),
      [codeOf(4), 'no_image'],
      [codeOf(5), 'unknown'],
      [codeOf(6), 'offline'],
    ]);
    await expectAsDocumented('/api/v1/inspections/{id}/cameras', answer);
    expect((await get('/api/v1/inspections/1/cameras?standing=failed&fields=code')).body).toEqual({
      items: [{ code: codeOf(4) }, { code: codeOf(6) }],
      total: 2,
      next: null,
    });
  });

  it('have the rates that come out by hand: who is unknown is in no denominator, and household counts for nobody', async () => {
    const answer = await get('/api/v1/inspections/1/rates');
    const body = answer.body as { inspection: object; units: object[] };
    expect(body.inspection).toMatchObject({ id: 1, formula: 'xunjian-rates/1', at: expect.stringMatching(/\.500Z$/) });
    expect(body.inspection).toMatchObject({ revision: 1, published: null });
    const counts = { exempt: 0 };
    expect(body.units).toEqual([
      {
        code: '450202',
        name: '城中区',
        verdict: 'undetermined',
        classes: {
          // Four of five assessed: 80 % coverage, so nobody is judged by it.
          total: {
            ...counts,
            roster: 5,
            unknown: 1,
            assessed: 4,
            online: 4,
            image: 3,
            raw: { assessed: 4, online: 4, image: 3 },
            verdict: { online: 'undetermined', image: 'undetermined' },
          },
          skynet: {
            ...counts,
            roster: 1,
            unknown: 0,
            assessed: 1,
            online: 1,
            image: 1,
            raw: { assessed: 1, online: 1, image: 1 },
            verdict: { online: 'met', image: 'met' },
          },
          social: {
            ...counts,
            roster: 4,
            unknown: 1,
            assessed: 3,
            online: 3,
            image: 2,
            raw: { assessed: 3, online: 3, image: 2 },
            verdict: { online: 'undetermined', image: 'undetermined' },
          },
          household: {
            ...counts,
            roster: 1,
            unknown: 0,
            assessed: 1,
            online: 0,
            image: 0,
            raw: { assessed: 1, online: 0, image: 0 },
            verdict: { online: null, image: null },
          },
        },
      },
    ]);
    await expectAsDocumented('/api/v1/inspections/{id}/rates', answer);
    expect((await get('/api/v1/inspections/latest/rates')).body).toEqual(answer.body);
    await expectAsDocumented('/api/v1/inspections/latest/rates', answer);
  });

  it('have revisions, each with its rates and the hash of its content', async () => {
    const answer = await get('/api/v1/inspections/1/revisions');
    expect(answer.body).toMatchObject({
      items: [
        {
          number: 1,
          madeBy: 'xunjian',
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          previousSha256: null,
          published: null,
        },
      ],
      total: 1,
    });
    await expectAsDocumented('/api/v1/inspections/{id}/revisions', answer);
    const rates = await get('/api/v1/inspections/1/rates');
    expect((await get('/api/v1/inspections/1/rates?revision=1')).body).toEqual(rates.body);
  });
});

describe('the rates over time', () => {
  it('are listed by unit and class with all that they are counted by, to a county its own', async () => {
    const answer = await get('/api/v1/rates');
    expect(answer.body).toMatchObject({ total: 4, next: null });
    const { items } = answer.body as { items: { class: string }[] };
    // Turned round: the newest inspection first, and of each the last unit and class.
    expect(items.map((one) => one.class)).toEqual(['household', 'social', 'skynet', 'total']);
    expect(items[3]).toMatchObject({
      ...{ inspection: 1, unit: '450202', revision: 1, policy: 2, formula: 'xunjian-rates/1', publishedAt: null },
      ...{ roster: 5, unknown: 1, assessed: 4, online: 4, image: 3, unitVerdict: 'undetermined' },
    });
    await expectAsDocumented('/api/v1/rates', answer);
    const first = (await get('/api/v1/rates?limit=3')).body as { next: string };
    expect((await get(`/api/v1/rates?limit=3&cursor=${first.next}`)).body).toMatchObject({
      items: [{ class: 'total' }],
      total: 4,
      next: null,
    });
    expect((await get('/api/v1/rates?daily=true')).body).toEqual({ items: [], total: 0, next: null });
    expect((await county.get('/api/v1/rates')).body).toEqual({ items: [], total: 0, next: null });
    expect((await county.get('/api/v1/inspections/1/rates')).body).toMatchObject({ inspection: { id: 1 }, units: [] });
    expect((await county.get('/api/v1/inspections')).body).toMatchObject({ items: [{ id: 2 }, { id: 1, cameras: 0 }] });
  });

  it('of being online are empty where nothing was swept', async () => {
    for (const path of ['/api/v1/availability', '/api/v1/outages', '/api/v1/incidents']) {
      const answer = await get(path);
      expect(answer).toMatchObject({ status: 200, body: { items: [], total: 0, next: null } });
      await expectAsDocumented(path, answer);
    }
    const answer = await get(`/api/v1/cameras/${codeOf(1)}/availability`);
    expect(answer.body).toMatchObject({ by: 'day', formula: 'xunjian-period/1', points: [] });
    await expectAsDocumented('/api/v1/cameras/{code}/availability', answer);
    const history = await get(`/api/v1/cameras/${codeOf(1)}/history`);
    expect(history.body).toEqual({ items: [], total: 0, next: null });
    await expectAsDocumented('/api/v1/cameras/{code}/history', history);
  });
});

describe('the probes of a camera', () => {
  const probes = (serial: number): Promise<Answer> => get(`/api/v1/cameras/${codeOf(serial)}/probes`);

  it('say what was seen', async () => {
    const answer = await probes(1);
    expect(answer.body).toEqual({
      items: [
        {
          slot: expect.stringMatching(/\.500Z$/),
          observedAt: expect.stringMatching(/\.750Z$/),
          inspection: 1,
          online: 'yes',
          image: 'yes',
          failure: null,
          tookMs: 310,
          video: { codec: 'h265', width: 2560, height: 1440, keyframeBytes: 46_000 },
          picture: { meanLuma: 101.5, contrast: 40.25, sharpness: 3.5, faults: ['blurred'] },
        },
      ],
      total: 1,
      next: null,
    });
    await expectAsDocumented('/api/v1/cameras/{code}/probes', answer);
  });

  it('say what failed, for machines and in both languages', async () => {
    const [missing, busy, down] = [await probes(4), await probes(5), await probes(6)];
    const failure = {
      kind: 'not_found',
      step: 'describe',
      detail: 'DESCRIBE: 404',
      zh: expect.stringContaining('404'),
    };
    expect(missing.body).toMatchObject({
      items: [{ online: 'yes', image: 'no', failure, video: null, picture: null }],
    });
    expect(busy.body).toMatchObject({ items: [{ online: 'yes', image: 'unknown', failure: { kind: 'busy' } }] });
    expect(down.body).toMatchObject({
      items: [{ online: 'no', image: 'unknown', failure: { kind: 'unreachable' } }],
    });
    for (const answer of [missing, busy, down]) await expectAsDocumented('/api/v1/cameras/{code}/probes', answer);
  });

  it('are none where it was never probed', async () => {
    expect(await probes(7)).toMatchObject({ status: 200, body: { items: [], total: 0, next: null } });
  });
});

describe('what cannot be answered', () => {
  it.each([
    ['/api/v1/inspections/3/rates', '/api/v1/inspections/{id}/rates', 'no_such_inspection'],
    // It runs.
    ['/api/v1/inspections/2/rates', '/api/v1/inspections/{id}/rates', 'no_such_inspection'],
    ['/api/v1/inspections/2/revisions', '/api/v1/inspections/{id}/revisions', 'no_such_inspection'],
    ['/api/v1/inspections/2/cameras', '/api/v1/inspections/{id}/cameras', 'no_such_inspection'],
    ['/api/v1/inspections/1/rates?revision=2', '/api/v1/inspections/{id}/rates', 'no_such_inspection'],
    ['/api/v1/inspections/1/cameras?revision=2', '/api/v1/inspections/{id}/cameras', 'no_such_inspection'],
    ['/api/v1/units/450299', '/api/v1/units/{unit}', 'no_such_unit'],
    [`/api/v1/cameras/${codeOf(99)}`, '/api/v1/cameras/{code}', 'no_such_camera'],
    [`/api/v1/cameras/${codeOf(99)}/probes`, '/api/v1/cameras/{code}/probes', 'no_such_camera'],
  ])('%s is a problem with status 404, in the caller’s language', async (url, path, code) => {
    const answer = await get(url);
    expect(answer.status).toBe(404);
    expect(typeOf(answer)).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toMatchObject({ type: 'about:blank', status: 404, code });
    expect((answer.body as { title: string }).title).toMatch(/\p{Script=Han}/u);
    await expectAsDocumented(path, answer);
    const english = (await centre.get(url, { 'accept-language': 'en-GB,zh;q=0.5' })).body as { title: string };
    expect(english.title).toMatch(/^No such/);
  });

  it.each([
    ['/api/v1/inspections?limit=0', '/api/v1/inspections', 'limit'],
    ['/api/v1/inspections?limit=501', '/api/v1/inspections', 'limit'],
    ['/api/v1/inspections?limit=many', '/api/v1/inspections', 'limit'],
    ['/api/v1/inspections?limit=1&limit=2', '/api/v1/inspections', 'limit'],
    ['/api/v1/inspections?cursor=bm9uZQ', '/api/v1/inspections', 'cursor'],
    ['/api/v1/inspections?fields=id,secret', '/api/v1/inspections', 'fields'],
    ['/api/v1/inspections?sort=name', '/api/v1/inspections', 'sort'],
    ['/api/v1/inspections?page=2', '/api/v1/inspections', 'page'],
    ['/api/v1/inspections/0/rates', '/api/v1/inspections/{id}/rates', 'id'],
    ['/api/v1/inspections/first/rates', '/api/v1/inspections/{id}/rates', 'id'],
    ['/api/v1/inspections/99999999999999999999/rates', '/api/v1/inspections/{id}/rates', 'id'],
    ['/api/v1/rates?from=2026-02-30', '/api/v1/rates', 'from'],
    ['/api/v1/rates?from=2026-03-01&until=2026-02-01', '/api/v1/rates', 'from'],
    ['/api/v1/outages?until=9999-12-31', '/api/v1/outages', 'until'],
    ['/api/v1/cameras/4502020000131000000/probes', '/api/v1/cameras/{code}/probes', 'code'],
    [`/api/v1/cameras/${codeOf(1)}/probes?limit=501`, '/api/v1/cameras/{code}/probes', 'limit'],
    [`/api/v1/cameras/${codeOf(1)}/probes?from=275760-09-13T00:00:00Z`, '/api/v1/cameras/{code}/probes', 'from'],
    ["/api/v1/cameras/' or 1=1 --/probes", '/api/v1/cameras/{code}/probes', 'code'],
  ])('%s is a problem with status 400 that names its field', async (url, path, field) => {
    const answer = await get(url);
    expect(answer.status).toBe(400);
    expect(typeOf(answer)).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toMatchObject({ type: 'about:blank', status: 400, code: 'invalid', field });
    await expectAsDocumented(path, answer);
  });

  it('because of a fault of ours says no more than that, and the log has the reason', async () => {
    const broken = { ...ground.db, many: () => Promise.reject(new Error('relation "unit" of tenant X is gone')) };
    const faulty = await startTestApi(ground, {
      db: broken,
      log,
      identify: async () => ({
        ...{ account: 1, name: 'centre', epoch: 1, role: 'centre', unit: null, token: null, mustChange: false },
      }),
    });
    const answer = await faulty.nobody.get('/api/v1/units');
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({
      ...{ type: 'about:blank', status: 500, code: 'internal', title: expect.stringMatching(/^服务内部错误/) },
      request: expect.any(String),
    });
    expect(logged).toMatchObject([{ route: 'GET /api/v1/units', error: 'relation "unit" of tenant X is gone' }]);
    await faulty.close();
  });
});

describe('the health', () => {
  it('of the process is that it lives', async () => {
    const answer = await get('/health/live');
    expect(answer).toMatchObject({ status: 200, body: { live: true } });
    await expectAsDocumented('/health/live', answer);
  });

  it('of the service is ready while database and Redis answer', async () => {
    const answer = await get('/health/ready');
    expect(answer.body).toEqual({
      ...{ ready: true, database: { ok: true }, redis: { ok: true }, results: { ok: true } },
      keys: { ok: true },
    });
    await expectAsDocumented('/health/ready', answer);
  });
});

describe('where cameras are swept', () => {
  const sweep = async (secondsAgo: number, done: boolean, part: number): Promise<void> => {
    const slot = new Date(Math.floor((Date.now() - secondsAgo * 1000) / 5000) * 5000);
    await ground.db.run(
      `insert into sweep (slot, site, want, part, policy, cameras, expires_at, done_at)
       values ($1, 'north', 'answer', $2, 1, '{1,2}', $1::timestamptz + interval '300 s', $3)`,
      [slot, part, done ? new Date() : null],
    );
  };

  it('the service is ready as long as the newest result is no older than two intervals', async () => {
    const { db } = ground;
    await decidePolicy(db, new Date(Date.now() - 1_000), '巡测 / sweeps', { social_online_every: 60 });
    const ready = async (): Promise<[number, string]> => {
      const answer = await get('/health/ready');
      await expectAsDocumented('/health/ready', answer);
      return [answer.status, (answer.body as { results: { detail?: string } }).results.detail ?? ''];
    };
    expect(await ready()).toEqual([503, 'no result of a sweep in two days']);
    await sweep(130, true, 0);
    await sweep(10, false, 1);
    expect(await ready()).toEqual([
      503,
      expect.stringMatching(/^the newest result is 1[34]\d s old, more than two intervals \(120 s\)$/),
    ]);
    await sweep(30, true, 2);
    expect(await ready()).toEqual([200, '']);
  });

  it('each site tells its workers, what waits, and what was not probed today, by reason', async () => {
    const { db, redis, log: quiet } = ground;
    const day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    await db.run(
      `insert into sweep_skipped values ($1, 'north', 'answer', 'no_worker', 9), ($1, 'north', 'picture', 'no_worker', 1),
         ($1, 'north', 'answer', 'late', 3), ($1::date - 1, 'north', 'answer', 'late', 70)`,
      [day],
    );
    const heard = Promise.withResolvers<unknown>();
    const presence = startPresence(redis, quiet, () => ['north'], heard.resolve);
    await heard.promise;
    const answer = await get('/api/v1/sites');
    await expectAsDocumented('/api/v1/sites', answer);
    expect(answer.body).toMatchObject({
      total: 1,
      items: [
        {
          code: 'north',
          workers: 1,
          // Five social points are swept, and one of them has a result of the last two minutes.
          unknown: 4,
          open: 2,
          newest: expect.stringMatching(/^2/),
          skipped: { no_worker: 10, late: 3 },
        },
      ],
    });
    await presence.stop();
    expect((await get('/api/v1/sites')).body).toMatchObject({ items: [{ code: 'north', workers: 0 }] });
    // To 鱼峰区 its own camera alone, of which nobody has counted what was skipped.
    expect((await county.get('/api/v1/sites')).body).toMatchObject({
      total: 1,
      items: [{ code: 'north', cameras: 1, unknown: 1, open: 0, skipped: null }],
    });
    await db.run('delete from sweep');
    await decidePolicy(db, new Date(), '不巡测 / none', noSweeps);
  });

  it('a Redis that may evict keys is not fit to serve', async () => {
    await ground.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const answer = await get('/health/ready');
    await ground.redis.config('SET', 'maxmemory-policy', 'noeviction');
    expect(answer).toMatchObject({
      status: 503,
      body: { redis: { ok: false, detail: expect.stringContaining('allkeys-lru') } },
    });
  });
});

describe('without a neighbour', () => {
  it('the service is not ready: without Redis', async () => {
    const away = openRedis(`unix://${ground.pair.folder}/nothing.sock`);
    const noRedis = await startTestApi(ground, { redis: away, log });
    const answer = await noRedis.nobody.get('/health/ready');
    expect(answer.status).toBe(503);
    const detail = 'not connected';
    expect(answer.body).toEqual({
      ready: false,
      database: { ok: true },
      redis: { ok: false, detail },
      results: { ok: true },
      keys: { ok: true },
    });
    await expectAsDocumented('/health/ready', answer);
    expect(await noRedis.nobody.get('/health/live')).toMatchObject({ status: 200 });
    await noRedis.close();
    away.disconnect();
  });

  it('nor without the database, and it is again when that is back', async () => {
    await using relay = await relayTo(ground.pair.folder);
    const db = openDatabase(relay.url, { max: 1 });
    const lonely = await startTestApi(ground, { db, log });
    expect(await lonely.nobody.get('/health/ready')).toMatchObject({ status: 200 });
    relay.cut();
    const answer = await lonely.nobody.get('/health/ready');
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ ready: false, database: { ok: false }, redis: { ok: true } });
    await expectAsDocumented('/health/ready', answer);
    relay.restore();
    expect(await lonely.nobody.get('/health/ready')).toMatchObject({ status: 200 });
    await lonely.close();
    await db.close();
  });
});
