import type { Queryable } from '../db/pool.ts';
import { units } from '../inventory/unit.ts';
import { countOutcomes } from '../rollup/counts.ts';
import type { Policy } from '../schedule/policy.ts';
import { type CameraClass, judgeUnit } from '../verdict/rates.ts';
import type { JudgedUnit } from '../verdict/save.ts';
import { targetsOf } from '../verdict/targets.ts';

/** The units that have cameras in the inspection, judged by the policy that it began with; in the city's order. */
export const judgedUnits = async (
  tx: Queryable,
  inspection: number,
  revision: number,
  policy: Policy,
): Promise<(JudgedUnit & { readonly name: string })[]> => {
  const targets = targetsOf(policy);
  const counted = Map.groupBy(await countOutcomes(tx, inspection, revision), ({ unit }) => unit);
  return (await units(tx))
    .filter(({ code }) => counted.has(code))
    .map(({ code, name }) => {
      const classes = counted.get(code)!;
      const by = <T>(of: (row: (typeof classes)[number]) => T): Partial<Record<CameraClass, T>> =>
        Object.fromEntries(classes.map((row) => [row.class, of(row)]));
      const raw = by((row) => ({ assessed: row.raw_assessed, online: row.raw_online, image: row.raw_image }));
      return {
        unit: code,
        name,
        rates: judgeUnit(
          by((row) => row),
          targets,
        ),
        raw,
      };
    });
};
