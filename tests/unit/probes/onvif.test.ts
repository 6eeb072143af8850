import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { visitDevice } from '../../../probes/onvif.ts';
import { type Asked, fakeCamera } from '../../support/camera.ts';
import {
  asked,
  clockReply,
  deviceTarget,
  fakeDevice,
  fault,
  profile,
  servicesReply,
  snapshotReply,
  soap,
  streamReply,
} from './onvif-device.ts';
import { context, digest } from './scene.ts';

describe('a device that works', () => {
  it('tells its clock without a login, then who it is and what its streams are', async () => {
    const { visited, operations } = await asked({});
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
      'GetDeviceInformation!',
      'GetServices!',
      'GetProfiles!',
      'GetStreamUri!',
      'GetStreamUri!',
      'GetSnapshotUri!',
    ]);
    expect(visited.device).toMatchObject({
      manufacturer: '海康威视',
      model: 'DS-2CD',
      firmware: '1.20',
      serial: '00012345678901234567890',
    });
    expect(Math.abs(visited.device!.clockSkewMs!)).toBeLessThan(3_000);
  });

  it('names the largest and the smallest picture of its first video source, whatever characters are in a token', async () => {
    const { visited, requests } = await asked({});
    const tokens = requests.map(({ body }) => /<ProfileToken>([^<]*)/.exec(body)?.[1]).filter(Boolean);
    expect(tokens).toEqual(['a&#38;b', 'sub', 'a&#38;b']);
    expect(visited.device).toMatchObject({
      streamUri: 'rtsp://127.0.0.1:554/Streaming/101?a=1&b=2',
      subStreamUri: 'rtsp://127.0.0.1:554/Streaming/102?a=1&b=2',
      snapshotUri: 'http://127.0.0.1:81/snap.jpg?channel=1',
    });
  });

  it('is asked on its own host although it names 169.254.9.9', async () => {
    const { connections, requests } = await asked({});
    expect(connections).toBe(8);
    expect(requests.map(({ url }) => url)).toEqual([
      ...Array<string>(4).fill('/onvif/device_service'),
      ...Array<string>(4).fill('/onvif/Media?x=1'),
    ]);
    expect(requests.every(({ headers }) => headers.get('host')?.startsWith('127.0.0.1:') === true)).toBe(true);
  });

  it('that knows no GetServices is asked for its capabilities (Axis Q6045-E)', async () => {
    const { visited, operations, requests } = await asked({
      GetServices: (wire) => wire.http(500, {}, fault('Optional Action Not Implemented', 'ActionNotSupported')),
    });
    expect(visited).toMatchObject({ failure: null, device: { streamUri: expect.any(String) } });
    expect(operations.slice(3, 6)).toEqual(['GetServices!', 'GetCapabilities!', 'GetProfiles!']);
    expect(requests[5]!.url).toBe('/onvif/media_of_old');
  });

  it('and asks for no login gets none', async () => {
    const openly = { name: 'GetDeviceInformation', inner: '<tds:Model>open</tds:Model>' };
    const { visited, logins, told } = await asked({
      GetDeviceInformation: (wire) =>
        wire.http(200, {}, soap(`<tds:${openly.name}Response>${openly.inner}</tds:${openly.name}Response>`)),
      GetProfiles: (wire) =>
        wire.http(200, {}, soap('<trt:GetProfilesResponse><trt:Profiles token="only"/></trt:GetProfilesResponse>')),
      GetStreamUri: (wire) => wire.http(200, {}, streamReply('rtsp://10.0.0.1/1')),
      GetSnapshotUri: (wire) => wire.http(200, {}, snapshotReply('http://10.0.0.1/1')),
    });
    expect(visited).toMatchObject({
      failure: null,
      device: { model: 'open', streamUri: 'rtsp://127.0.0.1/1', subStreamUri: null },
    });
    expect([logins, told]).toEqual([0, []]);
  });

  it('whose stream has the password in its path tells it without (Xiongmai)', async () => {
    const uri = 'rtsp://10.0.0.1:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream';
    const { visited } = await asked({ GetStreamUri: (wire) => wire.http(200, {}, streamReply(uri)) });
    expect(visited.device!.streamUri).toMatch(/\/user=admin_password=\*\*\*.*\?real_stream$/);
    expect(visited.device!.streamUri).not.toContain('tlJwpbo6');
  });

  it('without a snapshot has none, and no failure for it', async () => {
    const { visited } = await asked({
      GetSnapshotUri: (wire) => wire.http(500, {}, fault('Optional Action Not Implemented', 'ActionNotSupported')),
    });
    expect(visited).toMatchObject({ failure: null, device: { snapshotUri: null, streamUri: expect.any(String) } });
  });

  it.each([
    ['no UTC time', '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime/></tds:GetSystemDateAndTimeResponse>'],
    ['no time at all', '<tds:GetSystemDateAndTimeResponse/>'],
    [
      'a zone and a local time only (agsh/onvif#65)',
      '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:TimeZone><tt:TZ>MoroccoStandardTime0</tt:TZ></tt:TimeZone><tt:LocalDateTime><tt:Time><tt:Hour>1</tt:Hour><tt:Minute>1</tt:Minute><tt:Second>1</tt:Second></tt:Time><tt:Date><tt:Year>2026</tt:Year><tt:Month>1</tt:Month><tt:Day>1</tt:Day></tt:Date></tt:LocalDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>',
    ],
    [
      'words for numbers',
      '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time><tt:Hour>x</tt:Hour></tt:Time></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>',
    ],
  ])('with %s has no known skew, no failure for it, and gets a login of our time', async (_, body) => {
    const { visited, requests } = await asked({ GetSystemDateAndTime: (wire) => wire.http(200, {}, soap(body)) });
    expect(visited).toMatchObject({ heard: true, failure: null, device: { clockSkewMs: null, model: 'DS-2CD' } });
    const created = Date.parse(/<Created[^>]*>([^<]+)</.exec(requests[2]!.body)![1]!);
    expect(Math.abs(created - Date.now())).toBeLessThan(5_000);
  });

  it('is asked nothing but its clock where only its life is in question, and gets no login', async () => {
    const { visited, operations } = await asked({}, 'clock');
    expect(visited.heard).toBe(true);
    expect(operations).toEqual(['GetSystemDateAndTime']);
  });

  it.each([
    [
      'an empty Uri',
      '<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri/></trt:MediaUri></trt:GetStreamUriResponse>',
      null,
    ],
    ['no MediaUri', '<trt:GetStreamUriResponse/>', null],
    [
      'a Uri without MediaUri',
      '<trt:GetStreamUriResponse><tt:Uri> rtsp://10.1.1.1:99/live\n</tt:Uri></trt:GetStreamUriResponse>',
      'rtsp://127.0.0.1:99/live',
    ],
    [
      'prefixes bound to nothing',
      '<no:GetStreamUriResponse><un:MediaUri><bound:Uri>rtsp://10.1.1.1/x</bound:Uri></un:MediaUri></no:GetStreamUriResponse>',
      'rtsp://127.0.0.1/x',
    ],
    [
      'an HTTP one',
      '<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>http://x/</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>',
      null,
    ],
  ])('with %s for its stream tells what there is', async (_, body, uri) => {
    const { visited } = await asked({ GetStreamUri: (wire) => wire.http(200, {}, soap(body)) });
    expect(visited).toMatchObject({ failure: null, device: { streamUri: uri, model: 'DS-2CD' } });
  });
});

