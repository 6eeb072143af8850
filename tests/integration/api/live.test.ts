import { once } from 'node:events';
import { connect } from 'node:net';
import type { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountNamed } from '../../../src/account/account.ts';
import { makeToken } from '../../../src/account/token.ts';
import { directoryOf } from '../../../src/api/directory.ts';
import { EventSource } from '../../../src/api/event-source.ts';
import { Listener } from '../../../src/api/listener.ts';
import { RedisHostLeases } from '../../../src/probing/host-lease.ts';
import { workersOf } from '../../../src/probing/presence.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { type Role, startWorker } from '../../../src/roles/worker.ts';
import { enqueueDue, type ProbeJob, requeueLost } from '../../../src/schedule/enqueue.ts';
import { decidePolicy, noSweeps } from '../../../src/schedule/policy.ts';
import { endRequests, ofNoInspection } from '../../../src/schedule/probe-request.ts';
import { type Caller, startTestApi, type TestApi } from '../../support/api.ts';
import { type FakeCamera, fakeCamera } from '../../support/camera.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { until } from '../../support/worker-process.ts';
import { works } from '../../unit/probes/scene.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';

/** 1, 2, 5 and 6 are of 450202 and answer, 3 is of 450203 and answers, 4 is of 450202 where no worker stands. */
let ground: TestGround;
let api: TestApi;
let base: string;
let county: Caller;
let other: Caller;
const cameras: FakeCamera[] = [];
beforeAll(async () => {
  ground = await startGround();
  const { db } = ground;
  await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), 'one attempt', {
    ...noSweeps,
    // A state holds for two of its periods: here for two days.
    social_online_every: 86_400,
    ...{ attempts: [0], cutoff: 120, deadline: 5_000, daily_at: null },
  });
  for (let nth = 0; nth < 5; nth += 1) cameras.push(await fakeCamera(works));
  await putCameras(db, [
    ...[1, 2].map((serial) => ({ serial, url: cameras[serial - 1]!.url() })),
    { serial: 3, unit: '450203', url: cameras[2]!.url() },
    { serial: 4, site: 'south' },
    { serial: 5, url: cameras[3]!.url() },
    { serial: 6, url: cameras[4]!.url() },
  ]);
  api = await startTestApi(ground, { bounds: { lag: 60_000 } });
  base = await api.app.listen({ host: '127.0.0.1', port: 0 });
  county = await api.as('county', '450202');
  other = await api.as('county', '450203');
});
afterAll(async () => {
  await api.close();
  for (const camera of cameras.toSpliced(3, 1)) await camera[Symbol.asyncDispose]();
  await ground.close();
});

type Asked = { readonly id: number; readonly state: string; readonly observation: unknown; readonly expired: unknown };
const ask = (serial: number, body: object = { why: '抢修后核对' }, who = county) =>
  who.send('POST', `/api/v1/cameras/${codeOf(serial)}/probes`, body);
const askedOf = async (id: number): Promise<Asked> => (await county.get(`/api/v1/probes/${id}`)).body as Asked;

/** Queues that forget at once whatever they are given. */
const forgetful = () => {
  const added: Parameters<Queue<ProbeJob>['addBulk']>[0] = [];
  const queue = {
    addBulk: async (jobs: typeof added) => {
      added.push(...jobs);
      return [];
    },
    getJob: async () => undefined,
  };
  return { added, of: () => queue };
};

