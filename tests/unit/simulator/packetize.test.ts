import { describe, expect, test } from 'vitest';
import { frame, packetize, restamp } from '../../../src/simulator/packetize.ts';

const nal = (head: readonly number[], length: number): Buffer =>
  Buffer.concat([Buffer.from(head), Buffer.from(Array.from({ length }, (_, at) => 1 + (at % 255)))]);

/** The other way round, by the letter of the RFCs, so that it shares nothing with what it checks. */
const assemble = (codec: 'h264' | 'h265', payloads: readonly Buffer[]): Buffer[] => {
  const nals: Buffer[] = [];
  const size = codec === 'h264' ? 1 : 2;
  let open: Buffer[] = [];
  for (const payload of payloads) {
    const type = codec === 'h264' ? payload[0]! & 0x1f : (payload[0]! >> 1) & 0x3f;
    if (type === (codec === 'h264' ? 24 : 48)) {
      for (let at = size; at < payload.length; at += 2 + payload.readUInt16BE(at))
        nals.push(payload.subarray(at + 2, at + 2 + payload.readUInt16BE(at)));
    } else if (type === (codec === 'h264' ? 28 : 49)) {
      const fu = payload[size]!;
      if ((fu & 0x80) !== 0) {
        const head =
          codec === 'h264'
            ? [(payload[0]! & 0xe0) | (fu & 0x1f)]
            : [(payload[0]! & 0x81) | ((fu & 0x3f) << 1), payload[1]!];
        open = [Buffer.from(head)];
      }
      open.push(payload.subarray(size + 1));
      if ((fu & 0x40) !== 0) nals.push(Buffer.concat(open));
    } else nals.push(payload);
  }
  return nals;
};

const cases = [
  { codec: 'h264', sets: [nal([0x67], 20), nal([0x68], 4)], picture: nal([0x65], 45_000), aggregated: 24, cut: 28 },
  {
    codec: 'h265',
    sets: [nal([0x40, 1], 22), nal([0x42, 1], 40), nal([0x44, 1], 5)],
    picture: nal([20 << 1, 1], 45_000),
    aggregated: 48,
    cut: 49,
  },
] as const;

describe.each(cases)('$codec in RTP packets', ({ codec, sets, picture, aggregated, cut }) => {
  const typeOf = (payload: Buffer) => (codec === 'h264' ? payload[0]! & 0x1f : (payload[0]! >> 1) & 0x3f);

  test('joins parameter sets, fragments a large slice, and loses nothing', () => {
    const payloads = packetize(codec, [...sets, picture]);
    expect(typeOf(payloads[0]!)).toBe(aggregated);
    expect(new Set(payloads.slice(1).map(typeOf))).toEqual(new Set([cut]));
    expect(Math.max(...payloads.map(({ length }) => length))).toBeLessThanOrEqual(1400);
    expect(assemble(codec, payloads)).toEqual([...sets, picture]);
  });

  test('sends a single small NAL unit as it is', () => {
    const small = nal([picture[0]!, 1], 600);
    expect(packetize(codec, [small])).toEqual([small]);
  });

  test('neither drops nor adds a byte at the sizes around the limit of a packet', () => {
    for (const length of [1397, 1398, 1399, 1400, 1401, 2795, 2796, 2797, 2798, 2799, 2800]) {
      const one = nal([picture[0]!, 1], length - 2);
      const payloads = packetize(codec, [sets[0], one, sets[1]]);
      expect(assemble(codec, payloads)).toEqual([sets[0], one, sets[1]]);
      for (const payload of payloads) expect(payload.length).toBeLessThanOrEqual(1400);
    }
  });
});

describe('interleaved frames', () => {
  const stamp = { channel: 0, payloadType: 96, sequence: 65_535, timestamp: 4_294_967_295, ssrc: 7 };
  const framed = frame([Buffer.from('first'), Buffer.from('last')], stamp);

  test('carry length, sequence over the wrap, and a marker on the last packet only', () => {
    expect(framed.toString('hex', 0, 16)).toBe('24000011' + '8060ffff' + 'ffffffff' + '00000007');
    expect(framed.toString('hex', 21, 37)).toBe('24000010' + '80e00000' + 'ffffffff' + '00000007');
    expect(framed.toString('latin1', 37)).toBe('last');
  });

  test('are copied for another channel and a later round, and the shared bytes stay as they were', () => {
    const before = Buffer.from(framed);
    const copy = restamp(framed, 4, 2, 3600);
    expect(copy.toString('hex', 0, 16)).toBe('24040011' + '80600001' + '00000e0f' + '00000007');
    expect(copy.toString('hex', 21, 33)).toBe('24040010' + '80e00002' + '00000e0f');
    expect(framed).toEqual(before);
  });
});
