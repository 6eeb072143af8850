import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Held, Login, LoginGuard } from '../../../probes/index.ts';
import { visitDevice } from '../../../probes/onvif.ts';
import { authorize, parseChallenges } from '../../../probes/rtsp/digest.ts';
import type { Asked, Wire } from '../../support/camera.ts';
import { guardBook } from './guard-book.ts';
import {
  asked,
  type Behaviour,
  clockReply,
  deviceTarget,
  fakeDevice,
  fault,
  replies,
  servicesReply,
  soap,
} from './onvif-device.ts';
import { context, login } from './scene.ts';

const refusesLogin = (status: number) => (wire: Wire) =>
  wire.http(status, {}, fault('Sender not authorized. You still have 3 attempt(s)'));

const page = '<html><head><title>Document Error: Unauthorized</title></head></html>';
const challenges =
  'Digest realm="camera", nonce="m", qop="auth", Digest realm="camera", nonce="s", qop="auth", algorithm=SHA-256';

/** Whether the request answers a challenge of `offered` with the right password. */
const answers = (request: Asked, offered: string): boolean => {
  const sent = request.login ?? '';
  const part = (name: string): string => new RegExp(`${name}="?([^",]*)`).exec(sent)?.[1] ?? '';
  const challenge = parseChallenges([offered])[0]!;
  const right = authorize(challenge, login!, 'POST', request.url, Number(part('nc')), part('cnonce'));
  return sent === right;
};

/** A device that asks for HTTP digest for all but its clock. */
const digestDevice = (offered = challenges): Behaviour => {
  const play = (name: keyof typeof replies) => (wire: Wire, request: Asked) => {
    if (answers(request, offered)) wire.http(200, {}, replies[name](request));
    else wire.http(401, { 'WWW-Authenticate': offered }, page);
  };
  const names = Object.keys(replies).filter((name) => name !== 'GetSystemDateAndTime') as (keyof typeof replies)[];
  return Object.fromEntries(names.map((name) => [name, play(name)]));
};

