import type { Database, Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { type Policy, policyAt } from './policy.ts';

export type Inspection = {
  readonly id: number;
  readonly started_at: Date;
  readonly cutoff_at: Date;
  readonly completed_at: Date | null;
  readonly policy: number;
  /** YYYY-MM-DD in Asia/Shanghai: the day whose daily round it is; null for one that somebody asked for. */
  readonly day: string | null;
  readonly unit: string | null;
};

/**
 * The next half second, so that no slot of an inspection is ever a slot of a sweep. Never before `at`: a policy that was
 * decided a moment ago is in force.
 */
const onTheHalf = (at: Date): Date => new Date(Math.ceil((at.getTime() - 500) / 1000) * 1000 + 500);

/**
 * Opens an inspection at `at` with the policy then in force: freezes the roster (every camera in use, of one unit or of
 * all) with the names of now. Who is exempt is decided when it is closed. The attempts are planned by the tick. Throws a Sentence where there is nothing to inspect.
 */
export const openInspection = async (
  db: Database,
  at: Date,
  unit: string | null,
  day: string | null = null,
): Promise<Inspection> => db.transaction((tx) => openWithin(tx, at, unit, day));

/** How many a person may start of one scope within an hour. */
const mostStarted = 4;
const hourMs = 3_600_000;

export type Started =
  | { readonly inspection: Inspection }
  /** One of the same scope is under way. */
  | { readonly running: number }
  /** So many were begun within the hour that the next may come no sooner. */
  | { readonly afterMs: number };

/**
 * Opens an inspection that somebody asks for at `at`: of one unit or of the city, unless one of the same is under way or
 * four were begun within the hour.
 */
export const startInspection = (db: Database, at: Date, unit: string | null): Promise<Started> =>
  db.transaction(async (tx) => {
    await tx.run('select pg_advisory_xact_lock($1)', [openingLock]);
    const same = await tx.many<{ id: number; started_at: Date; completed_at: Date | null }>(
      `select id, started_at, completed_at from inspection
       where unit is not distinct from $1 and (completed_at is null or started_at > $2) order by started_at`,
      [unit, new Date(at.getTime() - hourMs)],
    );
    const running = same.find(({ completed_at }) => completed_at === null);
    if (running !== undefined) return { running: running.id };
    const oldest = same.at(-mostStarted);
    if (oldest !== undefined) return { afterMs: oldest.started_at.getTime() + hourMs - at.getTime() };
    return { inspection: await openWithin(tx, at, unit, null) };
  });

const openWithin = async (tx: Queryable, at: Date, unit: string | null, day: string | null): Promise<Inspection> => {
  if (unit !== null) await requireUnit(tx, unit);
  const startedAt = onTheHalf(at);
  const policy = await policyAt(tx, startedAt);
  const inspection = await insert(tx, startedAt, policy, unit, day);
  const rows = await tx.run(
    `insert into roster (inspection, camera, code, name, unit, class, site, exempt, picture_due)
     select $1, id, code, name, unit, class, site, false, class <> 'household' or $2
     from camera where in_use and ($3::text is null or unit = $3)`,
    [inspection.id, policy.household_pictures, unit],
  );
  if (rows === 0) {
    throw new Sentence(
      unit === null ? '档案中没有在用的点位；请先导入档案' : `考核单位 ${unit} 没有在用的点位`,
      unit === null
        ? 'The inventory holds no camera in use; import one first'
        : `The unit ${unit} has no camera in use`,
    );
  }
  return inspection;
};

/** Any number that no other lock has. */
const openingLock = 20_261_103;

/**
 * Begins as many seconds later as it takes until none of its slots is a slot of another inspection: a camera has one
 * result a slot, and that of the one would be taken for the other's. With attempts at 0, 5 and 15 minutes, one that is
 * opened five minutes after another has to move.
 */
const insert = async (
  tx: Queryable,
  at: Date,
  policy: Policy,
  unit: string | null,
  day: string | null,
): Promise<Inspection> => {
  // Two that are opened at once see each other. Not by locking the table: the service may not, which cannot change it.
  await tx.run('select pg_advisory_xact_lock($1)', [openingLock]);
  const { start } = await tx.one<{ start: Date }>(
    `with taken as (
       select i.started_at + make_interval(secs => theirs) as slot
       from inspection i join policy p on p.version = i.policy cross join unnest(p.attempts) as theirs
     )
     select $1::timestamptz + make_interval(secs => later) as start
     from generate_series(0, 3600) as later
     where not exists (
       select from unnest($2::integer[]) as ours join taken
         on slot = $1::timestamptz + make_interval(secs => later + ours)
     )
     order by later limit 1`,
    [at, policy.attempts],
  );
  return tx.one<Inspection>(
    `insert into inspection (started_at, cutoff_at, policy, unit, day)
     values ($1, $1::timestamptz + make_interval(secs => $2), $3, $4, $5) returning *`,
    [start, policy.cutoff, policy.version, unit, day],
  );
};

/** Throws a Sentence that lists the units where there is none of this code. */
export const requireUnit = async (tx: Queryable, unit: string): Promise<void> => {
  const known = await tx.many<{ code: string; name: string }>('select code, name from unit order by position');
  if (known.some(({ code }) => code === unit)) return;
  const list = known.map(({ code, name }) => `${code} ${name}`).join('、');
  throw new Sentence(`考核单位 ${unit}：没有这个代码；可选：${list}`, `unit ${unit}: no such unit; one of: ${list}`);
};

export const inspectionOf = (db: Queryable, id: number): Promise<Inspection | null> =>
  db.maybeOne<Inspection>('select * from inspection where id = $1', [id]);

export const runningInspections = (db: Queryable): Promise<Inspection[]> =>
  db.many<Inspection>('select * from inspection where completed_at is null order by id');

/** Ends an inspection; false where somebody else did. Inside the transaction that writes its outcomes and verdicts. */
export const closeInspection = async (tx: Queryable, id: number, at: Date): Promise<boolean> =>
  (await tx.run('update inspection set completed_at = $2 where id = $1 and completed_at is null', [id, at])) === 1;
