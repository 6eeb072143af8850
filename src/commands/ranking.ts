import type { Ground } from '../roles/ground.ts';
import type { Metric, Period, Ranked } from '../rollup/period.ts';
import { periodOf, rankingsOf, spanOf, unitPeriods } from '../rollup/period-figures.ts';
import { changeOf } from '../rollup/ranking.ts';
import { Sentence } from '../sentence.ts';
import { percent } from '../verdict/rates.ts';
import { exit } from './exit.ts';
import { table } from './over-time.ts';

export type RankingOptions = {
  /** YYYY-MM. */
  readonly month: string;
  readonly json?: true;
};

const words: Readonly<Record<Metric, string>> = { online: '在线率', image: '出图率', availability: '可用率' };

/** The units in their order by each metric over a month, with the change on the month before. */
export const ranking = async ({ db }: Ground, { month, json }: RankingOptions): Promise<number> => {
  const now = new Date();
  const period = periodOf(month);
  if (spanOf(period, now).from > now) {
    throw new Sentence(
      `--month ${month} 尚未到来：请给出本月或更早的月份`,
      `--month ${month} has not come yet: give this month or an earlier one`,
    );
  }
  const of = async (days: Period) => rankingsOf(await unitPeriods(db, days, null, now));
  const [these, before] = [await of(period), await of(periodOf(monthBefore(month)))];
  const changed = (metric: Metric, one: Ranked): number | null => {
    const then = before[metric].find(({ code }) => code === one.code);
    return then === undefined ? null : changeOf(one, then);
  };
  const metrics = Object.keys(words) as Metric[];
  if (json === true) {
    const rankings = metrics.map((metric) => [
      metric,
      these[metric].map((one) => ({ ...one, change: changed(metric, one) })),
    ]);
    process.stdout.write(`${JSON.stringify({ month, ...period, rankings: Object.fromEntries(rankings) })}\n`);
    return exit.ok;
  }
  for (const metric of metrics) {
    const rows = these[metric].map((one) => [
      one.rank === null ? '—' : String(one.rank),
      one.name,
      percent(one.yes, one.of),
      points(changed(metric, one)),
    ]);
    process.stdout.write(`${table(['名次', '考核单位', words[metric], '比上月（百分点）'], rows, 2)}\n\n`);
  }
  return exit.ok;
};

const monthBefore = (month: string): string => {
  const [year, of] = month.split('-').map(Number) as [number, number];
  return new Date(Date.UTC(year, of - 2, 1)).toISOString().slice(0, 7);
};

/** Hundredths of a percentage point, with a sign: +0.35. */
const points = (hundredths: number | null): string => {
  if (hundredths === null) return '—';
  const size = Math.abs(hundredths);
  const sign = hundredths > 0 ? '+' : hundredths < 0 ? '-' : '';
  return `${sign}${Math.floor(size / 100)}.${String(size % 100).padStart(2, '0')}`;
};
