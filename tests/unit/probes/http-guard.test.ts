import { describe, expect, it } from 'vitest';
import type { Context, LoginGuard, Target } from '../../../probes/index.ts';
import { visitDevice } from '../../../probes/onvif.ts';
import { visitSnapshot } from '../../../probes/snapshot.ts';
import { fakeCamera, type Script } from '../../support/camera.ts';
import { guardBook } from './guard-book.ts';
import { onvif, serviceUrl } from './onvif-device.ts';
import { context, digest, target } from './scene.ts';

const jpeg = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(300, 7), Buffer.from('ffd9', 'hex')]);

const snapshot: Script = async (wire) => {
  const asked = await wire.request();
  if (asked.login === null) wire.http(401, { 'WWW-Authenticate': digest });
  else wire.http(200, { 'Content-Type': 'image/jpeg' }, jpeg);
};

const services = [
  ['a snapshot', visitSnapshot, snapshot, 2],
  ['ONVIF', (to: Target, given: Context) => visitDevice(to, given, 'facts'), (wire) => onvif(wire), 3],
] as const satisfies readonly (readonly [string, unknown, Script, number])[];

describe.each(services)('the guard of a login for %s', (_, visit, script, loginAt) => {
  const visited = async (guard: LoginGuard, play: Script, more: Partial<Target> = {}, signal?: AbortSignal) => {
    await using camera = await fakeCamera(play);
    const urls = { snapshotUrl: `http://127.0.0.1:${camera.port}/`, onvifUrl: serviceUrl(camera) };
    const given = context({ guard, ...(signal === undefined ? {} : { signal }) });
    const found = await visit(target(camera, { ...urls, ...more }), given);
    return { found, failure: found.failure, logins: camera.logins };
  };

  it('may take longer than the whole visit: that is not laid to the device', async () => {
    const { guard, told } = guardBook();
    const slow: LoginGuard = {
      ...guard,
      mayTry: (service) => new Promise((resolve) => setTimeout(() => resolve(guard.mayTry(service)), 1_100)),
    };
    const { failure } = await visited(slow, script, { deadlineMs: 1_000 });
    expect(failure).toBeNull();
    expect(told.slice(1)).toEqual(['accepted']);
  });

  it('is not waited for when the caller stops; a permission that comes too late is given back', async () => {
    const { guard, told } = guardBook();
    const stop = new AbortController();
    let answer = (): void => {};
    const mayTry: LoginGuard['mayTry'] = (service) => {
      stop.abort();
      return new Promise((resolve) => {
        answer = () => resolve(guard.mayTry(service));
      });
    };
    const { found, failure, logins } = await visited({ ...guard, mayTry }, script, {}, stop.signal);
    expect(failure?.kind).toBe('aborted');
    expect([logins, told]).toEqual([0, []]);
    answer();
    await found.left;
    expect(told.slice(1)).toEqual(['withdrawn']);
  });

  it('is told that no login left, where the device hung up while it was asked', async () => {
    const { guard, told } = guardBook();
    let gone = (): void => {};
    const hungUp = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const mayTry: LoginGuard['mayTry'] = (service) => hungUp.then(() => guard.mayTry(service));
    const { failure, logins } = await visited({ ...guard, mayTry }, async (wire, nth) => {
      if (nth < loginAt) return script(wire, nth);
      wire.end();
      await wire.closed;
      gone();
    });
    expect(failure?.kind).toBe('closed');
    expect([logins, told.slice(1)]).toEqual([0, ['withdrawn']]);
  });
});
