import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../../probes/index.ts';
import { KeyframeCollector } from '../../../../probes/rtsp/keyframe.ts';
import { aggregated, nalsOf, packetsOf, payloadsOf, rtp } from './packetizer.ts';

const sps = Buffer.from('67640016aaaa', 'hex');
const pps = Buffer.from('68ee3c80', 'hex');
/** An IDR slice, an inter slice: first_mb_in_slice is 0, the first bit after the header, unless `first` is false. */
const idr = (fill: number, bytes = 4_000, first = true): Buffer =>
  Buffer.concat([Buffer.from([0x65, first ? 0x88 : 0x48]), Buffer.alloc(bytes, fill)]);
const inter = (fill: number): Buffer => Buffer.concat([Buffer.from([0x41, 0x9a]), Buffer.alloc(900, fill)]);

/** A NAL unit in a few letters, so that what differs can be read: its length, beginning and sum. */
const short = (nal: Buffer): string =>
  `${nal.length} bytes ${nal.toString('hex', 0, 6)} ${createHash('md5').update(nal).digest('hex').slice(0, 6)}`;
const units = (...nals: Buffer[]): string[] => nals.map(short);

const collect = (
  packets: readonly Buffer[],
  described: readonly Buffer[] = [],
  codec: Codec = 'h264',
): { keyframe: string[] | null; taken: number; collector: KeyframeCollector } => {
  const collector = new KeyframeCollector(codec, 96, described);
  for (const [at, packet] of packets.entries()) {
    const keyframe = collector.push(packet, 0, packet.length);
    if (keyframe !== null) return { keyframe: nalsOf(keyframe).map(short), taken: at + 1, collector };
  }
  return { keyframe: null, taken: packets.length, collector };
};

describe('a key frame is gathered', () => {
  it('with the parameter sets that come in its own picture, and nothing of the pictures before', () => {
    const packets = packetsOf('h264', [[inter(1)], [inter(2)], [sps, pps, idr(3)], [inter(4)]]);
    const { keyframe, taken } = collect(packets);
    expect(keyframe).toEqual(units(sps, pps, idr(3)));
    expect(taken).toBe(packets.length - 1);
  });

  it('with parameter sets that came earlier, in a picture of their own (several timestamps in one picture, Reolink)', () => {
    expect(collect(packetsOf('h264', [[sps, pps], [idr(1)]])).keyframe).toEqual(units(sps, pps, idr(1)));
  });

  it('with parameter sets from the description only', () => {
    expect(collect(packetsOf('h264', [[idr(1)]]), [sps, pps]).keyframe).toEqual(units(sps, pps, idr(1)));
  });

  it('with in-band sets in place of a description of another stream', () => {
    const foreign = [Buffer.from('674d0029', 'hex'), Buffer.from('68aa', 'hex')];
    expect(collect(packetsOf('h264', [[sps, pps, idr(1)]]), foreign).keyframe).toEqual(units(sps, pps, idr(1)));
  });

  it('with the described sets where only some come in band', () => {
    expect(collect(packetsOf('h264', [[pps, idr(1)]]), [sps, pps]).keyframe).toEqual(units(sps, pps, pps, idr(1)));
  });

  it('with parameter sets that are fragmented or aggregated', () => {
    const large = Buffer.concat([sps, Buffer.alloc(40, 7)]);
    expect(collect(packetsOf('h264', [[large, pps, idr(1, 60)]], 20)).keyframe).toEqual(units(large, pps, idr(1, 60)));
    const together = rtp({ sequence: 1, timestamp: 1 }, aggregated('h264', [sps, pps]));
    expect(collect([together, ...packetsOf('h264', [[idr(1)]])]).keyframe).toEqual(units(sps, pps, idr(1)));
  });

  it('of several slices, and of H.265', () => {
    for (const [codec, file] of [
      ['h264', 'slices.h264'],
      ['h265', 'slices.h265'],
    ] as const) {
      const nals = nalsOf(readFileSync(new URL(`../../../fixtures/probes/${file}`, import.meta.url)));
      const picture = nals.filter((nal) => (codec === 'h264' ? (nal[0]! & 31) !== 6 : nal[0]! >> 1 < 39));
      expect(picture.length).toBeGreaterThan(5);
      expect(collect(packetsOf(codec, [nals]), [], codec).keyframe).toEqual(units(...picture));
    }
  });

  it('at the next timestamp where no marker ends it (FLIR)', () => {
    const packets = payloadsOf('h264', idr(1), 1_400).map((payload, at) =>
      rtp({ sequence: at, timestamp: 1 }, payload),
    );
    expect(collect(packets).keyframe).toBeNull();
    const next = rtp({ sequence: packets.length, timestamp: 2, marker: true }, inter(1));
    expect(collect([...packets, next]).keyframe).toEqual(units(idr(1)));
  });

  it('although the marker is set on its parameter sets too (H264DVR)', () => {
    const packets = [sps, pps, idr(1, 900)].map((nal, at) => rtp({ sequence: at, timestamp: 5, marker: true }, nal));
    expect(collect(packets).keyframe).toEqual(units(sps, pps, idr(1, 900)));
  });

  it('from a fragment with both start and end set', () => {
    const both = rtp({ sequence: 1, timestamp: 1, marker: true }, Buffer.from('7cc588aabb', 'hex'));
    expect(collect([both]).keyframe).toEqual(units(Buffer.from('6588aabb', 'hex')));
  });

  it('across the wrap of sequence numbers and timestamps', () => {
    const payloads = payloadsOf('h264', idr(1, 20_000), 1_400);
    const packets = payloads.map((payload, at) =>
      rtp({ sequence: 65_535 + at, timestamp: 0xffff_ffff, marker: at === payloads.length - 1 }, payload),
    );
    expect(collect(packets).keyframe).toEqual(units(idr(1, 20_000)));
  });

  it('past packets of a foreign payload type on the same channel (50 on GeoVision), which count as no video', () => {
    const foreign = rtp({ sequence: 4_000, timestamp: 77, payloadType: 50 }, Buffer.from('6588', 'hex'));
    const packets = packetsOf('h264', [[sps, pps, idr(1)]]).flatMap((packet) => [foreign, packet, foreign]);
    expect(collect(packets).keyframe).toEqual(units(sps, pps, idr(1)));
    expect(collect([foreign, foreign]).collector).toMatchObject({ packets: 0, gaps: 0, spoilt: 0 });
  });

  it('not from bytes that are no RTP', () => {
    expect(collect([Buffer.alloc(0), Buffer.from('hello')]).collector.packets).toBe(0);
  });
});

