import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Codec } from '../../probes/index.ts';
import { KeyframeCollector } from '../../probes/rtsp/keyframe.ts';
import { Reorder } from '../../probes/rtsp/reorder.ts';
import { parseRtp } from '../../probes/rtsp/rtp.ts';
import { aggregated, rtp as packet, payloadsOf } from '../unit/probes/rtsp/packetizer.ts';
import { mutate } from './mutate.ts';
import type { Target } from './target.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** Units of small pictures: parameter sets, first and further key slices, other slices, delimiters, SEI, filler, none. */
const units: Readonly<Record<'h264' | 'h265', readonly Buffer[]>> = {
  h264: [
    hex('6742c01e d900a047 fe6c'),
    hex('68ce3c80'),
    hex('65888400 10ffe9f6 5bb1a2c3 d4e5f607 18293a4b'),
    hex('65310000 10ffe9f6'),
    hex('419a2401 ff'),
    hex('0910'),
    hex('0605ff'),
    hex('0cffffff'),
    hex('00000001 6742c01e 000001 68ce3c80 000001 65888400 11'),
    hex('00'),
  ],
  h265: [
    hex('40010c01 ffff0160 00000300'),
    hex('42010101 60000003 00900000'),
    hex('4401c172 b46240'),
    hex('2601af13 80ffe9f6 5bb1a2c3 d4e5f607 18293a4b'),
    hex('26012f13 80ffe9f6'),
    hex('0201d009 ff'),
    hex('460150'),
    hex('4e0105ff'),
    hex('00000001 40010c01 000001 42010101 000001 2601af13 80'),
    hex('0000'),
  ],
};
const table = Buffer.alloc(128, 16);
/** Main headers of RFC 2435 and what follows them; MPEG-4 configuration, I- and P-pictures. */
const payloads: Readonly<Record<'mjpeg' | 'mpeg4', readonly Buffer[]>> = {
  mjpeg: [
    hex('00000000 01320a08 abcdef'),
    Buffer.concat([hex('00000000 01ff0a08 00000080'), table, hex('0102030405')]),
    Buffer.concat([hex('00000000 41800a08 00040fff 00030100'), table, table]),
    hex('00000003 01320a08 aabbcc'),
    hex('00000005 01ff0a08 ffd9'),
    hex('00000000 02320000 00'),
  ],
  mpeg4: [
    hex('000001b0 01000001 b5891300 00010000 00012000 c48d88'),
    hex('000001b6 10c00102'),
    hex('000001b6 50c00102'),
    hex('000001b3 0010'),
    hex('c0ffee'),
  ],
};
const extensions = [
  hex(''),
  hex('bede0001 10aa0000'),
  hex('ffd80002 ffc00004 01000000'),
  hex('abac0003 00000000 00000000 00000000'),
];

const codecs = ['h264', 'h265', 'mjpeg', 'mpeg4'] as const;
const tokens = ['00000001', '000001', 'ffd8', 'ffd9', 'ffff', '1c85', '1c45', '18', '6201', '6281'].map(hex);

/** What `number` says of one payload: a unit whole, fragmented, joined with others, or without a fragment. */
const payloadsBy = (codec: Codec, number: number): Buffer[] => {
  if (codec === 'mjpeg' || codec === 'mpeg4') return [payloads[codec][number % payloads[codec].length]!];
  const list = units[codec];
  const unit = list[number % list.length]!;
  switch ((number >>> 4) % 8) {
    case 0:
    case 1:
      return payloadsOf(codec, unit, 8);
    case 2:
      return [aggregated(codec, [unit, list[(number >>> 8) % list.length]!, list[(number >>> 12) % list.length]!])];
    case 3:
      return payloadsOf(codec, unit, 5).slice((number >>> 8) & 1);
    case 4:
      return payloadsOf(codec, unit, 6).slice(0, -1);
    default:
      return [unit];
  }
};