describe('a login over WS-Security', () => {
  const token = (body: string) => {
    const part = (name: string): string => new RegExp(`<${name}(?: [^>]*)?>([^<]*)<`).exec(body)![1]!;
    return { user: part('Username'), digest: part('Password'), nonce: part('Nonce'), created: part('Created') };
  };

  it.each([
    ['a plain password', 'right horse'],
    ['a Chinese one, which the package would send wrong', '密码 "x" 1'],
    ['an empty one', ''],
  ])('is made of %s, a nonce of its own each time and the time', async (_, password) => {
    const { visited, requests, told } = await asked({}, 'facts', { login: { user: 'a<b', password } });
    expect(visited.failure).toBeNull();
    const sent = requests.filter((request) => request.login !== null).map(({ body }) => token(body));
    for (const { user, digest, nonce, created } of sent) {
      const whole = Buffer.concat([Buffer.from(nonce, 'base64'), Buffer.from(created + password, 'utf8')]);
      expect([user, digest]).toEqual(['a&#60;b', createHash('sha1').update(whole).digest('base64')]);
    }
    expect(new Set(sent.map(({ nonce }) => nonce)).size).toBe(6);
    expect(told).toEqual(['may onvif?', 'accepted']);
  });

  it('is made by the clock of the device, which may be half a year off (onvif-rs#121)', async () => {
    const halfYear = 183 * 24 * 3_600_000;
    const theirs = new Date(Date.now() - halfYear);
    const { visited, requests } = await asked({
      GetSystemDateAndTime: (wire) => wire.http(200, {}, clockReply(theirs)),
    });
    expect(Math.abs(visited.device!.clockSkewMs! + halfYear)).toBeLessThan(3_000);
    expect(Math.abs(Date.parse(token(requests[2]!.body).created) - theirs.getTime())).toBeLessThan(5_000);
  });

  it.each([400, 401, 500, 200])(
    'that is refused with a fault on HTTP %s is sent once (lightNVR#339)',
    async (status) => {
      const { visited, operations, told } = await asked({ GetDeviceInformation: refusesLogin(status) });
      expect(visited).toMatchObject({
        heard: true,
        failure: { kind: 'unauthorized', origin: 'login', step: 'device' },
      });
      expect(visited.failure!.detail).toContain('You still have 3 attempt(s)');
      expect(operations).toEqual(['GetSystemDateAndTime', 'GetDeviceInformation', 'GetDeviceInformation!']);
      expect(told).toEqual(['may onvif?', 'unauthorized']);
    },
  );

  it('that the guard knows as right is refused by a busy device (rroller/dahua#603)', async () => {
    const { visited } = await asked({ GetDeviceInformation: refusesLogin(401) }, 'facts', {}, guardBook(null, 'busy'));
    expect(visited.failure).toMatchObject({ kind: 'busy', step: 'device' });
  });

  it('accepted for one operation and refused for another ends the visit, and is not a wrong password', async () => {
    const { visited, operations, told } = await asked({ GetProfiles: refusesLogin(400) });
    expect(visited).toMatchObject({ failure: { kind: 'forbidden', step: 'stream' }, device: { model: 'DS-2CD' } });
    expect(operations.at(-1)).toBe('GetProfiles!');
    expect(told).toEqual(['may onvif?', 'accepted']);
  });

  it.each([
    ['a fault of another kind', (wire: Wire) => wire.http(500, {}, fault('Action Failed', 'Action')), 'onvif_fault'],
    ['a page', (wire: Wire) => wire.http(200, {}, page), 'not_onvif'],
    ['a closed connection', (wire: Wire) => wire.end(), 'closed'],
    ['silence', () => {}, 'silent'],
  ])('met by %s stays without an answer, and is not sent again', async (_, play, kind) => {
    const GetDeviceInformation = (wire: Wire, request: Asked): void =>
      request.login === null ? wire.http(400, {}, fault('Sender not Authorized')) : play(wire);
    const { visited, logins, told } = await asked({ GetDeviceInformation }, 'facts', { deadlineMs: 400 });
    expect(visited.failure).toMatchObject({ kind, step: 'device' });
    expect([logins, told]).toEqual([1, ['may onvif?', 'unanswered']]);
  });

  it('first wanted by Media 2, which then faults, is not sent to Media 1', async () => {
    const openly = (name: keyof typeof replies) => (wire: Wire, request: Asked) =>
      wire.http(200, {}, replies[name](request));
    const { visited, logins, told } = await asked({
      GetDeviceInformation: openly('GetDeviceInformation'),
      GetServices: (wire) =>
        wire.http(200, {}, servicesReply({ 'ver10/media': '/onvif/1', 'ver20/media': '/onvif/2' })),
      GetProfiles: (wire, request) =>
        wire.http(500, {}, request.login === null ? fault('Sender not Authorized') : fault('Action Failed', 'Action')),
    });
    expect(visited.failure).toMatchObject({ kind: 'onvif_fault', step: 'stream' });
    expect([logins, told]).toEqual([1, ['may onvif?', 'unanswered']]);
  });
});

