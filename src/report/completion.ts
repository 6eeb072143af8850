import { raiseMissed } from '../alert/outbox.ts';
import { Conflict } from '../db/errors.ts';
import type { Database, Queryable } from '../db/pool.ts';
import { freezeOutcomes } from '../rollup/outcome.ts';
import { exemptOf, freezeExemptions } from '../schedule/exemption.ts';
import { closeInspection, type Inspection, inspectionOf } from '../schedule/inspection.ts';
import { type Policy, policyOf } from '../schedule/policy.ts';
import { formula } from '../verdict/rates.ts';
import { saveVerdicts } from '../verdict/save.ts';
import { frozenContent } from './frozen.ts';
import { reportOf } from './inspection.ts';
import { judgedUnits } from './judged.ts';
import { oldestUnfrozen, saveRevision } from './revision.ts';

type Closed = Inspection & { readonly completed_at: Date };

/**
 * Ends an inspection at `now`: who was exempt, outcomes, rates, verdicts, its first revision, and what is to be told of
 * it, all in one transaction, once; false where somebody else did. What is read of the results is one snapshot, so that
 * no attempt that comes meanwhile is frozen beside an outcome that does not know it. 16,610 cameras take some 2 s.
 */
export const completeInspection = (db: Database, inspection: Inspection, now: Date): Promise<boolean> =>
  complete(db, inspection, now).catch((error: unknown) => {
    // On a server with many sessions: another one was at it, and has closed it or will be tried again.
    if (error instanceof Conflict) return false;
    throw error;
  });

const complete = (db: Database, inspection: Inspection, now: Date): Promise<boolean> =>
  db.transaction(async (tx) => {
    await tx.run('set transaction isolation level repeatable read');
    if (!(await closeInspection(tx, inspection.id, now))) return false;
    const closed = { ...inspection, completed_at: now };
    const policy = await policyOf(tx, inspection.policy);
    await freezeExemptions(tx, inspection.id, await exemptOf(tx, closed, policy.exemption_backdating));
    await freezeOutcomes(tx, inspection.id);
    const judged = await judgedUnits(tx, inspection.id, 1, policy);
    await saveVerdicts(tx, inspection.id, 1, judged);
    await freeze(tx, closed, policy, now, '巡检结束 / inspection complete');
    await raiseMissed(
      tx,
      { id: inspection.id, startedAt: inspection.started_at, formula },
      judged.filter(({ rates }) => rates.verdict === 'missed'),
    );
    return true;
  });

/** The first revision, of rates that are written. */
const freeze = async (tx: Queryable, inspection: Closed, policy: Policy, at: Date, why: string): Promise<void> => {
  const report = await reportOf(tx, inspection.id, 1);
  if (report === null) throw new Error(`inspection ${inspection.id} is complete and has no rates`);
  const revision = { number: 1, previous: null, madeAt: at.toISOString(), madeBy: 'xunjian', why };
  const header = { revision, formula: report.inspection.formula };
  await saveRevision(tx, await frozenContent(tx, inspection, policy, report.units, header));
};

/** Freezes an inspection of before there were revisions, as it stands; the oldest first, and false where there is none. */
export const freezeFormer = (db: Database, now: Date): Promise<boolean> =>
  db.transaction(async (tx) => {
    await tx.run('set transaction isolation level repeatable read');
    const former = await oldestUnfrozen(tx);
    if (former === null) return false;
    const inspection = (await inspectionOf(tx, former.id)) as Closed;
    const policy = await policyOf(tx, inspection.policy);
    await freeze(tx, inspection, policy, now, '升级前的巡检，升级后固化 / of before an upgrade, frozen after it');
    return true;
  });
