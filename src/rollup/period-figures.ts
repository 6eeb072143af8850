import type { Queryable } from '../db/pool.ts';
import { availability, availabilityByDay, type ClassSeconds, everything, nothing, plus } from './availability.ts';
import type { Span } from './availability-split.ts';
import { causes, noOutages, outageFigures, repeatOffenders, together } from './outage-figures.ts';
import type {
  DayPoint,
  Metric,
  Period,
  PeriodClass,
  PeriodFigures,
  Ranked,
  Seconds,
  Sums,
  UnitPeriod,
  UnitTrend,
} from './period.ts';
import { dailyInspections, ratesByDay, type SummedRate, summedRates, verdictDays } from './period-inspections.ts';
import { rank } from './ranking.ts';

/** The formula of a period: its name goes with every figure, and changes whenever a figure would. */
const periodFormula = 'xunjian-period/1';

const classes = ['skynet', 'social', 'household'] as const;
const dayMs = 86_400_000;

/** From midnight of the first day to midnight after the last, in Asia/Shanghai, but no further than `now`. */
export const spanOf = ({ from, until }: Period, now: Date): Span => {
  const midnight = (day: string): Date => new Date(`${day}T00:00:00+08:00`);
  const [first, end] = [midnight(from), new Date(midnight(until).getTime() + dayMs)];
  // A slot is a whole second, and so is all that is added up.
  const whole = new Date(Math.floor(now.getTime() / 1000) * 1000);
  return { from: first, until: end < whole ? end : whole < first ? first : whole };
};

/** Of 'YYYY-MM' the month, of 'YYYY' the year. */
export const periodOf = (name: string): Period => {
  const [year, month] = name.split('-').map(Number) as [number, number | undefined];
  const last = month === undefined ? new Date(Date.UTC(year, 12, 0)) : new Date(Date.UTC(year, month, 0));
  return { from: `${name}${month === undefined ? '-01-01' : '-01'}`, until: last.toISOString().slice(0, 10) };
};

const noSums: Sums = { inspections: 0, roster: 0, exempt: 0, unknown: 0, assessed: 0, online: 0, image: 0 };

const plusSums = (a: Sums, b: Sums): Sums => ({
  // Over several units: how many inspections there were, not how many rows.
  inspections: Math.max(a.inspections, b.inspections),
  roster: a.roster + b.roster,
  exempt: a.exempt + b.exempt,
  unknown: a.unknown + b.unknown,
  assessed: a.assessed + b.assessed,
  online: a.online + b.online,
  image: a.image + b.image,
});

const sumsOf = (rows: readonly SummedRate[]): Readonly<Record<PeriodClass, Sums>> => {
  const of = (name: PeriodClass): Sums =>
    rows.filter((row) => row.class === name).reduce<Sums>((sum, row) => plusSums(sum, row), noSums);
  return { total: of('total'), skynet: of('skynet'), social: of('social'), household: of('household') };
};

const secondsOfClasses = (rows: readonly ClassSeconds[]): Readonly<Record<PeriodClass, Seconds>> => {
  const of = (name: (typeof classes)[number]): Seconds =>
    rows
      .filter((row) => row.class === name)
      .reduce<Seconds>((sum, { online, offline, unknown }) => plus(sum, { online, offline, unknown }), nothing);
  const [skynet, social] = [of('skynet'), of('social')];
  return { total: plus(skynet, social), skynet, social, household: of('household') };
};

/** The share of each unit that a ranking goes by, class total. */
const shareOf = ({ classes: { total }, availability: { total: seconds } }: UnitPeriod, metric: Metric) =>
  metric === 'availability'
    ? { yes: seconds.online, of: seconds.online + seconds.offline }
    : { yes: total[metric], of: total.assessed };

/** Units in their order by each metric, class total. */
export const rankingsOf = (units: readonly UnitPeriod[]): Readonly<Record<Metric, Ranked[]>> => {
  const by = (metric: Metric): Ranked[] =>
    rank(units.map((unit) => ({ code: unit.code, name: unit.name, ...shareOf(unit, metric) })));
  return { online: by('online'), image: by('image'), availability: by('availability') };
};

/**
 * What each unit, or this one, came to: inspection means, availability, days by verdict, outages. Reads some dozens of rows
 * a day of the period, and as many outages as there were.
 */
