import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeOf, compareShares, rank } from '../../../src/rollup/ranking.ts';

const unit = (code: string, yes: number, of: number) => ({ code, name: code, yes, of });

describe('the order of units', () => {
  it('is by whole numbers: 2 of 3 is 4 of 6, and a share that only looks the same is behind', () => {
    expect(
      rank([unit('a', 4, 6), unit('b', 949_999, 1_000_000), unit('c', 95, 100), unit('d', 2, 3)]).map((one) => [
        one.rank,
        one.code,
      ]),
    ).toEqual([
      [1, 'c'],
      [2, 'b'],
      [3, 'a'],
      [3, 'd'],
    ]);
  });

  it('shares a rank and counts those before the next one; who has no share comes last, without a rank', () => {
    const ranked = rank([unit('none', 0, 0), unit('a', 1, 2), unit('b', 1, 1), unit('c', 5, 10), unit('d', 0, 3)]);
    expect(ranked.map((one) => [one.rank, one.code])).toEqual([
      [1, 'b'],
      [2, 'a'],
      [2, 'c'],
      [4, 'd'],
      [null, 'none'],
    ]);
  });

  it('holds for the seconds of a year of a whole city, which times another are past 2^53', () => {
    const seconds = 138_698 * 366 * 86_400;
    expect(compareShares({ yes: seconds - 1, of: seconds }, { yes: seconds - 2, of: seconds - 1 })).toBe(1);
    expect(compareShares({ yes: seconds, of: seconds }, { yes: 7, of: 7 })).toBe(0);
  });
});

describe('a change', () => {
  it.each([
    [9_450, 10_000, 9_500, 10_000, -50],
    [1, 3, 1, 3, 0],
    // 33.333… to 66.666…: 33.33 points, and not 33.34.
    [2, 3, 1, 3, 3_333],
    [1, 3, 2, 3, -3_333],
    // Less than a hundredth is none, downwards as well.
    [999_999, 1_000_000, 1, 1, 0],
    [0, 5, 5, 5, -10_000],
  ])('from %i of %i, before %i of %i, is %i hundredths of a point', (yes, of, yesBefore, ofBefore, expected) => {
    expect(changeOf({ yes, of }, { yes: yesBefore, of: ofBefore })).toBe(expected);
  });

  it('is none where one of the two is none', () => {
    expect(changeOf({ yes: 0, of: 0 }, { yes: 1, of: 1 })).toBeNull();
    expect(changeOf({ yes: 1, of: 1 }, { yes: 0, of: 0 })).toBeNull();
  });

  it('is the same backwards with the other sign, for any shares', () => {
    const share = fc
      .tuple(fc.integer({ min: 1, max: 10 ** 12 }), fc.integer({ min: 0, max: 10 ** 12 }))
      .map(([of, yes]) => ({ of, yes: Math.min(yes, of) }));
    fc.assert(
      fc.property(share, share, (a, b) => {
        const there = changeOf(a, b)!;
        expect(Math.abs(there)).toBeLessThanOrEqual(10_000);
        expect(there + changeOf(b, a)!).toBe(0);
        expect(Math.abs(there / 10_000 - (a.yes / a.of - b.yes / b.of))).toBeLessThan(0.000_101);
      }),
    );
  });
});