describe('Media 2', () => {
  const both = servicesReply({ 'ver10/media': 'http://10.0.0.1/onvif/Media', 'ver20/media': '/onvif/Media2' });
  const profiles2 =
    '<tr2:GetProfilesResponse><tr2:Profiles token="big"><tr2:Configurations><tr2:VideoSource><tt:SourceToken>V</tt:SourceToken></tr2:VideoSource><tr2:VideoEncoder><tt:Resolution><tt:Width>3840</tt:Width><tt:Height>2160</tt:Height></tt:Resolution></tr2:VideoEncoder></tr2:Configurations></tr2:Profiles></tr2:GetProfilesResponse>';

  it('is asked where there is one', async () => {
    const { visited, requests } = await asked({
      GetServices: (wire) => wire.http(200, {}, both),
      GetProfiles: (wire) => wire.http(200, {}, soap(profiles2)),
      GetStreamUri: (wire) =>
        wire.http(
          200,
          {},
          soap('<tr2:GetStreamUriResponse><tr2:Uri>rtsp://10.0.0.1:554/h265</tr2:Uri></tr2:GetStreamUriResponse>'),
        ),
      GetSnapshotUri: (wire) =>
        wire.http(
          200,
          {},
          soap('<tr2:GetSnapshotUriResponse><tr2:Uri>http://10.0.0.1/snap</tr2:Uri></tr2:GetSnapshotUriResponse>'),
        ),
    });
    expect(visited).toMatchObject({
      failure: null,
      device: { streamUri: 'rtsp://127.0.0.1:554/h265', subStreamUri: null, snapshotUri: 'http://127.0.0.1/snap' },
    });
    const stream = requests.find(({ body }) => body.includes('<GetStreamUri '))!;
    expect(stream.url).toBe('/onvif/Media2');
    expect(stream.body).toContain('http://www.onvif.org/ver20/media/wsdl"><Protocol>RTSP</Protocol><ProfileToken>big<');
  });

  it('that fails gives way to Media 1 (D-Link DCS-8635LH)', async () => {
    const { visited, requests } = await asked({
      GetServices: (wire) => wire.http(200, {}, both),
      GetProfiles: (wire, { url }) =>
        url === '/onvif/Media2'
          ? wire.http(500, {}, fault('Action Failed', 'Action'))
          : wire.http(200, {}, soap(`<trt:GetProfilesResponse>${profile('one', 'V', 2, 2)}</trt:GetProfilesResponse>`)),
    });
    expect(visited).toMatchObject({ failure: null, device: { streamUri: expect.any(String), subStreamUri: null } });
    expect(requests.at(-1)!.url).toBe('/onvif/Media');
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
    ['an echo of our question', 200, soap('<GetSystemDateAndTime/>')],
  ])('%s', async (_, status, body) => {
    const { visited } = await asked({ GetSystemDateAndTime: (wire) => wire.http(status, {}, body) });
    expect(visited).toMatchObject({ heard: false, device: null, failure: { kind: 'not_onvif', step: 'clock' } });
  });

  it.each([
    [403, 'forbidden'],
    [500, 'http_error'],
    [503, 'busy'],
    [302, 'redirected'],
  ])('an HTTP %s without an envelope', async (status, kind) => {
    const { visited, operations } = await asked({ GetSystemDateAndTime: (wire) => wire.http(status, {}, '<html/>') });
    expect(visited).toMatchObject({
      heard: false,
      failure: { kind, step: 'clock', origin: expect.not.stringContaining('ours') },
    });
    expect(operations).toHaveLength(1);
  });

  it('bytes that are no HTTP, which is no fault of ours', async () => {
    const { visited } = await asked({ GetSystemDateAndTime: (wire) => wire.send('SSH-2.0-dropbear\r\n') });
    expect(visited.failure).toMatchObject({ kind: 'not_onvif', origin: 'camera' });
  });

  it('a fault that is no refusal is the device itself speaking', async () => {
    const { visited } = await asked(
      { GetSystemDateAndTime: (wire) => wire.http(500, {}, fault('Action Failed', 'Action')) },
      'clock',
    );
    expect(visited).toMatchObject({
      heard: true,
      failure: { kind: 'onvif_fault', step: 'clock', detail: 'Action Failed' },
    });
  });
});

