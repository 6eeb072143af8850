import type { Ranked, Share } from './period.ts';

/**
 * Compares two shares as whole numbers, negative where `a` is the smaller: a / b against c / d is a * d against c * b. What
 * is no share is less than any. Big integers: a year's sums multiplied leave 2^53.
 */
export const compareShares = (a: Share, b: Share): number => {
  if (a.of === 0 || b.of === 0) return Number(b.of === 0) - Number(a.of === 0);
  const [left, right] = [BigInt(a.yes) * BigInt(b.of), BigInt(b.yes) * BigInt(a.of)];
  return left === right ? 0 : left < right ? -1 : 1;
};

/**
 * Orders units by their share, the largest first: the same share is the same rank, and the next one counts those before it
 * (1, 2, 2, 4). Among equals the order is the one given. What has no share comes last, without a rank.
 */
export const rank = (units: readonly (Share & { readonly code: string; readonly name: string })[]): Ranked[] => {
  const rated = units.filter((unit) => unit.of > 0).sort((a, b) => compareShares(b, a));
  let place = 1;
  const ranked = rated.map((unit, nth): Ranked => {
    if (nth > 0 && compareShares(unit, rated[nth - 1]!) !== 0) place = nth + 1;
    return { ...unit, rank: place };
  });
  return [...ranked, ...units.filter((unit) => unit.of === 0).map((unit): Ranked => ({ ...unit, rank: null }))];
};

/**
 * How a share changed, in hundredths of a percentage point, rounded toward zero; null where one of them is none. 94.5 % after
 * 95 % is -50. Never the difference of two rounded percentages.
 */
export const changeOf = (now: Share, before: Share): number | null => {
  if (now.of === 0 || before.of === 0) return null;
  const [a, b] = [BigInt(now.yes) * BigInt(before.of), BigInt(before.yes) * BigInt(now.of)];
  return Number(((a - b) * 10_000n) / (BigInt(now.of) * BigInt(before.of)));
};
