import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'bullmq';
import { expect, it } from 'vitest';
import { workersOf } from '../../../src/probing/presence.ts';
import { bullConnection } from '../../../src/queue/connection.ts';
import type { InspectionReport } from '../../../src/report/inspection.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { siteQueue } from '../../../src/schedule/enqueue.ts';
import { type City, inventoryCsv, planCity } from '../../../src/simulator/city.ts';
import { loadClips } from '../../../src/simulator/clips.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/serve.ts';
import { clipsDir } from '../../support/clips.ts';
import { startGround } from '../../support/ground.ts';
import { end, startWorkerProcess, until } from '../../support/worker-process.ts';
import { type Env, start, xunjian } from './xunjian.ts';

/** A city in which nothing is wrong: one attempt is enough, whatever the policy says of the later ones. */
const soundCity = (): City => {
  const city = planCity({ cameras: 6, seed: 1 });
  return { ...city, cameras: city.cameras.map((camera) => ({ ...camera, auth: 'md5', fault: 'sound' })) };
};

const startCity = async (city: City): Promise<Simulator> =>
  startSimulator({ city, clips: await loadClips(clipsDir), rtspPort: 0, onvifPort: 0 });

/** Registers one site and imports the city, all of it there; `folder` for the inventory. Gives the site's code. */
const importAtOneSite = async (env: Env, folder: string, city: City, { ports }: Simulator): Promise<string> => {
  const { code } = city.sites[0]!;
  expect((await xunjian(env, 'site', code, '--networks', '127.0.0.0/8')).code).toBe(0);
  const file = join(folder, 'inventory.csv');
  const rows = inventoryCsv(city, ports)
    .trimEnd()
    .split('\n')
    .map((line, nth) => {
      const cells = line.split(',');
      if (nth > 0) cells[4] = code;
      return cells.join(',');
    });
  await writeFile(file, rows.join('\n'));
  expect((await xunjian(env, 'import', file)).out).toContain(`${city.cameras.length} cameras added`);
  return code;
};

/** Adds the first administrator, who signs in and sets a password of their own; gives what they read by then. */
const firstAdministrator = async (env: Env, url: string): Promise<(path: string) => Promise<object>> => {
  const added = await xunjian(env, 'user', 'add', '--name', 'admin', '--role', 'administrator', '--json');
  const { firstPassword: first } = JSON.parse(added.out) as { firstPassword: string };
  let cookie = '';
  let csrf = '';
  const ask = async (method: string, path: string, body?: object): Promise<object> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { cookie, 'x-csrf-token': csrf, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const set = answer.headers.getSetCookie().map((line) => line.split(';')[0]!);
    if (set.length > 0) cookie = set.join('; ');
    const told = (await answer.json()) as { csrf?: string };
    csrf = told.csrf ?? csrf;
    return told;
  };
  expect(await ask('GET', '/api/v1/units')).toMatchObject({ status: 401, code: 'signed_out' });
  expect(await ask('POST', '/api/v1/session', { name: 'admin', password: first })).toMatchObject({ mustChange: true });
  expect(await ask('GET', '/api/v1/units')).toMatchObject({ status: 403, code: 'password_must_change' });
  const own = { current: first, password: 'rain over the dragon city' };
  expect(await ask('PUT', '/api/v1/session/password', own)).toMatchObject({ name: 'admin', mustChange: false });
  return (path) => ask('GET', path);
};

it('beside a running `serve`, commands join its embedded pair; a site that is registered meanwhile is served too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'xunjian-joined-'));
  await mkdir(clipsDir, { recursive: true });
  await symlink(clipsDir, join(folder, 'clips'));
  const env = { XUNJIAN_DATA_DIR: folder, XUNJIAN_PORT: '0', XUNJIAN_LOG_LEVEL: 'error' };
  const city = soundCity();
  const simulator = await startCity(city);
  const service = await start(env, 'serve');
  try {
    expect(service.said).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    // Registered after the service began.
    await importAtOneSite(env, folder, city, simulator);

    // The service looks for new sites every few seconds; until it did, the command says that nobody serves this one.
    let ran = await xunjian(env, 'inspect', '--json');
    while (ran.code === 2 && ran.err.includes('no worker runs')) ran = await xunjian(env, 'inspect', '--json');
    expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' });
    const report = JSON.parse(ran.out) as InspectionReport;
    expect(report.units.every(({ verdict }) => verdict === 'met')).toBe(true);

    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(service.said)![0];
    expect(service.lines[1]).toContain(
      'run npx xunjian user add --name admin --role administrator in another terminal',
    );
    const read = await firstAdministrator(env, url);
    expect(await read(`/api/v1/inspections/${report.inspection.id}/rates`)).toEqual(report);
  } finally {
    expect(await service.stop()).toBe(0);
    await simulator.close();
  }
  // What was left behind would mislead the next command.
  await expect(readFile(join(folder, 'running.json'))).rejects.toThrow('ENOENT');
  await rm(folder, { recursive: true, force: true });
});

it('where the roles run elsewhere, `inspect` refuses until a worker says that it lives, and leaves the round to it', async () => {
  const ground = await startGround();
  const { env, redis } = ground;
  const city = soundCity();
  const simulator = await startCity(city);
  try {
    const site = await importAtOneSite(env, ground.pair.folder, city, simulator);
    // A connection to the site's queue is no worker: one that stands still has it, too.
    const mute = new Worker(siteQueue(site), null, bullConnection(redis));
    mute.on('error', () => {});
    await mute.waitUntilReady();
    expect(await xunjian(env, 'inspect')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(`no worker runs for site ${site}: start "xunjian worker --site ${site}" there`),
    });
    expect(await ground.db.many('select from inspection')).toEqual([]);
    await mute.close();

    const scheduler = startScheduler(ground);
    const worker = startWorkerProcess(env, [site]);
    try {
      await until(async () => (await workersOf(redis, [site])).get(site) === 1);
      const ran = await xunjian(env, 'inspect', '--json');
      expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' });
      const { units } = JSON.parse(ran.out) as InspectionReport;
      expect(units.every(({ verdict }) => verdict === 'met')).toBe(true);
    } finally {
      await end(worker, 'SIGTERM');
      await scheduler.stop();
    }
  } finally {
    await simulator.close();
    await ground.close();
  }
});
