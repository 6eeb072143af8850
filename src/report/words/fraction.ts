import type { Share } from '../../rollup/period.ts';
import { compareShares, changeOf as hundredthsOf } from '../../rollup/ranking.ts';
import { percent } from '../../verdict/rates.ts';

/** A rate before it is divided: so many of so many. `of` 0: nothing was assessed, there is no rate. */
export type Fraction = Share;

/** For a sentence: "97.1%（273/281）". */
export const rateWords = ({ yes, of }: Fraction): string =>
  of === 0 ? '无（应评0）' : `${percent(yes, of)}（${yes}/${of}）`;

/** How a rate moved, in hundredths of a percentage point, cut towards zero; `same` only where it did not move at all. */
export type Change = { readonly hundredths: number; readonly same: boolean };

/** From `before` to `now`; null where one of them is no rate. Whole numbers decide. */
export const changeOf = (now: Fraction, before: Fraction): Change | null => {
  const hundredths = hundredthsOf(now, before);
  return hundredths === null ? null : { hundredths, same: compareShares(now, before) === 0 };
};

/** Hundredths as they are written: 12 → "0.12". Without a sign. */
export const points = (hundredths: number): string => {
  const whole = Math.abs(hundredths);
  return `${Math.floor(whole / 100)}.${String(whole % 100).padStart(2, '0')}`;
};

/** For a table: "↑0.12", "↓3.40", "持平", "—". What moved by less than a hundredth is told from what did not move. */
export const changeMark = (now: Fraction, before: Fraction | null): string => {
  const change = before === null ? null : changeOf(now, before);
  if (change === null || before === null) return '—';
  if (change.same) return '持平';
  const up = compareShares(now, before) > 0 ? '↑' : '↓';
  return change.hundredths === 0 ? `${up}<0.01` : `${up}${points(change.hundredths)}`;
};

/** For a sentence: "较昨日上升0.12个百分点"; null where there is nothing to compare with. */
export const changeWords = (than: string, now: Fraction, before: Fraction | null): string | null => {
  const change = before === null ? null : changeOf(now, before);
  if (change === null || before === null) return null;
  if (change.same) return `与${than}持平`;
  const way = compareShares(now, before) > 0 ? '上升' : '下降';
  const by = change.hundredths === 0 ? '不足0.01' : points(change.hundredths);
  return `较${than}${way}${by}个百分点`;
};

/** The best first; those alike keep the order that they came in. */
export const ranked = <T>(items: readonly T[], rateOf: (item: T) => Fraction): T[] =>
  items.filter((item) => rateOf(item).of > 0).sort((a, b) => compareShares(rateOf(b), rateOf(a)));

/**
 * Some `most` of the best, and of the worst (the worst first), with all that are as good as the last of either list: nobody
 * is named, or spared, for where he stands in the city's order. That is the order among equals; nobody is in both lists, and
 * where all are alike nobody is in either.
 */
export const bestAndWorst = <T>(
  items: readonly T[],
  rateOf: (item: T) => Fraction,
  most: number,
): { readonly best: T[]; readonly worst: T[] } => {
  const rated = ranked(items, rateOf);
  const count = Math.min(most, Math.floor(rated.length / 2));
  const [third, lowest] = [rated[count - 1], rated.at(-1)];
  if (third === undefined) return { best: [], worst: [] };
  const than = (item: T, other: T): number => compareShares(rateOf(item), rateOf(other));
  const best = rated.filter((item) => than(item, third) >= 0 && than(item, lowest!) > 0);
  const last = best.at(-1);
  if (last === undefined) return { best: [], worst: [] };
  const worse = items.filter((item) => rateOf(item).of > 0 && than(item, last) < 0).sort(than);
  const edge = worse[Math.min(count, worse.length) - 1]!;
  return { best, worst: worse.filter((item) => than(item, edge) <= 0) };
};

/** The place of `item` among all that have a rate, those alike sharing the better one: `{ place: 3, among: 12 }`. */
export const placeOf = <T>(
  items: readonly T[],
  item: T,
  rateOf: (item: T) => Fraction,
): { readonly place: number; readonly among: number } | null => {
  const rated = items.filter((one) => rateOf(one).of > 0);
  if (rateOf(item).of === 0) return null;
  const place = 1 + rated.filter((one) => compareShares(rateOf(one), rateOf(item)) > 0).length;
  return { place, among: rated.length };
};