describe('a login over HTTP digest', () => {
  it('answers the strongest challenge, once asked for, with each request', async () => {
    const { visited, operations, requests, told } = await asked(digestDevice());
    expect(visited).toMatchObject({ failure: null, device: { model: 'DS-2CD', subStreamUri: expect.any(String) } });
    expect(operations.filter((name) => !name.endsWith('!'))).toEqual(['GetSystemDateAndTime', 'GetDeviceInformation']);
    const sent = requests.filter((request) => request.login !== null);
    expect(sent.map((request) => /nc=(\d+)/.exec(request.login!)![1])).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => `0000000${n}`),
    );
    expect(sent[0]!.login).toContain('algorithm=SHA-256');
    expect(sent.every(({ body }) => !body.includes('UsernameToken'))).toBe(true);
    expect(told).toEqual(['may onvif?', 'accepted']);
  });

  it('is preferred where a fault stands beside the challenge (ONVIF Core 5.9.1)', async () => {
    const { visited, requests } = await asked({
      GetDeviceInformation: (wire, request) =>
        request.login === null
          ? wire.http(401, { 'WWW-Authenticate': challenges }, fault('Sender not Authorized'))
          : wire.http(200, {}, replies.GetDeviceInformation()),
    });
    expect(visited.failure).toBeNull();
    expect(requests[2]!.login).toMatch(/^Digest /);
  });

  it('that is refused is sent once, and no token after it', async () => {
    const { visited, operations, told } = await asked({
      GetDeviceInformation: (wire) => wire.http(401, { 'WWW-Authenticate': challenges }, page),
    });
    expect(visited).toMatchObject({ heard: true, failure: { kind: 'unauthorized', origin: 'login', step: 'device' } });
    expect(operations).toEqual(['GetSystemDateAndTime', 'GetDeviceInformation', 'GetDeviceInformation!']);
    expect(told).toEqual(['may onvif?', 'unauthorized']);
  });

  it.each([
    ['whose page is cut', (wire: Wire) => wire.end()],
    ['whose page never ends', () => {}],
  ])('that is refused by an answer %s is refused', async (_, then) => {
    const { visited, logins, told } = await asked(
      {
        GetDeviceInformation: (wire, request) => {
          if (request.login === null) return wire.http(401, { 'WWW-Authenticate': challenges }, page);
          wire.send('HTTP/1.1 401 No\r\nContent-Length: 900\r\n\r\n<html>');
          return then(wire);
        },
      },
      'facts',
      { deadlineMs: 600 },
    );
    expect(visited.failure?.kind).toBe('unauthorized');
    expect([logins, told]).toEqual([1, ['may onvif?', 'unauthorized']]);
  });

  it('that is forbidden is a refusal of another kind', async () => {
    const { visited, told } = await asked({
      GetDeviceInformation: (wire, request) =>
        request.login === null ? wire.http(401, { 'WWW-Authenticate': challenges }, page) : wire.http(403, {}, page),
    });
    expect(visited.failure).toMatchObject({ kind: 'forbidden', step: 'device' });
    expect(told).toEqual(['may onvif?', 'forbidden']);
  });

  it('with a nonce too old is renewed once', async () => {
    const stale = 'Digest realm="camera", nonce="fresh", qop="auth", stale=TRUE';
    const { visited, told, logins } = await asked({
      ...digestDevice(stale),
      GetDeviceInformation: (wire, request) => {
        if (answers(request, stale)) wire.http(200, {}, replies.GetDeviceInformation());
        else wire.http(401, { 'WWW-Authenticate': request.login === null ? challenges : stale }, page);
      },
    });
    expect(visited.failure).toBeNull();
    expect([logins, told]).toEqual([7, ['may onvif?', 'accepted']]);
  });

  it('is wanted even for the clock: that was the one question in vain', async () => {
    const { visited, operations } = await asked({
      ...digestDevice(),
      GetSystemDateAndTime: (wire) => wire.http(401, { 'WWW-Authenticate': challenges }, page),
    });
    expect(visited).toMatchObject({ failure: null, device: { clockSkewMs: null, model: 'DS-2CD' } });
    expect(operations.slice(0, 2)).toEqual(['GetSystemDateAndTime', 'GetDeviceInformation!']);
  });

  it('accepted, and then 401 by itself, is a device at its limit', async () => {
    const { visited, told } = await asked({
      ...digestDevice(),
      GetProfiles: (wire) => wire.http(401, { 'WWW-Authenticate': challenges }, page),
    });
    expect(visited.failure).toMatchObject({ kind: 'busy', step: 'stream' });
    expect(told).toEqual(['may onvif?', 'accepted']);
  });

  const basicOnly = (wire: Wire, request: Asked): void =>
    request.login === null
      ? wire.http(401, { 'WWW-Authenticate': 'Basic realm="camera"' }, page)
      : wire.http(200, {}, replies.GetDeviceInformation());

  it('cannot be made where only Basic is offered, which would send the password in clear', async () => {
    const { visited, logins, told } = await asked({ GetDeviceInformation: basicOnly });
    expect(visited.failure).toMatchObject({ kind: 'auth_unsupported', detail: 'offered: Basic' });
    expect([logins, told]).toEqual([0, []]);
  });

  it('may be Basic where the camera is marked for it', async () => {
    const allowed: Login = { ...login!, basicAllowed: true };
    const { visited, requests } = await asked({ GetDeviceInformation: basicOnly }, 'facts', { login: allowed });
    expect(visited.device).toMatchObject({ model: 'DS-2CD' });
    expect(requests[2]!.login).toBe(`Basic ${Buffer.from('admin:right horse').toString('base64')}`);
  });
});

