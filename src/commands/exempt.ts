import type { Ground } from '../roles/ground.ts';
import {
  attachmentOfExemption,
  closedWithout,
  type Exemption,
  type ExemptionStatus,
  exemptions,
  statusOf,
} from '../schedule/exemption.ts';
import { decideExemption, endExemption, requireExemption } from '../schedule/exemption-decide.ts';
import { type Selection, submitExemption } from '../schedule/exemption-submit.ts';
import { requireUnit } from '../schedule/inspection.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';
import { changing, looking } from './audited.ts';
import { exit } from './exit.ts';
import { factLines } from './fact-lines.ts';
import { readAttachment } from './read-attachment.ts';
import { readOption } from './read-option.ts';
import { writeOption } from './write-option.ts';

export type SubmitOptions = {
  readonly unit: string;
  readonly applicant: string;
  readonly phone: string;
  readonly reason: string;
  readonly text?: string;
  readonly from: Date;
  readonly until: Date;
  readonly camera?: string[];
  readonly list?: string;
  readonly site?: string;
  readonly wholeUnit?: true;
  readonly attachment?: string;
  readonly json?: true;
};

/** Takes in an application, and says which others cover some of the same cameras. */
export const submitExempt = async ({ db }: Ground, options: SubmitOptions): Promise<number> => {
  const { unit, applicant, reason } = options;
  const request = {
    ...{ unit, applicant, phone: options.phone, reason, text: options.text ?? null },
    selection: await selectionOf(options),
    beginsAt: options.from,
    endsAt: options.until,
    attachment: await readAttachment(options.attachment),
  };
  const submitted = await changing(
    db,
    { action: 'exemption.submit', kind: 'exemption', unit, why: reason, by: applicant },
    async (note) => {
      const taken = await submitExemption(db, new Date(), request);
      note({ on: String(taken.id), detail: { cameras: taken.cameras } });
      return taken;
    },
  );
  const { id, cameras, overlapping } = submitted;
  const others = overlapping.map((one) => `第 ${one.exemption} 号（${one.cameras} 个点位 / cameras）`).join('、');
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(submitted)}\n`
      : `第 ${id} 号报备已提交，${cameras} 个点位，待审批\nexemption ${id} is submitted for ${cameras} cameras and waits for a decision\n` +
          (others === '' ? '' : `同期已报备的点位 / cover some of the same cameras: ${others}\n`),
  );
  return exit.ok;
};

/** Cameras are named in exactly one of four ways. */
const selectionOf = async ({ camera, list, site, wholeUnit }: SubmitOptions): Promise<Selection> => {
  if ([camera, list, site, wholeUnit].filter((one) => one !== undefined).length !== 1) {
    throw new Sentence(
      '请用 --camera、--list、--site、--whole-unit 之一给出点位',
      'name the cameras by one of --camera, --list, --site and --whole-unit',
    );
  }
  if (camera !== undefined) return { by: 'cameras', codes: camera };
  if (list !== undefined) return { by: 'list', codes: codesIn(await readOption('--list', list)) };
  return site === undefined ? { by: 'unit' } : { by: 'site', site };
};

/** The first column of a text file; a first line without a digit is its title. */
const codesIn = (text: string): string[] => {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const cells = lines.map((line) => line.split(/[,;\t]/)[0]!.trim()).filter((cell) => cell !== '');
  return cells[0] !== undefined && !/\d/.test(cells[0]) ? cells.slice(1) : cells;
};

const words: Readonly<Record<ExemptionStatus, string>> = {
  submitted: '待审批 submitted',
  approved: '已批准 approved',
  in_force: '生效中 in force',
  ended: '已结束 ended',
  refused: '不予批准 refused',
};

const told = (exemption: Exemption, now: Date): Record<string, unknown> & { status: ExemptionStatus } => ({
  ...exemption,
  status: statusOf(exemption, now),
});

export type ListOptions = { readonly unit?: string; readonly status?: ExemptionStatus; readonly json?: true };

export const listExempt = async ({ db }: Ground, { unit, status, json }: ListOptions): Promise<number> => {
  if (unit !== undefined) await requireUnit(db, unit);
  const now = new Date();
  const all = (await exemptions(db, unit ?? null)).filter(
    (one) => status === undefined || statusOf(one, now) === status,
  );
  const lines = all.map((one) =>
    [
      ...[one.id, words[statusOf(one, now)], one.unit, one.reason_zh + (one.text === null ? '' : `：${one.text}`)],
      ...[`${one.cameras} 个点位 cameras`, `${localTime(one.begins_at)} — ${localTime(one.ends_at)}`],
      ...[one.applicant, one.phone],
    ].join('  '),
  );
  process.stdout.write(
    json === true
      ? `${JSON.stringify(all.map((one) => told(one, now)))}\n`
      : `${lines.join('\n') || '（没有报备 / no exemption）'}\n`,
  );
  return exit.ok;
};

/** All of one exemption; `attachment`: where what was attached is written to. */
export const showExempt = async (
  { db }: Ground,
  id: number,
  { attachment, json }: { readonly attachment?: string; readonly json?: true },
): Promise<number> => {
  const { unit, ...known } = await requireExemption(db, id);
  const exemption = told({ unit, ...known }, new Date());
  const cameras = await db.many<{ code: string; name: string }>(
    `select c.code, c.name from exemption_camera x join camera c on c.id = x.camera
     where x.exemption = $1 order by c.code`,
    [id],
  );
  if (attachment !== undefined) {
    const bytes = await attachmentOfExemption(db, id);
    if (bytes === null) throw new Sentence(`第 ${id} 号报备没有附件`, `nothing was attached to exemption ${id}`);
    const seen = { on: String(id), unit, detail: { file: attachment } };
    await looking(db, { action: 'attachment.look', kind: 'exemption', ...seen });
    await writeOption('--attachment', attachment, bytes);
  }
  const lines = [...factLines(exemption), ...cameras.map(({ code, name }) => `${code}  ${name}`)];
  process.stdout.write(json === true ? `${JSON.stringify({ ...exemption, cameras })}\n` : `${lines.join('\n')}\n`);
  return exit.ok;
};

export type DecideOptions = { readonly by: string; readonly note?: string; readonly json?: true };

export const decideExempt = async (
  { db }: Ground,
  id: number,
  decision: 'approved' | 'refused',
  { by, note, json }: DecideOptions,
): Promise<number> => {
  const acting = { action: 'exemption.decide', kind: 'exemption', on: String(id), why: note ?? null, by } as const;
  await changing(db, { ...acting, detail: { decision } }, async (tell) => {
    tell({ unit: (await requireExemption(db, id)).unit });
    await decideExemption(db, id, decision, by, note ?? null, new Date());
  });
  const closed = decision === 'approved' ? await closedWithout(db, id) : [];
  const word = decision === 'approved' ? '批准 / approved' : '不予批准 / refused';
  const lines = [
    `第 ${id} 号报备：${word}`,
    ...closed.map(
      (one) =>
        `第 ${one} 次巡检已结束，须更正后才计入 / inspection ${one} is closed, and counts it once it is corrected: ` +
        `xunjian revise --inspection ${one}`,
    ),
  ];
  process.stdout.write(json === true ? `${JSON.stringify({ id, decision, closed })}\n` : `${lines.join('\n')}\n`);
  return exit.ok;
};

export const endExempt = async ({ db }: Ground, id: number, { by, json }: DecideOptions): Promise<number> => {
  await changing(db, { action: 'exemption.end', kind: 'exemption', on: String(id), by }, async (note) => {
    note({ unit: (await requireExemption(db, id)).unit });
    await endExemption(db, id, by, new Date());
  });
  process.stdout.write(
    json === true ? `${JSON.stringify({ id, ended: true })}\n` : `第 ${id} 号报备：提前结束 / ended\n`,
  );
  return exit.ok;
};
