import type { Queryable } from '../db/pool.ts';
import type { RateClass, Verdict } from '../verdict/rates.ts';
import type { ClassFigures, UnitFigures } from './content.ts';

export type InspectionReport = {
  readonly inspection: {
    readonly id: number;
    /** When it began, ISO 8601. */
    readonly at: string;
    readonly formula: string;
    /** Version of the policy whose targets it was judged by. */
    readonly policy: number;
    readonly seconds: number;
    /** From 1; a further one corrects the one before it. */
    readonly revision: number;
    /** When this revision was published, ISO 8601; null: it is a draft. */
    readonly published: string | null;
  };
  readonly units: readonly UnitFigures[];
};

type Row = {
  started_at: Date;
  completed_at: Date;
  revision: number;
  published_at: Date | null;
  unit: string;
  unit_name: string;
  class: RateClass;
  roster: number;
  exempt: number;
  unknown: number;
  assessed: number;
  online: number;
  image: number;
  raw_assessed: number;
  raw_online: number;
  raw_image: number;
  online_verdict: Verdict | null;
  image_verdict: Verdict | null;
  unit_verdict: Verdict | null;
  formula: string;
  policy: number;
};

/**
 * A completed inspection as a revision judged it, the newest one where that is null; `null` while it runs or where there
 * is none of these numbers.
 */
export const reportOf = async (
  db: Queryable,
  id: number,
  revision: number | null = null,
): Promise<InspectionReport | null> => {
  const rows = await db.many<Row>(
    `select * from inspection_revision_rate
     where inspection = $1 and completed_at is not null
       and revision = coalesce($2, (select max(revision) from unit_verdict where inspection = $1))
     order by position`,
    [id, revision],
  );
  const [first] = rows;
  if (first === undefined) return null;
  const units = [...Map.groupBy(rows, ({ unit }) => unit)].map(([code, classes]) => ({
    code,
    name: classes[0]!.unit_name,
    classes: Object.fromEntries(classes.map((row) => [row.class, figuresOf(row)])) as Record<RateClass, ClassFigures>,
    verdict: classes[0]!.unit_verdict,
  }));
  const seconds = Math.round((first.completed_at.getTime() - first.started_at.getTime()) / 100) / 10;
  return {
    inspection: {
      id,
      at: first.started_at.toISOString(),
      formula: first.formula,
      policy: first.policy,
      seconds,
      revision: first.revision,
      published: first.published_at?.toISOString() ?? null,
    },
    units,
  };
};

const figuresOf = (row: Row): ClassFigures => ({
  roster: row.roster,
  exempt: row.exempt,
  unknown: row.unknown,
  assessed: row.assessed,
  online: row.online,
  image: row.image,
  raw: { assessed: row.raw_assessed, online: row.raw_online, image: row.raw_image },
  verdict: { online: row.online_verdict, image: row.image_verdict },
});

export const latestInspection = async (db: Queryable): Promise<number | null> =>
  (
    await db.maybeOne<{ id: number }>(
      'select id from inspection where completed_at is not null and unit is null order by id desc limit 1',
    )
  )?.id ?? null;

/** What each camera of an inspection was found to be, by code: for lists of failing cameras and for tests against the truth. */
export const outcomesOf = (
  db: Queryable,
  inspection: number,
): Promise<
  {
    code: string;
    unit: string;
    class: string;
    online: boolean | null;
    image: boolean | null;
    failure: string | null;
    detail: string | null;
    attempts: number;
  }[]
> =>
  db.many(
    `select ro.code, ro.unit, ro.class, o.online, o.image, o.failure, o.detail, o.attempts
     from outcome o join roster ro using (inspection, camera)
     where o.inspection = $1 order by ro.code`,
    [inspection],
  );
