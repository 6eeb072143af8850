import type { Database, Queryable } from '../db/pool.ts';
import { batchSize } from './attempts.ts';
import { type Policy, policyAt } from './policy.ts';

/** What a probe of a sweep is for: whether the device answers, or a picture, which includes the answer. */
export type SweepWant = 'answer' | 'picture';

/** One row of sweep, by its key. `slot` in milliseconds since 1970: this goes into a job. */
export type SweepKey = {
  readonly slot: number;
  readonly site: string;
  readonly want: SweepWant;
  readonly part: number;
};

/** Turns come in steps of so many seconds; a day has 17,280 of them (`camera.phase`). */
const step = 5;
const day = 86_400;
/** A slot that nobody planned for so long is skipped, s: a scheduler that was away does not make up for it in a burst. */
const latest = 30;
/** A probe begins within so many seconds of its slot, or its period where that is shorter. */
const lifetime = 300;
/** A plan this far ahead of the clock was made by a clock that was wrong, s. */
const farAhead = 60;

/** The classes of cameras, each with periods of its own (`Policy`). */
export const classes = ['skynet', 'social', 'household'] as const;

const every = (policy: Policy, of: (typeof classes)[number], what: 'online' | 'picture'): number | null =>
  policy[`${of}_${what}_every`];

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000);
const dateOf = (at: number): Date => new Date(at * 1000);

/** The phases whose turn comes at `slot` (s since 1970) where a camera is probed every `period` seconds. */
export const phasesAt = (slot: number, period: number | null): number[] => {
  if (period === null || slot % step !== 0) return [];
  const first = (slot % period) / step;
  return Array.from({ length: day / period }, (_, nth) => first + (nth * period) / step);
};

/** Cameras of a site that come in one job, at least, where its size allows. */
const company = batchSize / 2;
const strides = [5, 10, 15, 20, 30, 60, 100, 150, 300] as const;

/**
 * Seconds from one job of a site to the next. A job costs the database as much as some twenty probes, so that a site of
 * a hundred cameras is asked in one job a period, and one of ten thousand every five seconds. Divides every period.
 */
export const strideOf = (cameras: number, periods: readonly number[]): number => {
  const shortest = Math.min(...periods);
  const fitting = strides.filter((one) => periods.every((period) => period % one === 0));
  return fitting.find((one) => (cameras * one) / shortest >= company) ?? fitting.at(-1) ?? step;
};

/** Cameras in use by site: how many go to a job. Counts the inventory: not for every tick. */
export const siteSizes = async (db: Queryable): Promise<ReadonlyMap<string, number>> => {
  const rows = await db.many<{ site: string; cameras: number }>(
    'select site, count(*)::integer as cameras from camera where in_use group by site',
  );
  return new Map(rows.map(({ site, cameras }) => [site, cameras]));
};

/**
 * Plans every slot that has come by `now` since the last one planned, a few rows each (one job a site, purpose and
 * hundred cameras). Slots that were missed are counted as skipped. One transaction under a lock: of two schedulers, one
 * plans; `now` by the database's clock, which they share. Of large sites a tick reads the cameras whose turn it is by an
 * index (2,311 of 138,698 every five seconds), of small ones all. `sizes` may be some minutes old. Gives the number of rows.
 */
export const planSweeps = (db: Database, now: Date, sizes: ReadonlyMap<string, number>): Promise<number> =>
  db.transaction(async (tx) => {
    const until = Math.floor(seconds(now) / step) * step;
    await tx.run('insert into sweep_clock (planned_until) values ($1) on conflict do nothing', [dateOf(until)]);
    const clock = await tx.one<{ planned_until: Date }>('select planned_until from sweep_clock for update');
    const planned = seconds(clock.planned_until);
    if (until <= planned && planned - until < farAhead) return 0;
    await tx.run('update sweep_clock set planned_until = $1', [dateOf(until)]);
    if (until <= planned) return 0;
    const from = Math.max(planned, until - latest);
    if (from > planned) await countMissed(tx, planned, from, sizes);
    let rows = 0;
    for (let slot = from + step; slot <= until; slot += step) rows += await planSlot(tx, slot, sizes);
    return rows;
  });

/** What is due of a camera `c` at the slot $1, s since 1970, by the periods `p` of its class and the stride `s` of its site. */
const turn = (period: 'online' | 'picture'): string =>
  `coalesce((c.phase * ${step}) % p.${period} / s.stride * s.stride = $1::bigint % p.${period}, false)`;
const dueAt = `select c.id, c.site, c.class, p.life, ${turn('picture')} as picture, ${turn('online')} as answer
  from camera c join period p using (class) join stride s using (site)`;

