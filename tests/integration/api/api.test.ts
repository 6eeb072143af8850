import type { FastifyInstance } from 'fastify';
import Schema from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApi } from '../../../src/api/app.ts';
import { openDatabase } from '../../../src/db/pool.ts';
import { startPresence } from '../../../src/probing/presence.ts';
import type { ProbeResult } from '../../../src/probing/result.ts';
import { openRedis } from '../../../src/queue/connection.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { planAttempts } from '../../../src/schedule/attempts.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy, noSweeps } from '../../../src/schedule/policy.ts';
import { insert } from '../../../src/store/writer.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { answerOf, pictureOf } from '../../support/results.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';
import { relayTo } from '../store/relay.ts';

let ground: TestGround;
let app: FastifyInstance;
const logged: object[] = [];
const log = { error: (line: object) => logged.push(line) } as never;

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
  app = await buildApi({ db: ground.db, redis: ground.redis, log });
  await app.ready();
});
afterAll(async () => {
  await app.close();
  await ground.close();
});

type Answered = { readonly status: number; readonly type: string; readonly body: never };
const get = async (url: string, from = app): Promise<Answered> => {
  const { statusCode, headers, body } = await from.inject(url);
  return { status: statusCode, type: String(headers['content-type']), body: JSON.parse(body) as never };
};

type Operation = { responses: Record<string, { content?: Record<string, { schema: object }> }> };
const document = async (): Promise<{ paths: Record<string, Record<string, Operation>> }> =>
  (await get('/api/docs/json')).body;

/** The answer is of the shape that the OpenAPI document says for this path and status. */
const expectAsDocumented = async (path: string, { status, body }: Answered): Promise<void> => {
  const operation = (await document()).paths[path]?.get;
  const schema = operation?.responses[status]?.content?.['application/json']?.schema;
  expect(schema, `${path} ${status} is documented`).toBeDefined();
  const [, errors] = Schema.Errors(schema!, body);
  expect(errors).toEqual([]);
};

describe('the units', () => {
  it('are listed in the order of the city, with their cameras in use by class', async () => {
    const answer = await get('/api/v1/units');
    expect(answer).toMatchObject({ status: 200, type: 'application/json; charset=utf-8' });
    const units = answer.body as { code: string }[];
    expect(units).toHaveLength(12);
    expect(units.slice(0, 3)).toEqual([
      { code: '450202', name: '城中区', cameras: { skynet: 1, social: 4, household: 1 } },
      { code: '450203', name: '鱼峰区', cameras: { skynet: 0, social: 1, household: 0 } },
      { code: '450204', name: '柳南区', cameras: { skynet: 0, social: 0, household: 0 } },
    ]);
    await expectAsDocumented('/api/v1/units', answer);
  });
});

describe('the inspections', () => {
  it('are listed, the newest first, also the one that runs', async () => {
    const answer = await get('/api/v1/inspections');
    expect(answer.body).toMatchObject([
      { id: 2, completedAt: null, unit: '450203', policy: 2 },
      { id: 1, completedAt: expect.stringMatching(/Z$/), unit: null },
    ]);
    await expectAsDocumented('/api/v1/inspections', answer);
    expect((await get('/api/v1/inspections?limit=1')).body).toHaveLength(1);
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
    expect(answer.body).toMatchObject([
      {
        number: 1,
        madeBy: 'xunjian',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        previousSha256: null,
        published: null,
      },
    ]);
    await expectAsDocumented('/api/v1/inspections/{id}/revisions', answer);
    const rates = await get('/api/v1/inspections/1/rates');
    expect((await get('/api/v1/inspections/1/rates?revision=1')).body).toEqual(rates.body);
  });
});