describe('nothing is dialled', () => {
  it('that a device names: in its services, its streams, its snapshot or a redirect', async () => {
    let dialled = 0;
    await using other = createServer(() => dialled++).listen(0, '127.0.0.9');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const there = `//127.0.0.9:${port}`;
    const { visited } = await asked({
      GetServices: (wire) => wire.http(200, {}, servicesReply({ 'ver10/media': `http:${there}/onvif/Media` })),
      GetStreamUri: (wire) => wire.http(200, {}, streamReply(`rtsp:${there}/1`)),
      GetSnapshotUri: (wire) => wire.http(200, {}, snapshotReply(`http:${there}/1`)),
    });
    expect(visited.device).toMatchObject({
      streamUri: `rtsp://127.0.0.1:${port}/1`,
      snapshotUri: `http://127.0.0.1:${port}/1`,
    });
    for (const location of [`http:${there}/onvif/device_service`, 'http://169.254.169.254/latest/meta-data']) {
      for (const status of [301, 302, 307]) {
        const { visited: sent, connections } = await asked({
          GetDeviceInformation: (wire) => wire.http(status, { Location: location }),
        });
        expect(sent.failure).toMatchObject({ kind: 'redirected', step: 'device' });
        expect(connections).toBe(2);
      }
    }
    expect(dialled).toBe(0);
  });

  it('outside the allowed networks', async () => {
    await using device = await fakeDevice();
    const visited = await visitDevice(deviceTarget(device, { allow: () => false }), context(), 'facts');
    expect(visited.failure).toMatchObject({ kind: 'address_not_allowed', origin: 'ours' });
    expect(device.connections).toBe(0);
  });

  it('and nothing is said where the address that was connected is another than the one allowed', async () => {
    await using device = await fakeDevice();
    let nth = 0;
    const visited = await visitDevice(deviceTarget(device, { allow: () => nth++ === 0 }), context(), 'facts');
    expect(visited.failure?.kind).toBe('address_not_allowed');
    expect(device.requests).toHaveLength(0);
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

it('lines that end in LF are read', async () => {
  const body = clockReply(new Date());
  const { visited } = await asked(
    {
      GetSystemDateAndTime: (wire) =>
        wire.send(`HTTP/1.1 200 OK\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`),
    },
    'clock',
  );
  expect(visited).toMatchObject({ heard: true, failure: null });
});

it('the words of ONVIF are traced without a password', async () => {
  const said: string[] = [];
  await using device = await fakeDevice();
  await visitDevice(
    deviceTarget(device),
    context({ trace: (direction, words) => void said.push(direction + words) }),
    'facts',
  );
  expect(said).toHaveLength(16);
  expect(said.join('\n')).not.toMatch(/secret|horse|PasswordDigest/);
  expect(said.at(-1)).toContain('http://***@169.254.9.9');
});

it.each([
  ['token', (asked: Asked) => asked.body, {}],
  ['token, escaped', (asked: Asked) => fault(asked.body.replaceAll('<', '&lt;').replaceAll('>', '&gt;')), {}],
  ['header', (asked: Asked) => fault(asked.headers.get('authorization') ?? ''), { 'WWW-Authenticate': digest }],
])('a login that the device sends back, as a %s, is not traced', async (_, echo, headers) => {
  const said: string[] = [];
  await using device = await fakeDevice({
    GetDeviceInformation: (wire, asked) =>
      asked.login === null ? wire.http(401, headers, fault('Sender not Authorized')) : wire.http(200, {}, echo(asked)),
  });
  const given = context({ trace: (direction, words) => void said.push(direction + words) });
  await visitDevice(deviceTarget(device), given, 'facts');
  const { body, headers: sent } = device.requests.at(-1)!;
  const secret = /(?:Password [^>]*|Nonce[^>]*)>([^<]+)|response="(\w+)/g;
  const secrets = [...`${body}${sent.get('authorization')}`.matchAll(secret)].map(([, one, other]) => one ?? other!);
  expect(secrets.length).toBeGreaterThan(0);
  expect(said.at(-1)).toContain('***');
  for (const each of secrets) expect(said.join('\n')).not.toContain(each);
});
