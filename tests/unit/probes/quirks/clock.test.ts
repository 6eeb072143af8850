import { describe, expect, it } from 'vitest';
import type { Asked, Wire } from '../../../support/camera.ts';
import { asked, type Behaviour, clockReply, fault, type Operation, replies } from '../onvif-device.ts';

const second = 1_000;
const hour = 3_600 * second;

/** A device whose clock is `ahead` ms off, and which refuses a token made five seconds from its own time. */
const strict = (ahead: number): Behaviour => {
  const play = (name: Operation) => (wire: Wire, request: Asked) => {
    const created = Date.parse(/<Created[^>]*>([^<]+)</.exec(request.body)?.[1] ?? '');
    const fresh = Math.abs(created - (Date.now() + ahead)) <= 5 * second;
    if (fresh) wire.http(200, {}, replies[name](request));
    else wire.http(400, {}, fault('Sender not Authorized'));
  };
  const guarded = (Object.keys(replies) as Operation[]).filter((name) => name !== 'GetSystemDateAndTime');
  return {
    ...Object.fromEntries(guarded.map((name) => [name, play(name)])),
    GetSystemDateAndTime: (wire) => wire.http(200, {}, clockReply(new Date(Date.now() + ahead))),
  };
};

describe('a device that refuses a token five seconds from its own clock', () => {
  it.each([
    ['20 s fast', 20 * second],
    ['20 s slow', -20 * second],
    ['half a year behind after a reboot (onvif-rs#121, agsh/onvif#249)', -183 * 24 * hour],
    ['8 hours ahead, its local time told as UTC (OpenIPC#292)', 8 * hour],
  ])('and is %s takes the login, and the skew is a fact of its own', async (_, ahead) => {
    const { visited, told } = await asked(strict(ahead));
    expect(visited.failure).toBeNull();
    expect(visited.device).toMatchObject({ model: 'DS-2CD', streamUri: expect.any(String) });
    expect(Math.abs(visited.device!.clockSkewMs! - ahead)).toBeLessThan(3 * second);
    expect(told).toEqual(['may onvif?', 'accepted']);
  });
});

describe('a time zone that is', () => {
  it.each([
    'MoroccoStandardTime0',
    'UTC5:0',
    'CST-8',
    '&lt;+08&gt;-8',
    '(GMT+08:00) 北京',
    'GMT+99:99:99DST,M13.9.9/99',
    '',
    'Z'.repeat(5_000),
  ])('%j is not read: UTC tells the skew, and nothing throws', async (zone) => {
    const { visited } = await asked(
      {
        GetSystemDateAndTime: (wire) =>
          wire.http(200, {}, clockReply(new Date()).replace('<tt:TZ>UTC5:0</tt:TZ>', `<tt:TZ>${zone}</tt:TZ>`)),
      },
      'clock',
    );
    expect(visited).toMatchObject({ heard: true, failure: null });
    expect(Math.abs(visited.device!.clockSkewMs!)).toBeLessThan(3 * second);
  });
});
