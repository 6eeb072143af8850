import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cameras, cameraWith, client, isKey, play, simulator, soap, urlOf, whole } from './scripted-city.ts';

describe('a fault on the wire', () => {
  test('slow: each answer comes 300 ms late, of both protocols', async () => {
    const camera = cameraWith('slow');
    const it = await client(camera);
    const from = performance.now();
    expect((await it.send('OPTIONS', urlOf(camera))).status).toBe(200);
    expect(performance.now() - from).toBeGreaterThan(295);
    const then = performance.now();
    await soap(camera, 'GetSystemDateAndTime');
    expect(performance.now() - then).toBeGreaterThan(295);
  });

  test.each([0, 1])('late_keyframe: inter frames first, a key frame after 1.5 s (%i)', async (nth) => {
    const camera = cameraWith('late_keyframe', nth);
    const { it } = await play(camera);
    const from = performance.now();
    await it.until((packets) => packets.some(isKey(camera)));
    expect(performance.now() - from).toBeGreaterThan(1300);
    expect(performance.now() - from).toBeLessThan(3000);
    expect(it.packets.findIndex(isKey(camera))).toBeGreaterThan(30);
  });

  test('blip: the first connection is closed without a word, the second is sound', async () => {
    const camera = cameraWith('blip');
    const first = await client(camera);
    await first.ended;
    expect(first.rest.length).toBe(0);
    expect((await play(camera)).reply.status).toBe(200);
  });

  test('busy_once: the first SETUP is answered with 453, the next is sound', async () => {
    const camera = cameraWith('busy_once');
    const first = await play(camera);
    expect([first.step, first.reply.status]).toEqual(['SETUP', 453]);
    expect((await play(camera)).reply.status).toBe(200);
  });

  test('busy: every SETUP is answered with 453', async () => {
    for (let nth = 0; nth < 3; nth += 1) {
      const { step, reply } = await play(cameraWith('busy'));
      expect([step, reply.status]).toEqual(['SETUP', 453]);
    }
  });

  test('refused: the kernel refuses at once', async () => {
    const socket = connect(simulator.ports.refused, cameraWith('refused').address);
    const [cause] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(cause.code).toBe('ECONNREFUSED');
  });

  test('rtsp_dead: ONVIF answers', async () => {
    expect((await soap(cameraWith('rtsp_dead'), 'GetSystemDateAndTime')).status).toBe(200);
  });

  test('unreachable: a connection is neither taken nor refused, to any camera, however many try', async () => {
    const outcomes = cameras.slice(0, 20).map(
      ({ address }) =>
        new Promise<string>((resolve) => {
          const socket = connect(simulator.ports.unreachable, address);
          onTestFinished(() => void socket.destroy());
          socket.setTimeout(1500, () => resolve('nothing'));
          socket.once('connect', () => resolve('connected'));
          socket.once('error', (cause: NodeJS.ErrnoException) => resolve(cause.code ?? 'error'));
        }),
    );
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['nothing']));
  });

  test.each(['rtsp', 'onvif'] as const)('silent: accepts and says nothing, on the %s port', async (port) => {
    const it = await client(cameraWith('silent'), simulator.ports[port]);
    it.socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
    expect(await it.quietFor(700)).toBe(true);
  });

  test.each(['rtsp', 'onvif'] as const)('dripping: a byte at a time on the %s port', async (port) => {
    const it = await client(cameraWith('dripping'), simulator.ports[port]);
    it.socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
    const pieces: number[] = [];
    const from = performance.now();
    while (pieces.length < 4) pieces.push(((await once(it.socket, 'data')) as [Buffer])[0].length);
    expect(pieces).toEqual([1, 1, 1, 1]);
    expect(performance.now() - from).toBeGreaterThan(1400);
    expect(it.rest.toString()).toBe(port === 'rtsp' ? 'RTSP' : 'HTTP');
  });

  test('not_rtsp: a web server answers on the RTSP port, ONVIF closes', async () => {
    const it = await client(cameraWith('not_rtsp'));
    it.socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
    await it.ended;
    expect(it.rest.toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*<html>/);
    const other = await client(cameraWith('not_rtsp'), simulator.ports.onvif);
    other.socket.write('POST / HTTP/1.1\r\n\r\n');
    await other.ended;
    expect(other.rest.length).toBe(0);
  });

  test.each(['rtsp', 'onvif'] as const)('closed: closes as soon as a request came, on the %s port', async (port) => {
    const it = await client(cameraWith('closed'), simulator.ports[port]);
    it.socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
    await it.ended;
    expect(it.rest.length).toBe(0);
  });

  test('unauthorized: the password of the inventory is refused, the true one is taken', async () => {
    const camera = cameraWith('unauthorized');
    const inventory = { user: camera.user, password: `old-${camera.password}` };
    expect((await (await client(camera)).ask('DESCRIBE', urlOf(camera), inventory)).status).toBe(401);
    expect((await (await client(camera)).ask('DESCRIBE', urlOf(camera), camera)).status).toBe(200);
    expect(simulator.stats().failedLogins(camera.address)).toBe(1);
  });

  test('no_credentials: nobody gets in without a login', async () => {
    expect(
      (await (await client(cameraWith('no_credentials'))).send('DESCRIBE', urlOf(cameraWith('no_credentials')))).status,
    ).toBe(401);
  });

  test.each([
    ['forbidden', 'DESCRIBE', 403],
    ['not_found', 'DESCRIBE', 404],
    ['redirected', 'DESCRIBE', 302],
    ['rtsp_error', 'SETUP', 500],
  ] as const)('%s: %s is answered with %i', async (fault, step, status) => {
    const played = await play(cameraWith(fault, 1));
    expect([played.step, played.reply.status]).toEqual([step, status]);
    if (fault === 'redirected') expect(played.reply.headers.location).toContain('//169.254.169.254/');
  });

  test('no_video: the description holds audio and no video', async () => {
    const camera = cameraWith('no_video');
    const { body } = await (await client(camera)).ask('DESCRIBE', urlOf(camera), camera);
    expect(body).toContain('m=audio');
    expect(body).not.toContain('m=video');
  });

  test('no_media: PLAY is granted and nothing follows', async () => {
    const { it, reply } = await play(cameraWith('no_media'));
    expect(reply.status).toBe(200);
    expect(await it.quietFor(500)).toBe(true);
    expect(it.packets).toEqual([]);
  });

  test('no_keyframe: inter frames for ever, without a gap where the key frame is left out', async () => {
    const camera = cameraWith('no_keyframe');
    const { it } = await play(camera);
    await it.until((packets) => packets.filter(({ marker }) => marker).length > 55);
    expect(it.packets.some(isKey(camera))).toBe(false);
    it.packets.forEach((packet, nth) => {
      if (nth > 0) expect(packet.sequence).toBe((it.packets[nth - 1]!.sequence + 1) & 0xffff);
    });
  });

  test('truncated: the connection closes in the middle of the key frame', async () => {
    const camera = cameraWith('truncated');
    const { it } = await play(camera);
    await it.ended;
    expect(it.packets.some(isKey(camera))).toBe(true);
    expect(whole(it.packets)).toBe(false);
  });

  test('damaged: another key frame of the same shape', async () => {
    const camera = cameraWith('damaged', 1);
    const { it } = await play(camera);
    await it.until(whole);
    expect(it.packets.filter(isKey(camera)).at(-1)!.payload.at(-1)).toBe(0xd0);
  });

  test('can be set while the city runs, except where it lives in the port of the inventory', async () => {
    const camera = cameraWith('rtsp_error', 2);
    simulator.setFault(camera.code, 'sound');
    expect((await play(camera)).reply.status).toBe(200);
    simulator.setFault(camera.code, 'unauthorized');
    expect((await play(camera)).reply.status).toBe(401);
    expect(() => simulator.setFault(camera.code, 'refused')).toThrow(TypeError);
    expect(() => simulator.setFault(cameraWith('unreachable').code, 'sound')).toThrow(TypeError);
    expect(() => simulator.setFault('0', 'sound')).toThrow(TypeError);
  });
});
