import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeCamera } from '../../support/camera.ts';
import { countingRelay, type GStreamer, gstreamerMissing, startGStreamer } from '../../support/gstreamer.ts';
import { fakeDevice, serviceUrl } from '../../unit/probes/onvif-device.ts';
import { digest, works } from '../../unit/probes/scene.ts';

const bin = fileURLToPath(new URL('../../../src/xunjian.sh', import.meta.url));
const password = '密码 "x" 1';
const missing = gstreamerMissing();

type Ran = { code: number; out: string; err: string };

/** Runs the bin as a person does; what it says, and its exit code. */
const xunjian = (...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(bin, args, { env: { PATH: '/usr/bin:/bin' } }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err });
    });
  });

describe('xunjian probe', () => {
  let folder: string;
  let passwordFile: string;
  let server: GStreamer | null = null;
  beforeAll(async () => {
    if (missing === null) server = await startGStreamer('viewer', password);
    folder = await mkdtemp(join(tmpdir(), 'xunjian-'));
    passwordFile = join(folder, 'password');
    await writeFile(passwordFile, `${password}\n`);
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const login = (): string[] => ['--user', 'viewer', '--password-file', passwordFile];

  it('prints one object with everything that was seen, and nothing else, and ends with 0', async () => {
    await using camera = await fakeCamera(works);
    const { code, out, err } = await xunjian('probe', camera.url(), '--json');
    expect([code, err]).toEqual([0, '']);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    const found = JSON.parse(out) as Record<string, unknown>;
    expect(Object.keys(found)).toEqual([
      'target',
      'at',
      'online',
      'image',
      'steps',
      'failure',
      'video',
      'picture',
      'device',
    ]);
    expect(found).toMatchObject({
      target: camera.url(),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      online: 'yes',
      image: 'yes',
      failure: null,
      video: { codec: 'h264', width: 320, height: 180, keyframeBytes: expect.any(Number) },
      picture: {
        meanLuma: expect.any(Number),
        contrast: expect.any(Number),
        sharpness: expect.any(Number),
        faults: [],
      },
      device: null,
    });
    expect(found.steps).toEqual(
      ['connect', 'describe', 'setup', 'play', 'keyframe', 'decode'].map((name) => ({
        name,
        ok: true,
        ms: expect.any(Number),
      })),
    );
    expect(camera.teardowns).toBe(1);
  });

  it('tells who the device is where its ONVIF service is given', async () => {
    await using camera = await fakeCamera(works);
    await using device = await fakeDevice();
    const { code, out } = await xunjian('probe', camera.url(), '--onvif', serviceUrl(device), ...login(), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out).device).toEqual({
      manufacturer: '海康威视',
      model: 'DS-2CD',
      firmware: '1.20',
      serial: '00012345678901234567890',
      clockSkewMs: expect.any(Number),
      streamUri: 'rtsp://127.0.0.1:554/Streaming/101?a=1&b=2',
      subStreamUri: expect.stringMatching(/^rtsp:\/\/127\.0\.0\.1:554\/Streaming\/102/),
      snapshotUri: 'http://127.0.0.1:81/snap.jpg?channel=1',
    });
  });

  it('ends with 1 where the camera or its path fails, says why in both languages, and logs in once', async () => {
    await using camera = await fakeCamera(async (wire) => {
      for (;;) {
        await wire.request();
        wire.answer(401, { 'WWW-Authenticate': digest });
      }
    });
    const { code, out } = await xunjian('probe', camera.url(), ...login(), '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      online: 'yes',
      image: 'no',
      failure: { kind: 'unauthorized', origin: 'login', step: 'describe', detail: expect.any(String) },
    });
    expect(camera.logins).toBe(1);
    const told = await xunjian('probe', camera.url(), ...login());
    expect(told.code).toBe(1);
    expect(told.out).toContain('设备不接受所存的用户名或密码');
    expect(told.out).toContain('The device does not accept the stored user or password');
  });

  it('ends with 1 where nobody listens', async () => {
    const gone = await fakeCamera(() => {});
    const url = gone.url();
    await gone[Symbol.asyncDispose]();
    const { code, out } = await xunjian('probe', url, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ online: 'no', image: 'no', failure: { kind: 'refused', origin: 'path' } });
  });

  it('ends with 3 where nothing is known: the camera is busy, or the name does not resolve', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(453);
    });
    const busy = await xunjian('probe', camera.url(), '--json');
    expect([busy.code, JSON.parse(busy.out).image]).toEqual([3, 'unknown']);
    const nowhere = await xunjian('probe', 'rtsp://camera.invalid/', '--json');
    expect([nowhere.code, JSON.parse(nowhere.out).online]).toEqual([3, 'unknown']);
  });

  it('ends at the deadline that it was given', async () => {
    await using camera = await fakeCamera(() => {});
    const { code, out } = await xunjian('probe', camera.url(), '--deadline', '300', '--json');
    expect(code).toBe(1);
    const found = JSON.parse(out) as { failure: { kind: string }; steps: { ms: number }[] };
    expect(found.failure.kind).toBe('silent');
    const spent = found.steps.reduce((sum, { ms }) => sum + ms, 0);
    expect(spent).toBeGreaterThan(280);
    expect(spent).toBeLessThan(1_500);
  });

  it.each([
    ['no URL', []],
    ['a URL that is none', ['http://127.0.0.1/']],
    ['a login in the URL', ['rtsp://admin:geheim@127.0.0.1/']],
    ['a user without a password', ['rtsp://127.0.0.1/', '--user', 'admin']],
    ['a password file that is not there', ['rtsp://127.0.0.1/', '--user', 'a', '--password-file', '/nowhere/at/all']],
    ['a deadline that is no number', ['rtsp://127.0.0.1/', '--deadline', 'soon']],
    ['authorities that are no certificates', ['rtsps://127.0.0.1/', '--ca-file', '/etc/hostname']],
    ['a way of transport that there is not', ['rtsp://127.0.0.1/', '--transport', 'pigeon']],
    ['a snapshot with a login in it', ['rtsp://127.0.0.1/', '--snapshot', 'http://admin:geheim@127.0.0.1/s.jpg']],
    ['an option that nobody knows', ['rtsp://127.0.0.1/', '--fast']],
  ])('ends with 2 for %s, with nothing on stdout', async (_, args) => {
    const { code, out, err } = await xunjian('probe', ...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/\p{Script=Han}/u);
    expect(err).not.toContain('geheim');
  });

  it('shows the words on the wire on stderr, without the password', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await wire.request();
      wire.answer(401, { 'WWW-Authenticate': digest });
      await works(wire);
    });
    const { code, out, err } = await xunjian('probe', camera.url(), ...login(), '--trace', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out).image).toBe('yes');
    expect(err).toMatch(/^> DESCRIBE rtsp:/m);
    expect(err).toMatch(/^< RTSP\/1\.0 401/m);
    expect(err).toMatch(/^> Authorization: Digest \*\*\*/m);
    expect(err + out).not.toMatch(/密码|response="/);
  });

  describe.skipIf(missing !== null)(`against GStreamer${missing === null ? '' : ` (${missing})`}`, () => {
    it.each([
      ['h264', 320, 240],
      ['h265', 352, 288],
    ])('takes a picture of %s with a login', async (codec, width, height) => {
      const url = `rtsp://127.0.0.1:${server!.guarded}/${codec}`;
      const { code, out } = await xunjian('probe', url, ...login(), '--json');
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ image: 'yes', video: { codec, width, height } });
    });

    it('sends a wrong password once', async () => {
      const wrong = join(folder, 'wrong');
      await writeFile(wrong, 'wrong');
      await using relay = await countingRelay(server!.guarded);
      const url = `rtsp://127.0.0.1:${relay.port}/h264`;
      const { code, out } = await xunjian('probe', url, '--user', 'viewer', '--password-file', wrong, '--json');
      expect([code, JSON.parse(out).failure.kind]).toEqual([1, 'unauthorized']);
      expect(relay.logins).toEqual(['DESCRIBE']);
    });
  });
});
