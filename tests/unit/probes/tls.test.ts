import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { FailureKind, Login, Trust } from '../../../probes/index.ts';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera, type Wire } from '../../support/camera.ts';
import { certificate } from './certificates.ts';
import { context, h264Sdp, keyframe, login, target, works } from './scene.ts';

const authority = { ...certificate('City authority'), common: 'City authority' };
const signed = certificate('camera.local', authority);
const own = certificate('IPC-4711');
const expired = certificate('IPC-0815', authority, -1);
const ca: Trust = { by: 'ca', pem: authority.cert };

const visited = async (tls: { key: string; cert: string }, trust: Trust | undefined, script = works, given?: Login) => {
  await using camera = await fakeCamera(script, { tls });
  const said: string[] = [];
  const more = { ...(trust === undefined ? {} : { trust }), ...(given === undefined ? {} : { login: given }) };
  const trace = (direction: string, words: string) => void said.push(`${direction} ${words}`);
  const found = await visit(target(camera, more), context({ trace }), 'keyframe');
  await found.left;
  const { methods, requests } = camera;
  return { found, failure: found.failure, methods, requests, said, url: camera.url() };
};

describe('RTSP inside TLS', () => {
  it('gives a key frame, and its words are traced as those of plain RTSP', async () => {
    const { found, methods, said, url } = await visited(signed, ca);
    expect(found).toMatchObject({ heard: true, failure: null });
    expect(found.keyframe!.length).toBeGreaterThan(2_000);
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(said[0]).toMatch(/^> DESCRIBE rtsps:\/\/127\.0\.0\.1:\d+\/live RTSP\/1\.0\r\n/);
    expect(said[1]).toMatch(/^< RTSP\/1\.0 200/);
    expect(url).toMatch(/^rtsps:/);
  });

  it('never asks for video outside TLS, also where UDP is asked for or TCP refused', async () => {
    await using camera = await fakeCamera(
      async (wire) => {
        await wire.request();
        wire.answer(200, {}, h264Sdp);
        await wire.request();
        wire.answer(461);
      },
      { tls: signed },
    );
    const found = await visit(target(camera, { trust: ca, transport: 'udp' }), context(), 'keyframe');
    expect(found.failure?.kind).toBe('transport_refused');
    expect(camera.requests[1]!.headers.get('transport')).toContain('RTP/AVP/TCP');
    expect(camera.methods).toEqual(['DESCRIBE', 'SETUP']);
  });
});

describe('whom to believe', () => {
  it.each([
    ['an authority of one’s own that signed it, whatever its name is', signed, ca],
    ['its fingerprint', own, { by: 'pin', sha256: own.sha256.toUpperCase() }],
    ['its fingerprint, though it has expired', expired, { by: 'pin', sha256: expired.sha256 }],
    ['nothing, because somebody said so', own, { by: 'nothing' }],
  ] as const)('%s', async (_, device, trust) => {
    expect((await visited(device, trust)).failure).toBeNull();
  });

  it.each([
    ['nobody that this machine knows', signed, undefined, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/],
    ['itself alone', own, ca, /DEPTH_ZERO_SELF_SIGNED_CERT/],
    ['an authority, and that is long ago', expired, ca, /CERT_HAS_EXPIRED/],
    ['another than was registered', signed, { by: 'pin', sha256: own.sha256 }, /is not the one registered/],
  ] as [string, typeof own, Trust | undefined, RegExp][])(
    'a certificate of %s is refused before a word is said, and its fingerprint told',
    async (_, device, trust, why) => {
      const { found, methods } = await visited(device, trust);
      expect(found).toMatchObject({
        heard: false,
        failure: { kind: 'certificate_refused', origin: 'ours', step: 'connect' },
      });
      expect(found.failure!.detail).toMatch(why);
      expect(found.failure!.detail).toContain(device.sha256);
      expect(methods).toEqual([]);
    },
  );
});