describe('the probes of a camera', () => {
  const probes = (serial: number): Promise<Answered> => get(`/api/v1/cameras/${codeOf(serial)}/probes`);

  it('say what was seen', async () => {
    const answer = await probes(1);
    expect(answer.body).toEqual([
      {
        slot: expect.stringMatching(/\.500Z$/),
        observedAt: expect.stringMatching(/\.750Z$/),
        online: 'yes',
        image: 'yes',
        failure: null,
        tookMs: 310,
        video: { codec: 'h265', width: 2560, height: 1440, keyframeBytes: 46_000 },
        picture: { meanLuma: 101.5, contrast: 40.25, sharpness: 3.5, faults: ['blurred'] },
      },
    ]);
    await expectAsDocumented('/api/v1/cameras/{code}/probes', answer);
  });

  it('say what failed, for machines and in both languages', async () => {
    const [missing, busy, down] = [await probes(4), await probes(5), await probes(6)];
    expect(missing.body).toMatchObject([
      {
        online: 'yes',
        image: 'no',
        failure: { kind: 'not_found', step: 'describe', detail: 'DESCRIBE: 404', zh: expect.stringContaining('404') },
        video: null,
        picture: null,
      },
    ]);
    expect(busy.body).toMatchObject([{ online: 'yes', image: 'unknown', failure: { kind: 'busy' } }]);
    expect(down.body).toMatchObject([{ online: 'no', image: 'unknown', failure: { kind: 'unreachable', detail: '' } }]);
    for (const answer of [missing, busy, down]) await expectAsDocumented('/api/v1/cameras/{code}/probes', answer);
  });

  it('are none where it was never probed', async () => {
    expect(await probes(7)).toMatchObject({ status: 200, body: [] });
  });
});

