import { raiseRevised } from '../alert/revised.ts';
import type { Database, Queryable } from '../db/pool.ts';
import { adjustmentsNow, adjustmentsOf, saveAdjustments } from '../rollup/adjust.ts';
import { decideAppeal, requireAppeal } from '../rollup/appeal.ts';
import { exemptOf } from '../schedule/exemption.ts';
import { type Inspection, inspectionOf } from '../schedule/inspection.ts';
import { policyOf } from '../schedule/policy.ts';
import { requireName, requireWritten } from '../schedule/written.ts';
import { Sentence } from '../sentence.ts';
import { formula } from '../verdict/rates.ts';
import { saveVerdicts } from '../verdict/save.ts';
import type { FrozenContent } from './content.ts';
import { adjustedCameras, revisedContent } from './frozen.ts';
import { reportOf } from './inspection.ts';
import { judgedUnits } from './judged.ts';
import { requireFrozen, saveRevision } from './revision.ts';
import { changesBetween, type RevisionChanges } from './revision-changes.ts';

type Closed = Inspection & { readonly completed_at: Date };

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
    requireWritten(['更正理由', 'why'], 'text', why);
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
  if (why.trim() === '') throw new Sentence('更正理由为空：请写明', 'why is empty: say why it is corrected');
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
