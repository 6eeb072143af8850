import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../../probes/index.ts';
import { KeyframeCollector } from '../../../../probes/rtsp/keyframe.ts';
import { parseSdp } from '../../../../probes/rtsp/sdp.ts';
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

/** The units of a recorded key frame of several slices, one of another picture, and one that goes on with that. */
const slicesOf = (codec: 'h264' | 'h265') => {
  const nals = nalsOf(readFileSync(new URL(`../../../fixtures/probes/slices.${codec}`, import.meta.url)));
  const type = (nal: Buffer) => (codec === 'h264' ? nal[0]! & 31 : nal[0]! >> 1);
  const sets = nals.filter((nal) => (codec === 'h264' ? [7, 8] : [32, 33, 34]).includes(type(nal)));
  const slices = nals.filter((nal) => (codec === 'h264' ? type(nal) === 5 : type(nal) < 32));
  const head = codec === 'h264' ? [0x41] : [2, 1];
  const of = (first: number) => Buffer.concat([Buffer.from([...head, first]), Buffer.alloc(60, 7)]);
  return { sets, slices, other: of(0x9a), further: of(0x4a) };
};

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

  it('with parameter sets that came earlier, under another timestamp', () => {
    const packets = [
      rtp({ sequence: 1, timestamp: 1 }, sps),
      rtp({ sequence: 2, timestamp: 1 }, pps),
      rtp({ sequence: 3, timestamp: 2, marker: true }, idr(1)),
    ];
    expect(collect(packets).keyframe).toEqual(units(sps, pps, idr(1)));
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

/** Packets in sequence, each given as its timestamp, whether it has the marker, and its payload. */
const stream = (...packets: [timestamp: number, marker: boolean, payload: Buffer][]): Buffer[] =>
  packets.map(([timestamp, marker, payload], at) => rtp({ sequence: 700 + at, timestamp, marker }, payload));
const annexB = (...nals: Buffer[]): Buffer => Buffer.concat(nals.flatMap((nal) => [Buffer.from([0, 0, 0, 1]), nal]));
const sei = Buffer.from('06052061', 'hex');
const delimiter = Buffer.from('09f0', 'hex');

describe('a picture that its device marks or stamps against RFC 6184', () => {
  it('is not ended by a marker on parameter sets, delimiter or SEI (H264DVR), but by the next picture', () => {
    const packets = stream(
      [5, true, delimiter],
      [5, true, sps],
      [5, true, pps],
      [5, true, sei],
      [5, true, idr(1, 900)],
      [5, true, idr(2, 900, false)],
      [6, true, inter(3)],
    );
    const { keyframe, taken } = collect(packets);
    expect(keyframe).toEqual(units(sps, pps, idr(1, 900), idr(2, 900, false)));
    expect(taken).toBe(packets.length);
  });

  it('has its parameter sets under the timestamp of the picture before, the first marked (Reolink RLC-822A, retina#13)', () => {
    const packets = stream(
      [1, true, sps],
      [1, false, pps],
      [2, true, idr(1)],
      [2, true, sps],
      [2, false, pps],
      [3, true, idr(2)],
    );
    const { keyframe, taken } = collect(packets);
    expect(keyframe).toEqual(units(sps, pps, idr(1)));
    expect(taken).toBe(packets.length);
  });

  it.each(['h264', 'h265'] as const)('has a timestamp for each slice (Reolink, %s)', (codec) => {
    const { sets, slices, other } = slicesOf(codec);
    const nals = [...sets, ...slices, other];
    // Fragmented and whole: 1,100 bytes divide the larger slices.
    const packets = nals.flatMap((nal, nth) => payloadsOf(codec, nal, 1_100).map((payload) => ({ payload, nth })));
    const { keyframe, taken } = collect(
      packets.map(({ payload, nth }, at) => rtp({ sequence: at, timestamp: nth * 7 }, payload)),
      [],
      codec,
    );
    expect(keyframe).toEqual(units(...sets, ...slices));
    expect(taken).toBe(packets.length);
  });

  it.each(['h264', 'h265'] as const)(
    'has a marker on each slice, which the picture before showed (OpenIPC, smolrtsp#43, %s)',
    (codec) => {
      const { sets, slices, other, further } = slicesOf(codec);
      const packets = [[other], [further], ...slices.map((slice) => [slice]), [other]].map((nals) => nals[0]!);
      const stamps = [1, 1, ...slices.map(() => 2), 3];
      const marked = packets.flatMap((nal, nth) => {
        const payloads = payloadsOf(codec, nal, 60_000);
        return payloads.map((payload): [number, boolean, Buffer] => [stamps[nth]!, true, payload]);
      });
      const { keyframe, collector } = collect(stream(...marked), sets, codec);
      expect(keyframe).toEqual(units(...sets, ...slices));
      expect(collector.spoilt).toBe(0);
    },
  );

  it('is not taken in part where only its own slices show that markers end no picture; the next one is whole', () => {
    const slices = [idr(1, 300), idr(2, 300, false), idr(3, 300, false)];
    const broken = [idr(9, 20, false), idr(9, 20, false)];
    const all = [...broken, ...slices].map((nal, at): [number, boolean, Buffer] => [at < 2 ? 1 : 2, true, nal]);
    const { keyframe, collector } = collect(stream(...all, [3, true, inter(1)]), [sps, pps]);
    expect(keyframe).toEqual(units(sps, pps, ...slices));
    expect(collector.spoilt).toBe(2);
  });

  it('comes in fragments although packetization-mode=0 was declared', () => {
    const { parameterSets } = parseSdp('m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=0')!
      .medias[0]!;
    expect(collect(packetsOf('h264', [[sps, pps, idr(1)]]), parameterSets).keyframe).toEqual(units(sps, pps, idr(1)));
  });

  it('lacks its first slice though nothing was lost: handed over as it is, for the decoder to refuse', () => {
    const { keyframe, collector } = collect(packetsOf('h264', [[sps, pps, idr(1, 500, false)]]));
    expect(keyframe).toEqual(units(sps, pps, idr(1, 500, false)));
    expect(collector.spoilt).toBe(0);
  });
});

describe('start codes inside RTP', () => {
  const fragmented = (unit: Buffer): Buffer[] => packetsOf('h264', [[unit]], 1_100);

  it('divide parameter sets and key slice in one fragmented unit (V380, retina#68 and retina#108)', () => {
    const unit = annexB(sps, pps, idr(1)).subarray(4);
    expect(collect(fragmented(unit)).keyframe).toEqual(units(sps, pps, idr(1)));
  });

  it.each([3, 4])('of %i bytes stand before, between and behind the units of a packet (gortsplib#199)', (bytes) => {
    const code = Buffer.from([0, 0, 0, 1]).subarray(4 - bytes);
    const payload = Buffer.concat([code, delimiter, code, sei, code, sps, code, pps, code, idr(1), code]);
    const packets = stream([1, true, payload]);
    expect(collect(packets).keyframe).toEqual(units(sps, pps, idr(1)));
  });

  it('stand before each unit, also a fragmented one', () => {
    const packets = [sps, pps, idr(1)].flatMap((nal) => payloadsOf('h264', annexB(nal), 1_100));
    const marked = packets.map((payload, at): [number, boolean, Buffer] => [1, at === packets.length - 1, payload]);
    expect(collect(stream(...marked)).keyframe).toEqual(units(sps, pps, idr(1)));
  });

  it('divide the slices of a picture, and end it', () => {
    const slices = [idr(1, 300), idr(2, 300, false)];
    const payload = Buffer.concat([annexB(...slices).subarray(4), Buffer.from([0, 0, 0, 1])]);
    expect(collect(stream([1, true, payload]), [sps, pps]).keyframe).toEqual(units(sps, pps, ...slices));
  });

  it('divide the parameter sets of H.265 in one fragmented unit (Amatek AR-N3222F, gortsplib#989)', () => {
    const { sets, slices } = slicesOf('h265');
    for (const unit of [annexB(...sets), annexB(...sets).subarray(4)]) {
      const packets = packetsOf('h265', [[unit, ...slices]], 30);
      expect(collect(packets, [], 'h265').keyframe).toEqual(units(...sets, ...slices));
    }
  });
});

describe('fragments of a device that does not keep to them', () => {
  const start = Buffer.from('7c85', 'hex');
  const part = (head: string, fill: number): Buffer =>
    Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(90, fill)]);

  it('make one slice though the first are empty and the type changes (Tiandy, moonfire-nvr#344)', () => {
    const packets = stream(
      [1, false, start],
      [1, false, Buffer.from('7c05', 'hex')],
      [1, false, part('7c01', 0x99)],
      [1, false, part('7c0c', 8)],
      [1, true, part('7c41', 9)],
    );
    const nal = Buffer.concat([Buffer.from([0x65]), Buffer.alloc(90, 0x99), Buffer.alloc(90, 8), Buffer.alloc(90, 9)]);
    expect(collect(packets, [sps, pps]).keyframe).toEqual(units(sps, pps, nal));
  });

  it('are missed in the middle of a picture all the same where the first is empty', () => {
    const packets = stream([1, false, start], [1, true, part('7c45', 0x19)]);
    const { keyframe, collector } = collect(packets, [sps, pps]);
    expect(keyframe).toBeNull();
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

  it.each(['h264', 'h265', 'mjpeg', 'mpeg4'] as const)('arbitrary packets never throw (%s)', (codec) => {
    const header = fc.tuple(fc.constantFrom(0x80, 0x90, 0xa0), fc.constantFrom(0x60, 0xe0));
    const interesting = fc.constantFrom(...['7c85', '7c45', '6201', '000001', '00000000', '0000000001ff', '01000000']);
    const body = fc.tuple(interesting, fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(header, body), { maxLength: 30 }), (packets) => {
        const collector = new KeyframeCollector(codec, 96, []);
        packets.forEach(([[first, second], [begin, rest]], at) => {
          const fixed = Buffer.from([first, second, 0, at, 0, 0, 0, at >> 2, 0, 0, 0, 0]);
          const packet = Buffer.concat([fixed, Buffer.from(begin, 'hex'), rest]);
          collector.push(packet, 0, packet.length);
        });
        expect(collector.packets).toBeLessThanOrEqual(packets.length);
      }),
    );
  });

  it('parameter sets are kept by number and by size', () => {
    const many = Array.from({ length: 40 }, (_, nth) => Buffer.from([0x67, nth, 1, 2, 3]));
    const huge = Buffer.concat([Buffer.from([0x67]), Buffer.alloc(1024 * 1024, 5)]);
    const { keyframe } = collect(packetsOf('h264', [[...many, huge, pps, idr(1)]], 60_000));
    expect(keyframe).toEqual(units(...many.slice(-15), pps, idr(1)));
  });
});