describe('a key frame that lost something on the way', () => {
  const pictures = [[inter(1)], [sps, pps, idr(2)], [inter(3)], [sps, pps, idr(4)]];
  const packets = packetsOf('h264', pictures);
  const whole = collect(packets);

  it.each([
    // Without its beginning nothing tells that it was a key frame.
    ['its first fragment', 3, 0],
    ['a fragment in the middle', 4, 1],
    ['its last fragment', 5, 1],
  ])('%s is not taken, but the next one', (_, lost, spoilt) => {
    const { keyframe, collector } = collect(packets.filter((_packet, at) => at !== lost));
    expect(whole.taken).toBe(6);
    expect(keyframe).toEqual(units(sps, pps, idr(4)));
    expect(collector).toMatchObject({ gaps: 1, spoilt });
  });

  it('is whole where what was lost is of the picture before', () => {
    const before = packetsOf('h264', [
      [inter(1), inter(2)],
      [sps, pps, idr(3)],
    ]).filter((_, at) => at !== 1);
    const { keyframe, collector } = collect(before);
    expect(keyframe).toEqual(units(sps, pps, idr(3)));
    expect(collector).toMatchObject({ gaps: 1, spoilt: 0 });
  });

  it.each(['h264', 'h265'] as const)('its first slice, at the border of two pictures, is spoilt too (%s)', (codec) => {
    const nals = nalsOf(readFileSync(new URL(`../../../fixtures/probes/slices.${codec}`, import.meta.url)));
    const isSlice = (nal: Buffer) => (codec === 'h264' ? (nal[0]! & 31) === 5 : nal[0]! >> 1 < 32);
    const sets = nals.filter((nal) => !isSlice(nal));
    const slices = nals.filter(isSlice);
    const other = codec === 'h264' ? inter(1) : Buffer.concat([Buffer.from([2, 1]), Buffer.alloc(60, 1)]);
    const all = packetsOf(codec, [[other], slices, [other], slices]);
    const lossless = collect(all, sets, codec);
    const { keyframe, collector } = collect(
      all.filter((_, at) => at !== 1),
      sets,
      codec,
    );
    expect(keyframe).toEqual(lossless.keyframe);
    expect(collector).toMatchObject({ gaps: 1, spoilt: 1 });
  });

  it('is not taken where the stream is joined in the middle of it', () => {
    const slices = [idr(1, 500), idr(2, 500, false)];
    const joined = packetsOf('h264', [slices, [inter(1)], slices]).slice(1);
    const { keyframe, taken, collector } = collect(joined, [sps, pps]);
    expect(keyframe).toEqual(units(sps, pps, ...slices));
    expect(taken).toBe(joined.length);
    expect(collector.spoilt).toBe(1);
  });
});

describe('what a hostile stream may cost is bounded', () => {
  it('a key frame of more than 8 MiB is dropped and the next one taken', () => {
    const packets = packetsOf('h264', [[idr(1, 8 * 1024 * 1024 + 10)], [idr(2)]], 60_000);
    const { keyframe, collector } = collect(packets, [sps, pps]);
    expect(keyframe).toEqual(units(sps, pps, idr(2)));
    expect(collector.spoilt).toBe(1);
  });

  it('parameter sets are kept by number and by size', () => {
    const many = Array.from({ length: 40 }, (_, nth) => Buffer.from([0x67, nth, 1, 2, 3]));
    const huge = Buffer.concat([Buffer.from([0x67]), Buffer.alloc(1024 * 1024, 5)]);
    const { keyframe } = collect(packetsOf('h264', [[...many, huge, pps, idr(1)]], 60_000));
    expect(keyframe).toEqual(units(...many.slice(-15), pps, idr(1)));
  });
});
