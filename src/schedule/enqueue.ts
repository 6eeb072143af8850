import type { Queue } from 'bullmq';
import type { Queryable } from '../db/pool.ts';
import type { Log } from '../log.ts';
import type { SweepKey, SweepWant } from './sweep.ts';

/**
 * What a job says: its row. Everything else is read from the database by whoever works on it; no secret in Redis.
 * `until`: ms since 1970, after which no probe of it begins.
 */
export type ProbeJob =
  | { readonly batch: number }
  | { readonly sweep: SweepKey; readonly until: number }
  /** A probe that somebody asked for and waits for. */
  | { readonly request: number; readonly until: number };

/** The queue of a site: workers stand where its cameras can be reached. */
export const siteQueue = (site: string): string => `xunjian-site-${site}`;

export type SiteQueues = { of(site: string): Pick<Queue<ProbeJob>, 'addBulk' | 'getJob'> };

type Due = { readonly site: string; readonly id: string; readonly data: ProbeJob; readonly enqueued: number };
type BatchRow = { readonly id: number; readonly site: string; readonly enqueued: number };
type SweepRow = {
  readonly slot: Date;
  readonly site: string;
  readonly want: SweepWant;
  readonly part: number;
  readonly expires_at: Date;
  readonly enqueued: number;
};

type RequestRow = { readonly id: number; readonly site: string; readonly expires_at: Date; readonly enqueued: number };

const ofBatch = ({ id, site, enqueued }: BatchRow): Due => ({
  site,
  id: `batch-${id}`,
  data: { batch: id },
  enqueued,
});
const ofSweep = ({ slot, site, want, part, expires_at, enqueued }: SweepRow): Due => ({
  site,
  id: `sweep-${slot.getTime()}-${want}-${part}`,
  data: { sweep: { slot: slot.getTime(), site, want, part }, until: expires_at.getTime() },
  enqueued,
});

const ofRequest = ({ id, site, expires_at, enqueued }: RequestRow): Due => ({
  site,
  id: `request-${id}`,
  data: { request: id, until: expires_at.getTime() },
  enqueued,
});

/**
 * Puts what was never queued on the queues of its sites. Safe to repeat: the job's id is the row's. Sweeps and
 * what was asked for only of the sites in `served`, by name, that have a worker: for others nothing piles up, and the row says why.
 */
export const enqueueDue = async (
  db: Queryable,
  queues: SiteQueues,
  now: Date,
  served: readonly string[],
): Promise<number> => {
  const batches = await db.many<BatchRow>(
    `select b.id, b.site, b.enqueued from batch b join inspection i on i.id = b.inspection
     where i.completed_at is null and b.enqueued = 0 order by b.id`,
  );
  const sweeps = await db.many<SweepRow>(
    `select slot, site, want, part, expires_at, enqueued from sweep
     where done_at is null and skipped is null and enqueued = 0 and expires_at > $1 and slot > $2 and site = any($3)
     order by slot, want, part`,
    [now, longAgo(now), served],
  );
  await db.run(
    `update sweep set unserved = true
     where done_at is null and skipped is null and enqueued = 0 and not unserved and slot > $1 and site <> all($2)`,
    [longAgo(now), served],
  );
  const requests = await db.many<RequestRow>(
    `select id, site, expires_at, enqueued from probe_request
     where done_at is null and expired is null and enqueued = 0 and expires_at > $1 and site = any($2) order by id`,
    [now, served],
  );
  await db.run(
    `update probe_request set unserved = true
     where done_at is null and expired is null and enqueued = 0 and not unserved and site <> all($1)`,
    [served],
  );
  await add(db, queues, [...batches.map(ofBatch), ...sweeps.map(ofSweep), ...requests.map(ofRequest)], now);
  return batches.length + sweeps.length + requests.length;
};

/**
 * Finds what lacks results though it was queued `patienceMs` ago and no job of it is on the queue any more (Redis was
 * flushed, the job failed, a lock was lost), and queues it again.
 */
