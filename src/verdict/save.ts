import type { Queryable } from '../db/pool.ts';
import { type CameraClass, type ClassRates, formula, type RateClass, type RawCounts, type UnitRates } from './rates.ts';

export type JudgedUnit = {
  readonly unit: string;
  readonly rates: UnitRates;
  readonly raw: Readonly<Partial<Record<CameraClass, RawCounts>>>;
};

/** Writes the rates and verdicts of one inspection; inside the transaction that completes it. */
export const saveVerdicts = async (tx: Queryable, inspection: number, units: readonly JudgedUnit[]): Promise<void> => {
  for (const { unit, rates, raw } of units) {
    const rawTotal = sum(raw.skynet, raw.social);
    for (const [name, rate] of Object.entries(rates.classes) as [RateClass, ClassRates][]) {
      const found = name === 'total' ? rawTotal : sum(raw[name]);
      await tx.run(
        `insert into rate (inspection, unit, class, roster, exempt, unknown, assessed, online, image,
           raw_assessed, raw_online, raw_image, online_verdict, image_verdict, formula)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
        [inspection, unit, name, rate.roster, rate.exempt, rate.unknown, rate.assessed, rate.online, rate.image]
          .concat([found.assessed, found.online, found.image])
          .concat([rate.verdict.online as never, rate.verdict.image as never, formula]),
      );
    }
    await tx.run('insert into unit_verdict (inspection, unit, verdict) values ($1, $2, $3)', [
      inspection,
      unit,
      rates.verdict,
    ]);
  }
};

const sum = (...counts: readonly (RawCounts | undefined)[]): RawCounts =>
  counts.reduce<RawCounts>(
    (a, b) => ({
      assessed: a.assessed + (b?.assessed ?? 0),
      online: a.online + (b?.online ?? 0),
      image: a.image + (b?.image ?? 0),
    }),
    { assessed: 0, online: 0, image: 0 },
  );
