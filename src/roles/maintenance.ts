import { forgetKeys } from '../api/idempotency-book.ts';
import { headOf } from '../audit/verify.ts';
import { forgetChanges } from '../rollup/directory.ts';
import { addUp, refreshDays } from '../rollup/refresh.ts';
import { forgetRequests } from '../schedule/probe-request.ts';
import { clearUploads } from '../schedule/upload.ts';
import type { Ground } from './ground.ts';
import type { Role } from './worker.ts';

const everyMs = 10 * 60_000;
/** How often the end of the audit's chain is said to the log, ms. */
const headEveryMs = 60 * 60_000;

/**
 * Adds up hours and finds outages, wherever the database is. On the embedded one it also does what TimescaleDB's
 * background workers do on a real server: refreshes the days above the hours and runs the policies.
 */
export const startMaintenance = ({ db, log, embedded }: Ground): Role => {
  let stopped = false;
  let running: Promise<void> | null = null;
  let headSaid = Number.NEGATIVE_INFINITY;
  /** A log is kept elsewhere: whoever rewrites the whole chain by SQL does not reach what stands there (xunjian audit verify --anchor). */
  const sayHead = async (now: Date): Promise<void> => {
    if (now.getTime() - headSaid < headEveryMs) return;
    headSaid = now.getTime();
    const head = await headOf(db);
    log.info({ anchor: head === null ? null : `${head.number}:${head.hash}` }, 'the end of the audit');
  };
  const run = async (): Promise<void> => {
    // Of the database: all who store and add up have this clock.
    const { now } = await db.one<{ now: Date }>('select clock_timestamp() as now');
    await sayHead(now);
    await forgetKeys(db);
    await forgetChanges(db);
    await forgetRequests(db, now);
    await clearUploads(db, now);
    // Some hours at a time: after a long time away the days come along with the hours.
    while (!stopped && (await addUp(db.patient, now, 6)) > 0) if (embedded) await refreshDays(db);
    if (!embedded || stopped) return;
    const jobs = await db.many<{ job_id: number }>(
      `select job_id from timescaledb_information.jobs
       where proc_name in ('policy_compression', 'policy_retention') order by job_id`,
    );
    for (const { job_id } of jobs) await db.patient.run(`call run_job(${job_id})`);
  };
  const start = (): void => {
    running ??= run()
      .catch((error: Error) => log.warn({ error: error.message }, 'maintenance'))
      .finally(() => {
        running = null;
      });
  };
  const timer = setInterval(start, everyMs);
  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
};
