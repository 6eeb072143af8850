import { sitesInUse } from '../inventory/site.ts';
import { workersOf } from '../probing/presence.ts';
import { countyTable, summary } from '../report/county-table.ts';
import { type InspectionReport, reportOf } from '../report/inspection.ts';
import { startAll } from '../roles/all-in-one.ts';
import type { Ground } from '../roles/ground.ts';
import { progressOf } from '../schedule/attempts.ts';
import { inspectionOf, openInspection } from '../schedule/inspection.ts';
import { Sentence } from '../sentence.ts';
import { changing } from './audited.ts';
import { exit } from './exit.ts';
import { Progress } from './progress.ts';
import { stopSignal } from './stop-signal.ts';

export type InspectOptions = { readonly unit?: string; readonly json?: true };

/** A round now. With the embedded pair this process runs the roles itself; else those that run elsewhere do the work. */
export const inspect = async (ground: Ground, options: InspectOptions): Promise<number> => {
  if (!ground.embedded) await requireWorkers(ground, options.unit ?? null);
  const roles = ground.embedded ? await startAll(ground, false) : null;
  // With sessions open, a Ctrl-C must not end the process before they are torn down.
  const interrupted = stopSignal().then(() => null);
  try {
    const report = await Promise.race([inspectNow(ground, options.unit ?? null, options.json === true), interrupted]);
    if (report === null) return exit.unknown;
    print(report, options.json === true);
    return exitOf(report);
  } finally {
    await roles?.stop();
  }
};

/** How long past the cut-off the verdicts are waited for, ms. */
const patienceMs = 60_000;

/** Opens an inspection and waits for its verdicts, with a progress bar; the roles must run, here or elsewhere. */
export const inspectNow = async (ground: Ground, unit: string | null, quiet: boolean): Promise<InspectionReport> => {
  const { db } = ground;
  const { id, cutoff_at } = await changing(
    db,
    { action: 'inspection.start', kind: 'inspection', unit },
    async (note) => {
      const opened = await openInspection(db, new Date(), unit);
      note({ on: String(opened.id) });
      return opened;
    },
  );
  const progress = new Progress(quiet);
  try {
    for (;;) {
      const { planned, done, attempt } = await progressOf(db, id);
      if (planned > 0) progress.show(`第 ${attempt} 次探测 attempt ${attempt}`, done, planned);
      const inspection = await inspectionOf(db, id);
      if (inspection?.completed_at != null) break;
      if (Date.now() > cutoff_at.getTime() + patienceMs) {
        throw new Sentence(
          `第 ${id} 次巡检过了截止时间仍未结束：请检查 xunjian scheduler 或 xunjian serve 是否在运行`,
          `inspection ${id} is past its cut-off and not completed: check whether "xunjian scheduler" or "xunjian serve" runs`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  } finally {
    progress.end();
  }
  const report = await reportOf(db, id);
  if (report === null) throw new Error(`inspection ${id} has no rates`);
  return report;
};

export const print = (report: InspectionReport, json: boolean): void => {
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${countyTable(report)}\n\n${summary(report)}\n`);
};

/** 1 where a unit misses its target; 3 where none does and one could not be told. */
export const exitOf = ({ units }: InspectionReport): number => {
  if (units.some(({ verdict }) => verdict === 'missed')) return exit.missed;
  return units.some(({ verdict }) => verdict === 'undetermined') ? exit.unknown : exit.ok;
};

/** Without a worker, a site's cameras would only wait for the cut-off and become unknown. */
const requireWorkers = async ({ db, redis }: Ground, unit: string | null): Promise<void> => {
  const workers = await workersOf(redis, await sitesInUse(db, unit));
  const idle = [...workers].filter(([, count]) => count === 0).map(([site]) => site);
  if (idle.length === 0) return;
  throw new Sentence(
    `探测站点 ${idle.join('、')} 没有运行中的探测进程：请先在该站点运行 xunjian worker --site ${idle[0]}，或运行 xunjian serve`,
    `no worker runs for site ${idle.join(', ')}: start "xunjian worker --site ${idle[0]}" there, or "xunjian serve"`,
  );
};