describe('Basic, inside TLS', () => {
  const asksBasic = async (wire: Wire): Promise<void> => {
    await wire.request();
    wire.answer(401, { 'WWW-Authenticate': 'Basic realm="r"' });
    await wire.request();
    wire.answer(404);
  };

  it('is answered where the certificate is believed', async () => {
    const { failure, requests } = await visited(signed, ca, asksBasic, login);
    expect(failure?.kind).toBe('not_found');
    expect(requests[1]!.login).toMatch(/^Basic /);
  });

  it('is not where anybody could be at the other end', async () => {
    const { failure, methods } = await visited(signed, { by: 'nothing' }, asksBasic, login);
    expect(failure?.kind).toBe('auth_unsupported');
    expect(methods).toEqual(['DESCRIBE']);
  });
});

describe('a handshake', () => {
  const plain = async (answer: (socket: Socket) => void, deadlineMs = 5_000, allow = () => true) => {
    let bytes = 0;
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (read) => {
        bytes += read.length;
      });
      answer(socket);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const url = `rtsps://127.0.0.1:${port}/`;
    const found = await visit({ url, login: null, trust: ca, deadlineMs, allow }, context(), 'keyframe');
    await new Promise((resolve) => server.close(resolve));
    return { found, bytes };
  };

  it.each([
    [
      'with a device that speaks plain RTSP',
      (socket) => socket.once('data', () => socket.write('RTSP/1.0 400 Bad\r\n\r\n')),
      'tls_failed',
    ],
    ['with a device that closes', (socket) => socket.once('data', () => socket.end()), 'tls_failed'],
    ['with a device that resets', (socket) => socket.once('data', () => socket.resetAndDestroy()), 'tls_failed'],
  ] as [string, (socket: Socket) => void, FailureKind][])('%s cannot be made', async (_, answer, kind) => {
    const { found } = await plain(answer);
    expect(found).toMatchObject({ heard: false, failure: { kind, origin: 'camera', step: 'connect' } });
  });

  it('that is not answered is silence', async () => {
    const { found, bytes } = await plain(() => {}, 300);
    expect(found).toMatchObject({ heard: false, failure: { kind: 'silent', step: 'connect' } });
    expect(bytes).toBeGreaterThan(100);
  });

  it('that is begun and not ended is silence too: no word of RTSP came', async () => {
    const { found } = await plain((socket) => void socket.once('data', () => socket.write('\x16\x03\x03')), 300);
    expect(found.failure).toMatchObject({ kind: 'silent', step: 'connect' });
  });

  it('is not begun with an address that is not allowed after all', async () => {
    let asked = 0;
    const { found, bytes } = await plain(
      () => {},
      5_000,
      () => ++asked === 1,
    );
    expect(found.failure).toMatchObject({ kind: 'address_not_allowed', detail: '127.0.0.1' });
    expect([asked, bytes]).toEqual([2, 0]);
  });

  it('stops when the caller does', async () => {
    const stop = new AbortController();
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => stop.abort());
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const nowhere = { url: `rtsps://127.0.0.1:${port}/`, login: null, deadlineMs: 5_000 };
    expect((await visit(nowhere, context({ signal: stop.signal }), 'keyframe')).failure?.kind).toBe('aborted');
    await new Promise((resolve) => server.close(resolve));
  });
});

it('a device that demands a certificate of ours, which TLS 1.3 says behind the handshake, is no error of ours', async () => {
  const server = createTlsServer({ ...own, requestCert: true, rejectUnauthorized: true }).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => {});
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const trust: Trust = { by: 'nothing' };
  const wanted = { url: `rtsps://127.0.0.1:${port}/`, login: null, trust, deadlineMs: 5_000 };
  const { failure } = await visit(wanted, context(), 'keyframe');
  server.close();
  expect(failure).toMatchObject({ kind: 'tls_failed', origin: 'camera' });
  expect(failure!.detail).toMatch(/CERTIFICATE_REQUIRED/);
});

it('a camera that closes inside TLS right behind its key frame has given it', async () => {
  const { failure } = await visited(signed, ca, async (wire) => {
    await wire.request();
    wire.answer(200, {}, h264Sdp);
    await wire.request();
    wire.answer(200, { Session: '1' });
    await wire.request();
    wire.answer(200);
    for (const packet of keyframe()) wire.frame(0, packet);
    wire.end();
  });
  expect(failure).toBeNull();
});
