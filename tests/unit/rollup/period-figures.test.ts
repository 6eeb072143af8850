import { describe, expect, it } from 'vitest';
import { noOutages } from '../../../src/rollup/outage-figures.ts';
import { periodOf, rankingsOf, spanOf } from '../../../src/rollup/period-figures.ts';

describe('a period', () => {
  it.each([
    ['2026-02', '2026-02-01', '2026-02-28'],
    ['2028-02', '2028-02-01', '2028-02-29'],
    ['2026-12', '2026-12-01', '2026-12-31'],
    ['2026', '2026-01-01', '2026-12-31'],
  ])('%s is from %s to %s', (name, from, until) => {
    expect(periodOf(name)).toEqual({ from, until });
  });

  it('is from midnight to midnight in Liuzhou, and ends now where its last day is not over', () => {
    const november = periodOf('2026-11');
    expect(spanOf(november, new Date('2027-01-01T00:00:00Z'))).toEqual({
      from: new Date('2026-10-31T16:00:00Z'),
      until: new Date('2026-11-30T16:00:00Z'),
    });
    expect(spanOf(november, new Date('2026-11-20T07:31:05.678Z')).until).toEqual(new Date('2026-11-20T07:31:05Z'));
    // Nothing of it has come yet.
    const early = spanOf(november, new Date('2026-10-01T00:00:00Z'));
    expect(early.until).toEqual(early.from);
  });
});

it('units are ranked by class total: by sums of the inspections, and by the seconds that are known', () => {
  const sums = (assessed: number, online: number, image: number) => ({
    ...{ inspections: 2, roster: assessed + 3, exempt: 1, unknown: 2 },
    ...{ assessed, online, image },
  });
  const none = sums(0, 0, 0);
  const still = { online: 0, offline: 0, unknown: 0 };
  const unit = (code: string, total: typeof none, seconds: typeof still) => ({
    code,
    name: code,
    classes: { total, skynet: none, social: total, household: none },
    availability: { total: seconds, skynet: still, social: seconds, household: still },
    days: { met: 0, missed: 0, undetermined: 0 },
    outages: noOutages,
  });
  const rankings = rankingsOf([
    unit('a', sums(100, 95, 90), { online: 90, offline: 10, unknown: 1_000 }),
    unit('b', sums(200, 190, 200), { online: 9, offline: 0, unknown: 0 }),
    unit('c', none, still),
  ]);
  const order = (of: keyof typeof rankings) => rankings[of].map(({ rank, code }) => [rank, code]);
  expect(order('online')).toEqual([
    [1, 'a'],
    [1, 'b'],
    [null, 'c'],
  ]);
  expect(order('image')).toEqual([
    [1, 'b'],
    [2, 'a'],
    [null, 'c'],
  ]);
  expect(rankings.availability.map(({ rank, yes, of }) => [rank, yes, of])).toEqual([
    [1, 9, 9],
    [2, 90, 100],
    [null, 0, 0],
  ]);
});
