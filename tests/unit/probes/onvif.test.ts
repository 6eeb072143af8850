import { describe, expect, it } from 'vitest';
import { visitDevice } from '../../../probes/onvif.ts';
import { fakeCamera, type Wire } from '../../support/camera.ts';
import { asked, clockReply, deviceTarget, fakeDevice, fault, soap } from './onvif-device.ts';
import { context } from './scene.ts';

const refusesLogin = (status: number) => (wire: Wire) =>
  wire.http(status, {}, fault('Sender not authorized. You still have 3 attempt(s)'));

describe('a device that works', () => {
  it('tells its clock without a login, then who it is and what its stream is', async () => {
    const { visited, operations, logins, requests } = await asked({});
    expect(visited.failure).toBeNull();
    expect(visited.heard).toBe(true);
    expect(visited.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['clock', true],
      ['device', true],
      ['stream', true],
    ]);
    expect(operations).toEqual([
      'GetSystemDateAndTime',
      'GetDeviceInformation',
      'GetCapabilities',
      'GetProfiles',
      'GetStreamUri',
    ]);
    expect(requests[0]!.login).toBeNull();
    expect(logins).toBe(4);
    expect(visited.device).toMatchObject({
      manufacturer: '海康威视',
      model: 'DS-2CD',
      firmware: '1.20',
      serial: '00012345678901234567890',
    });
    expect(Math.abs(visited.device!.clockSkewMs!)).toBeLessThan(3_000);
  });

  it('is asked on its own host although it names 169.254.9.9, and its stream is told with ours and without its login', async () => {
    const { visited, connections, requests } = await asked({});
    expect(connections).toBe(5);
    expect(requests.map(({ url }) => url)).toEqual([
      '/onvif/device_service',
      '/onvif/device_service',
      '/onvif/device_service',
      '/onvif/Media',
      '/onvif/Media',
    ]);
    expect(requests.every(({ headers }) => headers.get('host')?.startsWith('127.0.0.1:') === true)).toBe(true);
    expect(visited.device!.streamUri).toBe('rtsp://127.0.0.1:8554/Streaming/101?a=1&b=2');
  });

  it('whose stream has the password in its path tells it without (Xiongmai)', async () => {
    const uri = 'rtsp://10.0.0.1:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream';
    const reply = soap(
      `<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>${uri}</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>`,
    );
    const { visited } = await asked({ GetStreamUri: (wire) => wire.http(200, {}, reply) });
    expect(visited.device!.streamUri).toMatch(/\/user=admin_password=\*\*\*.*\?real_stream$/);
    expect(visited.device!.streamUri).not.toContain('tlJwpbo6');
  });

  it('is asked for the token of its first profile, whatever characters are in it', async () => {
    const { requests } = await asked({});
    expect(requests.at(-1)!.body).toContain('<ProfileToken>a&#38;b</ProfileToken>');
  });

  it('whose clock is half a year off gets a login of its own time (onvif-rs#121)', async () => {
    const halfYear = 183 * 24 * 3_600_000;
    const theirs = new Date(Date.now() - halfYear);
    const { visited, requests } = await asked({
      GetSystemDateAndTime: (wire) => wire.http(200, {}, clockReply(theirs)),
    });
    expect(visited.device!.clockSkewMs! + halfYear).toBeLessThan(3_000);
    const created = Date.parse(/<Created[^>]*>([^<]+)</.exec(requests[1]!.body)![1]!);
    expect(Math.abs(created - theirs.getTime())).toBeLessThan(5_000);
  });

  it.each([
    ['no UTC time', '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime/></tds:GetSystemDateAndTimeResponse>'],
    ['no time at all', '<tds:GetSystemDateAndTimeResponse/>'],
    [
      'words for numbers',
      '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time><tt:Hour>x</tt:Hour></tt:Time></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>',
    ],
  ])('with %s has no known skew, and no failure for it', async (_, body) => {
    const { visited } = await asked({ GetSystemDateAndTime: (wire) => wire.http(200, {}, soap(body)) }, 'clock');
    expect(visited).toMatchObject({ heard: true, failure: null, device: { clockSkewMs: null } });
  });

  it('is asked nothing but its clock where only its life is in question, and gets no login', async () => {
    const { visited, operations, logins } = await asked({}, 'clock');
    expect(visited.heard).toBe(true);
    expect([operations, logins]).toEqual([['GetSystemDateAndTime'], 0]);
  });

  it.each([
    ['an empty Uri', '<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri/></trt:MediaUri></trt:GetStreamUriResponse>'],
    ['no MediaUri', '<trt:GetStreamUriResponse/>'],
    [
      'an HTTP one',
      '<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>http://x/</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>',
    ],
  ])('with %s for its stream has none', async (_, body) => {
    const { visited } = await asked({ GetStreamUri: (wire) => wire.http(200, {}, soap(body)) });
    expect(visited).toMatchObject({ failure: null, device: { streamUri: null, model: 'DS-2CD' } });
  });
});

