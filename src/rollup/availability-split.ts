import { hourOf } from './availability-hours.ts';

export type Span = { readonly from: Date; readonly until: Date };

/** A stretch of time in the largest pieces that are added up: whole local days, then hours, and the results themselves. */
export type Split = { readonly days: Span | null; readonly hours: readonly Span[]; readonly results: readonly Span[] };

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Asia/Shanghai is eight hours ahead all year. */
const aheadMs = 8 * hourMs;

/** Midnight in Asia/Shanghai of the day that `at` lies in. */
export const midnightOf = (at: Date): Date => new Date(Math.floor((at.getTime() + aheadMs) / dayMs) * dayMs - aheadMs);

const upTo = (at: Date, of: (at: Date) => Date, ms: number): Date =>
  of(at).getTime() === at.getTime() ? at : new Date(of(at).getTime() + ms);
const earlier = (a: Date, b: Date): Date => (a < b ? a : b);
const spans = (...all: readonly (readonly [Date, Date])[]): Span[] =>
  all.filter(([from, until]) => from < until).map(([from, until]) => ({ from, until }));

/** Cuts `from` up to `until`, where days are added up until `daysUntil` (a local midnight) and hours until `hoursUntil`. */
export const split = ({ from, until }: Span, hoursUntil: Date, daysUntil: Date): Split => {
  const firstHour = upTo(from, hourOf, hourMs);
  const lastHour = hourOf(earlier(until, hoursUntil));
  if (firstHour >= lastHour) return { days: null, hours: [], results: spans([from, until]) };
  const firstDay = upTo(firstHour, midnightOf, dayMs);
  const lastDay = midnightOf(earlier(lastHour, daysUntil));
  const results = spans([from, firstHour], [lastHour, until]);
  if (firstDay >= lastDay) return { days: null, hours: spans([firstHour, lastHour]), results };
  return {
    days: { from: firstDay, until: lastDay },
    hours: spans([firstHour, firstDay], [lastDay, lastHour]),
    results,
  };
};
