import { describe, expect, it } from 'vitest';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera, type Wire } from '../../support/camera.ts';
import { nalsOf } from './rtsp/packetizer.ts';
import { context, fixture, h264Sdp, interFrames, keyframe, target } from './scene.ts';
import { overUdp, visited as visitedUdp } from './udp-camera.ts';

/** What `keyframe()` and `interFrames()` bear. */
const own = '12345678';

/** The same packets of another source: SSRC, sequence numbers and timestamps of its own. */
const of = (ssrc: number, packets: readonly Buffer[], ahead = 20_000): Buffer[] =>
  packets.map((packet) => {
    const other = Buffer.from(packet);
    other.writeUInt16BE((packet.readUInt16BE(2) + ahead) & 0xffff, 2);
    other.writeUInt32BE(0x7000_0000, 4);
    other.writeUInt32BE(ssrc >>> 0, 8);
    return other;
  });
const dead = (packets: readonly Buffer[]): Buffer[] => of(0x0ddba11, packets);

/** A key slice of each picture: which of the two the key frame is. */
const sliceOf = (name: string): Buffer => nalsOf(fixture(name)).find((nal) => (nal[0]! & 31) === 5)!;
const isOurs = (picture: Buffer | null): boolean => picture?.includes(sliceOf('detail.h264')) ?? false;
const isBlack = (picture: Buffer | null): boolean => picture?.includes(sliceOf('black.h264')) ?? false;

/** A camera over TCP that tells `ssrc`; `stream` comes with and behind the answer to PLAY. */
const camera = (ssrc: string | null, stream: (wire: Wire) => void, before: (wire: Wire) => void = () => {}) =>
  fakeCamera(async (wire) => {
    await wire.request();
    wire.answer(200, {}, h264Sdp);
    await wire.request();
    const told = ssrc === null ? '' : `;ssrc=${ssrc}`;
    wire.answer(200, { Session: '7', Transport: `RTP/AVP/TCP;unicast;interleaved=0-1${told}` });
    await wire.request();
    before(wire);
    wire.answer(200);
    stream(wire);
  });

const visited = async (
  ssrc: string | null,
  stream: (wire: Wire) => void,
  deadlineMs = 5_000,
  before?: (wire: Wire) => void,
) => {
  await using device = await camera(ssrc, stream, before);
  const found = await visit(target(device, { deadlineMs }), context(), 'keyframe');
  await found.left;
  const waited = found.steps.find(({ name }) => name === 'keyframe')?.ms ?? 0;
  return { found, waited };
};

const kinds = [
  ['whole key frames', dead(keyframe('black.h264'))],
  ['pieces of key frames', dead(keyframe().slice(2, 4))],
  ['inter frames', dead(interFrames(30))],
] as const;

describe('video of a session that was never torn down, on the channel of the new one (old live555, retina#17)', () => {
  const mixed = (packets: readonly Buffer[]) => (wire: Wire) => {
    for (const packet of packets) wire.frame(0, packet);
    for (const packet of keyframe()) {
      wire.frame(0, packet);
      for (const other of packets) wire.frame(0, other);
    }
  };

  it.each(kinds)('%s of another SSRC than announced neither are the picture nor spoil it', async (_, packets) => {
    const { found } = await visited(own, mixed(packets), 5_000, (wire) => {
      for (const packet of packets) wire.frame(0, packet);
    });
    expect(found.failure).toBeNull();
    expect(isOurs(found.keyframe)).toBe(true);
  });

  it.each(kinds.slice(1))('%s do not spoil the picture where no SSRC was announced', async (_, packets) => {
    const { found } = await visited(null, mixed(packets));
    expect(found.failure).toBeNull();
    expect(isOurs(found.keyframe)).toBe(true);
  });

  it('is not taken for the video that was announced and comes without a key frame; what came is told', async () => {
    const packets = dead(keyframe('black.h264'));
    const stream = (wire: Wire): void => {
      for (const packet of [...packets, ...interFrames(7), ...packets]) wire.frame(0, packet);
    };
    const { found } = await visited(own, stream, 300);
    expect(found).toMatchObject({ keyframe: null, failure: { kind: 'no_keyframe' } });
    expect(found.failure!.detail).toMatch(
      new RegExp(`^7 packets, 0 gaps, 0 spoilt key frames, ${packets.length} packets of another SSRC in`),
    );
  });

  it.each([
    ['whole, and another was announced', kinds[0][1], `;ssrc=${own}`],
    ['in pieces, and none was announced', kinds[1][1], ''],
    ['numbered so that ours would be late', of(0x0ddba11, interFrames(100), 100), ''],
  ])('is told apart over UDP too: %s', async (_, packets, told) => {
    const { found } = await visitedUdp(
      overUdp(({ send }) => {
        send(packets);
        for (const packet of keyframe()) send([packet, ...packets.slice(0, 5)]);
      }, told),
    );
    expect(found.failure).toBeNull();
    expect(isOurs(found.keyframe)).toBe(true);
  });
});

describe('a device whose packets do not bear the SSRC that it announced', () => {
  const stream = (wire: Wire): void => {
    for (const packet of keyframe()) wire.frame(0, packet);
  };

  it.each([
    ['another', '0000002A'],
    ['its own in decimal, of eight digits', '30541989'],
  ])('but %s: its key frame is taken after a second in which that did not come', async (_, announced) => {
    const { found, waited } = await visited(announced, stream);
    expect(found.failure).toBeNull();
    expect(isOurs(found.keyframe)).toBe(true);
    expect(waited).toBeGreaterThan(900);
    expect(waited).toBeLessThan(4_000);
  });

  it('has its key frame taken sooner where the time is up', async () => {
    const { found } = await visited('2A', stream, 500);
    expect(found).toMatchObject({ failure: null });
    expect(isOurs(found.keyframe)).toBe(true);
  });

  it('has its key frame taken at once where it closes', async () => {
    const { found, waited } = await visited('2A', (wire) => {
      stream(wire);
      wire.end();
    });
    expect(found.failure).toBeNull();
    expect(waited).toBeLessThan(900);
  });

  it.each([
    ['nothing', null],
    ['00000000', '00000000'],
    ['the right one in decimal', '305419896'],
  ])('is not waited for where it announces %s', async (_, announced) => {
    const { found, waited } = await visited(announced, stream);
    expect(found.failure).toBeNull();
    expect(waited).toBeLessThan(900);
  });

  it('over UDP is taken after a second too', async () => {
    const { found } = await visitedUdp(overUdp(({ send }) => send(keyframe()), ';ssrc=0000002A'));
    expect(found.failure).toBeNull();
    expect(isOurs(found.keyframe)).toBe(true);
  });

  it('but another one each loses its first picture by it and no more', async () => {
    const { found } = await visited(null, (wire) => {
      const pictures = [...keyframe(), ...of(0, keyframe('black.h264'))];
      pictures.forEach((packet, nth) => {
        packet.writeUInt32BE(nth * 2_654_435 + 1, 8);
        wire.frame(0, packet);
      });
    });
    expect(found.failure).toBeNull();
    expect([isOurs(found.keyframe), isBlack(found.keyframe)]).toEqual([false, true]);
  });
});
