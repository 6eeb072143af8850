import type { Database, Queryable } from '../db/pool.ts';
import { type Attachment, attachmentColumns, requireAttachment } from '../schedule/attachment.ts';
import { requireApplicant } from '../schedule/exemption-submit.ts';
import { requireName, requireWritten } from '../schedule/written.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';

/** An appeal (申诉) against what one camera of an inspection came to. */
export type Appeal = {
  readonly id: number;
  readonly inspection: number;
  /** The revision that it is made against. */
  readonly revision: number;
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly applicant: string;
  readonly phone: string;
  /** That it was online; or that it was, and its picture was there. */
  readonly claim: 'online' | 'image';
  readonly text: string;
  readonly submitted_at: Date;
  /** When the picture that goes with it was taken; null: evidence held none. */
  readonly frame_slot: Date | null;
  /** The camera's attempts as frozen. */
  readonly trace: readonly unknown[];
  readonly attachment_name: string | null;
  readonly attachment_sha256: string | null;
  readonly decision: 'granted' | 'refused' | null;
  readonly decided_at: Date | null;
  readonly decided_by: string | null;
  readonly decision_note: string | null;
};

/** Without the bytes of picture and attachment. */
export const appealColumns = `a.id, a.inspection, a.revision, ro.code, ro.name, ro.unit, a.applicant, a.phone, a.claim, a.text,
  a.submitted_at, a.frame_slot, a.trace, a.attachment_name, a.attachment_sha256, a.decision, a.decided_at, a.decided_by,
  a.decision_note`;

/** The newest first: of one inspection, or of all where it is null. */
export const appeals = (db: Queryable, inspection: number | null): Promise<Appeal[]> =>
  db.many<Appeal>(
    `select ${appealColumns} from appeal a join roster ro using (inspection, camera)
     where $1::bigint is null or a.inspection = $1 order by a.id desc`,
    [inspection],
  );

/** Throws a Sentence where there is none of this number. */
export const requireAppeal = async (db: Queryable, id: number): Promise<Appeal> => {
  const appeal = await db.maybeOne<Appeal>(
    `select ${appealColumns} from appeal a join roster ro using (inspection, camera) where a.id = $1`,
    [id],
  );
  if (appeal !== null) return appeal;
  throw new Sentence(`没有第 ${id} 号申诉；请查看申诉列表`, `there is no appeal ${id}: see the list of appeals`);
};

/** The JPEG that goes with an appeal; null where evidence held none. */
export const frameOf = async (db: Queryable, id: number): Promise<Buffer | null> =>
  (await db.one<{ frame: Buffer | null }>('select frame from appeal where id = $1', [id])).frame;

/** What was attached to an appeal; null: nothing. */
export const attachmentOfAppeal = async (db: Queryable, id: number): Promise<Buffer | null> =>
  (await db.one<{ attachment: Buffer | null }>('select attachment from appeal where id = $1', [id])).attachment;

export type AppealRequest = {
  readonly inspection: number;
  /** The newest one. */
  readonly revision: number;
  /** The camera's 20 digits. */
  readonly code: string;
  readonly applicant: string;
  readonly phone: string;
  readonly claim: 'online' | 'image';
  readonly text: string;
  readonly attachment: Attachment | null;
  /** Whoever asks meets this unit alone: a camera of another is not in the roster to them. */
  readonly within?: string;
  /** The camera's attempts as frozen: FrozenAttempt[]. */
  readonly trace: readonly unknown[];
};

/**
 * Takes in an appeal at `at`, with the camera's last picture as evidence holds it now, if it is its unit's still; gives its number. A Sentence where
 * the camera was not inspected or did not fail in what is claimed, or where its last appeal is still open.
 */
