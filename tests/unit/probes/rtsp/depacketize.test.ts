import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../../probes/index.ts';
import { nalsFrom } from './nal-gatherer.ts';
import { aggregated, payloadsOf } from './packetizer.ts';

const hex = (nals: readonly Buffer[]): string[] => nals.map((nal) => nal.toString('hex'));
const from = (codec: Codec, ...payloads: string[]): string[] =>
  hex(
    nalsFrom(
      codec,
      payloads.map((payload) => Buffer.from(payload, 'hex')),
    ),
  );

/** A random NAL unit of a type that is sent as it is: H.264 1 to 23, H.265 0 to 47. */
const nalOf = (codec: Codec) =>
  fc
    .tuple(
      codec === 'h264' ? fc.integer({ min: 1, max: 23 }) : fc.integer({ min: 0, max: 47 }),
      fc.integer({ min: 0, max: 3 }),
      fc.uint8Array({ minLength: 2, maxLength: 300 }),
    )
    .map(([type, importance, body]) =>
      Buffer.concat([Buffer.from(codec === 'h264' ? [(importance << 5) | type] : [type << 1, importance + 1]), body]),
    );

describe.each(['h264', 'h265'] as const)('%s NAL units', (codec) => {
  it('come out of their packets as they went in, whatever the size of packets', () => {
    fc.assert(
      fc.property(fc.array(nalOf(codec), { maxLength: 8 }), fc.integer({ min: 5, max: 320 }), (nals, mtu) => {
        expect(
          hex(
            nalsFrom(
              codec,
              nals.flatMap((nal) => payloadsOf(codec, nal, mtu)),
            ),
          ),
        ).toEqual(hex(nals));
      }),
    );
  });

  it('come out of one aggregation packet as they went in', () => {
    fc.assert(
      fc.property(fc.array(nalOf(codec), { minLength: 1, maxLength: 8 }), (nals) => {
        expect(hex(nalsFrom(codec, [aggregated(codec, nals)]))).toEqual(hex(nals));
      }),
    );
  });

  it('are never made of bytes outside a payload, whatever the payload', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (payloads) => {
        const total = payloads.reduce((sum, payload) => sum + payload.length, 0);
        const nals = nalsFrom(
          codec,
          payloads.map((payload) => Buffer.from(payload)),
        );
        expect(nals.reduce((sum, nal) => sum + nal.length, 0)).toBeLessThanOrEqual(total);
      }),
    );
  });
});

describe('H.264 payloads', () => {
  it('hold a unit whose fragment begins and ends it at once (CostarHD, gortsplib#649)', () => {
    expect(from('h264', '3cc1e700cafe')).toEqual(['21e700cafe']);
  });

  it('hold an aggregation with padding behind it', () => {
    expect(from('h264', '180002aabb0002ccdd0000000000')).toEqual(['aabb', 'ccdd']);
  });

  it.each([
    ['nothing', ''],
    ['a fragment without a header', '7c'],
    ['a fragment that nothing began', '7c05aabb'],
    ['an aggregation longer than it is', '18ffffaabb'],
    ['a type that is not in use', '1eaabb'],
    ['an aggregation of nothing', '18'],
  ])('of %s give no unit', (_, payload) => {
    expect(from('h264', payload)).toEqual([]);
  });

  it('go on after fragments of no bytes (Tiandy)', () => {
    expect(from('h264', '7c85', '7c05', '7c05aa', '7c45')).toEqual(['65aa']);
  });
});

describe('H.265 payloads', () => {
  it('keep layer and temporal id of a fragmented unit', () => {
    expect(from('h265', '620293aabb', '620253cc')).toEqual(['2602aabbcc']);
  });

  it.each([
    ['nothing', ''],
    ['a header and no more', '2601'],
    ['a fragment without a header', '6201'],
    ['a fragment that nothing began', '620113aabb'],
    ['an aggregation longer than it is', '6001ffffaabb'],
    ['a PACI packet', '640100aabb'],
  ])('of %s give no unit', (_, payload) => {
    expect(from('h265', payload)).toEqual([]);
  });
});