describe('a device that refuses the login', () => {
  it.each([400, 401, 500])('with a fault on HTTP %s gets exactly one', async (status) => {
    const { visited, operations, logins } = await asked({ GetDeviceInformation: refusesLogin(status) });
    expect(visited).toMatchObject({ heard: true, failure: { kind: 'unauthorized', origin: 'login', step: 'device' } });
    expect(operations).toEqual(['GetSystemDateAndTime', 'GetDeviceInformation']);
    expect(logins).toBe(1);
  });

  it('only for its stream gets no further one', async () => {
    const { visited, logins } = await asked({ GetProfiles: refusesLogin(400) });
    expect(visited).toMatchObject({ failure: { kind: 'unauthorized', step: 'stream' }, device: { model: 'DS-2CD' } });
    expect(logins).toBe(3);
  });

  it('and asks for HTTP digest gets no second one', async () => {
    const { visited, operations, logins } = await asked({
      GetDeviceInformation: (wire) =>
        wire.http(
          401,
          { 'WWW-Authenticate': 'Digest realm="camera", nonce="n", qop="auth"' },
          '<html>401 -- Unauthorized</html>',
        ),
    });
    expect(visited.failure).toMatchObject({ kind: 'auth_unsupported', origin: 'login', step: 'device' });
    expect(visited.heard).toBe(true);
    expect(operations).toEqual(['GetSystemDateAndTime', 'GetDeviceInformation']);
    expect(logins).toBe(1);
  });

  it('with a fault beside an HTTP challenge has refused', async () => {
    const { visited, logins } = await asked({
      GetDeviceInformation: (wire) => wire.http(401, { 'WWW-Authenticate': 'Digest realm="r"' }, fault('no')),
    });
    expect(visited.failure?.kind).toBe('unauthorized');
    expect(logins).toBe(1);
  });

  it('is not tried where it refused before, or where there is no password', async () => {
    for (const none of [{ refused: 'by RTSP', as: 'unauthorized' } as const, null]) {
      const { logins, operations } = await asked({ GetDeviceInformation: refusesLogin(400) }, 'facts', { login: none });
      expect(logins).toBe(0);
      expect(operations).toHaveLength(2);
    }
  });
});

describe('what is not ONVIF', () => {
  it.each([
    ['a login page with 200', 200, '<!DOCTYPE html><html><body>Login</body></html>'],
    ['a page that is not found', 404, '<html>404</html>'],
    ['nothing', 200, ''],
    ['XML of another kind', 200, '<rss><channel/></rss>'],
    ['an envelope cut short', 200, soap('<tds:GetSystemDateAndTimeResponse>').slice(0, -30)],
    ['an envelope without a body', 200, '<s:Envelope xmlns:s="x"></s:Envelope>'],
    ['entities of its own', 200, `<!DOCTYPE x [<!ENTITY a "b">]>${soap('&a;')}`],
  ])('%s', async (_, status, body) => {
    const { visited } = await asked({ GetSystemDateAndTime: (wire) => wire.http(status, {}, body) });
    expect(visited).toMatchObject({ heard: false, device: null, failure: { kind: 'not_onvif', step: 'clock' } });
  });

  it('bytes that are no HTTP, which is no fault of ours', async () => {
    const { visited } = await asked({
      GetSystemDateAndTime: (wire) => wire.send('SSH-2.0-dropbear\r\n'),
    });
    expect(visited.failure).toMatchObject({ kind: 'not_onvif', origin: 'camera' });
  });

  it('a fault that is no refusal is the device itself speaking', async () => {
    const { visited } = await asked(
      {
        GetSystemDateAndTime: (wire) =>
          wire.http(
            500,
            {},
            soap(
              '<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text xml:lang="en">Action Failed</s:Text></s:Reason></s:Fault>',
            ),
          ),
      },
      'clock',
    );
    expect(visited).toMatchObject({ heard: true, failure: { kind: 'onvif_fault', step: 'clock' } });
  });
});

describe('nothing is dialled', () => {
  it('outside the allowed networks', async () => {
    await using device = await fakeDevice();
    const visited = await visitDevice(deviceTarget(device, { allow: () => false }), context(), 'facts');
    expect(visited.failure).toMatchObject({ kind: 'address_not_allowed', origin: 'ours' });
    expect(device.connections).toBe(0);
  });

  it('after the caller stopped', async () => {
    await using device = await fakeDevice();
    const visited = await visitDevice(deviceTarget(device), context({ signal: AbortSignal.abort() }), 'facts');
    expect(visited.failure?.kind).toBe('aborted');
    expect(device.connections).toBe(0);
  });

  it('for a URL that is not http', async () => {
    const visited = await visitDevice(
      { url: 'rtsp://127.0.0.1/', onvifUrl: 'file:///etc/passwd', login: null, deadlineMs: 1_000 },
      context(),
      'clock',
    );
    expect(visited.failure).toMatchObject({ kind: 'internal', origin: 'ours' });
  });
});

it('the caller stops a visit in the middle of an answer', async () => {
  const stop = new AbortController();
  await using device = await fakeCamera(async (wire) => {
    await wire.request();
    wire.send('HTTP/1.1 200 OK\r\n');
    stop.abort();
  });
  const visited = await visitDevice(deviceTarget(device), context({ signal: stop.signal }), 'facts');
  expect(visited.failure).toMatchObject({ kind: 'aborted', step: 'clock' });
});

it('the words of ONVIF are traced without a password', async () => {
  const said: string[] = [];
  await using device = await fakeDevice();
  await visitDevice(
    deviceTarget(device),
    context({ trace: (direction, words) => void said.push(direction + words) }),
    'facts',
  );
  expect(said).toHaveLength(10);
  expect(said.join('\n')).not.toMatch(/secret|horse|PasswordDigest/);
  expect(said.at(-1)).toContain('rtsp://***@169.254.9.9');
});
