import type { Queryable } from '../db/pool.ts';
import { type CameraClass, formula, type RateClass, type RawCounts, type UnitRates } from './rates.ts';

export type JudgedUnit = {
  readonly unit: string;
  readonly rates: UnitRates;
  readonly raw: Readonly<Partial<Record<CameraClass, RawCounts>>>;
};

/** Writes the rates and verdicts of one revision of an inspection; inside the transaction that makes it. */
export const saveVerdicts = async (
  tx: Queryable,
  inspection: number,
  revision: number,
  units: readonly JudgedUnit[],
): Promise<void> => {
  await tx.run(
    `insert into rate (inspection, revision, unit, class, roster, exempt, unknown, assessed, online, image,
       raw_assessed, raw_online, raw_image, online_verdict, image_verdict, formula)
     select $1, $2, unit, class, roster, exempt, unknown, assessed, online, image,
       raw_assessed, raw_online, raw_image, online_verdict, image_verdict, $3
     from jsonb_to_recordset($4::jsonb) as r (unit text, class text, roster integer, exempt integer, unknown integer,
       assessed integer, online integer, image integer, raw_assessed integer, raw_online integer, raw_image integer,
       online_verdict text, image_verdict text)`,
    [inspection, revision, formula, JSON.stringify(units.flatMap(rows))],
  );
  await tx.run(
    `insert into unit_verdict (inspection, revision, unit, verdict)
     select $1, $2, * from unnest($3::text[], $4::text[])`,
    [inspection, revision, units.map(({ unit }) => unit), units.map(({ rates }) => rates.verdict)],
  );
};

/** One a class, as the columns of `rate` are called. */
const rows = ({ unit, rates, raw }: JudgedUnit) =>
  (Object.keys(rates.classes) as RateClass[]).map((name) => {
    const { verdict, ...counts } = rates.classes[name];
    const found = name === 'total' ? sum(raw.skynet, raw.social) : sum(raw[name]);
    return {
      ...counts,
      unit,
      class: name,
      raw_assessed: found.assessed,
      raw_online: found.online,
      raw_image: found.image,
      online_verdict: verdict.online,
      image_verdict: verdict.image,
    };
  });

const sum = (...counts: readonly (RawCounts | undefined)[]): RawCounts =>
  counts.reduce<RawCounts>(
    (a, b) => ({
      assessed: a.assessed + (b?.assessed ?? 0),
      online: a.online + (b?.online ?? 0),
      image: a.image + (b?.image ?? 0),
    }),
    { assessed: 0, online: 0, image: 0 },
  );
