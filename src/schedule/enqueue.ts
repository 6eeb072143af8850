import type { Queue } from 'bullmq';
import type { Queryable } from '../db/pool.ts';
import type { Log } from '../log.ts';

/** What a job says: its batch. Everything else is read from the database by whoever works on it; no secret in Redis. */
export type BatchJob = { readonly batch: number };

/** The queue of a site: workers stand where its cameras can be reached. */
export const siteQueue = (site: string): string => `xunjian-site-${site}`;

type Due = { readonly id: number; readonly site: string; readonly enqueued: number };

export type SiteQueues = { of(site: string): Pick<Queue<BatchJob>, 'addBulk' | 'getJob'> };

/** Puts the batches that were never queued on the queues of their sites. Safe to repeat: the job's id is the batch's. */
export const enqueueDue = async (db: Queryable, queues: SiteQueues, now: Date): Promise<number> => {
  const due = await db.many<Due>(
    `select b.id, b.site, b.enqueued from batch b join inspection i on i.id = b.inspection
     where i.completed_at is null and b.enqueued = 0 order by b.id`,
  );
  await add(db, queues, due, now);
  return due.length;
};

/**
 * Finds batches that lack results though they were queued `patienceMs` ago and no job of theirs is on the queue any
 * more (Redis was flushed, the job failed, a lock was lost), and queues them again.
 */
export const requeueLost = async (
  db: Queryable,
  queues: SiteQueues,
  now: Date,
  patienceMs: number,
  log: Log,
): Promise<number> => {
  const old = await db.many<Due>(
    `select b.id, b.site, b.enqueued from batch b join inspection i on i.id = b.inspection
     where i.completed_at is null and not b.done and b.enqueued_at < $1 order by b.id`,
    [new Date(now.getTime() - patienceMs)],
  );
  const lost: Due[] = [];
  for (const batch of old) {
    const job = await queues.of(batch.site).getJob(jobId(batch));
    if (job === undefined || (await job.isCompleted()) || (await job.isFailed())) lost.push(batch);
  }
  if (lost.length > 0) log.warn({ batches: lost.length }, 'batches without results and without a job: queued again');
  await add(db, queues, lost, now);
  return lost.length;
};

const jobId = ({ id, enqueued }: Due): string => `batch-${id}-${enqueued}`;

const add = async (db: Queryable, queues: SiteQueues, due: readonly Due[], now: Date): Promise<void> => {
  const sites = Map.groupBy(due, ({ site }) => site);
  for (const [site, batches] of sites) {
    await queues.of(site).addBulk(
      batches.map((batch) => ({
        name: 'batch',
        data: { batch: batch.id },
        opts: { jobId: jobId({ ...batch, enqueued: batch.enqueued + 1 }), removeOnComplete: true, removeOnFail: true },
      })),
    );
    // After the queue has them: killed between the two, they are queued once more under the same id. To the very number
    // that the id bears: of two schedulers at once, one writes.
    await db.run(
      `update batch b set enqueued = n.enqueued + 1, enqueued_at = $3
       from unnest($1::bigint[], $2::integer[]) as n (id, enqueued) where b.id = n.id and b.enqueued = n.enqueued`,
      [batches.map(({ id }) => id), batches.map(({ enqueued }) => enqueued), now],
    );
  }
};
