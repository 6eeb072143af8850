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
import { endSweeps, graceMs } from '../schedule/sweep-end.ts';
import { type CameraClass, formula, judgeUnit } from '../verdict/rates.ts';
import { saveVerdicts } from '../verdict/save.ts';
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
  return async () => {
    const now = new Date();
    const daily = await openDaily(db, now);
    if (daily !== null) log.info({ inspection: daily.id, day: daily.day }, 'the daily round begins');
    const planning = now.getTime() - planned >= reconcileMs;
    if (planning) planned = now.getTime();
    const looking = now.getTime() - looked >= unsaidMs;
    if (looking) looked = now.getTime();
    for (const inspection of await runningInspections(db)) {
      if (looking) await markDone(db, inspection.id, now);
      // Further attempts are for the few that failed: gathered, they make few jobs, and at once when nothing else is left.
      if (planning || (await isIdle(db, inspection.id))) await planAttempts(db, inspection, now);
      if (await isOver(db, inspection, now)) await complete(ground, inspection);
    }
  };
};

const sweeping = ({ db, log }: Ground): (() => Promise<void>) => {
  let sizes: ReadonlyMap<string, number> = new Map();
  let sized = 0;
  let reconciled = 0;
  /** Since when the database has answered without a break; null while it does not. */
  let answering: number | null = null;
  const step = async (): Promise<void> => {
    // Of the database: all schedulers have this clock.
    const { now } = await db.one<{ now: Date }>('select clock_timestamp() as now');
    if (now.getTime() - sized >= sizesMs || now.getTime() < sized) {
      sizes = await siteSizes(db);
      sized = now.getTime();
    }
    await planSweeps(db, now, sizes);
    answering ??= performance.now();
    if (performance.now() - reconciled < reconcileMs || performance.now() - answering < graceMs) return;
    reconciled = performance.now();
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
