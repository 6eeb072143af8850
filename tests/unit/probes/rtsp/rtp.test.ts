import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRtp } from '../../../../probes/rtsp/rtp.ts';

const packet = (first: number, ...rest: number[]): Buffer =>
  Buffer.from([first, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 1, 2, 3, 4, ...rest]);
const parsed = (bytes: Buffer) => parseRtp(bytes, 0, bytes.length);

describe('an RTP packet', () => {
  it('tells payload type, marker, sequence, timestamp and where its payload is', () => {
    expect(parsed(packet(0x80, 7, 7))).toEqual({
      payloadType: 96,
      marker: true,
      sequence: 0x1234,
      timestamp: 9,
      extension: -1,
      from: 12,
      to: 14,
    });
  });

  it('is read in the middle of other bytes', () => {
    const bytes = Buffer.concat([Buffer.from([9, 9, 9]), packet(0x80, 7), Buffer.from([9])]);
    expect(parseRtp(bytes, 3, bytes.length - 1)).toMatchObject({ sequence: 0x1234, from: 15, to: 16 });
  });

  it.each([
    ['contributing sources', packet(0x82, 0, 0, 0, 1, 0, 0, 0, 2, 7), 20, 21],
    ['an extension', packet(0x90, 0xab, 0xac, 0, 1, 5, 5, 5, 5, 7), 20, 21],
    ['padding', packet(0xa0, 7, 0, 0, 3), 12, 13],
    ['padding of no bytes, as some cameras set the flag', packet(0xa0, 7, 0), 12, 14],
    ['nothing but padding', packet(0xa0, 0, 2), 12, 12],
  ])('may have %s', (_, bytes, from, to) => {
    expect(parsed(bytes)).toMatchObject({ from, to });
  });

  it('tells where its extension is', () => {
    expect(parsed(packet(0x91, 0, 0, 0, 1, 0xff, 0xd8, 0, 1, 5, 5, 5, 5, 7))).toMatchObject({
      extension: 16,
      from: 24,
    });
  });

  it.each([
    ['too short', packet(0x80).subarray(0, 11)],
    ['of another version', packet(0x40, 7)],
    ['cut in its sources', packet(0x83, 0, 0, 0, 1)],
    ['cut in its extension', packet(0x90, 0xab, 0xac)],
    ['shorter than its extension says', packet(0x90, 0xab, 0xac, 0, 9, 1)],
    ['shorter than its padding says', packet(0xa0, 7, 200)],
  ])('is none where it is %s', (_, bytes) => {
    expect(parsed(bytes)).toBeNull();
  });

  it('never reaches outside its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const rtp = parsed(Buffer.from(bytes));
        if (rtp === null) return;
        expect(rtp.from).toBeGreaterThanOrEqual(12);
        expect(rtp.to).toBeGreaterThanOrEqual(rtp.from);
        expect(rtp.to).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
