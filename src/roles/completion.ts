import { raiseMissed } from '../alert/outbox.ts';
import { raiseRevised } from '../alert/revised.ts';
import { Conflict } from '../db/errors.ts';
import type { Database, Queryable } from '../db/pool.ts';
import { units } from '../inventory/unit.ts';
import type { FrozenContent } from '../report/content.ts';
import { adjustedCameras, frozenContent, revisedContent } from '../report/frozen.ts';
import { reportOf } from '../report/inspection.ts';
import { oldestUnfrozen, requireFrozen, saveRevision } from '../report/revision.ts';
import { changesBetween, type RevisionChanges } from '../report/revision-changes.ts';
import { adjustmentsNow, adjustmentsOf, saveAdjustments } from '../rollup/adjust.ts';
import { decideAppeal, requireAppeal } from '../rollup/appeal.ts';
import { countOutcomes } from '../rollup/counts.ts';
import { freezeOutcomes } from '../rollup/outcome.ts';
import { exemptOf, freezeExemptions } from '../schedule/exemption.ts';
import { closeInspection, type Inspection, inspectionOf } from '../schedule/inspection.ts';
import { type Policy, policyOf } from '../schedule/policy.ts';
import { requireName, requireWritten } from '../schedule/written.ts';
import { Sentence } from '../sentence.ts';
import { type CameraClass, formula, judgeUnit } from '../verdict/rates.ts';
import { type JudgedUnit, saveVerdicts } from '../verdict/save.ts';
import { targetsOf } from '../verdict/targets.ts';

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

export type RevisionMade = {
  readonly inspection: number;
  readonly revision: number;
  readonly sha256: string;
  readonly changes: RevisionChanges;
};

/**
 * Makes a further revision of an inspection at `at`, with the exemptions that count for it now by its own policy and the
 * appeals that were granted. The one before stays as it is, and is named by its hash. Throws a Sentence where nothing
 * would change.
 */
export const revise = (db: Database, inspection: number, by: string, why: string, at: Date): Promise<RevisionMade> =>
  db.transaction(async (tx) => {
    requireWritten('--why', 'text', why);
    return makeRevision(tx, inspection, by, why, at);
  });

/** Grants an appeal at `at`, and makes the revision that it leads to: both or neither. */
export const grantAppeal = (db: Database, id: number, by: string, note: string, at: Date): Promise<RevisionMade> =>
  db.transaction(async (tx) => {
    requireName(by);
    await decideAppeal(tx, id, 'granted', by, note, at);
    const { inspection } = await requireAppeal(tx, id);
    return makeRevision(tx, inspection, by, `第 ${id} 号申诉成立：${note} / appeal ${id} granted`, at);
  });

const makeRevision = async (tx: Queryable, id: number, by: string, why: string, at: Date): Promise<RevisionMade> => {
  requireName(by);
  if (why.trim() === '') throw new Sentence('--why 为空：请写明更正理由', '--why is empty: say why it is corrected');
  // Two corrections of one inspection are made one after the other.
  await tx.run('select from inspection where id = $1 for no key update', [id]);
  const last = await requireFrozen(tx, id, null);
  const inspection = (await inspectionOf(tx, id)) as Closed;
  const policy = await policyOf(tx, inspection.policy);
  const number = last.content.revision.number + 1;
  const exempt = await exemptOf(tx, inspection, policy.exemption_backdating);
  const adjustments = await adjustmentsNow(tx, id, exempt);
  if (JSON.stringify(adjustments) === JSON.stringify(await adjustmentsOf(tx, id, number - 1))) {
    throw new Sentence(
      `第 ${id} 次巡检与第 ${number - 1} 版相比没有变化，未生成新版次：先批准报备或认定申诉成立`,
      `nothing of inspection ${id} would differ from revision ${number - 1}, and none was made: approve an exemption or grant an appeal first`,
    );
  }
  await saveAdjustments(tx, id, number, adjustments);
  await saveVerdicts(tx, id, number, await judgedUnits(tx, id, number, policy));
  const content = await revisedContent(
    tx,
    await firstOf(tx, last.content),
    (await reportOf(tx, id, number))!.units,
    await adjustedCameras(tx, id, number),
    {
      revision: {
        number,
        previous: { number: number - 1, sha256: last.sha256 },
        madeAt: at.toISOString(),
        madeBy: by.trim(),
        why: why.trim(),
      },
      formula,
    },
  );
  const sha256 = await saveRevision(tx, content);
  const changes = changesBetween(last.content, content);
  await raiseRevised(tx, { inspection: id, number, why: why.trim(), sha256 }, changes.verdicts);
  return { inspection: id, revision: number, sha256, changes };
};

const firstOf = async (tx: Queryable, last: FrozenContent): Promise<FrozenContent> =>
  last.revision.number === 1 ? last : (await requireFrozen(tx, last.inspection.id, 1)).content;

/** The units that have cameras in the inspection, judged by the policy that it began with; in the city's order. */
export const judgedUnits = async (
  tx: Queryable,
  inspection: number,
  revision: number,
  policy: Policy,
): Promise<(JudgedUnit & { readonly name: string })[]> => {
  const targets = targetsOf(policy);
  const counted = Map.groupBy(await countOutcomes(tx, inspection, revision), ({ unit }) => unit);
  return (await units(tx))
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
};
