import type { Database, Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';
import { type Attachment, attachmentColumns, requireAttachment } from './attachment.ts';
import { requireUnit } from './inspection.ts';
import { policyAt } from './policy.ts';
import { requireWritten } from './written.ts';

/** Whose cameras: named one by one or in a file (20-digit codes), all in use of the unit, or those of it at a site. */
export type Selection =
  | { readonly by: 'cameras' | 'list'; readonly codes: readonly string[] }
  | { readonly by: 'unit' }
  | { readonly by: 'site'; readonly site: string };

export type ExemptionRequest = {
  readonly unit: string;
  readonly applicant: string;
  readonly phone: string;
  readonly reason: string;
  readonly text: string | null;
  readonly selection: Selection;
  readonly beginsAt: Date;
  readonly endsAt: Date;
  readonly attachment: Attachment | null;
  /** Whoever asks meets this unit alone: what is of another is told of as if it were not there. */
  readonly within?: true;
};

export type Submitted = {
  readonly id: number;
  readonly cameras: number;
  /** Others, approved or not yet decided, that cover some of the same cameras in the same period. */
  readonly overlapping: readonly { readonly exemption: number; readonly cameras: number }[];
};

/**
 * Takes in an application at `at`: it waits for a decision, and its cameras are those of now. A Sentence, and nothing
 * written, for what the centre could not decide on.
 */
export const submitExemption = (db: Database, at: Date, request: ExemptionRequest): Promise<Submitted> =>
  db.transaction(async (tx) => {
    await requireUnit(tx, request.unit);
    requireApplicant(request.applicant, request.phone);
    requireWritten(['说明', 'text'], 'text', request.text ?? '');
    await requireReason(tx, request.reason, request.text);
    await requirePeriod(tx, at, request.beginsAt, request.endsAt);
    if (request.attachment !== null) requireAttachment(request.attachment);
    const within = request.within === true;
    const cameras = await camerasOf(tx, request.unit, request.selection, within);
    const { id } = await tx.one<{ id: number }>(
      `insert into exemption (unit, applicant, phone, reason, text, selected_by, cameras, begins_at, ends_at, submitted_at,
         attachment_name, attachment, attachment_sha256)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id`,
      [
        ...[request.unit, request.applicant.trim(), request.phone, request.reason, request.text?.trim() || null],
        ...[request.selection.by, cameras.length, request.beginsAt, request.endsAt, at],
        ...attachmentColumns(request.attachment),
      ],
    );
    await tx.run('insert into exemption_camera (exemption, camera) select $1, unnest($2::integer[])', [id, cameras]);
    const overlapping = await tx.many<Submitted['overlapping'][number]>(
      `select e.id as exemption, count(*)::integer as cameras
       from exemption e join exemption_camera c on c.exemption = e.id
       where e.id <> $1 and c.camera = any ($2) and e.begins_at < $4 and coalesce(e.ended_at, e.ends_at) > $3
         and e.decision is distinct from 'refused' and (not $5 or e.unit = $6)
       group by e.id order by e.id`,
      [id, cameras, request.beginsAt, request.endsAt, within, request.unit],
    );
    return { id, cameras: cameras.length, overlapping };
  });

/** Of whoever asks for something: throws a Sentence where the name is missing or nobody could be called back. */
export const requireApplicant = (applicant: string, phone: string): void => {
  requireWritten(['申请人', 'applicant'], 'name', applicant);
  if (applicant.trim() === '') {
    throw new Sentence('申请人为空：请写明姓名', 'the applicant is missing: say who applies');
  }
  if (/^\+?\d[\d -]{5,19}$/.test(phone)) return;
  throw new Sentence(
    `联系电话 ${phone}：应为 6 至 20 位数字，可含空格和 -，例如 0772-2825110`,
    `phone ${phone}: must be 6 to 20 digits, with blanks and - between, such as 0772-2825110`,
  );
};

const requireReason = async (tx: Queryable, code: string, text: string | null): Promise<void> => {
  const reasons = await tx.many<{ code: string; zh: string; text_needed: boolean }>(
    'select code, zh, text_needed from exemption_reason order by position',
  );
  const reason = reasons.find((one) => one.code === code);
  if (reason === undefined) {
    const list = reasons.map((one) => `${one.code} ${one.zh}`).join('、');
    throw new Sentence(
      `原因 ${code}：没有这个报备原因；可选：${list}`,
      `reason ${code}: no such reason; one of: ${list}`,
    );
  }
  if (reason.text_needed && (text === null || text.trim() === '')) {
    throw new Sentence(
      `原因 ${code}（${reason.zh}）须在说明中写明具体原因`,
      `reason ${code} says nothing by itself: say in the text what it is`,
    );
  }
};

const dayMs = 86_400_000;

const requirePeriod = async (tx: Queryable, at: Date, from: Date, until: Date): Promise<void> => {
  const [begin, end] = [localTime(from), localTime(until)];
  if (until <= from) {
    throw new Sentence(
      `报备期限 ${begin} 至 ${end}：止须晚于起，请检查起止时间`,
      `the period from ${begin} until ${end} ends before it begins: check both times`,
    );
  }
  const policy = await policyAt(tx, at);
  if (until.getTime() - from.getTime() > policy.exemption_longest_days * dayMs) {
    throw new Sentence(
      `报备期限 ${begin} 至 ${end} 超过口径第 ${policy.version} 版的上限 ${policy.exemption_longest_days} 天；请缩短，到期再续`,
      `the period from ${begin} until ${end} is longer than the ${policy.exemption_longest_days} days of policy ` +
        `${policy.version}: make it shorter, and apply again when it ends`,
    );
  }
  if (until.getTime() <= at.getTime() - policy.exemption_backdating * 1_000) {
    throw new Sentence(
      `报备期限 ${begin} 至 ${end} 已经过去，提交后不会计入任何巡检（可补报 ${policy.exemption_backdating} 秒）；请检查起止时间`,
      `the period from ${begin} until ${end} is over and counts for no inspection any more (backdating: ` +
        `${policy.exemption_backdating} s): check both times`,
    );
  }
};

const isCode = (text: string): boolean => /^\d{20}$/.test(text);
/** As one line of a terminal shows it: a file that is no list holds anything. */
const quoted = (text: string): string => `"${text.slice(0, 24).replace(/\p{C}/gu, '?')}${text.length > 24 ? '…' : ''}"`;

/** Ids, each once. */
const camerasOf = async (tx: Queryable, unit: string, selection: Selection, within: boolean): Promise<number[]> => {
  if ('codes' in selection) return camerasByCode(tx, unit, selection.codes, within);
  if (selection.by === 'site') await requireSite(tx, selection.site, within ? unit : null);
  const rows = await tx.many<{ id: number }>(
    'select id from camera where in_use and unit = $1 and ($2::text is null or site = $2) order by id',
    [unit, selection.by === 'site' ? selection.site : null],
  );
  if (rows.length > 0) return rows.map(({ id }) => id);
  const [zh, en] = selection.by === 'site' ? [`在站点 ${selection.site} `, ` at site ${selection.site}`] : ['', ''];
  throw new Sentence(
    `考核单位 ${unit} ${zh}没有在用的点位，无从报备`,
    `unit ${unit} has no camera in use${en}: there is nothing to exempt`,
  );
};

/** Of the sites that cameras of `unit` belong to; of all where it is null. */
const requireSite = async (tx: Queryable, site: string, unit: string | null): Promise<void> => {
  const known = await tx.many<{ code: string }>(
    `select code from site s
     where $1::text is null or exists (select from camera c where c.site = s.code and c.unit = $1) order by code`,
    [unit],
  );
  if (known.some(({ code }) => code === site)) return;
  const list = known.map(({ code }) => code).join('、') || '（尚未登记 none）';
  throw new Sentence(`站点 ${site}：没有这个探测站点；可选：${list}`, `site ${site}: no such site; one of: ${list}`);
};

const camerasByCode = async (
  tx: Queryable,
  unit: string,
  given: readonly string[],
  within: boolean,
): Promise<number[]> => {
  const each = [...new Set(given)];
  const [codes, malformed] = [each.filter(isCode), each.filter((code) => !isCode(code)).map(quoted)];
  if (each.length === 0) {
    throw new Sentence('没有点位：请给出 20 位编码', 'no camera is named: give their 20-digit codes');
  }
  const rows = await tx.many<{ id: number; code: string; unit: string; in_use: boolean }>(
    'select id, code, unit, in_use from camera where code = any ($1) and (not $2 or unit = $3)',
    [codes, within, unit],
  );
  const known = new Map(rows.map((row) => [row.code, row]));
  const unknown = codes.filter((code) => !known.has(code));
  const foreign = rows.filter((row) => row.unit !== unit).map((row) => `${row.code}（${row.unit}）`);
  const idle = rows.filter((row) => row.unit === unit && !row.in_use).map(({ code }) => code);
  const faults = [
    [malformed, '不是 20 位数字编码', 'not of 20 digits'],
    [unknown, '不在档案中', 'not in the inventory'],
    [foreign, `不属于考核单位 ${unit}`, `of another unit than ${unit}`],
    [idle, '已停用，本来就不考核', 'not in use, and so not inspected anyway'],
  ] as const;
  const met = faults.filter(([list]) => list.length > 0);
  if (met.length === 0) return rows.map(({ id }) => id).sort((a, b) => a - b);
  // All that are codes; of what is none only so many as tell that it is the wrong file.
  const named = (list: readonly string[], between: string): string =>
    list === malformed && list.length > 20 ? `${list.slice(0, 20).join(between)}…` : list.join(between);
  throw new Sentence(
    `报备的点位有误，未提交任何内容。${met.map(([list, zh]) => `${zh} ${list.length} 个：${named(list, '、')}`).join('；')}。请改正后重新提交`,
    `nothing was submitted: ${met.map(([list, , en]) => `${en} (${list.length}): ${named(list, ', ')}`).join('; ')}; mend the list and submit again`,
  );
};