describe('no login is sent', () => {
  it('where there is none', async () => {
    const { visited, logins, told } = await asked({}, 'facts', { login: null });
    expect(visited.failure).toMatchObject({ kind: 'no_credentials', step: 'device' });
    expect([logins, told]).toEqual([0, []]);
  });

  it.each([
    { kind: 'unauthorized', detail: 'refused by RTSP' },
    { kind: 'forbidden', detail: 'refused before' },
    { kind: 'busy', detail: 'a moment ago' },
    { kind: 'login_held', detail: 'nobody knows' },
  ] satisfies Held[])('where the guard holds it: $kind', async (held) => {
    const { visited, logins, operations, told } = await asked({}, 'facts', {}, guardBook(held));
    expect(visited).toMatchObject({ heard: true, failure: { ...held, step: 'device' }, device: { model: null } });
    expect([logins, operations.length, told]).toEqual([0, 2, ['may onvif?']]);
  });

  it('to an account that the device says is locked', async () => {
    const { visited, logins, told } = await asked({
      GetDeviceInformation: (wire) => wire.http(400, {}, fault('The account is locked for 28 minutes')),
    });
    expect(visited.failure).toMatchObject({ kind: 'forbidden', step: 'device' });
    expect([logins, told]).toEqual([0, []]);
  });

  it('to a device that is only asked whether it lives, and wants one even for that', async () => {
    const { visited, logins, operations } = await asked({ GetSystemDateAndTime: refusesLogin(400) }, 'clock');
    expect(visited).toMatchObject({ heard: true, failure: null });
    expect([logins, operations.length]).toEqual([0, 1]);
  });
});

it('a visit that is stopped behind its login says that it has no answer, before it ends', async () => {
  const stop = new AbortController();
  const book = guardBook();
  await using device = await fakeDevice({
    GetDeviceInformation: (wire, request) => {
      if (request.login === null) wire.http(400, {}, fault('Sender not Authorized'));
      else stop.abort();
    },
  });
  const visited = await visitDevice(deviceTarget(device), context({ signal: stop.signal, guard: book.guard }), 'facts');
  expect(visited.failure).toMatchObject({ kind: 'aborted', step: 'device' });
  expect(book.told).toEqual(['may onvif?', 'unanswered']);
});

describe('a device that refuses the token', () => {
  const refuses = (wire: Wire): void => wire.http(400, {}, fault('Sender not Authorized'));
  const clockless = (wire: Wire): void =>
    wire.http(
      200,
      {},
      soap('<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime/></tds:GetSystemDateAndTimeResponse>'),
    );

  it('and told no UTC time is said to be one whose clock may be the cause (agsh/onvif#65)', async () => {
    const { visited, told } = await asked({ GetSystemDateAndTime: clockless, GetDeviceInformation: refuses });
    expect(visited.failure).toMatchObject({ kind: 'unauthorized', step: 'device' });
    expect(visited.failure!.detail).toBe(
      'Sender not Authorized; its clock is unknown (no UTC time told) and may be the cause',
    );
    expect(told).toEqual(['may onvif?', 'unauthorized']);
  });

  it('and told its clock is not', async () => {
    const { visited } = await asked({ GetDeviceInformation: refuses });
    expect(visited.failure).toMatchObject({ kind: 'unauthorized', detail: 'Sender not Authorized' });
  });
});

it('a guard that takes more time than there was has it given back', async () => {
  const book = guardBook();
  let now = 0;
  const guard: LoginGuard = {
    ...book.guard,
    mayTry: async (service) => {
      now += 60_000;
      return book.guard.mayTry(service);
    },
  };
  await using device = await fakeDevice();
  const visited = await visitDevice(
    deviceTarget(device),
    context({ guard, now: () => now + performance.now() }),
    'facts',
  );
  expect(visited.failure).toBeNull();
  expect(book.told).toEqual(['may onvif?', 'accepted']);
});