describe('what cannot be answered', () => {
  it.each([
    ['/api/v1/inspections/3/rates', '/api/v1/inspections/{id}/rates', 'no_such_inspection'],
    // It runs.
    ['/api/v1/inspections/2/rates', '/api/v1/inspections/{id}/rates', 'no_such_inspection'],
    ['/api/v1/inspections/2/revisions', '/api/v1/inspections/{id}/revisions', 'no_such_inspection'],
    ['/api/v1/inspections/1/rates?revision=2', '/api/v1/inspections/{id}/rates', 'no_such_inspection'],
    [`/api/v1/cameras/${codeOf(99)}/probes`, '/api/v1/cameras/{code}/probes', 'no_such_camera'],
  ])('%s is a problem with status 404', async (url, path, code) => {
    const answer = await get(url);
    expect(answer).toMatchObject({ status: 404, type: 'application/problem+json; charset=utf-8' });
    expect(answer.body).toEqual({
      type: 'about:blank',
      status: 404,
      code,
      title: expect.stringMatching(/\p{Script=Han}.* \/ [A-Z]/u),
    });
    await expectAsDocumented(path, answer);
  });

  it.each([
    ['/api/v1/inspections?limit=0', '/api/v1/inspections', 'limit'],
    ['/api/v1/inspections?limit=201', '/api/v1/inspections', 'limit'],
    ['/api/v1/inspections?limit=many', '/api/v1/inspections', 'limit'],
    ['/api/v1/inspections?limit=1&limit=2', '/api/v1/inspections', 'limit'],
    ['/api/v1/inspections/0/rates', '/api/v1/inspections/{id}/rates', 'id'],
    ['/api/v1/inspections/first/rates', '/api/v1/inspections/{id}/rates', 'id'],
    ['/api/v1/inspections/99999999999999999999/rates', '/api/v1/inspections/{id}/rates', 'id'],
    ['/api/v1/cameras/4502020000131000000/probes', '/api/v1/cameras/{code}/probes', 'code'],
    [`/api/v1/cameras/${codeOf(1)}/probes?limit=501`, '/api/v1/cameras/{code}/probes', 'limit'],
    ["/api/v1/cameras/' or 1=1 --/probes", '/api/v1/cameras/{code}/probes', 'code'],
  ])('%s is a problem with status 400 that names its field', async (url, path, field) => {
    const answer = await get(url);
    expect(answer).toMatchObject({ status: 400, type: 'application/problem+json; charset=utf-8' });
    expect(answer.body).toMatchObject({ type: 'about:blank', status: 400, code: 'invalid', field });
    await expectAsDocumented(path, answer);
  });

  it.each([
    ['/api/v1/nothing', 404, 'not_found'],
    ['/api/v1/%zz', 400, 'refused'],
  ])('%s, which is no address of ours, is a problem as well', async (url, status, code) => {
    const answer = await get(url);
    expect(answer).toMatchObject({ status, type: 'application/problem+json; charset=utf-8' });
    expect(answer.body).toMatchObject({ status, code, title: expect.stringMatching(/\p{Script=Han}.* \/ [A-Z]/u) });
  });

  it('because of a fault of ours says no more than that, and the log has the reason', async () => {
    const broken = { ...ground.db, many: () => Promise.reject(new Error('relation "unit" of tenant X is gone')) };
    const faulty = await buildApi({ db: broken, redis: ground.redis, log });
    const answer = await get('/api/v1/units', faulty);
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({
      type: 'about:blank',
      status: 500,
      code: 'internal',
      title: '服务内部错误 / Internal error',
    });
    expect(logged).toMatchObject([{ url: '/api/v1/units', error: 'relation "unit" of tenant X is gone' }]);
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
    expect(answer.body).toEqual({ ready: true, database: { ok: true }, redis: { ok: true }, results: { ok: true } });
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
    expect(answer.body).toMatchObject([
      {
        code: 'north',
        workers: 1,
        // Five social points are swept, and one of them has a result of the last two minutes.
        unknown: 4,
        open: 2,
        newest: expect.stringMatching(/^2/),
        skipped: { no_worker: 10, late: 3 },
      },
    ]);
    await presence.stop();
    expect((await get('/api/v1/sites')).body).toMatchObject([{ code: 'north', workers: 0 }]);
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

describe('the document of the API', () => {
  it('lists every route there is, each with a summary in both languages and all that it may answer', async () => {
    const { paths } = await document();
    expect(Object.keys(paths).sort()).toEqual([
      '/api/v1/cameras/{code}/probes',
      '/api/v1/inspections',
      '/api/v1/inspections/latest/rates',
      '/api/v1/inspections/{id}/rates',
      '/api/v1/inspections/{id}/revisions',
      '/api/v1/reports/{kind}',
      '/api/v1/sites',
      '/api/v1/units',
      '/health/live',
      '/health/ready',
    ]);
    for (const path of Object.keys(paths)) {
      expect(app.hasRoute({ method: 'GET', url: path.replaceAll(/\{(\w+)\}/g, ':$1') })).toBe(true);
      const { summary } = paths[path]!.get as unknown as { summary: string };
      expect(summary).toMatch(/\p{Script=Han}.* \/ [A-Z]/u);
    }
  });
});

describe('without a neighbour', () => {
  it('the service is not ready: without Redis', async () => {
    const away = openRedis(`unix://${ground.pair.folder}/nothing.sock`);
    const noRedis = await buildApi({ db: ground.db, redis: away, log });
    const answer = await get('/health/ready', noRedis);
    expect(answer.status).toBe(503);
    const detail = 'not connected';
    expect(answer.body).toEqual({
      ready: false,
      database: { ok: true },
      redis: { ok: false, detail },
      results: { ok: true },
    });
    await expectAsDocumented('/health/ready', answer);
    expect(await get('/health/live', noRedis)).toMatchObject({ status: 200 });
    await noRedis.close();
    away.disconnect();
  });

  it('nor without the database, and it is again when that is back', async () => {
    await using relay = await relayTo(ground.pair.folder);
    const db = openDatabase(relay.url, { max: 1 });
    const lonely = await buildApi({ db, redis: ground.redis, log });
    expect(await get('/health/ready', lonely)).toMatchObject({ status: 200 });
    relay.cut();
    const answer = await get('/health/ready', lonely);
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ ready: false, database: { ok: false }, redis: { ok: true } });
    await expectAsDocumented('/health/ready', answer);
    relay.restore();
    expect(await get('/health/ready', lonely)).toMatchObject({ status: 200 });
    await lonely.close();
    await db.close();
  });
});
