import type { Queryable } from '../db/pool.ts';
import type { DayPoint, Period, PeriodClass, Sums, VerdictDays } from './period.ts';

/** The daily inspections of a period that are complete, each with its newest revision: $1 the first day, $2 the last. */
const daily = `daily as (
  select i.id, i.day, i.policy, r.revision
  from inspection i
  cross join lateral (
    select revision from rate where rate.inspection = i.id order by revision desc limit 1
  ) r
  where i.day between $1 and $2 and i.completed_at is not null
)`;
const parametersOf = ({ from, until }: Period, unit: string | null): unknown[] => [from, until, unit];
const ofUnit = '($3::text is null or r.unit = $3)';

export type SummedRate = Sums & { readonly unit: string; readonly class: PeriodClass };

/** Sums of numerators and of denominators by unit and class: the inspection mean is one divided by the other. */
export const summedRates = (db: Queryable, period: Period, unit: string | null): Promise<SummedRate[]> =>
  db.many<SummedRate>(
    `with ${daily}
     select r.unit, r.class, count(*)::integer as inspections, sum(r.roster) as roster, sum(r.exempt) as exempt,
       sum(r.unknown) as unknown, sum(r.assessed) as assessed, sum(r.online) as online, sum(r.image) as image
     from daily d join rate r on r.inspection = d.id and r.revision = d.revision
     where ${ofUnit}
     group by r.unit, r.class`,
    parametersOf(period, unit),
  );

/** Class total, in the order of days. */
export const ratesByDay = (
  db: Queryable,
  period: Period,
  unit: string | null,
): Promise<(DayPoint & { readonly unit: string })[]> =>
  db.many(
    `with ${daily}
     select d.day, d.id as inspection, r.unit, r.assessed, r.online, r.image
     from daily d join rate r on r.inspection = d.id and r.revision = d.revision
     where r.class = 'total' and ${ofUnit}
     order by d.day, r.unit`,
    parametersOf(period, unit),
  );

/** Days met, missed and undetermined, by unit. */
export const verdictDays = (
  db: Queryable,
  period: Period,
  unit: string | null,
): Promise<(VerdictDays & { readonly unit: string })[]> =>
  db.many(
    `with ${daily}
     select r.unit, count(*) filter (where r.verdict = 'met')::integer as met,
       count(*) filter (where r.verdict = 'missed')::integer as missed,
       count(*) filter (where r.verdict = 'undetermined')::integer as undetermined
     from daily d join unit_verdict r on r.inspection = d.id and r.revision = d.revision
     where ${ofUnit}
     group by r.unit`,
    parametersOf(period, unit),
  );

export const dailyInspections = (
  db: Queryable,
  { from, until }: Period,
): Promise<{ id: number; day: string; revision: number; policy: number }[]> =>
  db.many(`with ${daily} select id, day, revision, policy from daily order by day`, [from, until]);
