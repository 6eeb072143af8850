import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bestAndWorst,
  changeMark,
  changeOf,
  changeWords,
  type Fraction,
  placeOf,
  ranked,
} from '../../../src/report/words/fraction.ts';
import { compareShares } from '../../../src/rollup/ranking.ts';

const fraction = fc
  .integer({ min: 0, max: 9_000_000 })
  .chain((of) => fc.integer({ min: 0, max: of }).map((yes): Fraction => ({ yes, of })));

describe('the change of a rate', () => {
  it('is told in hundredths of a point, cut and never rounded up', () => {
    // 15000/15800 = 94.93670…, 14981/15800 = 94.81645…: 0.12025… points.
    expect(changeMark({ yes: 15_000, of: 15_800 }, { yes: 14_981, of: 15_800 })).toBe('↑0.12');
    // 1/3 - 1/4 = 8.333… points; 2/3 - 1/4 = 41.666…
    expect(changeMark({ yes: 1, of: 4 }, { yes: 1, of: 3 })).toBe('↓8.33');
    expect(changeMark({ yes: 2, of: 3 }, { yes: 1, of: 4 })).toBe('↑41.66');
  });

  it('tells what moved by next to nothing from what did not move', () => {
    expect(changeMark({ yes: 949_601, of: 1_000_000 }, { yes: 949_600, of: 1_000_000 })).toBe('↑<0.01');
    expect(changeMark({ yes: 1, of: 2 }, { yes: 8_305, of: 16_610 })).toBe('持平');
    expect(changeWords('昨日', { yes: 949_599, of: 1_000_000 }, { yes: 949_600, of: 1_000_000 })).toBe(
      '较昨日下降不足0.01个百分点',
    );
  });

  it('is none where there is nothing to compare with', () => {
    expect(changeMark({ yes: 0, of: 0 }, { yes: 1, of: 2 })).toBe('—');
    expect(changeMark({ yes: 1, of: 2 }, { yes: 0, of: 0 })).toBe('—');
    expect(changeMark({ yes: 1, of: 2 }, null)).toBe('—');
    expect(changeWords('昨日', { yes: 1, of: 2 }, null)).toBeNull();
  });

  it('is exact for any two rates, also where their product leaves 2^53', () => {
    fc.assert(
      fc.property(fraction, fraction, (now, before) => {
        const change = changeOf(now, before);
        if (now.of === 0 || before.of === 0) return change === null;
        // hundredths/10000 is the difference cut towards zero: |h| <= |d| * 10000 < |h| + 1, of one sign.
        const d = BigInt(now.yes) * BigInt(before.of) - BigInt(before.yes) * BigInt(now.of);
        const scale = BigInt(now.of) * BigInt(before.of);
        const h = BigInt(Math.abs(change!.hundredths)) * scale;
        const size = 10_000n * (d < 0n ? -d : d);
        const sign = change!.hundredths === 0 || change!.hundredths > 0 === d > 0n;
        return h <= size && size < h + scale && sign && change!.same === (d === 0n);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the order of units', () => {
  const unit = (name: string, yes: number, of: number) => ({ name, yes, of });
  const names = (units: readonly { readonly name: string }[]): string[] => units.map(({ name }) => name);

  it('puts 949/1000 behind 9491/10000, which read alike, and keeps the city’s order among equals', () => {
    const units = [unit('甲', 949, 1_000), unit('乙', 9_491, 10_000), unit('丙', 1, 2), unit('丁', 50, 100)];
    expect(names(ranked(units, (one) => one))).toEqual(['乙', '甲', '丙', '丁']);
  });

  it('names nobody as worst who is as good as the best, all who are alike, and nobody without a rate', () => {
    const units = [
      unit('甲', 1, 1),
      unit('乙', 0, 0),
      unit('丙', 1, 2),
      unit('丁', 1, 3),
      unit('戊', 1, 3),
      unit('己', 1, 4),
    ];
    const { best, worst } = bestAndWorst(units, (one) => one, 3);
    expect(names(best)).toEqual(['甲', '丙']);
    expect(names(worst)).toEqual(['己', '丁', '戊']);
    const alike = [unit('甲', 1, 1), unit('乙', 2, 2), unit('丙', 3, 3), unit('丁', 1, 2)];
    expect(names(bestAndWorst(alike, (one) => one, 3).best)).toEqual(['甲', '乙', '丙']);
    expect(names(bestAndWorst(alike, (one) => one, 3).worst)).toEqual(['丁']);
    expect(bestAndWorst(alike.slice(0, 3), (one) => one, 3)).toEqual({ best: [], worst: [] });
    // The third best is as good as the worst: he leads nobody.
    const few = [unit('甲', 1, 1), unit('乙', 1, 2), unit('丙', 1, 2), unit('丁', 1, 2)];
    expect(names(bestAndWorst(few, (one) => one, 3).best)).toEqual(['甲']);
    expect(names(bestAndWorst(few, (one) => one, 3).worst)).toEqual(['乙', '丙', '丁']);
    expect(bestAndWorst([unit('甲', 1, 2)], (one) => one, 3)).toEqual({ best: [], worst: [] });
  });

  it('gives those alike the same place, and the next one the place after all of them', () => {
    const units = [unit('甲', 1, 2), unit('乙', 2, 4), unit('丙', 1, 3), unit('丁', 3, 4), unit('戊', 0, 0)];
    expect(units.map((one) => placeOf(units, one, (each) => each)?.place ?? null)).toEqual([2, 2, 4, 1, null]);
    expect(placeOf(units, units[0]!, (one) => one)?.among).toBe(4);
  });

  it('is one order: crosswise multiplication agrees with itself', () => {
    fc.assert(
      fc.property(
        fraction,
        fraction,
        (a, b) => compareShares(a, b) === -compareShares(b, a) || (a.of === 0 && b.of === 0),
      ),
    );
  });
});
