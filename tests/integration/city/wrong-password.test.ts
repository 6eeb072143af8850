import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putSite } from '../../../src/inventory/site.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import type { Role } from '../../../src/roles/worker.ts';
import { inspectionOf, openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { fakeCamera } from '../../support/camera.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { judgedBy } from '../../support/truth.ts';
import { end, startWorkerProcess, until } from '../../support/worker-process.ts';
import { xunjian } from '../commands/xunjian.ts';
import { codeOf } from '../schedule/roster.ts';
import { type Account, account, rtspOf, webOf } from './guarded-camera.ts';

/** Of its own each time: a worker that was killed leaves its locks behind. */
let ground: TestGround;
let scheduler: Role;
let workers: ChildProcess[];
beforeEach(async () => {
  ground = await startGround();
  workers = [];
  await putSite(ground.db, { code: 'north', name: '城北', networks: ['127.0.0.0/8'] });
  await decidePolicy(ground.db, new Date('2026-01-01T00:00:00Z'), 'all services', {
    ...{ daily_at: null, attempts: [0, 1], cutoff: 90, deadline: 5_000 },
    ...{ device_facts: true, snapshot_proves: true },
  });
  scheduler = startScheduler(ground);
});
afterEach(async () => {
  await scheduler.stop();
  for (const worker of workers) await end(worker, 'SIGTERM');
  await ground.close();
});

const startWorker = (): ChildProcess => {
  const worker = startWorkerProcess(ground.env, ['north']);
  workers.push(worker);
  return worker;
};

/** Puts the camera into the inventory as a person does. */
const importWith = async (rtsp: number, web: number, password: string): Promise<void> => {
  const file = join(ground.pair.folder, 'inventory.csv');
  const [titles, cells] = [
    'code,name,unit,class,site,rtsp_url,onvif_url,snapshot_url,user,password',
    `${codeOf(1)},村口,450202,天网,north,rtsp://127.0.0.1:${rtsp}/live,http://127.0.0.1:${web}/onvif/device_service,http://127.0.0.1:${web}/snapshot,admin,${password}`,
  ];
  await writeFile(file, `${titles}\n${cells}\n`);
  expect(await xunjian(ground.env, 'import', file)).toMatchObject({ code: 0, err: '' });
};

/** One whole inspection, while `meanwhile` happens; what it says of the camera. */
const inspect = async (meanwhile: () => Promise<void> = async () => {}) => {
  const { id } = await openInspection(ground.db, new Date(), null);
  await meanwhile();
  await until(async () => (await inspectionOf(ground.db, id))?.completed_at != null);
  const [judged] = await judgedBy(ground.db, id);
  return judged;
};

const logins = () =>
  ground.db.many<{ trying: string | null; refused_by: string | null }>('select trying, refused_by from login');

/** The camera: one account behind RTSP, ONVIF and a snapshot. */
const camera = async () => {
  const who: Account = account('admin', 'new password');
  const rtsp = await fakeCamera(rtspOf(who));
  const web = await fakeCamera(webOf(who));
  return {
    who,
    ports: [rtsp.port, web.port] as const,
    web,
    async [Symbol.asyncDispose]() {
      await rtsp[Symbol.asyncDispose]();
      await web[Symbol.asyncDispose]();
    },
  };
};

const code = codeOf(1);
const isGood = { code, online: 'yes', image: 'yes', kind: 'sound' };

describe('a camera whose password in the inventory is wrong, over three inspections by two workers', () => {
  it('sees one failed login in all, though a worker is killed with kill -9; with the right password it is good', async () => {
    await using device = await camera();
    const { who, ports } = device;
    await importWith(...ports, 'old password');
    const first = startWorker();
    startWorker();
    const refused = { code, online: 'yes', image: 'no', kind: 'unauthorized' };
    const killed = await inspect(async () => {
      await until(async () => (await logins()).some(({ refused_by }) => refused_by !== null));
      await end(first, 'SIGKILL');
      startWorker();
    });
    expect([killed, await inspect(), await inspect()]).toEqual([refused, refused, refused]);
    expect(who.failed).toEqual(['rtsp']);
    // It was not for want of asking.
    expect(device.web.requests.some(({ url }) => url.startsWith('/snapshot'))).toBe(true);
    expect(device.web.requests.some(({ body }) => body.includes('GetDeviceInformation'))).toBe(true);

    await importWith(...ports, 'new password');
    expect(await inspect()).toEqual(isGood);
    expect(who.failed).toEqual(['rtsp']);
    expect([...who.passed].sort()).toEqual(['onvif', 'rtsp']);
  });

  it('sees none more where the worker dies over that login, and nobody knows what came of it', async () => {
    await using device = await camera();
    const { who, ports } = device;
    await importWith(...ports, 'old password');
    const first = startWorker();
    const met = Promise.withResolvers<void>();
    who.onFailed = () => {
      // Dead before the answer.
      if (first.signalCode === null) first.kill('SIGKILL');
      met.resolve();
    };
    const held = { code, online: 'yes', image: 'unknown', kind: 'login_held' };
    const killed = await inspect(async () => {
      await met.promise;
      await end(first, 'SIGKILL');
      expect(await logins()).toEqual([{ trying: 'rtsp', refused_by: null }]);
      startWorker();
      startWorker();
    });
    expect([killed, await inspect(), await inspect()]).toEqual([held, held, held]);
    expect(who.failed).toEqual(['rtsp']);

    await importWith(...ports, 'new password');
    expect(await inspect()).toEqual(isGood);
    expect(who.failed).toEqual(['rtsp']);
  });
});
