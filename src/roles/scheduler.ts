import { raiseMissed } from '../alert/outbox.ts';
import type { Queryable } from '../db/pool.ts';
import { units } from '../inventory/unit.ts';
import { countOutcomes } from '../rollup/counts.ts';
import { freezeOutcomes } from '../rollup/outcome.ts';
import { isIdle, isOver, markDone, planAttempts } from '../schedule/attempts.ts';
import { openDaily } from '../schedule/daily.ts';
import { closeInspection, type Inspection, runningInspections } from '../schedule/inspection.ts';
import { policyOf } from '../schedule/policy.ts';
import { planSweeps, siteSizes } from '../schedule/sweep.ts';
import { endSweeps, markSweepsDone } from '../schedule/sweep-end.ts';
import { type CameraClass, formula, judgeUnit } from '../verdict/rates.ts';
import { saveVerdicts } from '../verdict/save.ts';
import { startFeeder } from './feeder.ts';
import type { Ground } from './ground.ts';
import { startLoop } from './loop.ts';
import type { Role } from './worker.ts';

/** How often the tick looks at what is due, ms. */
const tickMs = 500;
/** How often it looks for what a worker had no time to say, and plans further attempts, ms: both read many results. */
const reconcileMs = 2_000;
/** How often the cameras of each site are counted, ms. */
const sizesMs = 10_000;

/**
 * The one tick: reads from SQL what is due, plans it, and completes what is over; beside it, the feeder puts on the
 * queues what is planned. Two loops, so that a Redis that is away holds up no cut-off. Every step is idempotent, so that
 * it can be killed between any two and begun again, also by another scheduler.
 */
export const startScheduler = (ground: Ground): Role => {
  const { db, log } = ground;
  let reconciled = 0;
  let sizes: ReadonlyMap<string, number> = new Map();
  let sized = 0;
  const tick = async (): Promise<void> => {
    const now = new Date();
    const daily = await openDaily(db, now);
    if (daily !== null) log.info({ inspection: daily.id, day: daily.day }, 'the daily round begins');
    const reconciling = now.getTime() - reconciled >= reconcileMs;
    if (reconciling) reconciled = now.getTime();
    for (const inspection of await runningInspections(db)) {
      if (reconciling) await markDone(db, inspection.id, now);
      // Further attempts are for the few that failed: gathered, they make few jobs, and at once when nothing else is left.
      if (reconciling || (await isIdle(db, inspection.id))) await planAttempts(db, inspection, now);
      if (await isOver(db, inspection, now)) await complete(ground, inspection);
    }
    if (now.getTime() - sized >= sizesMs) {
      sizes = await siteSizes(db);
      sized = now.getTime();
    }
    await planSweeps(db, now, sizes);
    if (!reconciling) return;
    await markSweepsDone(db, now);
    const skipped = await endSweeps(db, now);
    if (skipped > 0) log.warn({ cameras: skipped }, 'probes of sweeps are skipped: their time was over');
  };
  const ticking = startLoop('tick', tickMs, tick, log);
  const feeder = startFeeder(ground);
  return {
    async stop() {
      await Promise.all([ticking.stop(), feeder.stop()]);
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