export const requeueLost = async (
  db: Queryable,
  queues: SiteQueues,
  now: Date,
  patienceMs: number,
  log: Log,
): Promise<number> => {
  const before = new Date(now.getTime() - patienceMs);
  const batches = await db.many<BatchRow>(
    `select b.id, b.site, b.enqueued from batch b join inspection i on i.id = b.inspection
     where i.completed_at is null and not b.done and b.enqueued_at < $1 order by b.id`,
    [before],
  );
  const sweeps = await db.many<SweepRow>(
    `select slot, site, want, part, expires_at, enqueued from sweep
     where done_at is null and skipped is null and enqueued_at < $1 and expires_at > $2 and slot > $3
     order by slot, want, part`,
    [before, now, longAgo(now)],
  );
  const requests = await db.many<RequestRow>(
    `select id, site, expires_at, enqueued from probe_request
     where done_at is null and expired is null and enqueued_at < $1 and expires_at > $2 order by id`,
    [before, now],
  );
  const open = [...batches.map(ofBatch), ...sweeps.map(ofSweep), ...requests.map(ofRequest)];
  // A job that is done or has failed is no longer there either (`add`).
  const jobs = await Promise.all(open.map((due) => queues.of(due.site).getJob(jobId(due))));
  const lost = open.filter((_, nth) => jobs[nth] === undefined);
  if (lost.length > 0) log.warn({ jobs: lost.length }, 'without results and without a job: queued again');
  await add(db, queues, lost, now);
  return lost.length;
};

/** Nothing of a sweep lives so long: what is asked for reads one chunk or two. */
const longAgo = (now: Date): Date => new Date(now.getTime() - 3_600_000);

const jobId = ({ id, enqueued }: Due): string => `${id}-${enqueued}`;

const add = async (db: Queryable, queues: SiteQueues, due: readonly Due[], now: Date): Promise<void> => {
  for (const [site, jobs] of Map.groupBy(due, (one) => one.site)) {
    await queues.of(site).addBulk(
      jobs.map((one) => ({
        name: 'probe',
        data: one.data,
        opts: {
          jobId: jobId({ ...one, enqueued: one.enqueued + 1 }),
          removeOnComplete: true,
          removeOnFail: true,
          // Counties are judged by inspections: a sweep waits, and is skipped where it waits too long.
          ...('sweep' in one.data ? { priority: 1 } : {}),
          // One camera, and somebody looks at the screen: it goes before whatever waits.
          ...('request' in one.data ? { lifo: true } : {}),
        },
      })),
    );
    // After the queue has them: killed between the two, they are queued once more under the same id. To the very number
    // that the id bears: of two schedulers at once, one writes.
    const batches = jobs.flatMap(({ data, enqueued }) => ('batch' in data ? { id: data.batch, enqueued } : []));
    const requests = jobs.flatMap(({ data, enqueued }) => ('request' in data ? { id: data.request, enqueued } : []));
    for (const [table, rows] of [
      ['batch', batches],
      ['probe_request', requests],
    ] as const) {
      if (rows.length === 0) continue;
      await db.run(
        `update ${table} t set enqueued = n.enqueued + 1, enqueued_at = $3
         from unnest($1::bigint[], $2::integer[]) as n (id, enqueued) where t.id = n.id and t.enqueued = n.enqueued`,
        [rows.map(({ id }) => id), rows.map(({ enqueued }) => enqueued), now],
      );
    }
    for (const [slot, ones] of Map.groupBy(jobs.filter(isSweep), ({ data }) => data.sweep.slot)) {
      await db.run(
        `update sweep s set enqueued = n.enqueued + 1, enqueued_at = $6
         from unnest($3::text[], $4::integer[], $5::integer[]) as n (want, part, enqueued)
         where s.slot = $1 and s.site = $2 and s.want = n.want and s.part = n.part and s.enqueued = n.enqueued`,
        [
          new Date(slot),
          site,
          ones.map(({ data }) => data.sweep.want),
          ones.map(({ data }) => data.sweep.part),
          ones.map(({ enqueued }) => enqueued),
          now,
        ],
      );
    }
  }
};

type SweepDue = Due & { readonly data: Extract<ProbeJob, { sweep: SweepKey }> };
const isSweep = (due: Due): due is SweepDue => 'sweep' in due.data;