describe('a probe that somebody asks for', () => {
  it('is one at a time of a camera, and of nobody’s but their own county’s', async () => {
    const first = await ask(1);
    expect(first).toMatchObject({
      status: 202,
      body: { state: 'waiting', want: 'picture', by: 'county-450202', why: '抢修后核对', observation: null },
    });
    const { id } = first.body as Asked;
    expect(first.headers.location).toBe(`/api/v1/probes/${id}`);
    expect(await ask(1, {}, await api.as('centre'))).toMatchObject({
      status: 200,
      body: { id, by: 'county-450202', why: '抢修后核对' },
    });
    const stranger = await ask(1, {}, other);
    expect([stranger.status, (stranger.body as { code: string }).code]).toEqual([404, 'no_such_camera']);
    expect((await other.get(`/api/v1/probes/${id}`)).status).toBe(404);
    expect((await ask(1, { url: 'rtsp://10.0.0.1/' })).status).toBe(400);
    expect(await ground.db.one('select count(*)::integer as count from probe_request')).toEqual({ count: 1 });
  });

  it('goes before what waits, and is queued again where Redis forgot it', async () => {
    const { db, log } = ground;
    const queues = forgetful();
    const now = new Date();
    expect(await enqueueDue(db, queues, now, ['north'])).toBe(1);
    expect(await enqueueDue(db, queues, now, ['north'])).toBe(0);
    expect(await requeueLost(db, queues, new Date(now.getTime() + 16_000), 15_000, log)).toBe(1);
    expect(queues.added.map(({ opts }) => [opts?.jobId, opts?.lifo])).toEqual([
      [expect.stringMatching(/^request-\d+-1$/), true],
      [expect.stringMatching(/^request-\d+-2$/), true],
    ]);
  });

  it('is given up where no worker serves its site in time, and says why', async () => {
    const { db } = ground;
    const { id } = (await ask(4)).body as Asked;
    await enqueueDue(db, forgetful(), new Date(), ['north']);
    await endRequests(db, new Date(Date.now() + 119_000), null);
    expect(await askedOf(id)).toMatchObject({ state: 'waiting' });
    await endRequests(db, new Date(Date.now() + 121_000), null);
    expect(await askedOf(id)).toMatchObject({ state: 'expired', expired: { reason: 'no_worker' }, observation: null });
  });

  it('of one account are twenty at most that are open', async () => {
    const { db } = ground;
    const ids = await putCameras(
      db,
      Array.from({ length: 20 }, (_, nth) => ({ serial: 100 + nth, unit: '450204', site: 'west' })),
    );
    const third = await api.as('county', '450204');
    const answers = [];
    for (const serial of ids.keys()) answers.push((await ask(serial, {}, third)).status);
    expect(new Set(answers)).toEqual(new Set([202]));
    await putCameras(db, [{ serial: 120, unit: '450204', site: 'west' }]);
    const refused = await ask(120, {}, third);
    expect(refused).toMatchObject({ status: 429, body: { code: 'probe_account_busy' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    await db.run("update camera set in_use = false where site = 'west'");
    expect(await ask(100, {}, third)).toMatchObject({ status: 409, body: { code: 'camera_not_in_use' } });
  });
});

describe('a stream of events', () => {
  it('is kept open by a word now and then, and is closed when its session has ended', async () => {
    const { db, log } = ground;
    const source = new EventSource(db, directoryOf(db), log, { look: 10, beat: 5, check: 100 });
    const listener = new Listener();
    let signedIn = true;
    await source.join({ listener, reach: '450202', allowed: async () => signedIn }, null);
    let text = '';
    const reading = (async () => {
      for await (const chunk of listener.stream) text += String(chunk);
    })();
    await until(async () => text.includes(': still here'));
    expect(text).toMatch(/^id: \d+\nevent: ready\n/);
    signedIn = false;
    await reading;
    expect(text).toMatch(/: signed out\n\n$/);
  });
});

/** What a program of an account bears. */
const bearerOf = async (name: string): Promise<string> => {
  const { id, epoch } = (await accountNamed(ground.db, name))!;
  const now = new Date();
  const made = await makeToken(ground.db, now, {
    ...{ account: id, epoch, name: 'listens', scope: 'read' as const },
    expiresAt: new Date(now.getTime() + 3_600_000),
  });
  return `Bearer ${made!.text}`;
};

/** Asks to listen, and has hung up before the answer. */
const leaveAtOnce = async (name: string): Promise<void> => {
  const { hostname, port } = new URL(base);
  const authorization = await bearerOf(name);
  const line = connect({ host: hostname, port: Number(port) });
  await once(line, 'connect');
  line.end(`GET /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`);
  line.destroySoon();
  await once(line, 'close');
};

/** Whoever listens as an account; what they heard. */
const listen = async (name: string, last?: number) => {
  const authorization = await bearerOf(name);
  const stop = new AbortController();
  let response!: Response;
  // Whoever left a moment ago may still hold the place.
  await until(async () => {
    response = await fetch(`${base}/api/v1/events`, {
      headers: {
        authorization,
        ...(last === undefined ? {} : { 'last-event-id': String(last) }),
      },
      signal: stop.signal,
    });
    if (response.status === 429) await response.body?.cancel();
    return response.status !== 429;
  });
  const heard: { event: string; id: number | null; data: Record<string, unknown> }[] = [];
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const of = (field: string) => lines.find((line) => line.startsWith(`${field}: `))?.slice(field.length + 2);
        const event = of('event');
        if (event === undefined) continue;
        heard.push({ event, id: of('id') === undefined ? null : Number(of('id')), data: JSON.parse(of('data')!) });
      }
    }
  };
  const reading = read().catch(() => {});
  await until(async () => heard.length > 0);
  return {
    response,
    heard,
    /** Whoever ended it. */
    ended: reading,
    rounds: () => heard.filter(({ event }) => event === 'round').map(({ data }) => data),
    hears: (event: string, data: object) =>
      until(async () =>
        heard.some(
          (one) => one.event === event && Object.entries(data).every(([key, value]) => one.data[key] === value),
        ),
      ),
    async stop() {
      stop.abort();
      await reading;
    },
  };
};

