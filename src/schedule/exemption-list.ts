import type { Queryable } from '../db/pool.ts';
import { type Exemption, type ExemptionStatus, exemptionColumns } from './exemption.ts';

export type ExemptionsWanted = {
  /** All that whoever asks meets; null: the city. */
  readonly reach: string | null;
  readonly unit: string | null;
  readonly reason: string | null;
  readonly status: ExemptionStatus | null;
  /** 20 digits: those that cover this camera. */
  readonly camera: string | null;
};

/** `statusOf` in SQL, at $1. */
const status = `case
  when e.decision is null then 'submitted'
  when e.decision = 'refused' then 'refused'
  when e.ends_at <= $1::timestamptz or coalesce(e.ended_at <= $1, false) then 'ended'
  when e.begins_at <= $1 then 'in_force' else 'approved' end`;

const wanted = `($2::text is null or e.unit = $2) and ($3::text is null or e.unit = $3)
  and ($4::text is null or e.reason = $4) and ($5::text is null or ${status} = $5)
  and ($6::text is null or exists (
    select from exemption_camera x join camera c on c.id = x.camera where x.exemption = e.id and c.code = $6
  ))`;

const parametersOf = (now: Date, { reach, unit, reason, status, camera }: ExemptionsWanted): unknown[] => [
  ...[now, reach, unit, reason, status, camera],
];

/** A page of those that are wanted, by number, behind the one numbered `after`; null: from the first. */
export const exemptionPage = (
  db: Queryable,
  now: Date,
  of: ExemptionsWanted,
  {
    newestFirst,
    after,
    limit,
  }: { readonly newestFirst: boolean; readonly after: number | null; readonly limit: number },
): Promise<Exemption[]> =>
  db.many<Exemption>(
    `select ${exemptionColumns} from exemption e join exemption_reason r on r.code = e.reason
     where ${wanted} and ($7::bigint is null or ${newestFirst ? 'e.id < $7' : 'e.id > $7'})
     order by e.id ${newestFirst ? 'desc' : 'asc'} limit $8`,
    [...parametersOf(now, of), after, limit],
  );

export const countExemptions = async (db: Queryable, now: Date, of: ExemptionsWanted): Promise<number> =>
  (
    await db.one<{ total: number }>(
      `select count(*)::integer as total from exemption e where ${wanted}`,
      parametersOf(now, of),
    )
  ).total;

/** The cameras of an exemption, by code; what one is called that is not of `reach` any more (null: of any) is not told. */
export const camerasOfExemption = (
  db: Queryable,
  id: number,
  reach: string | null,
): Promise<{ readonly code: string; readonly name: string | null }[]> =>
  db.many(
    `select c.code, case when $2::text is null or c.unit = $2 then c.name end as name
     from exemption_camera x join camera c on c.id = x.camera where x.exemption = $1 order by c.code`,
    [id, reach],
  );

export type ExemptionReason = {
  readonly code: string;
  readonly zh: string;
  readonly en: string;
  readonly textNeeded: boolean;
};

export const exemptionReasons = (db: Queryable): Promise<ExemptionReason[]> =>
  db.many<ExemptionReason>('select code, zh, en, text_needed as "textNeeded" from exemption_reason order by position');
