import { describe, expect, it } from 'vitest';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera } from '../../support/camera.ts';
import { context, interFrames, keyframe, serve, target } from '../../unit/probes/scene.ts';

/** The first key frame of a stream whose encoder writes one in twelve seconds (mediamtx#1825). */
const lateMs = 12_000;

const visited = async (deadlineMs: number) => {
  await using camera = await fakeCamera(async (wire) => {
    await serve(wire);
    const pictures = interFrames(10_000);
    const begun = performance.now();
    let sent = 0;
    for (const packet of pictures) {
      wire.frame(0, packet);
      sent++;
      const gone = await Promise.race([
        wire.closed.then(() => true),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 40)),
      ]);
      if (gone || performance.now() - begun > lateMs) break;
    }
    for (const packet of keyframe()) {
      packet.writeUInt16BE((packet.readUInt16BE(2) + sent) & 0xffff, 2);
      packet.writeUInt32BE(0x7000_0000, 4);
      wire.frame(0, packet);
    }
  });
  const found = await visit(target(camera, { deadlineMs }), context(), 'keyframe');
  await found.left;
  return { found, teardowns: camera.teardowns };
};

describe.concurrent('a stream whose first key frame comes after twelve seconds', () => {
  it('is taken under a deadline of twenty', async () => {
    const { found, teardowns } = await visited(20_000);
    expect(found.failure).toBeNull();
    expect(found.keyframe!.length).toBeGreaterThan(2_000);
    expect(found.steps.at(-1)!.ms).toBeGreaterThan(lateMs - 1_000);
    expect(teardowns).toBe(1);
  });

  it('under one of five is video without a key frame, not a stream without video', async () => {
    const { found } = await visited(5_000);
    expect(found.failure).toMatchObject({ kind: 'no_keyframe', origin: 'camera', step: 'keyframe' });
    expect(Number(/^(\d+) packets, 0 gaps/.exec(found.failure!.detail)![1])).toBeGreaterThan(20);
  });
});
