import { Queue } from 'bullmq';
import { enqueueOutbox, webhookQueue } from '../alert/outbox.ts';
import { sites } from '../inventory/site.ts';
import { workersOf } from '../probing/presence.ts';
import { bullConnection, requireNoEviction } from '../queue/connection.ts';
import { hasForgotten } from '../queue/memory.ts';
import { enqueueDue, type ProbeJob, requeueLost, siteQueue } from '../schedule/enqueue.ts';
import type { Ground } from './ground.ts';
import { startLoop } from './loop.ts';
import { patienceMs, within } from './patience.ts';
import { sayOnce } from './say-once.ts';
import type { Role } from './worker.ts';

/** How often it looks at what is planned, ms. */
const feedMs = 250;
/** How often it looks for what was lost, and how long something queued may go without results before it is, ms. */
const reconcileMs = 5_000;
const lostAfterMs = 15_000;
/** How often Redis is asked whether it may evict keys now, ms. */
const fitMs = 30_000;

/** Puts on the queues of the sites what the tick has planned, finds what was lost on the way, and sends the outbox on. */
export const startFeeder = ({ db, redis, log, config }: Ground): Role => {
  const opened = new Map<string, Queue<ProbeJob>>();
  const quietly = sayOnce((error) => log.warn({ error: error.message }, 'queue'));
  const queues = {
    of(site: string): Queue<ProbeJob> {
      const known = opened.get(site);
      if (known !== undefined) return known;
      const queue = new Queue<ProbeJob>(siteQueue(site), bullConnection(redis));
      queue.on('error', quietly);
      opened.set(site, queue);
      return queue;
    },
  };
  const webhooks = new Queue(webhookQueue, bullConnection(redis));
  webhooks.on('error', quietly);
  let reconciled = 0;
  let fit = 0;
  const feed = async (): Promise<void> => {
    const forgotten = await hasForgotten(redis);
    const workers = await workersOf(
      redis,
      (await sites(db)).map(({ code }) => code),
    );
    // Read now: the wait for a Redis that is away is over.
    const now = new Date();
    const served = [...workers].filter(([, count]) => count > 0).map(([site]) => site);
    await enqueueDue(db, queues, now, served);
    if (forgotten || now.getTime() - reconciled >= reconcileMs) {
      reconciled = now.getTime();
      await requeueLost(db, queues, now, forgotten ? 0 : lostAfterMs, log);
    }
    if (config.webhookUrl !== null) await enqueueOutbox(db, webhooks, now);
    if (now.getTime() - fit >= fitMs) {
      fit = now.getTime();
      await requireNoEviction(redis).catch((error: Error) => log.error({ error: error.message }, 'Redis is not fit'));
    }
  };
  const feeding = startLoop('feeder', feedMs, feed, log);
  return {
    async stop() {
      await feeding.stop();
      const all = [...opened.values(), webhooks];
      await within(patienceMs, Promise.all(all.map((queue) => queue.close())), () => {});
    },
  };
};
