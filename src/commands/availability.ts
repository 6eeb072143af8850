import type { Ground } from '../roles/ground.ts';
import { availability as availabilityOf, type ClassSeconds, nothing, plus } from '../rollup/availability.ts';
import type { PeriodClass, Seconds } from '../rollup/period.ts';
import { spanOf } from '../rollup/period-figures.ts';
import { percent } from '../verdict/rates.ts';
import { exit } from './exit.ts';
import { classWords, duration, type OverTimeOptions, periodAsked, scopeAsked, table } from './over-time.ts';

/** Availability by unit and class from the first day to the last, the last up to now. */
export const availability = async ({ db }: Ground, options: OverTimeOptions): Promise<number> => {
  const now = new Date();
  const period = periodAsked(options, now);
  const span = spanOf(period, now);
  const rows = await availabilityOf(db, await scopeAsked(db, options), span);
  const units = await db.many<{ code: string; name: string }>('select code, name from unit order by position');
  const found = units
    .map(({ code, name }) => ({ code, name, rows: rows.filter(({ unit }) => unit === code) }))
    .filter((unit) => unit.rows.length > 0);
  if (options.json === true) {
    const written = {
      from: span.from.toISOString(),
      until: span.until.toISOString(),
      units: found.map(({ code, name, rows: of }) => ({ code, name, classes: classesOf(of) })),
      total: totalOf(rows),
    };
    process.stdout.write(`${JSON.stringify(written)}\n`);
    return exit.ok;
  }
  const line = (name: string, of: string, seconds: Seconds): string[] => [
    name,
    of,
    percent(seconds.online, seconds.online + seconds.offline),
    duration(seconds.online),
    duration(seconds.offline),
    duration(seconds.unknown),
  ];
  const lines = found.flatMap(({ name, rows: of }) =>
    Object.entries(classesOf(of)).map(([one, seconds]) => line(name, classWords[one as PeriodClass], seconds)),
  );
  const titles = ['考核单位', '类别', '可用率', '在线时长', '离线时长', '未知时长'];
  process.stdout.write(`${table(titles, [...lines, line('全部', '合计', totalOf(rows))], 2)}\n`);
  return exit.ok;
};

const secondsOf = ({ online, offline, unknown }: Seconds): Seconds => ({ online, offline, unknown });

/** Household cameras are shown and not counted; where nothing else was asked for, they are the total. */
const totalOf = (rows: readonly ClassSeconds[]): Seconds => {
  const counted = rows.filter((row) => row.class !== 'household');
  return (counted.length > 0 ? counted : rows).map(secondsOf).reduce(plus, nothing);
};

/** Those that there are, and the total where there are several. */
const classesOf = (rows: readonly ClassSeconds[]): Partial<Record<PeriodClass, Seconds>> => ({
  ...(rows.length > 1 ? { total: totalOf(rows) } : {}),
  ...Object.fromEntries(rows.map((row) => [row.class, secondsOf(row)])),
});
