import type { Database, Queryable, Statements } from '../db/pool.ts';
import { reachOf } from './availability-held.ts';
import { addUpHour, hourOf, hoursAfter } from './availability-hours.ts';
import { findOutages } from './outage.ts';

/**
 * After the end of an hour until it is added up, ms. Results whose slot is ten minutes old by the database's clock are noted
 * as late by whoever stores them (late_result), in the same statement; no statement takes the five minutes more.
 */
const settledMs = 15 * 60_000;
/** How long results are kept: older hours stay what they are. */
const resultsMs = 179 * 86_400_000;

/**
 * Cameras of an hour to one transaction, which holds up everybody on the embedded database: half a second of its CPU, one
 * where the results are compressed (the first time after an upgrade). All 138,698 at once took seven.
 */
const camerasAtOnce = 10_000;

/**
 * Adds up every hour that is over by `now` and was not yet, and again those that late results have changed; works out the
 * outages with them. An hour (or 10,000 cameras of it), or a late hour, is one transaction under the lock of one row: several
 * may do this at once, and a process killed in it leaves nothing behind that the next does not do. Gives the number of
 * transactions that had something to do; `most` bounds it.
 */
export const addUp = async (
  db: Pick<Statements, 'transaction'>,
  now: Date,
  most = Number.POSITIVE_INFINITY,
  atOnce = camerasAtOnce,
): Promise<number> => {
  for (let done = 0; ; done++) {
    if (done >= most || !(await db.transaction((tx) => addUpNext(tx, now, atOnce)))) return done;
  }
};

/** False where there is nothing to do. */
const addUpNext = async (tx: Queryable, now: Date, atOnce: number): Promise<boolean> => {
  const begun = await clockFor(tx, now);
  if (begun === null) return false;
  const { hours_until: clock, cameras_until: after } = begun;
  // What lies further back has no results to be added up from.
  await tx.run('delete from late_result where hour < $1', [new Date(now.getTime() - resultsMs)]);
  // Not while an hour is done in part: what holds into it would be lost to the cameras of that part.
  const late = after > 0 ? null : await takeLate(tx, clock);
  if (late !== null) {
    const { hour, cameras } = late;
    // A state may hold into the hours after its probe's: what a hold before the end of the hour is read for is read after it.
    const end = hoursAfter(hour, 1);
    const held = end.getTime() - (await reachOf(tx, end, end)).getTime();
    const until = Math.min(hoursAfter(hourOf(new Date(end.getTime() + held)), 1).getTime(), clock.getTime());
    for (let at = hour; at.getTime() < until; at = hoursAfter(at, 1)) {
      await addUpHour(tx, at, cameras);
    }
    await findOutages(tx, hour, clock, cameras);
    await markStale(tx, hour, new Date(until));
    return true;
  }
  const end = hoursAfter(clock, 1);
  if (end.getTime() + settledMs > now.getTime()) return false;
  // Notes first: whoever wrote one of them has committed what it tells of. One that comes after the first part waits until
  // the hour is done, and has its cameras added up again.
  if (after === 0) await tx.run('delete from late_result where hour = $1', [clock]);
  const part = await tx.many<{ id: number }>('select id from camera where id > $1 order by id limit $2', [
    after,
    atOnce,
  ]);
  const ids = part.map(({ id }) => id);
  await addUpHour(tx, clock, ids);
  if (ids.length === atOnce) {
    await tx.run('update rollup_clock set cameras_until = $1', [ids.at(-1)]);
    return true;
  }
  await findOutages(tx, clock, end, null);
  await tx.run('update rollup_clock set hours_until = $1, cameras_until = 0', [end]);
  await markStale(tx, clock, end);
  return true;
};

/** The oldest hour before `clock` with late results, and the cameras that they are of; null where there is none. */
const takeLate = (tx: Queryable, clock: Date): Promise<{ hour: Date; cameras: number[] } | null> =>
  tx.maybeOne(
    `with oldest as (
       delete from late_result where hour = (select min(hour) from late_result where hour < $1) returning hour, cameras
     )
     select hour, array_agg(distinct camera) as cameras from oldest, unnest(cameras) as camera group by hour`,
    [clock],
  );

type Clock = { readonly hours_until: Date; readonly cameras_until: number };

/** Up to where the hours are added up, under the lock; null where there is no result yet of any sweep. */
const clockFor = async (tx: Queryable, now: Date): Promise<Clock | null> => {
  const locked = 'select hours_until, cameras_until from rollup_clock for update';
  const clock = await tx.maybeOne<Clock>(locked);
  if (clock !== null) return clock;
  const { first } = await tx.one<{ first: Date | null }>(
    'select min(slot) as first from result where inspection is null and slot >= $1',
    [new Date(now.getTime() - resultsMs)],
  );
  if (first === null) return null;
  await tx.run('insert into rollup_clock (hours_until) values ($1) on conflict do nothing', [hourOf(first)]);
  return tx.one<Clock>(locked);
};

/** Read where we refresh the days ourselves; on a real server TimescaleDB knows by itself what was written. */
const markStale = (tx: Queryable, from: Date, until: Date): Promise<number> =>
  tx.run('update rollup_clock set stale_from = least(stale_from, $1), stale_until = greatest(stale_until, $2)', [
    from,
    until,
  ]);

/**
 * Brings the days up to the hours: each local day that is over and below which an hour was written, a day a statement, outside
 * a transaction, as TimescaleDB demands. On a real server its own policies do the same every ten minutes, and the service,
 * which owns no table, may not; the embedded one has no background workers.
 */
export const refreshDays = async (db: Pick<Database, 'patient' | 'maybeOne' | 'run'>): Promise<void> => {
  const stale = await db.maybeOne<{ from: Date; until: Date; first: Date; over: Date }>(
    `select stale_from as from, stale_until as until,
       date_trunc('day', stale_from, 'Asia/Shanghai') as first,
       date_trunc('day', hours_until, 'Asia/Shanghai') as over
     from rollup_clock where stale_from is not null`,
  );
  if (stale === null) return;
  const end = Math.min(stale.over.getTime(), stale.until.getTime());
  for (let day = stale.first; day.getTime() < end; day = hoursAfter(day, 24)) {
    for (const view of ['camera_day', 'unit_day']) {
      const window = `'${day.toISOString()}', '${hoursAfter(day, 24).toISOString()}'`;
      await db.patient.run(`call refresh_continuous_aggregate('${view}', ${window})`);
    }
  }
  // What was written meanwhile is left for the next time, and so is the day that is not over.
  await db.run(
    `update rollup_clock
     set stale_from = case when stale_until > $3 then greatest(stale_from, $3) end,
       stale_until = case when stale_until > $3 then stale_until end
     where stale_from = $1 and stale_until = $2`,
    [stale.from, stale.until, stale.over],
  );
};