export const submitAppeal = (db: Database, at: Date, request: AppealRequest): Promise<number> =>
  db.transaction(async (tx) => {
    requireApplicant(request.applicant, request.phone);
    if (request.text.trim() === '') {
      throw new Sentence('申诉理由为空：请写明', 'the text is empty: say why the outcome is wrong');
    }
    requireWritten(['申诉理由', 'text'], 'text', request.text);
    if (request.attachment !== null) requireAttachment(request.attachment);
    const camera = await requireClaim(tx, request);
    const submitted = await tx.maybeOne<{ id: number }>(
      `insert into appeal (inspection, revision, camera, applicant, phone, claim, text, submitted_at, frame, frame_slot,
         trace, attachment_name, attachment, attachment_sha256)
       select $1, $2, $3, $4, $5, $6, $7, $8, e.jpeg, case when e.jpeg is not null then e.slot end, $9, $10, $11, $12
       from roster ro
       join camera c on c.id = ro.camera
       -- Of a camera that is another unit's by now, whoever appeals sees nothing.
       left join evidence e on e.camera = c.id and c.unit = ro.unit
       where ro.inspection = $1 and ro.camera = $3
       on conflict (inspection, camera) where decision is null do nothing
       returning id`,
      [
        ...[request.inspection, request.revision, camera, request.applicant.trim(), request.phone, request.claim],
        ...[request.text.trim(), at, JSON.stringify(request.trace), ...attachmentColumns(request.attachment)],
      ],
    );
    if (submitted !== null) return submitted.id;
    throw new Sentence(
      `点位 ${request.code} 在第 ${request.inspection} 次巡检中已有申诉待审，请等待结果`,
      `an appeal of camera ${request.code} in inspection ${request.inspection} is still open: await its outcome`,
    );
  });

type Standing = {
  camera: number;
  picture_due: boolean;
  exemption: number | null;
  online: boolean | null;
  image: boolean | null;
};

/** The camera's id; throws a Sentence where its outcome as judged leaves nothing to claim. */
const requireClaim = async (
  tx: Queryable,
  { inspection, revision, code, claim, within }: AppealRequest,
): Promise<number> => {
  const one = await tx.maybeOne<Standing>(
    `select ro.camera, ro.picture_due,
       case when a.camera is null then ro.exemption else a.exemption end as exemption,
       case when a.camera is null then o.online else a.online end as online,
       case when a.camera is null then o.image else a.image end as image
     from roster ro
     join outcome o using (inspection, camera)
     left join adjustment a on a.inspection = ro.inspection and a.camera = ro.camera and a.revision = $2
     where ro.inspection = $1 and ro.code = $3 and ($4::text is null or ro.unit = $4)`,
    [inspection, revision, code, within ?? null],
  );
  const where = [`点位 ${code} 在第 ${inspection} 次巡检中`, `camera ${code} in inspection ${inspection}`] as const;
  const refused = (zh: string, en: string): Sentence => new Sentence(`${where[0]}${zh}`, `${where[1]} ${en}`);
  if (one === null) {
    throw refused('不在名册上；请检查点位编码与巡检编号', 'is not in the roster: check the codes of both');
  }
  if (one.exemption !== null) {
    throw refused(
      '已按报备不计入考核，无须申诉',
      'is not counted, by an exemption: there is nothing to appeal against',
    );
  }
  if (claim === 'image' && !one.picture_due) {
    throw refused('不要求出图，只能申诉在线（online）', 'owes no picture: claim that it was online');
  }
  if (one.online === true && (claim === 'online' || one.image === true)) {
    throw one.image === true || !one.picture_due
      ? refused('没有不合格，无从申诉', 'did not fail: there is nothing to appeal against')
      : refused('已判在线；未出图请申诉出图（image）', 'was online: against a missing picture claim image');
  }
  return one.camera;
};

/** Grants or refuses at `at`, once; inside the transaction that makes the revision of a granted one. */
export const decideAppeal = async (
  tx: Queryable,
  id: number,
  decision: 'granted' | 'refused',
  by: string,
  note: string,
  at: Date,
): Promise<void> => {
  requireName(by);
  if (note.trim() === '') throw new Sentence('意见为空：请写明理由', 'note is empty: say why');
  requireWritten(['意见', 'note'], 'text', note);
  const decided = await tx.run(
    `update appeal set decision = $2, decided_at = $3, decided_by = $4, decision_note = $5
     where id = $1 and decision is null`,
    [id, decision, at, by.trim(), note.trim()],
  );
  if (decided === 1) return;
  const was = await requireAppeal(tx, id);
  const [zh, en] = was.decision === 'granted' ? ['认定成立', 'granted'] : ['驳回', 'refused'];
  throw new Sentence(
    `第 ${id} 号申诉已由 ${was.decided_by} 于 ${localTime(was.decided_at!)} ${zh}，不能再改`,
    `appeal ${id} was ${en} by ${was.decided_by} at ${localTime(was.decided_at!)} and is not decided twice`,
  );
};