/** Packets of pictures: gaps, packets that come late or twice, foreign payload types, edits of single bytes. */
const packetsBy = (codec: Codec, numbers: readonly number[], edits: readonly number[]): Buffer[] => {
  const packets: Buffer[] = [];
  let sequence = 65_530;
  let timestamp = 9_000;
  for (const number of numbers) {
    const how = number >>> 16;
    if (how % 16 === 0) sequence += 1 + ((how >>> 4) & 3);
    if (how % 4 === 1) timestamp += 3_600;
    const all = payloadsBy(codec, number);
    for (const [nth, payload] of all.entries()) {
      const marker = nth === all.length - 1 && (how & 0x30) === 0;
      const payloadType = how % 32 === 3 ? 50 : 96;
      const extension = how % 8 === 2 ? extensions[(how >>> 6) % extensions.length]! : extensions[0]!;
      const bytes = packet(
        { sequence: sequence++, timestamp, marker, payloadType },
        Buffer.concat([extension, payload]),
      );
      if (extension.length > 0) bytes[0] = 0x90;
      packets.push(bytes);
    }
    if (how % 16 === 5 && packets.length > 1) packets.push(packets.splice(-2, 1)[0]!);
    if (how % 16 === 6 && packets.length > 0) packets.push(packets.at(-1)!);
  }
  edits.forEach((edit, nth) => {
    const at = (edit >>> 3) % Math.max(1, packets.length);
    if (packets[at] !== undefined) packets[at] = mutate(packets[at], [Math.imul(edit, nth + 1) >>> 0], tokens, tokens);
  });
  return packets;
};

type Input = { codec: Codec; described: Buffer[]; packets: Buffer[] };

const numbers = fc.integer({ min: 0, max: 0xffff_ffff });

/** Larger key frames are not gathered: 8 MiB, and parameter sets or tables before them. */
const mostBytes = 8 * 1024 * 1024 + 32 * 16 * 1024;

/** RTP packets up to a key frame, of every codec: nothing is read beyond a packet, no picture is larger than its bytes. */
export const rtp = (): Target<Input> => ({
  name: 'rtp',
  inputs: fc
    .tuple(
      fc.constantFrom(...codecs),
      fc.array(numbers, { maxLength: 12 }),
      fc.array(numbers, { maxLength: 4 }),
      fc.nat(3),
    )
    .map(([codec, list, edits, described]) => ({
      codec,
      described: described === 0 ? (codec === 'mjpeg' ? [hex('05000300')] : payloadsBy(codec, list[0] ?? 0)) : [],
      packets: packetsBy(codec, list, edits),
    })),
  check({ codec, described, packets }) {
    const one = new KeyframeCollector(codec, 96, described);
    const other = new KeyframeCollector(codec, 96, described);
    for (const bytes of packets) {
      const parsed = parseRtp(bytes, 0, bytes.length);
      if (parsed !== null) {
        const { from, to, extension, payloadType, sequence } = parsed;
        assert(from >= 12 && from <= to && to <= bytes.length, 'payload offsets');
        assert(extension === -1 || (extension >= 12 && extension + 4 <= from), 'extension offsets');
        assert(payloadType <= 127 && sequence <= 0xffff, 'a field');
      }
      const keyframe = one.push(bytes, 0, bytes.length);
      // The same in the middle of a buffer: what lies around a packet is nothing to it.
      const wide = Buffer.alloc(bytes.length + 64, 0x67);
      bytes.copy(wide, 32);
      const again = other.push(wide, 32, 32 + bytes.length);
      assert(keyframe === null ? again === null : again?.equals(keyframe) === true, 'depends on what lies around');
      if (keyframe !== null) soundKeyframe(codec, keyframe);
    }
    assert(one.packets <= packets.length && one.gaps <= packets.length && one.spoilt <= packets.length, 'counters');
    inOrder(packets);
  },
});

const soundKeyframe = (codec: Codec, keyframe: Buffer): void => {
  assert(keyframe.length > 4 && keyframe.length <= mostBytes, 'length of the key frame');
  if (codec === 'mjpeg') {
    assert(keyframe.readUInt16BE(0) === 0xffd8 && keyframe.readUInt16BE(keyframe.length - 2) === 0xffd9, 'no JPEG');
  } else if (codec === 'mpeg4') assert(keyframe.includes(hex('000001b6')), 'no picture');
  else assert(keyframe.readUInt32BE(0) === 1, 'no start code');
};

/** Every datagram at most once, and those that come early wait. */
const inOrder = (packets: readonly Buffer[]): void => {
  const given: number[] = [];
  const order = new Reorder((bytes) => given.push(bytes.readUInt16BE(2)));
  for (const bytes of packets) order.push(bytes);
  for (let nth = 0; order.holds; nth++) {
    assert(nth <= packets.length, 'holds for ever');
    order.expire();
  }
  assert(given.length <= packets.length, 'more packets than came');
  for (const [nth, sequence] of given.entries()) {
    if (nth === 0) continue;
    const ahead = (sequence - given[nth - 1]!) & 0xffff;
    assert(ahead !== 0, 'a packet twice');
  }
};
