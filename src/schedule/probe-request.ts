import type { Database, Queryable } from '../db/pool.ts';
import { policyAt } from './policy.ts';
import type { SweepWant } from './sweep.ts';

/** A camera's probe that somebody asked for: `waiting` for its turn, `done`, or given up without a result. */
export type ProbeRequest = {
  readonly id: number;
  readonly camera: number;
  readonly code: string;
  readonly unit: string;
  readonly site: string;
  readonly asked_by: string;
  /** All that whoever asked meets; null: the city. */
  readonly asked_within: string | null;
  readonly asked_at: Date;
  readonly why: string | null;
  readonly want: SweepWant;
  readonly slot: Date;
  readonly expires_at: Date;
  /** How often it was put on the queue of its site. */
  readonly enqueued: number;
  readonly done_at: Date | null;
  readonly expired_at: Date | null;
  readonly expired: RequestExpiry | null;
};

export type RequestExpiry = 'no_worker' | 'not_queued' | 'late' | 'withdrawn';

/** Stands for the inspection in the result of a probe that was asked for: it is of none, and of no sweep either. */
export const ofNoInspection = 0;

/** No probe begins later after it was asked for, ms: somebody waits for it. */
const lifetimeMs = 120_000;
/** Open at once, of an account and of a site. */
export const mostOpen = { account: 20, site: 100 } as const;
/** From one to the next of a camera, ms: a device is not to be asked as fast as somebody can press. */
const pauseMs = 10_000;
/** How long they are kept. */
const keptMs = 180 * 86_400_000;

/** Any number that no other lock has. */
const askingLock = 20_261_119;

export type ProbeWish = {
  readonly camera: number;
  readonly site: string;
  /** Whose the camera is. */
  readonly unit: string;
  readonly by: string;
  /** All that whoever asks meets; null: the city. */
  readonly within: string | null;
  readonly why: string | null;
  readonly want: SweepWant;
};

export type ProbeAsked =
  /** `isNew` is false where one of the camera was open already: it is the same. */
  | { readonly id: number; readonly isNew: boolean }
  /** Too many are open, of the account or the site; or one of the camera was asked for a moment ago. */
  | { readonly refused: 'account' | 'site' | 'camera'; readonly afterMs: number };

/** The last quarter of a second past a half or a full one: no slot of a sweep or of an inspection. */
const quarterBefore = (ms: number): number => Math.floor((ms - 250) / 500) * 500 + 250;

/**
 * Takes in at `at` that a camera is to be probed now: by the workers of its site, in its host's turn, within its line's
 * limits, as any other probe. One is open of a camera at most.
 */
export const askProbe = (
  db: Database,
  at: Date,
  { camera, site, unit, by, within, why, want }: ProbeWish,
): Promise<ProbeAsked> =>
  db.transaction(async (tx) => {
    // Two who ask at once see each other. The lock of a statement or two: askers are people.
    await tx.run('select pg_advisory_xact_lock($1)', [askingLock]);
    const open = await tx.maybeOne<{ id: number; unit: string }>(
      'select id, unit from probe_request where camera = $1 and done_at is null and expired is null',
      [camera],
    );
    // One of before the camera came to this unit is not told of: its own waits until that is over.
    if (open !== null)
      return open.unit === unit ? { id: open.id, isNew: false } : { refused: 'camera', afterMs: pauseMs };
    const seen = await tx.one<{ account: number; site: number; last: Date | null }>(
      `select count(*) filter (where asked_by = $2)::integer as account,
         count(*) filter (where site = $3)::integer as site,
         (select max(slot) from probe_request where camera = $1) as last
       from probe_request where done_at is null and expired is null`,
      [camera, by, site],
    );
    const rest = seen.last === null ? 0 : seen.last.getTime() + pauseMs - at.getTime();
    if (rest > 0) return { refused: 'camera', afterMs: Math.min(rest, pauseMs) };
    if (seen.account >= mostOpen.account) return { refused: 'account', afterMs: pauseMs };
    if (seen.site >= mostOpen.site) return { refused: 'site', afterMs: pauseMs };
    const { version } = await policyAt(tx, at);
    const { id } = await tx.one<{ id: number }>(
      `insert into probe_request (camera, site, unit, asked_by, asked_within, asked_at, why, want, policy, slot, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id`,
      [
        ...[camera, site, unit, by, within, at, why, want, version],
        ...[new Date(quarterBefore(at.getTime())), new Date(at.getTime() + lifetimeMs)],
      ],
    );
    return { id, isNew: true };
  });

/** One of them, of a camera that was and is of `unit` where that is not null; null where there is none. */
export const probeRequestOf = (db: Queryable, id: number, unit: string | null): Promise<ProbeRequest | null> =>
  db.maybeOne<ProbeRequest>(
    `select q.id, q.camera, c.code, q.unit, q.site, q.asked_by, q.asked_within, q.asked_at, q.why, q.want, q.slot,
       q.expires_at, q.enqueued, q.done_at, q.expired_at, q.expired
     from probe_request q join camera c on c.id = q.camera
     where q.id = $1 and ($2::text is null or (q.unit = $2 and c.unit = $2))`,
    [id, unit],
  );

/**
 * Ends one whose job is done, by what there is: its result, or `otherwise` why there is none. What has ended stays as it
 * is.
 */
export const endRequest = async (db: Queryable, id: number, otherwise: RequestExpiry, now: Date): Promise<void> => {
  const open = await db.maybeOne<{ camera: number; slot: Date }>(
    'select camera, slot from probe_request where id = $1 and done_at is null and expired is null',
    [id],
  );
  if (open === null) return;
  // The slot as a parameter: joined, every chunk of the history would be read.
  await db.run(
    `update probe_request set done_at = case when there then $4::timestamptz end,
       expired = case when not there then $5 end, expired_at = case when not there then $4::timestamptz end
     from (select exists (select from result where camera = $2 and slot = $3) as there) r
     where id = $1 and done_at is null and expired is null`,
    [id, open.camera, open.slot, now, otherwise],
  );
};

/**
 * Ends those whose time is over at `now`: at once where no worker was there to take it, and `graceMs` later where one may
 * be at it; those not where it is null. Gives their number.
 */
export const endRequests = async (db: Queryable, now: Date, graceMs: number | null): Promise<number> => {
  const over = await db.many<{ id: number; enqueued: number; unserved: boolean }>(
    `select id, enqueued, unserved from probe_request
     where done_at is null and expired is null
       and expires_at < case when enqueued = 0 then $1::timestamptz else $2::timestamptz end
     order by id`,
    [now, graceMs === null ? null : new Date(now.getTime() - graceMs)],
  );
  for (const { id, enqueued, unserved } of over) {
    await endRequest(db, id, enqueued > 0 ? 'late' : unserved ? 'no_worker' : 'not_queued', now);
  }
  return over.length;
};

/** Removes what nobody asks after any more: as long ago as results are kept. */
export const forgetRequests = (db: Queryable, now: Date): Promise<number> =>
  db.run('delete from probe_request where asked_at < $1', [new Date(now.getTime() - keptMs)]);
