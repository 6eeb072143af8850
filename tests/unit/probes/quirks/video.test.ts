import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { visit } from '../../../../probes/rtsp.ts';
import { fakeCamera, type Wire } from '../../../support/camera.ts';
import { nalsOf } from '../rtsp/packetizer.ts';
import { context, fixture, interFrames, keyframe, sdp, serve, target } from '../scene.ts';

/** Turns of the event loop, in which what stands in sockets is read. */
const turns = async (count: number): Promise<void> => {
  for (let nth = 0; nth < count; nth++) await new Promise((resolve) => setImmediate(resolve));
};

describe('a first key frame that comes late', () => {
  // Time is ours here, or this would take two minutes; sockets are real. One of twelve seconds, by the real clock, is in
  // tests/integration/probes/late-keyframe.test.ts.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A camera of `fps` whose first key frame comes after `seconds`, asked with a deadline. */
  const visited = async (seconds: number, fps: number, deadlineMs: number) => {
    const pictures = interFrames(fps * seconds);
    let playing = (_wire: Wire): void => {};
    const plays = new Promise<Wire>((resolve) => {
      playing = resolve;
    });
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire);
      playing(wire);
      for (;;) {
        await wire.request();
        wire.answer(200);
      }
    });
    let over = false;
    const visiting = visit(target(camera, { deadlineMs }), context(), 'keyframe').finally(() => {
      over = true;
    });
    const wire = await plays;
    let sent = 0;
    for (let second = 0; second < seconds && !over; second++) {
      for (; sent < (second + 1) * fps; sent++) wire.frame(0, pictures[sent]!);
      await turns(8);
      await vi.advanceTimersByTimeAsync(1_000);
      await turns(8);
    }
    for (const packet of keyframe()) {
      packet.writeUInt16BE((packet.readUInt16BE(2) + sent) & 0xffff, 2);
      packet.writeUInt32BE(0x7000_0000, 4);
      wire.frame(0, packet);
    }
    const found = await visiting;
    await found.left;
    const kept = camera.methods.filter((method) => method === 'GET_PARAMETER' || method === 'OPTIONS').length;
    return { found, kept, teardowns: camera.teardowns };
  };

  it.each([
    ['after 10 s (mediamtx#1825)', 10, 25, 20_000, 0],
    ['after 20 s (Hanwha, H.264+)', 20, 15, 40_000, 0],
    ['after 30 s (Hanwha, H.264+)', 30, 15, 40_000, 0],
    ['after 40 s (Hikvision at 4 fps)', 40, 4, 90_000, 1],
    ['after 78 s (Hikvision at 2 fps)', 78, 2, 90_000, 2],
  ])(
    '%s is taken where the deadline of its model allows, and its session is kept alive',
    async (_, s, fps, ms, least) => {
      const { found, kept, teardowns } = await visited(s, fps, ms);
      expect(found.failure).toBeNull();
      expect(found.keyframe!.length).toBeGreaterThan(2_000);
      expect(found.steps.at(-1)!.ms).toBeGreaterThanOrEqual(s * 1_000);
      expect(kept).toBeGreaterThanOrEqual(least);
      expect(teardowns).toBe(1);
    },
  );

  it('after 78 s, under a deadline of 30, is video without a key frame, which is not "no video"', async () => {
    const { found, teardowns } = await visited(78, 2, 30_000);
    expect(found.failure).toMatchObject({ kind: 'no_keyframe', origin: 'camera', step: 'keyframe' });
    expect(found.failure!.detail).toMatch(/^\d\d packets, 0 gaps, 0 spoilt key frames in (29|30)\d{3} ms over TCP$/);
    expect(teardowns).toBe(1);
  });
});

describe('parameter sets in the description that are', () => {
  const mapping = 'a=rtpmap:96 H264/90000';
  const inBand = nalsOf(fixture('detail.h264')).filter((nal) => [7, 8].includes(nal[0]! & 31));
  const other = nalsOf(fixture('slices.h264')).filter((nal) => [7, 8].includes(nal[0]! & 31));
  const base64 = (nals: readonly Buffer[]): string => nals.map((nal) => nal.toString('base64')).join();
  const annexB = inBand.map((nal) => Buffer.concat([Buffer.from([0, 0, 0, 1]), nal]));
  const fmtp = (value: string): string => `a=fmtp:96 packetization-mode=0;sprop-parameter-sets=${value}`;

  it.each([
    ['missing', []],
    ['empty', [fmtp('')]],
    ['written in Annex B', [fmtp(base64(annexB))]],
    ['those of another stream', [fmtp(base64(other))]],
  ])(
    '%s give way to those in the video, which is fragmented though the description says that it is not',
    async (_, lines) => {
      await using camera = await fakeCamera(async (wire) => {
        await serve(wire, undefined, sdp(mapping, ...lines));
        for (const packet of keyframe()) wire.frame(0, packet);
      });
      const found = await visit(target(camera), context(), 'keyframe');
      await found.left;
      expect(found.failure).toBeNull();
      const sets = nalsOf(found.keyframe!).filter((nal) => [7, 8].includes(nal[0]! & 31));
      expect(sets.map((nal) => nal.toString('hex'))).toEqual(inBand.map((nal) => nal.toString('hex')));
    },
  );

  it('written in Annex B count without their start codes where the video has none', async () => {
    const bare = keyframe().slice(inBand.length);
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire, undefined, sdp(mapping, fmtp(base64(annexB))));
      for (const packet of bare) wire.frame(0, packet);
    });
    const found = await visit(target(camera), context(), 'keyframe');
    await found.left;
    expect(found.failure).toBeNull();
    const [sps, pps, slice] = nalsOf(found.keyframe!);
    expect([sps, pps].map((nal) => nal!.toString('hex'))).toEqual(inBand.map((nal) => nal.toString('hex')));
    expect(slice![0]! & 31).toBe(5);
  });
});
