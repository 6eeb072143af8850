import { refreshHours } from '../rollup/refresh.ts';
import type { Ground } from './ground.ts';
import type { Role } from './worker.ts';

const everyMs = 10 * 60_000;
const dayMs = 24 * 60 * 60_000;

/**
 * What TimescaleDB's background workers do on a real server: the embedded one has none, so its hourly aggregate is
 * refreshed and its policies are run from here.
 */
export const startMaintenance = ({ db, log, embedded }: Ground): Role => {
  if (!embedded) return { stop: async () => {} };
  let running = Promise.resolve();
  const run = async (): Promise<void> => {
    const now = new Date();
    await refreshHours(db, new Date(now.getTime() - 3 * dayMs), now);
    const jobs = await db.many<{ job_id: number }>(
      `select job_id from timescaledb_information.jobs
       where proc_name in ('policy_compression', 'policy_retention') order by job_id`,
    );
    for (const { job_id } of jobs) await db.patient.run(`call run_job(${job_id})`);
  };
  const start = (): void => {
    running = run().catch((error: Error) => log.warn({ error: error.message }, 'maintenance'));
  };
  const timer = setInterval(start, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
};
