import { grantAppeal } from '../report/correction.ts';
import { requireFrozen } from '../report/revision.ts';
import type { Ground } from '../roles/ground.ts';
import {
  type Appeal,
  appeals,
  attachmentOfAppeal,
  decideAppeal,
  frameOf,
  requireAppeal,
  submitAppeal,
} from '../rollup/appeal.ts';
import { Sentence } from '../sentence.ts';
import { type Acting, changing, looking } from './audited.ts';
import { exit } from './exit.ts';
import { factLines } from './fact-lines.ts';
import { readAttachment } from './read-attachment.ts';
import { tellRevision } from './revise.ts';
import { type WhichInspection, whichInspection } from './which-inspection.ts';
import { writeOption } from './write-option.ts';

export type SubmitOptions = WhichInspection & {
  readonly camera: string;
  readonly claim: 'online' | 'image';
  readonly applicant: string;
  readonly phone: string;
  readonly text: string;
  readonly attachment?: string;
  readonly json?: true;
};

/** Takes in an appeal against one camera's outcome, with its attempts as they were frozen and its last picture. */
export const submit = async ({ db }: Ground, options: SubmitOptions): Promise<number> => {
  const inspection = await whichInspection(db, options);
  const { content } = await requireFrozen(db, inspection, null);
  const { camera: code, applicant, claim, text } = options;
  const camera = content.cameras.find((one) => one.code === code);
  const request = {
    ...{ inspection, revision: content.revision.number, code, applicant, phone: options.phone, claim, text },
    attachment: await readAttachment(options.attachment),
    trace: camera?.attempts ?? [],
  };
  const id = await changing(
    db,
    { action: 'appeal.submit', kind: 'appeal', unit: camera?.unit ?? null, why: text, by: applicant },
    async (note) => {
      const submitted = await submitAppeal(db, new Date(), request);
      note({ on: String(submitted), detail: { inspection, camera: code, claim } });
      return submitted;
    },
  );
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ id })}\n`
      : `第 ${id} 号申诉已提交，待审核\nappeal ${id} is submitted and waits for a decision\n`,
  );
  return exit.ok;
};

const decisionWord = ({ decision }: Appeal): string =>
  decision === null ? '待审核 open' : decision === 'granted' ? '成立 granted' : '驳回 refused';
const claimWord = ({ claim }: Appeal): string => (claim === 'online' ? '称在线 was online' : '称已出图 had a picture');

export const list = async (
  { db }: Ground,
  { inspection, json }: { readonly inspection?: number; readonly json?: true },
): Promise<number> => {
  const all = await appeals(db, inspection ?? null);
  const lines = all.map((one) =>
    [
      ...[one.id, decisionWord(one), `第 ${one.inspection} 次巡检 inspection`, one.code, one.name, claimWord(one)],
      ...[one.text, one.applicant, one.phone],
    ].join('  '),
  );
  process.stdout.write(
    json === true ? `${JSON.stringify(all)}\n` : `${lines.join('\n') || '（没有申诉 / no appeal）'}\n`,
  );
  return exit.ok;
};

/** All of one appeal; `frame`, `attachment`: where its picture and what was attached are written to. */
export const show = async (
  { db }: Ground,
  id: number,
  { frame, attachment, json }: { readonly frame?: string; readonly attachment?: string; readonly json?: true },
): Promise<number> => {
  const { trace, ...appeal } = await requireAppeal(db, id);
  if (frame !== undefined) {
    const jpeg = await frameOf(db, id);
    if (jpeg === null) {
      throw new Sentence(`第 ${id} 号申诉提交时没有该点位的画面`, `appeal ${id} has no picture: there was none`);
    }
    const seen = { on: String(id), unit: appeal.unit, detail: { file: frame } };
    await looking(db, { action: 'picture.look', kind: 'appeal', ...seen });
    await writeOption('--frame', frame, jpeg);
  }
  if (attachment !== undefined) {
    const bytes = await attachmentOfAppeal(db, id);
    if (bytes === null) throw new Sentence(`第 ${id} 号申诉没有附件`, `nothing was attached to appeal ${id}`);
    const seen = { on: String(id), unit: appeal.unit, detail: { file: attachment } };
    await looking(db, { action: 'attachment.look', kind: 'appeal', ...seen });
    await writeOption('--attachment', attachment, bytes);
  }
  const lines = [...factLines(appeal), ...trace.map((attempt) => `探测 attempt：${JSON.stringify(attempt)}`)];
  process.stdout.write(json === true ? `${JSON.stringify({ ...appeal, trace })}\n` : `${lines.join('\n')}\n`);
  return exit.ok;
};

export type DecideOptions = { readonly by: string; readonly note: string; readonly json?: true };

const deciding = (id: number, decision: 'granted' | 'refused', { by, note }: DecideOptions): Acting => ({
  ...{ action: 'appeal.decide', kind: 'appeal', on: String(id), why: note, by, detail: { decision } },
});

/** Grants an appeal: that is a new revision of its inspection, which is shown. */
export const grant = async ({ db }: Ground, id: number, { by, note, json }: DecideOptions): Promise<number> => {
  const made = await changing(db, deciding(id, 'granted', { by, note }), async (tell) => {
    tell({ unit: (await requireAppeal(db, id)).unit });
    const revised = await grantAppeal(db, id, by, note, new Date());
    tell({ detail: { revision: revised.revision, sha256: revised.sha256 } });
    return revised;
  });
  tellRevision(made, json === true);
  return exit.ok;
};

export const refuse = async ({ db }: Ground, id: number, { by, note, json }: DecideOptions): Promise<number> => {
  await changing(db, deciding(id, 'refused', { by, note }), async (tell) => {
    tell({ unit: (await requireAppeal(db, id)).unit });
    await decideAppeal(db, id, 'refused', by, note, new Date());
  });
  process.stdout.write(
    json === true ? `${JSON.stringify({ id, decision: 'refused' })}\n` : `第 ${id} 号申诉：驳回 / refused\n`,
  );
  return exit.ok;
};