describe('with a worker', { timeout: 60_000 }, () => {
  let worker: Role;
  let scheduler: Role;
  beforeAll(async () => {
    worker = await startWorker(ground, ['north']);
    scheduler = startScheduler(ground);
    await until(async () => (await workersOf(ground.redis, ['north'])).get('north') === 1);
  });
  afterAll(async () => {
    await worker.stop();
    await scheduler.stop();
  });

  it('a probe is answered by the camera, and no time online and no verdict knows of it', async () => {
    const { db } = ground;
    const { id } = (await ask(2)).body as Asked;
    await until(async () => (await askedOf(id)).state === 'done');
    expect(await askedOf(id)).toMatchObject({
      observation: { online: 'yes', image: 'yes', failure: null, video: { codec: 'h264' } },
    });
    expect(cameras[1]!.methods).toContain('PLAY');
    // A second press at once is not passed on to the device.
    const again = await ask(2);
    expect(again).toMatchObject({ status: 429, body: { code: 'probe_camera_busy' } });
    expect(Number(again.headers['retry-after'])).toBeLessThanOrEqual(10);
    expect(
      await db.one(
        `select r.inspection, extract(milliseconds from r.slot)::integer % 500 as off
         from probe_request q join result r on r.camera = q.camera and r.slot = q.slot where q.id = $1`,
        [id],
      ),
    ).toEqual({ inspection: ofNoInspection, off: 250 });
  });

  it('a probe that is on its way when Redis is killed is made all the same', async () => {
    const { db, pair, redis } = ground;
    // Somebody else is at the host: it waits for its turn.
    const lease = await new RedisHostLeases(redis).take('127.0.0.1', new AbortController().signal);
    const { id } = (await ask(6, { why: '450203 也在报修' }, await api.as('centre'))).body as Asked;
    await until(async () => (await askedOf(id)).state === 'queued');
    const away = await pair.killRedis();
    await away.start();
    await until(async () => (await askedOf(id)).state === 'done');
    await lease.release();
    expect(await askedOf(id)).toMatchObject({ observation: { online: 'yes' }, by: 'centre', why: null });
    expect(
      await db.one(
        'select count(*)::integer as count from result r join probe_request q using (camera) where q.id = $1',
        [id],
      ),
    ).toEqual({ count: 1 });
    await until(async () => (await workersOf(redis, ['north'])).get('north') === 1);
  });

  it('a county starts its own round, hears it begin, go on and end, and who comes back has missed nothing', async () => {
    const mine = await listen('county-450202');
    const theirs = await listen('county-450203');
    expect(mine.response.headers.get('content-type')).toContain('text/event-stream');
    expect(mine.response.headers.get('x-accel-buffering')).toBe('no');
    expect(mine.heard[0]).toMatchObject({ event: 'ready' });
    const before = mine.heard[0]!.id!;

    expect(await county.send('POST', '/api/v1/inspections', { why: '抽查' })).toMatchObject({
      status: 409,
      body: { code: 'no_worker', title: expect.stringContaining('south') },
    });
    await ground.db.run("update camera set in_use = false where site = 'south'");
    expect(await county.send('POST', '/api/v1/inspections', { why: '抽查', unit: '450203' })).toMatchObject({
      status: 422,
      body: { code: 'no_such_unit', field: 'unit' },
    });
    const started = await county.send('POST', '/api/v1/inspections', { why: '抽查' });
    expect(started).toMatchObject({ status: 201, body: { unit: '450202' } });
    const { id } = started.body as { id: number };
    expect(await county.send('POST', '/api/v1/inspections', { why: '抽查' })).toMatchObject({
      status: 409,
      body: { code: 'inspection_running', title: expect.stringContaining(String(id)) },
    });
    await mine.hears('round', { kind: 'completed', inspection: id });
    expect(mine.rounds()).toMatchObject([
      { kind: 'opened', inspection: id, unit: '450202' },
      { kind: 'completed', inspection: id },
    ]);

    // A camera goes down: whoever looks at the board is told.
    await cameras[3]![Symbol.asyncDispose]();
    expect((await ask(5, { picture: false })).status).toBe(202);
    await until(async () =>
      mine.heard.some(
        ({ event, data }) =>
          event === 'state' && data.code === codeOf(5) && (data.online as { to: string }).to === 'no',
      ),
    );
    await mine.stop();

    const centre = await api.as('centre');
    const published = await centre.send('POST', `/api/v1/inspections/${id}/publication`, { revision: 1 });
    expect(published.status).toBe(201);
    const back = await listen('county-450202', before);
    await back.hears('round', { kind: 'published' });
    expect(back.rounds().map(({ kind }) => kind)).toEqual(['opened', 'completed', 'published']);
    const ids = back.heard.flatMap(({ event, id: number }) => (event === 'round' ? [number!] : []));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));

    expect(theirs.heard.map(({ event }) => event)).toEqual(['ready']);
    await theirs.stop();
    // Nor does a number that went up meanwhile tell them that others had a round.
    const later = await listen('county-450203');
    expect(later.heard).toMatchObject([{ event: 'ready', id: theirs.heard[0]!.id }]);
    await later.stop();
    await back.stop();
  });

  it('a fifth round of one scope within the hour has to wait', async () => {
    await ground.db.run(
      `insert into inspection (started_at, cutoff_at, policy, unit, completed_at)
       select at, at + interval '1 minute', 1, '450202', at + interval '1 minute'
       from (select date_trunc('second', now()) - nth * interval '10 minutes' + interval '500 milliseconds' as at
         from generate_series(1, 3) as nth) t`,
    );
    const refused = await county.send('POST', '/api/v1/inspections', { why: '再查' });
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_inspections' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(60);
  });

  it('five streams of one account are open at once, and no more; all end with the service', async () => {
    // Whoever leaves before they are told anything holds no place.
    for (let nth = 0; nth < 10; nth += 1) await leaveAtOnce('centre');
    const streams = [];
    for (let nth = 0; nth < 5; nth += 1) streams.push(await listen('centre'));
    const authorization = await bearerOf('centre');
    const refused = await fetch(`${base}/api/v1/events`, { headers: { authorization } });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
    await streams[0]!.stop();
    await until(async () => {
      const stream = await fetch(`${base}/api/v1/events`, { headers: { authorization } });
      await stream.body?.cancel();
      return stream.status === 200;
    });
    await api.close();
    for (const stream of streams.slice(1)) await stream.ended;
  });
});
