import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { phasesAt, strideOf } from '../../../src/schedule/sweep.ts';

const day = 86_400;
const steps = day / 5;
const periods = [10, 60, 300, 600, 900, 3_600];
/** A midnight, s since 1970. */
const midnight = 20_000 * day;

describe('the turn of a camera', () => {
  it('comes once in each period, on the same seconds of every day', () => {
    fc.assert(
      fc.property(fc.constantFrom(...periods), fc.nat(steps - 1), (period, phase) => {
        const turns: number[] = [];
        for (let slot = midnight; slot < midnight + 2 * period; slot += 5) {
          if (phasesAt(slot, period).includes(phase)) turns.push(slot);
        }
        expect(turns).toHaveLength(2);
        expect(turns.every((turn, nth) => nth === 0 || turn - turns[nth - 1]! === period)).toBe(true);
        expect(phasesAt(turns[0]! + 7 * day, period)).toContain(phase);
      }),
      { numRuns: 20 },
    );
  });

  it('for a picture is also one for an answer, where the one period is a multiple of the other', () => {
    fc.assert(
      fc.property(fc.nat(steps - 1), (step) => {
        const slot = midnight + 5 * step;
        const answers = new Set(phasesAt(slot, 300));
        expect(phasesAt(slot, 3_600).every((phase) => answers.has(phase))).toBe(true);
      }),
    );
  });

  it('never comes without a period, and not between the steps', () => {
    expect(phasesAt(midnight, null)).toEqual([]);
    expect(phasesAt(midnight + 3, 300)).toEqual([]);
  });
});

describe('the jobs of a site', () => {
  it.each([
    { cameras: 11_558, periods: [300, 3_600], stride: 5 },
    { cameras: 3_000, periods: [300, 3_600], stride: 5 },
    { cameras: 1_384, periods: [300, 3_600], stride: 15 },
    { cameras: 83, periods: [300], stride: 300 },
    { cameras: 1, periods: [300, 3_600], stride: 300 },
    { cameras: 83, periods: [60, 900], stride: 60 },
    { cameras: 1, periods: [10], stride: 10 },
    { cameras: 40, periods: [90, 300], stride: 30 },
  ])('of $cameras cameras, asked every $periods s, come every $stride s', ({ cameras, periods, stride }) => {
    expect(strideOf(cameras, periods)).toBe(stride);
  });

  it('come in strides that divide every period, so that no turn falls between two of them', () => {
    const period = fc.constantFrom(10, 20, 60, 90, 120, 300, 600, 900, 3_600, 86_400);
    fc.assert(
      fc.property(fc.nat(200_000), fc.array(period, { minLength: 1 }), (cameras, periods) => {
        const stride = strideOf(cameras, periods);
        expect(periods.every((one) => one % stride === 0)).toBe(true);
        expect(stride % 5).toBe(0);
      }),
    );
  });
});
