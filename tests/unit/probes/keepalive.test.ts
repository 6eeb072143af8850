import { describe, expect, it } from 'vitest';
import { visit } from '../../../probes/rtsp.ts';
import { type Asked, fakeCamera, type Wire } from '../../support/camera.ts';
import { context, digest, h264Sdp, interFrames, keyframe, target } from './scene.ts';

/** A session that lives two seconds, the shortest of which half is waited for; `then` has its keepalives. */
const visited = async (then: (wire: Wire) => Promise<void>, guarded = false) => {
  await using camera = await fakeCamera(async (wire) => {
    await wire.request();
    if (guarded) {
      wire.answer(401, { 'WWW-Authenticate': digest });
      await wire.request();
    }
    wire.answer(200, {}, h264Sdp);
    await wire.request();
    wire.answer(200, { Session: '12;timeout=2' });
    await wire.request();
    wire.answer(200);
    for (const packet of interFrames(3)) wire.frame(0, packet);
    await then(wire);
    for (const packet of keyframe()) {
      packet.writeUInt16BE((packet.readUInt16BE(2) + 3) & 0xffff, 2);
      packet.writeUInt32BE(99_000, 4);
      wire.frame(0, packet);
    }
  });
  const found = await visit(target(camera, { deadlineMs: 10_000 }), context(), 'keyframe');
  await found.left;
  const after = camera.requests.slice(camera.methods.indexOf('PLAY') + 1);
  return { failure: found.failure, after, methods: after.map(({ method }) => method) };
};

// Side by side: nearly all of it is waiting.
describe.concurrent('a session whose key frame is late is kept alive', () => {
  const asked = async (wire: Wire, status: number | null, ...headers: Record<string, string>[]): Promise<Asked> => {
    const request = await wire.request();
    if (status !== null) wire.answer(status, ...headers);
    return request;
  };

  it('by GET_PARAMETER, each half of its time', async () => {
    const { failure, methods, after } = await visited(async (wire) => {
      await asked(wire, 200);
      await asked(wire, 200);
    });
    expect(failure).toBeNull();
    expect(methods).toEqual(['GET_PARAMETER', 'GET_PARAMETER', 'TEARDOWN']);
    expect(after.every(({ headers }) => headers.get('session') === '12')).toBe(true);
  });

  it.each([[454], [501], [405], [null]])('by OPTIONS where that is answered by %s', async (status) => {
    const { failure, methods } = await visited(async (wire) => {
      await asked(wire, status);
      await asked(wire, 200);
    });
    expect(failure).toBeNull();
    expect(methods).toEqual(['GET_PARAMETER', 'OPTIONS', 'TEARDOWN']);
  });

  it('and a refused keepalive is no failure, of either method', async () => {
    const { failure, methods } = await visited(async (wire) => {
      await asked(wire, 501);
      await asked(wire, 454);
      await asked(wire, null);
    });
    expect(failure).toBeNull();
    expect(methods).toEqual(['GET_PARAMETER', 'OPTIONS', 'OPTIONS', 'TEARDOWN']);
  });

  it('with the login; a nonce that has aged is renewed for the next, and is torn down by it', async () => {
    const { failure, after } = await visited(async (wire) => {
      await asked(wire, 401, { 'WWW-Authenticate': 'Digest realm="camera", nonce="young", stale=true' });
      await asked(wire, 200);
    }, true);
    expect(failure).toBeNull();
    const nonces = after.map(({ login }) => /nonce="(\w+)"/.exec(login ?? '')?.[1]);
    expect(nonces).toEqual(['0f1e2d', 'young', 'young']);
  });

  it('without the login once it was refused for good', async () => {
    const { failure, after } = await visited(async (wire) => {
      await asked(wire, 401, { 'WWW-Authenticate': digest });
      await asked(wire, 401, { 'WWW-Authenticate': digest });
    }, true);
    expect(failure).toBeNull();
    expect(after.map(({ login }) => login !== null)).toEqual([true, false, false]);
  });
});
