import type { Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';
import { type Exemption, exemptionOf, statusOf } from './exemption.ts';
import { requireName, requireWritten } from './written.ts';

/** Throws a Sentence where there is none of this number. */
export const requireExemption = async (db: Queryable, id: number): Promise<Exemption> => {
  const exemption = await exemptionOf(db, id);
  if (exemption !== null) return exemption;
  throw new Sentence(`没有第 ${id} 号报备；请查看报备列表`, `there is no exemption ${id}: see the list of exemptions`);
};

/**
 * Approves or refuses at `at`, once. What is approved counts for inspections that are closed from now on; for those that
 * are closed already it counts with a new revision of them. A refusal says why.
 */
export const decideExemption = async (
  db: Queryable,
  id: number,
  decision: 'approved' | 'refused',
  by: string,
  note: string | null,
  at: Date,
): Promise<void> => {
  requireName(by);
  requireWritten(['意见', 'note'], 'text', note ?? '');
  if (decision === 'refused' && (note === null || note.trim() === '')) {
    throw new Sentence('不予批准须在意见中说明理由', 'a refusal needs its reason: say it in the note');
  }
  const decided = await db.run(
    `update exemption set decision = $2, decided_at = $3, decided_by = $4, decision_note = $5
     where id = $1 and decision is null`,
    [id, decision, at, by.trim(), note?.trim() || null],
  );
  if (decided === 1) return;
  const { decision: was, decided_by, decided_at } = await requireExemption(db, id);
  const [zh, en] = was === 'approved' ? ['批准', 'approved'] : ['不予批准', 'refused'];
  throw new Sentence(
    `第 ${id} 号报备已由 ${decided_by} 于 ${localTime(decided_at!)} ${zh}，不能再改；如须提前结束，请用“结束”`,
    `exemption ${id} was ${en} by ${decided_by} at ${localTime(decided_at!)} and is not decided twice; ` +
      'one that was approved may be ended early',
  );
};

/** Ends an approved exemption at `at`, before its time: from then on its cameras are counted. */
export const endExemption = async (db: Queryable, id: number, by: string, at: Date): Promise<void> => {
  requireName(by);
  const ended = await db.run(
    `update exemption set ended_at = $2, ended_by = $3
     where id = $1 and decision = 'approved' and ended_at is null and ends_at > $2`,
    [id, at, by.trim()],
  );
  if (ended === 1) return;
  const status = statusOf(await requireExemption(db, id), at);
  const [zh, en] =
    status === 'submitted'
      ? ['尚未审批；请先批准或不予批准', 'is not decided yet: approve or refuse it first']
      : status === 'refused'
        ? ['未获批准，无须结束', 'was refused, and needs no end']
        : ['已经结束', 'has ended already'];
  throw new Sentence(`第 ${id} 号报备${zh}`, `exemption ${id} ${en}`);
};
