import { compareShares } from '../../rollup/ranking.ts';
import { percent } from '../../verdict/rates.ts';
import { bestAndWorst, type Fraction } from './fraction.ts';

type Rated = { readonly name: string; readonly rate: Fraction };

/** "甲区（98.1%）、乙区、丙县（均为97.0%）": those that are exactly alike, together. */
const named = (units: readonly Rated[]): string => {
  const alike: Rated[][] = [];
  for (const unit of units) {
    const last = alike.at(-1);
    if (last !== undefined && compareShares(last[0]!.rate, unit.rate) === 0) last.push(unit);
    else alike.push([unit]);
  }
  return alike
    .map((group) => {
      const { yes, of } = group[0]!.rate;
      return `${group.map(({ name }) => name).join('、')}（${group.length > 1 ? '均为' : ''}${percent(yes, of)}）`;
    })
    .join('、');
};

/** Who leads and who trails, three of either and whoever is like them; empty where nobody is worse than the best. */
export const standingWords = (word: string, units: readonly Rated[]): string => {
  const { best, worst } = bestAndWorst(units, ({ rate }) => rate, 3);
  return worst.length === 0 ? '' : `${word}居前的是${named(best)}，居后的是${named(worst)}（由低到高）。`;
};
