import { describe, expect, it } from 'vitest';
import { type CameraProbe, type Decoder, probeCamera } from '../../../probes/index.ts';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera, type Script } from '../../support/camera.ts';
import { context, h264Sdp, interFrames, keyframe, serve, target, works } from './scene.ts';
import { overUdp, visited as visitedOverUdp } from './udp-camera.ts';

/** A visit over TCP, and what the camera wrote: counted on its own side. */
const visited = async (script: Script, want: 'answer' | 'keyframe' = 'keyframe') => {
  let written = 0;
  await using camera = await fakeCamera((wire, nth) => {
    const { send, frame, answer } = wire;
    return script(
      {
        ...wire,
        send: (bytes) => {
          written += Buffer.byteLength(bytes);
          send(bytes);
        },
        frame: (channel, payload) => {
          written += payload.length + 4;
          frame(channel, payload);
        },
        answer,
      },
      nth,
    );
  });
  const found = await visit(target(camera), context(), want);
  await found.left;
  return { found, written };
};

describe('the bytes that a probe received', () => {
  it('are all that the device has sent, also what it sent behind the answer', async () => {
    const answer = 'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n';
    const { found, written } = await visited(async (wire) => {
      await wire.request();
      wire.send(answer + answer);
    }, 'answer');
    expect(found.heard).toBe(true);
    expect(found.bytes).toBe(written);
    expect(found.bytes).toBe(2 * answer.length);
  });

  it('over TCP hold the video, frame by frame, and the words around it', async () => {
    const { found, written } = await visited(works);
    expect(found.keyframe).not.toBeNull();
    expect(found.bytes).toBeGreaterThan(written + h264Sdp.length);
    expect(found.bytes).toBeLessThan(written + h264Sdp.length + 1_000);
  });

  it('over UDP hold the datagrams too', async () => {
    const packets = keyframe();
    const datagrams = packets.reduce((sum, { length }) => sum + length, 0);
    const { found } = await visitedOverUdp(overUdp(({ send }) => send(packets)));
    expect(found.keyframe).not.toBeNull();
    expect(found.bytes).toBeGreaterThan(datagrams);
    expect(found.bytes).toBeLessThan(datagrams + 2_000);
  });

  it('are counted of a failure as well: of a stream without a key frame', async () => {
    const packets = interFrames(200);
    const { found, written } = await visited(async (wire) => {
      await serve(wire);
      for (const packet of packets) wire.frame(0, packet);
      wire.end();
    });
    expect(found.failure?.kind).toBe('closed');
    expect(found.bytes).toBeGreaterThan(written);
  });

  it.each([
    ['is not reached', 'rtsp://127.0.0.1:1/'],
    ['has no proper address', 'http://127.0.0.1/'],
  ])('are none where the device %s', async (_, url) => {
    const never: Decoder['decode'] = () => Promise.reject(new Error('nothing came to decode'));
    const decoder: Decoder = { decode: never, cpuMs: async () => 0, close: async () => {} };
    const how: CameraProbe = { want: 'keyframe', decoder, evidence: false, onvif: 'ifUnheard', snapshot: 'never' };
    const found = await probeCamera({ url, login: null, deadlineMs: 2_000 }, context(), how);
    expect(found.failure).not.toBeNull();
    expect(found.bytes).toBe(0);
  });
});