export const unitPeriods = async (
  db: Queryable,
  period: Period,
  unit: string | null,
  now: Date,
): Promise<UnitPeriod[]> => {
  const span = spanOf(period, now);
  const scope = { ...everything, unit };
  const units = await db.many<{ code: string; name: string }>(
    'select code, name from unit where ($1::text is null or code = $1) order by position',
    [unit],
  );
  const rates = Map.groupBy(await summedRates(db, period, unit), (row) => row.unit);
  const seconds = Map.groupBy(await availability(db, scope, span), (row) => row.unit);
  const verdicts = new Map((await verdictDays(db, period, unit)).map(({ unit: of, ...days }) => [of, days]));
  const down = new Map((await outageFigures(db, 'unit', scope, span)).map(({ of, ...figures }) => [of, figures]));
  return units
    .filter(({ code }) => rates.has(code) || seconds.has(code) || down.has(code))
    .map(({ code, name }) => ({
      code,
      name,
      classes: sumsOf(rates.get(code) ?? []),
      availability: secondsOfClasses(seconds.get(code) ?? []),
      days: verdicts.get(code) ?? { met: 0, missed: 0, undetermined: 0 },
      outages: down.get(code) ?? noOutages,
    }));
};

/** All that a report of a period says; of one unit where it is named. A camera offends with `offends` outages. */
export const periodFigures = async (
  db: Queryable,
  period: Period,
  options: { readonly unit: string | null; readonly offends: number; readonly now: Date },
): Promise<PeriodFigures> => {
  const { unit, offends, now } = options;
  const span = spanOf(period, now);
  const scope = { ...everything, unit };
  const units = await unitPeriods(db, period, unit, now);
  const byDay = Map.groupBy(await ratesByDay(db, period, unit), (row) => row.unit);
  const secondsByDay = Map.groupBy(await availabilityByDay(db, scope, span), (row) => row.unit);
  const trends = units.map(
    ({ code }): UnitTrend => ({
      code,
      inspections: (byDay.get(code) ?? []).map(({ unit: _, ...point }) => point),
      availability: (secondsByDay.get(code) ?? []).map(({ unit: _, ...point }) => point),
    }),
  );
  const all = (name: PeriodClass): Sums =>
    units.reduce<Sums>((sum, { classes: of }) => plusSums(sum, of[name]), noSums);
  const allSeconds = (name: PeriodClass): Seconds =>
    units.reduce<Seconds>((sum, { availability: of }) => plus(sum, of[name]), nothing);
  const each = <T>(of: (name: PeriodClass) => T): Readonly<Record<PeriodClass, T>> => ({
    total: of('total'),
    skynet: of('skynet'),
    social: of('social'),
    household: of('household'),
  });
  const { swept } = await db.one<{ swept: Date | null }>('select (select hours_until from rollup_clock) as swept');
  return {
    period,
    formula: periodFormula,
    sweptUntil: swept === null || swept > span.until ? (swept === null ? null : span.until) : swept,
    inspections: await dailyInspections(db, period),
    units,
    city: {
      classes: each(all),
      availability: each(allSeconds),
      outages: together(units.map(({ outages }) => outages)),
    },
    trends,
    cityTrend: cityTrendOf(trends),
    rankings: rankingsOf(units),
    causes: await causes(db, scope, span),
    offenders: await repeatOffenders(db, scope, span, offends),
    offends,
  };
};

/** The units' lines added up, day by day. */
const cityTrendOf = (trends: readonly UnitTrend[]): Omit<UnitTrend, 'code'> => {
  const inspections = new Map<string, DayPoint>();
  const seconds = new Map<string, Seconds & { day: string }>();
  for (const trend of trends) {
    for (const point of trend.inspections) {
      const sum = inspections.get(point.day);
      inspections.set(
        point.day,
        sum === undefined
          ? point
          : {
              ...point,
              assessed: sum.assessed + point.assessed,
              online: sum.online + point.online,
              image: sum.image + point.image,
            },
      );
    }
    for (const point of trend.availability) {
      seconds.set(point.day, { day: point.day, ...plus(seconds.get(point.day) ?? nothing, point) });
    }
  }
  const inOrder = <T extends { readonly day: string }>(of: Map<string, T>): T[] =>
    [...of.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
  return { inspections: inOrder(inspections), availability: inOrder(seconds) };
};
