import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reorder } from '../../../../probes/rtsp/reorder.ts';
import { rtp } from './packetizer.ts';

const packet = (sequence: number): Buffer => rtp({ sequence, timestamp: 1 }, Buffer.of(1));

/** What comes out for these sequence numbers; `null` lets the time of what is missing run out. */
const given = (arrivals: readonly (number | null)[]): number[] => {
  const out: number[] = [];
  const order = new Reorder((bytes) => out.push(bytes.readUInt16BE(2)));
  for (const arrival of arrivals) {
    if (arrival === null) order.expire();
    else order.push(packet(arrival));
  }
  return out;
};

describe('packets come out in order', () => {
  it.each([
    ['as they came', [1, 2, null, 3, 4], [1, 2, 3, 4]],
    ['where one was overtaken', [1, 2, null, 4, 5, 3, 6], [1, 2, 3, 4, 5, 6]],
    ['where the first was overtaken', [3, 1, 2, null, 4], [1, 2, 3, 4]],
    ['over the end of the numbers', [65_534, 65_535, null, 1, 0, 2], [65_534, 65_535, 0, 1, 2]],
    ['also where the first to come lies behind that end', [0, 65_535, null], [65_535, 0]],
    ['once each', [1, 1, null, 2, 2, 4, 4, 3, 1], [1, 2, 3, 4]],
    ['without one that did not come in time', [1, null, 3, 4, null, 2, 5], [1, 3, 4, 5]],
    ['and wait for nothing that came', [1, null, 2, 3], [1, 2, 3]],
    ['after the sender has begun anew', [5_000, null, 100, null, 101], [5_000, 100, 101]],
  ])('%s', (_, arrivals, expected) => {
    expect(given(arrivals)).toEqual(expected);
  });

  it('after 64 have waited, without any more', () => {
    const later = Array.from({ length: 64 }, (_, at) => at + 3);
    expect(given([1, null, ...later.slice(0, -1)])).toEqual([1]);
    expect(given([1, null, ...later])).toEqual([1, ...later]);
  });

  it('in whatever order they come within the bound', () => {
    const shuffled = fc.shuffledSubarray(
      Array.from({ length: 50 }, (_, at) => (at + 65_510) & 0xffff),
      { minLength: 50 },
    );
    fc.assert(
      fc.property(shuffled, (arrivals) => {
        const expected = Array.from({ length: 50 }, (_, at) => (at + 65_510) & 0xffff);
        expect(given([...arrivals, null])).toEqual(expected);
      }),
    );
  });

  it('and what is no RTP is passed over', () => {
    const order = new Reorder(() => expect.fail('given'));
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(11, 0x80), Buffer.alloc(20)]) order.push(bytes);
    order.expire();
    expect(order.holds).toBe(false);
  });
});
