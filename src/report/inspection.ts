import type { Queryable } from '../db/pool.ts';
import type { ClassRates, RateClass, Verdict } from '../verdict/rates.ts';

export type InspectionReport = {
  readonly inspection: {
    readonly id: number;
    /** When it began, ISO 8601. */
    readonly at: string;
    readonly formula: string;
    readonly seconds: number;
  };
  readonly units: {
    readonly code: string;
    readonly name: string;
    readonly classes: Readonly<Record<RateClass, ClassRates>>;
    readonly verdict: Verdict | null;
  }[];
};

type Row = {
  started_at: Date;
  completed_at: Date;
  unit: string;
  unit_name: string;
  class: RateClass;
  roster: number;
  exempt: number;
  unknown: number;
  assessed: number;
  online: number;
  image: number;
  online_verdict: Verdict | null;
  image_verdict: Verdict | null;
  unit_verdict: Verdict | null;
  formula: string;
};

/** A completed inspection as it was judged; `null` while it runs or where there is none of this number. */
export const reportOf = async (db: Queryable, id: number): Promise<InspectionReport | null> => {
  const rows = await db.many<Row>(
    'select * from inspection_rate where inspection = $1 and completed_at is not null order by position',
    [id],
  );
  const [first] = rows;
  if (first === undefined) return null;
  const units = [...Map.groupBy(rows, ({ unit }) => unit)].map(([code, classes]) => ({
    code,
    name: classes[0]!.unit_name,
    classes: Object.fromEntries(
      classes.map((row) => [
        row.class,
        {
          roster: row.roster,
          exempt: row.exempt,
          unknown: row.unknown,
          assessed: row.assessed,
          online: row.online,
          image: row.image,
          verdict: { online: row.online_verdict, image: row.image_verdict },
        },
      ]),
    ) as Record<RateClass, ClassRates>,
    verdict: classes[0]!.unit_verdict,
  }));
  const seconds = Math.round((first.completed_at.getTime() - first.started_at.getTime()) / 100) / 10;
  return { inspection: { id, at: first.started_at.toISOString(), formula: first.formula, seconds }, units };
};

export const latestInspection = async (db: Queryable): Promise<number | null> =>
  (
    await db.maybeOne<{ id: number }>(
      'select id from inspection where completed_at is not null and unit is null order by id desc limit 1',
    )
  )?.id ?? null;

/** What each camera of an inspection came to, by code: for lists of failing cameras and for tests against the truth. */
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
    `select c.code, ro.unit, ro.class, o.online, o.image, o.failure, o.detail, o.attempts
     from outcome o join roster ro using (inspection, camera) join camera c on c.id = o.camera
     where o.inspection = $1 order by c.code`,
    [inspection],
  );
