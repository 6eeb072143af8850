import type { Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';
import { held, reachOf } from './availability-held.ts';
import { secondsOf } from './availability-hours.ts';
import { midnightOf, type Span, split } from './availability-split.ts';
import type { AvailabilityPoint, PeriodClass, Seconds } from './period.ts';

/** Whose time: what is null is not asked for. Unit, class and site are those of the time, a camera is named by its id. */
export type Scope = {
  readonly camera: number | null;
  readonly unit: string | null;
  readonly site: string | null;
  readonly class: Exclude<PeriodClass, 'total'> | null;
};

export const everything: Scope = { camera: null, unit: null, site: null, class: null };

export type ClassSeconds = Seconds & { readonly unit: string; readonly class: Exclude<PeriodClass, 'total'> };

/** Two of them together; shares are of sums, never a mean of shares. */
export const plus = (a: Seconds, b: Seconds): Seconds => ({
  online: a.online + b.online,
  offline: a.offline + b.offline,
  unknown: a.unknown + b.unknown,
});
export const nothing: Seconds = { online: 0, offline: 0, unknown: 0 };

/** $1 to $4 of a statement with `scoped` in it. */
const parametersOf = ({ camera, unit, site, class: of }: Scope): unknown[] => [camera, unit, site, of];
const scoped = `($2::text is null or unit = $2) and ($3::text is null or site = $3) and ($4::text is null or class = $4)`;

/** Cameras have days of their own; all else is added up by unit, class and site, some dozens of rows a day. */
const daysOf = ({ camera }: Scope): string => (camera === null ? 'unit_day' : 'camera_day');
const ofCamera = (scope: Scope): string => (scope.camera === null ? '$1::integer is null' : 'camera = $1');

/**
 * Up to where hours and days are there: all that are over, but for the last minutes. The camera's own last day, where one is
 * asked about: it is found by an index, and behind it there is nothing of it in the hours either.
 */
const daysUntil = async (db: Queryable, scope: Scope): Promise<{ hours: Date; days: Date }> => {
  const { hours, last } = await db.one<{ hours: Date | null; last: Date | null }>(
    `select (select hours_until from rollup_clock) as hours,
       (select day + interval '24 hours' from ${daysOf(scope)} where ${ofCamera(scope)} order by day desc limit 1) as last`,
    [scope.camera],
  );
  if (hours === null) return { hours: new Date(0), days: new Date(0) };
  const over = midnightOf(hours);
  return { hours, days: last === null || last > over ? (last === null ? new Date(0) : over) : last };
};

/**
 * Seconds online, offline and unknown from `from` up to `until` (no later than now), by unit and class: whole days from the
 * days, the rest from hours, and what is left at either end from the results themselves, so that it is exact to the
 * second. Hours that begin within a local day are kept for two years, results for 180 days. A Sentence where more than a day
 * of results is not added up yet, unless one camera is asked about: a city's are five million a day.
 */
export const availability = async (db: Queryable, scope: Scope, span: Span): Promise<ClassSeconds[]> => {
  const known = await daysUntil(db, scope);
  const { days, hours, results } = split(span, known.hours, known.days);
  if (scope.camera === null) await refuseUnready(db, results.at(-1), known.hours);
  const sums = new Map<string, ClassSeconds>();
  const add = (rows: readonly ClassSeconds[]): void => {
    for (const row of rows) {
      const key = `${row.unit} ${row.class}`;
      sums.set(key, { ...row, ...plus(sums.get(key) ?? nothing, row) });
    }
  };
  if (days !== null) {
    add(
      await db.many<ClassSeconds>(
        `select unit, class, sum(online)::bigint as online, sum(offline)::bigint as offline,
           sum(unknown)::bigint as unknown
         from ${daysOf(scope)} where day >= $5 and day < $6 and ${ofCamera(scope)} and ${scoped}
         group by unit, class`,
        [...parametersOf(scope), days.from, days.until],
      ),
    );
  }
  for (const { from, until } of hours) {
    add(
      await db.many<ClassSeconds>(
        `select unit, class, sum(online) as online, sum(offline) as offline, sum(unknown) as unknown
         from availability_hour where hour >= $5 and hour < $6 and ${ofCamera(scope)} and ${scoped}
         group by unit, class`,
        [...parametersOf(scope), from, until],
      ),
    );
  }
  for (const part of results) add(await ofResults(db, scope, part));
  return [...sums.values()].sort((a, b) => a.unit.localeCompare(b.unit) || a.class.localeCompare(b.class));
};

/** So much is read of results that are not added up: maintenance is some minutes behind, or has to catch up. */
const behindMs = 86_400_000;

const refuseUnready = async (db: Queryable, rest: Span | undefined, hours: Date): Promise<void> => {
  if (rest === undefined || rest.until.getTime() - rest.from.getTime() <= behindMs) return;
  const waiting = await db.maybeOne(
    'select from result where inspection is null and slot >= $1 and slot < $2 limit 1',
    [rest.from, new Date(rest.until.getTime() - behindMs)],
  );
  if (waiting === null) return;
  const at = localTime(hours > rest.from ? hours : rest.from).slice(0, 16);
  throw new Sentence(
    `${at} 之后的可用率尚未汇总：服务正在后台补算，请稍后再试，或只查询此前的日期`,
    `availability after ${at} is not added up yet: the service is catching up; try again later, or ask for days before`,
  );
};

/** Of the results themselves, by what the cameras are now: of a whole city an hour is read in some tenths of a second. */
const ofResults = async (db: Queryable, scope: Scope, { from, until }: Span): Promise<ClassSeconds[]> =>
  db.many<ClassSeconds>(
    `with ${held},
     judged as (
       select id as camera, unit, class, in_use from camera
       where ($4::integer is null or id = $4) and ($5::text is null or unit = $5)
         and ($6::text is null or site = $6) and ($7::text is null or class = $7)
     ),
     ${secondsOf}
     select j.unit, j.class, coalesce(sum(s.online), 0)::bigint as online, coalesce(sum(s.offline), 0)::bigint as offline,
       (count(*) * date_part('epoch', $2::timestamptz - $1::timestamptz)
         - coalesce(sum(s.online), 0) - coalesce(sum(s.offline), 0))::bigint as unknown
     from judged j left join seconds s using (camera)
     where s.camera is not null or (j.in_use and exists (
       select from held where held.class = j.class and held.hold is not null and held.since < $2 and held.until > $1
     ))
     group by j.unit, j.class`,
    [from, until, await reachOf(db, from, until), ...parametersOf(scope)],
  );

/**
 * The same by local day, each whole: for a line of a chart. Days that are not over, or not yet added up, are missing.
 * Household cameras are in it only where the scope asks for them.
 */
export const availabilityByDay = (
  db: Queryable,
  scope: Scope,
  { from, until }: Span,
): Promise<(AvailabilityPoint & { readonly unit: string })[]> =>
  db.many(
    `select to_char(day at time zone 'Asia/Shanghai', 'YYYY-MM-DD') as day, unit, sum(online)::bigint as online,
       sum(offline)::bigint as offline, sum(unknown)::bigint as unknown
     from ${daysOf(scope)}
     where day >= $5 and day < $6 and day < (select hours_until - interval '23 hours' from rollup_clock)
       and ${ofCamera(scope)} and ${scoped} and ($4::text is not null or $1::integer is not null or class <> 'household')
     group by 1, unit order by 1, unit`,
    [...parametersOf(scope), from, until],
  );