/**
 * The rows of one slot, s since 1970. A camera whose picture is due is not asked twice. In no order that anybody can see
 * on the ground: phases are hashes.
 */
export const planSlot = async (tx: Queryable, slot: number, sizes: ReadonlyMap<string, number>): Promise<number> => {
  const policy = await policyAt(tx, dateOf(slot));
  const periods = periodsOf(policy);
  const all = allOf(periods);
  if (all.length === 0) return 0;
  const due = [...sizes]
    .map(([site, cameras]) => ({ site, stride: strideOf(cameras, all) }))
    .filter(({ stride }) => slot % stride === 0);
  const phases = [...new Set(all.flatMap((period) => phasesAt(slot, period)))];
  return tx.run(
    `insert into sweep (slot, site, want, part, policy, cameras, expires_at)
     with period as (
       select * from unnest($3::text[], $4::integer[], $5::integer[], $6::integer[]) as p (class, online, picture, life)
     ),
     stride as (
       select * from unnest($7::text[], $8::integer[]) as s (site, stride)
     ),
     due as (
       -- Of large sites by the index, of small ones all that they have.
       ${dueAt} where c.in_use and c.phase = any($9) and s.stride = ${step}
       union all
       ${dueAt} where c.in_use and s.stride > ${step}
     ),
     placed as (
       select id, site, life, case when picture then 'picture' else 'answer' end as want,
         (row_number() over (partition by site, picture order by class = 'household', id) - 1) / ${batchSize} as part
       from due where picture or answer
     )
     select to_timestamp($1), site, want, part, $2, array_agg(id order by id),
       to_timestamp($1) + make_interval(secs => min(life))
     from placed group by site, want, part
     on conflict do nothing`,
    [
      slot,
      policy.version,
      [...classes],
      periods.map(({ online }) => online),
      periods.map(({ picture }) => picture),
      periods.map(({ online, picture }) => Math.min(lifetime, online ?? lifetime, picture ?? lifetime)),
      due.map(({ site }) => site),
      due.map(({ stride }) => stride),
      phases,
    ],
  );
};

/**
 * Counts the turns after `from` up to `to` (s since 1970) that nobody planned, under the policy in force at the end.
 * Counted by arithmetic: after a week away they would be millions.
 */
const countMissed = async (
  tx: Queryable,
  from: number,
  to: number,
  sizes: ReadonlyMap<string, number>,
): Promise<void> => {
  const policy = await policyAt(tx, dateOf(to));
  const periods = periodsOf(policy);
  const all = allOf(periods);
  if (all.length === 0) return;
  /** The turns of a camera in the time: those by the end less those by the beginning. */
  const turns = (period: 'online' | 'picture'): string => {
    const first = `((c.phase * ${step}) % p.${period} / s.stride * s.stride)`;
    const by = (at: '$1' | '$2'): string => `floor((${at}::bigint - ${first}) / p.${period}::numeric)`;
    return `coalesce(${by('$2')} - ${by('$1')}, 0)`;
  };
  await tx.run(
    `insert into sweep_skipped as k (day, site, want, reason, cameras)
     with period as (
       select * from unnest($3::text[], $4::integer[], $5::integer[]) as p (class, online, picture)
     ),
     stride as (
       select * from unnest($6::text[], $7::integer[]) as s (site, stride)
     ),
     missed as (
       select c.site, ${turns('picture')} as pictures, ${turns('online')} as answers
       from camera c join period p using (class) join stride s using (site) where c.in_use
     ),
     counted as (
       -- Where both are due, the picture is asked for and the answer comes with it.
       select site, 'picture' as want, sum(pictures) as cameras from missed group by site
       union all
       select site, 'answer', sum(greatest(answers - pictures, 0)) from missed group by site
     )
     select (to_timestamp($2) at time zone 'Asia/Shanghai')::date, site, want, 'scheduler_away', cameras
     from counted where cameras > 0
     on conflict (day, site, want, reason) do update set cameras = k.cameras + excluded.cameras`,
    [
      from,
      to,
      [...classes],
      periods.map(({ online }) => online),
      periods.map(({ picture }) => picture),
      [...sizes.keys()],
      [...sizes.values()].map((cameras) => strideOf(cameras, all)),
    ],
  );
};

type Periods = { readonly online: number | null; readonly picture: number | null };

/** By class, in the order of `classes`. */
const periodsOf = (policy: Policy): Periods[] =>
  classes.map((of) => ({ online: every(policy, of, 'online'), picture: every(policy, of, 'picture') }));

const allOf = (periods: readonly Periods[]): number[] =>
  periods.flatMap(({ online, picture }) => [online, picture]).filter((period) => period !== null);
