import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importRows } from '../../../src/inventory/import.ts';
import { MasterKeys, masterKeysOf } from '../../../src/inventory/master-keys.ts';
import { rotateMaster, rotateUnit } from '../../../src/inventory/rotation.ts';
import type { Row } from '../../../src/inventory/sheet.ts';
import { putSite, putWorkers } from '../../../src/inventory/site.ts';
import { Vault } from '../../../src/inventory/vault.ts';
import { weakLogins } from '../../../src/inventory/weak-logins.ts';
import { assignmentsOf } from '../../../src/probing/assignment.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { type Role, startWorker } from '../../../src/roles/worker.ts';
import { inspectionOf, openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { asLogin } from '../../support/as-login.ts';
import { fakeCamera } from '../../support/camera.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { judgedBy } from '../../support/truth.ts';
import { until } from '../../support/worker-process.ts';
import { clear, codeOf } from '../schedule/roster.ts';
import { type Account, account, rtspOf } from './guarded-camera.ts';

let ground: TestGround;
let roles: Role[];
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(async () => {
  await clear(ground.db);
  await putSite(ground.db, { code: 'north', name: '城北', networks: ['127.0.0.0/8'] });
  await putSite(ground.db, { code: 'south', name: '城南', networks: ['127.0.0.0/8'] });
  await decidePolicy(ground.db, new Date('2026-01-01T00:00:00Z'), 'one attempt', {
    ...{ daily_at: null, attempts: [0], cutoff: 60, deadline: 5_000, device_facts: false, snapshot_proves: false },
  });
  roles = [startScheduler(ground)];
});
afterEach(async () => {
  for (const role of roles.reverse()) await role.stop();
});

const worker = async (changes: Partial<TestGround> = {}, sites: readonly string[] = ['north']): Promise<Role> => {
  const role = await startWorker({ ...ground, ...changes }, sites);
  roles.push(role);
  return role;
};

type Device = { readonly row: Row; readonly who: Account } & AsyncDisposable;

/** A camera with a password of its own, which the inventory knows. */
const device = async (serial: number, more: Partial<Row> = {}): Promise<Device> => {
  const who = account('admin', `open ${serial}`);
  const camera = await fakeCamera(rtspOf(who), { host: `127.0.0.${serial}` });
  const row: Row = {
    ...{
      line: serial + 1,
      code: codeOf(serial),
      name: `点位 ${serial}`,
      unit: '450202',
      class: 'social',
      site: 'north',
    },
    ...{ rtspUrl: camera.url(), onvifUrl: null, snapshotUrl: null, transport: 'tcp', certificate: null },
    ...{ deadlineMs: null, user: 'admin', password: `open ${serial}`, basicAllowed: false },
    ...more,
  };
  return { row, who, [Symbol.asyncDispose]: () => camera[Symbol.asyncDispose]() };
};

const inspect = async (meanwhile: (done: () => Promise<boolean>) => Promise<void>) => {
  const { id } = await openInspection(ground.db, new Date(), null);
  await meanwhile(async () => (await inspectionOf(ground.db, id))?.completed_at != null);
  const judged = await judgedBy(ground.db, id);
  const details = await ground.db.many<{ detail: string | null }>(
    'select distinct detail from result where inspection = $1',
    [id],
  );
  return { judged, details: details.map(({ detail }) => detail) };
};
const good = (serial: number) => ({ code: codeOf(serial), online: 'yes', image: 'yes', kind: 'sound' });
const ours = (serial: number) => ({ code: codeOf(serial), online: 'unknown', image: 'unknown', kind: 'internal' });

describe('an inspection', () => {
  it('during which data keys and master key are changed again and again has no probe that fails for it', async () => {
    await using stack = new AsyncDisposableStack();
    const devices: Device[] = [];
    for (let serial = 2; serial < 42; serial++) {
      devices.push(stack.use(await device(serial, { unit: serial % 2 === 0 ? '450202' : '450203' })));
    }
    await importRows(
      ground.db,
      ground.vault,
      devices.map(({ row }) => row),
      false,
    );
    await worker({ vault: await processVault() }, ['north']);
    // As `xunjian key` does it, in a process of its own.
    const keeper = await processVault();
    let [rotations, keys] = [0, await ground.keys.read()];
    const { judged } = await inspect(async (done) => {
      while (!(await done())) {
        keys = [randomBytes(32), ...keys.slice(0, 1)];
        await writeFile(ground.keys.file!, keys.map((key) => `${key.toString('hex')}\n`).join(''));
        await rotateMaster(ground.db, keeper);
        for (const unit of ['450202', '450203']) {
          expect(await rotateUnit(ground.db, keeper, unit, new Date())).toMatchObject({ resealed: 20, broken: [] });
        }
        rotations++;
      }
    });
    expect(rotations).toBeGreaterThan(1);
    expect(judged).toEqual(devices.map((_, nth) => good(nth + 2)));
    expect(devices.flatMap(({ who }) => who.failed)).toEqual([]);
    expect(devices.filter(({ who }) => who.passed.has('rtsp'))).toHaveLength(40);
  });

  const processVault = async (): Promise<Vault> => {
    const masters = new MasterKeys(ground.keys.read);
    await masters.read();
    return new Vault(masters);
  };

  it('by a worker with the wrong master key is unknown and our own fault, and no camera sees a login', async () => {
    await using one = await device(2);
    await using swapped = await device(3);
    await using other = await device(4);
    await importRows(ground.db, ground.vault, [one.row, swapped.row, other.row], false);
    const right = await worker({ vault: new Vault(await masterKeysOf(randomBytes(32))) });
    const wrong = await inspect(until);
    expect(wrong.judged).toEqual([ours(2), ours(3), ours(4)]);
    expect(wrong.details).toEqual(['no key at hand opens the sealed login']);
    expect(await ground.db.many('select from login')).toEqual([]);
    for (const { who } of [one, swapped, other]) expect([who.failed, [...who.passed]]).toEqual([[], []]);

    // The right key, and two seals that somebody exchanged.
    await right.stop();
    roles.splice(roles.indexOf(right), 1);
    await ground.db.run(
      `update credential a set sealed = b.sealed from credential b, camera x, camera y
       where x.code = $1 and y.code = $2 and (a.camera, b.camera) in ((x.id, y.id), (y.id, x.id))`,
      [codeOf(2), codeOf(3)],
    );
    await worker();
    const exchanged = await inspect(until);
    expect(exchanged.judged).toEqual([ours(2), ours(3), good(4)]);
    expect(exchanged.details).toContain('the sealed login is not of this camera');
    for (const { who } of [one, swapped, other]) expect(who.failed).toEqual([]);
    expect([...one.who.passed, ...swapped.who.passed]).toEqual([]);
  });
});

it('logins are imported, searched and given new keys with the rights of the service alone', async () => {
  const service = asLogin(ground.db, 'xunjian_service');
  const row = (serial: number): Row => ({
    ...{ line: serial + 1, code: codeOf(serial), name: '点位', unit: '450204', class: 'social', site: 'north' },
    ...{ rtspUrl: `rtsp://127.0.0.${serial}/`, onvifUrl: null, snapshotUrl: null, transport: 'tcp' },
    ...{ certificate: null, deadlineMs: null, user: 'admin', password: '12345', basicAllowed: false },
  });
  expect(await importRows(service, ground.vault, [row(1), row(2)], false)).toMatchObject({ added: 2 });
  expect(await rotateUnit(service, ground.vault, '450204', new Date())).toMatchObject({ resealed: 2, destroyed: 1 });
  expect((await weakLogins(service, ground.vault, '450204')).weak).toHaveLength(2);
  await expect(rotateMaster(service, ground.vault)).resolves.toBeGreaterThanOrEqual(0);
  await expect(service.run('delete from data_key')).rejects.toThrow(/permission denied/);
});

describe('a worker with a login of the database of its own', () => {
  it('inspects its site, and sees the logins and keys of no other, whatever its job names', async () => {
    await using north = await device(2);
    await using south = await device(3, { site: 'south', unit: '450203' });
    const { db, vault } = ground;
    await importRows(db, vault, [north.row, south.row], false);
    await db.run('create role north_worker; grant xunjian_worker to north_worker');
    const limited = asLogin(db, 'north_worker');
    expect(await limited.many('select from credential')).toEqual([]);
    await putWorkers(db, 'north', ['north_worker']);
    expect(await limited.many('select c.code from credential cr join camera c on c.id = cr.camera')).toEqual([
      { code: codeOf(2) },
    ]);
    expect(await limited.many('select purpose, unit from data_key')).toEqual([
      { purpose: 'credential', unit: '450202' },
    ]);
    await worker({ db: limited }, ['north']);
    await worker({}, ['south']);
    expect((await inspect(until)).judged).toEqual([good(2), good(3)]);

    for (const sql of [
      'update credential set basic_allowed = true',
      'delete from credential',
      'update data_key set retired_at = now()',
      "insert into worker_site values ('north_worker', 'south')",
      'update camera set site = site',
      'select from account',
      'select from audit',
      'update result set online = true',
      'delete from result',
      "update site set networks = '{0.0.0.0/0}'",
    ]) {
      await expect(limited.run(sql), sql).rejects.toThrow(/permission denied/);
    }

    // A job of its site that names a camera of another, as one does whose camera was moved since.
    const camera = await db.one<{ id: number }>('select id from camera where code = $1', [codeOf(3)]);
    const { inspection } = { inspection: await openInspection(db, new Date(), null) };
    const { id } = await db.one<{ id: number }>(
      `insert into batch (inspection, attempt, part, slot, site, cameras) values ($1, 2, 9, $2, 'north', $3) returning id`,
      [inspection.id, inspection.started_at, [camera.id]],
    );
    for (const reader of [limited, db]) {
      expect(await assignmentsOf(reader, vault, { batch: id })).toMatchObject([
        { code: codeOf(3), fault: 'the camera was moved to another site since', login: null, target: { login: null } },
      ]);
    }
    // What it may not read looks like no login: asked without one, the camera would seem to be the one that is wrong.
    await putWorkers(db, 'north', []);
    expect(await limited.many('select from credential')).toEqual([]);
    expect((await inspect(until)).judged).toEqual([ours(2), good(3)]);
    expect(north.who.failed).toEqual([]);
  });
});
