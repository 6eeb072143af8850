import type { Queryable } from '../db/pool.ts';

/** An exemption (报备): cameras of one unit that are not counted for a while, for a reason that the centre approved. */
export type Exemption = {
  readonly id: number;
  readonly unit: string;
  readonly applicant: string;
  readonly phone: string;
  readonly reason: string;
  readonly reason_zh: string;
  readonly reason_en: string;
  readonly text: string | null;
  readonly selected_by: 'cameras' | 'list' | 'unit' | 'site';
  /** How many. */
  readonly cameras: number;
  readonly begins_at: Date;
  readonly ends_at: Date;
  readonly submitted_at: Date;
  readonly attachment_name: string | null;
  readonly attachment_sha256: string | null;
  readonly decision: 'approved' | 'refused' | null;
  readonly decided_at: Date | null;
  readonly decided_by: string | null;
  readonly decision_note: string | null;
  readonly ended_at: Date | null;
  readonly ended_by: string | null;
};

export const statuses = ['submitted', 'approved', 'in_force', 'ended', 'refused'] as const;
export type ExemptionStatus = (typeof statuses)[number];

/** Where an exemption stands at `at`; approved is one that has not begun. */
export const statusOf = (
  { decision, begins_at, ends_at, ended_at }: Pick<Exemption, 'decision' | 'begins_at' | 'ends_at' | 'ended_at'>,
  at: Date,
): ExemptionStatus => {
  if (decision === null) return 'submitted';
  if (decision === 'refused') return 'refused';
  if (ends_at <= at || (ended_at !== null && ended_at <= at)) return 'ended';
  return begins_at <= at ? 'in_force' : 'approved';
};

/** Without the attachment's bytes. */
export const exemptionColumns = `e.id, e.unit, e.applicant, e.phone, e.reason, r.zh as reason_zh, r.en as reason_en, e.text, e.selected_by,
  e.cameras, e.begins_at, e.ends_at, e.submitted_at, e.attachment_name, e.attachment_sha256, e.decision, e.decided_at,
  e.decided_by, e.decision_note, e.ended_at, e.ended_by`;

/** The newest first: of one unit, or of all where it is null. */
export const exemptions = (db: Queryable, unit: string | null): Promise<Exemption[]> =>
  db.many<Exemption>(
    `select ${exemptionColumns} from exemption e join exemption_reason r on r.code = e.reason
     where $1::text is null or e.unit = $1 order by e.id desc`,
    [unit],
  );

export const exemptionOf = (db: Queryable, id: number): Promise<Exemption | null> =>
  db.maybeOne<Exemption>(
    `select ${exemptionColumns} from exemption e join exemption_reason r on r.code = e.reason where e.id = $1`,
    [id],
  );

/** What was attached to an exemption; null: nothing. */
export const attachmentOfExemption = async (db: Queryable, id: number): Promise<Buffer | null> =>
  (await db.one<{ attachment: Buffer | null }>('select attachment from exemption where id = $1', [id])).attachment;

export type ExemptCamera = { readonly camera: number; readonly exemption: number };

/**
 * The cameras that are exempt at `at`, each once: under an exemption that is approved by now, covers `at`, was not ended
 * before, and was submitted before `submittedBefore`. Of several that cover a camera it is the one approved first: what is
 * approved later never takes the place of what counted.
 */
export const exemptAt = (
  db: Queryable,
  at: Date,
  { submittedBefore }: { readonly submittedBefore: Date },
): Promise<ExemptCamera[]> =>
  db.many<ExemptCamera>(
    `select distinct on (c.camera) c.camera, e.id as exemption
     from exemption e join exemption_camera c on c.exemption = e.id
     where e.decision = 'approved' and e.begins_at <= $1 and e.ends_at > $1 and coalesce(e.ended_at > $1, true)
       and e.submitted_at < $2
     order by c.camera, e.decided_at, e.id`,
    [at, submittedBefore],
  );

type Judged = { readonly started_at: Date; readonly cutoff_at: Date; readonly completed_at: Date };

/**
 * The exemptions that count for an inspection that is closed, as they stand now: of the moment when it was closed, at
 * latest its cut-off, and submitted before it began or so many seconds later as its policy allows (`backdating`).
 */
export const exemptOf = (
  db: Queryable,
  { started_at, cutoff_at, completed_at }: Judged,
  backdating: number,
): Promise<ExemptCamera[]> =>
  exemptAt(db, completed_at < cutoff_at ? completed_at : cutoff_at, {
    submittedBefore: new Date(started_at.getTime() + backdating * 1_000),
  });

/**
 * The inspections that were closed without an approved exemption of which it now counts (`exemptOf`): each needs a revision
 * for it to show. The first one first.
 */
export const closedWithout = async (db: Queryable, id: number): Promise<number[]> =>
  (
    await db.many<{ id: number }>(
      `select i.id
       from exemption e
       join inspection i on i.completed_at is not null
       join policy p on p.version = i.policy
       cross join lateral (select least(i.completed_at, i.cutoff_at) as at) closing
       where e.id = $1 and e.decision = 'approved' and e.begins_at <= at and e.ends_at > at
         and coalesce(e.ended_at > at, true)
         and e.submitted_at < i.started_at + make_interval(secs => p.exemption_backdating)
         and exists (
           select from roster ro join exemption_camera c on c.camera = ro.camera and c.exemption = e.id
           where ro.inspection = i.id and not ro.exempt
         )
       order by i.id`,
      [id],
    )
  ).map((one) => one.id);

/** Writes into the roster of an inspection who is exempt, once; inside the transaction that closes it. */
export const freezeExemptions = async (
  tx: Queryable,
  inspection: number,
  exempt: readonly ExemptCamera[],
): Promise<number> =>
  exempt.length === 0
    ? 0
    : tx.run(
        `update roster set exempt = true, exemption = e.exemption
         from unnest($2::integer[], $3::bigint[]) as e (camera, exemption)
         where roster.inspection = $1 and roster.camera = e.camera`,
        [inspection, exempt.map(({ camera }) => camera), exempt.map(({ exemption }) => exemption)],
      );
