import { completeInspection, freezeFormer } from '../report/completion.ts';
import { isIdle, isOver, markDone, planAttempts } from '../schedule/attempts.ts';
import { openDaily } from '../schedule/daily.ts';
import { runningInspections } from '../schedule/inspection.ts';
import { endRequests } from '../schedule/probe-request.ts';
import { planSweeps, siteSizes } from '../schedule/sweep.ts';
import { endSweeps, graceMs } from '../schedule/sweep-end.ts';
import { startFeeder } from './feeder.ts';
import type { Ground } from './ground.ts';
import { startLoop } from './loop.ts';
import type { Role } from './worker.ts';

/** How often the tick looks at what is due, ms. */
const tickMs = 500;
/** How often it plans further attempts, and ends sweeps, ms: both read many results. */
const reconcileMs = 2_000;
/** How often it looks for what a worker had no time to say, ms. */
const unsaidMs = 30_000;
/** How often the cameras of each site are counted, ms. */
const sizesMs = 10_000;

/**
 * The tick: reads from SQL what is due, plans it, and completes what is over, inspections and sweeps apart; the feeder
 * puts on the queues what is planned. Three loops, so that a Redis that is away holds up no cut-off, and an inspection that
 * cannot be completed no sweep. Every step is idempotent: it can be killed between any two and begun again, also by
 * another scheduler.
 */
export const startScheduler = (ground: Ground): Role => {
  const { log } = ground;
  const loops = [
    startLoop('inspections', tickMs, inspecting(ground), log),
    startLoop('sweeps', tickMs, sweeping(ground), log),
    startFeeder(ground),
  ];
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
};

const inspecting = (ground: Ground): (() => Promise<void>) => {
  const { db, log } = ground;
  let planned = 0;
  let looked = 0;
  /** Whether there may be inspections of before an upgrade: once there are none, there will be none. */
  let former = true;
  return async () => {
    const now = new Date();
    const daily = await openDaily(db, now);
    if (daily !== null) log.info({ inspection: daily.id, day: daily.day }, 'the daily round begins');
    const planning = now.getTime() - planned >= reconcileMs;
    if (planning) planned = now.getTime();
    const looking = now.getTime() - looked >= unsaidMs;
    if (looking) looked = now.getTime();
    const running = await runningInspections(db);
    for (const inspection of running) {
      if (looking) await markDone(db, inspection.id, now);
      // Further attempts are for the few that failed: gathered, they make few jobs, and at once when nothing else is left.
      if (planning || (await isIdle(db, inspection.id))) await planAttempts(db, inspection, now);
      if ((await isOver(db, inspection, now)) && (await completeInspection(db, inspection, new Date()))) {
        log.info({ inspection: inspection.id }, 'inspection complete');
      }
    }
    // Of a year of days some minutes: while none is held that they would keep waiting.
    if (former && planning && running.length === 0) {
      former = await freezeFormer(db, now);
      if (former) log.info({}, 'an inspection of before an upgrade is frozen');
    }
  };
};

const sweeping = ({ db, log }: Ground): (() => Promise<void>) => {
  let sizes: ReadonlyMap<string, number> = new Map();
  let sized = Number.NEGATIVE_INFINITY;
  let reconciled = 0;
  /** Since when the database has answered without a break; null while it does not. */
  let answering: number | null = null;
  const step = async (): Promise<void> => {
    // Of the database: all schedulers have this clock.
    const { now } = await db.one<{ now: Date }>('select clock_timestamp() as now');
    if (performance.now() - sized >= sizesMs) {
      sizes = await siteSizes(db);
      sized = performance.now();
    }
    await planSweeps(db, now, sizes);
    answering ??= performance.now();
    if (performance.now() - reconciled < reconcileMs) return;
    reconciled = performance.now();
    // Results wait in workers for a database that was away.
    const settled = performance.now() - answering >= graceMs;
    await endRequests(db, now, settled ? graceMs : null);
    if (!settled) return;
    const skipped = await endSweeps(db, now);
    if (skipped > 0) log.warn({ cameras: skipped }, 'probes of sweeps are skipped: their time was over');
  };
  return async () => {
    try {
      await step();
    } catch (error) {
      answering = null;
      throw error;
    }
  };
};
