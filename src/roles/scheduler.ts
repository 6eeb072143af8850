import { Queue } from 'bullmq';
import { enqueueOutbox, raiseMissed, webhookQueue } from '../alert/outbox.ts';
import type { Queryable } from '../db/pool.ts';
import { units } from '../inventory/unit.ts';
import { bullConnection } from '../queue/connection.ts';
import { countOutcomes } from '../rollup/counts.ts';
import { freezeOutcomes } from '../rollup/outcome.ts';
import { isOver, markDone, planAttempts } from '../schedule/attempts.ts';
import { openDaily } from '../schedule/daily.ts';
import { type BatchJob, enqueueDue, requeueLost, siteQueue } from '../schedule/enqueue.ts';
import { closeInspection, type Inspection, runningInspections } from '../schedule/inspection.ts';
import { policyOf } from '../schedule/policy.ts';
import { type CameraClass, formula, judgeUnit } from '../verdict/rates.ts';
import { saveVerdicts } from '../verdict/save.ts';
import type { Ground } from './ground.ts';
import { patienceMs, within } from './patience.ts';
import type { Role } from './worker.ts';

/** How often the tick looks at what is due, ms. */
const tickMs = 500;
/** How often it looks for what a worker had no time to say, ms, and how long a queued batch may go without results. */
const reconcileMs = 5_000;
const lostAfterMs = 60_000;

/**
 * The one tick: reads from SQL what is due, queues it, and completes what is over. Every step is idempotent, so that it
 * can be killed between any two and begun again, also by another scheduler.
 */
export const startScheduler = (ground: Ground): Role => {
  const { db, redis, log, config } = ground;
  const opened = new Map<string, Queue<BatchJob>>();
  const queues = {
    of(site: string): Queue<BatchJob> {
      const known = opened.get(site);
      if (known !== undefined) return known;
      const queue = new Queue<BatchJob>(siteQueue(site), bullConnection(redis));
      queue.on('error', (error) => log.warn({ site, error: error.message }, 'queue'));
      opened.set(site, queue);
      return queue;
    },
  };
  const webhooks = new Queue(webhookQueue, bullConnection(redis));
  webhooks.on('error', (error) => log.warn({ error: error.message }, 'queue of webhooks'));
  const tick = async (): Promise<void> => {
    const now = new Date();
    const daily = await openDaily(db, now);
    if (daily !== null) log.info({ inspection: daily.id, day: daily.day }, 'the daily round begins');
    const reconciling = now.getTime() - reconciled >= reconcileMs;
    if (reconciling) reconciled = now.getTime();
    for (const inspection of await runningInspections(db)) {
      if (reconciling) await markDone(db, inspection.id);
      await planAttempts(db, inspection, now);
      if (await isOver(db, inspection, now)) await complete(ground, inspection);
    }
    await enqueueDue(db, queues, now);
    if (reconciling) await requeueLost(db, queues, now, lostAfterMs, log);
    if (config.webhookUrl !== null) await enqueueOutbox(db, webhooks, now);
  };
  let stopped = false;
  let reconciled = 0;
  let timer: NodeJS.Timeout;
  let running = Promise.resolve();
  const next = (): void => {
    running = tick()
      .catch((error: Error) => log.error({ error: error.message, stack: error.stack }, 'tick failed, tried again'))
      .then(() => {
        if (!stopped) timer = setTimeout(next, tickMs);
      });
  };
  next();
  return {
    async stop() {
      stopped = true;
      await within(patienceMs, running, () => log.warn({}, 'the tick does not end: left behind'));
      clearTimeout(timer);
      const all = [...opened.values(), webhooks];
      await within(patienceMs, Promise.all(all.map((queue) => queue.close())), () => {});
    },
  };
};

/** Outcomes, rates, verdicts and what is to be told of them: all in one transaction, once. */
const complete = async ({ db, log }: Ground, inspection: Inspection): Promise<void> => {
  const now = new Date();
  const done = await db.transaction(async (tx) => {
    if (!(await closeInspection(tx, inspection.id, now))) return false;
    await freezeOutcomes(tx, inspection.id);
    await judge(tx, inspection);
    return true;
  });
  if (done) log.info({ inspection: inspection.id }, 'inspection complete');
};

const judge = async (tx: Queryable, inspection: Inspection): Promise<void> => {
  const policy = await policyOf(tx, inspection.policy);
  const targets = {
    total: { online: policy.total_online, image: policy.total_image },
    skynet: { online: policy.skynet_online, image: policy.skynet_image },
    social: { online: policy.social_online, image: policy.social_image },
    coverage: policy.coverage,
  };
  const counted = Map.groupBy(await countOutcomes(tx, inspection.id), ({ unit }) => unit);
  const judged = (await units(tx))
    .filter(({ code }) => counted.has(code))
    .map(({ code, name }) => {
      const classes = counted.get(code)!;
      const by = <T>(of: (row: (typeof classes)[number]) => T): Partial<Record<CameraClass, T>> =>
        Object.fromEntries(classes.map((row) => [row.class, of(row)]));
      const raw = by((row) => ({ assessed: row.raw_assessed, online: row.raw_online, image: row.raw_image }));
      return {
        unit: code,
        name,
        rates: judgeUnit(
          by((row) => row),
          targets,
        ),
        raw,
      };
    });
  await saveVerdicts(tx, inspection.id, judged);
  await raiseMissed(
    tx,
    { id: inspection.id, startedAt: inspection.started_at, formula },
    judged.filter(({ rates }) => rates.verdict === 'missed'),
  );
};
