import type { Queryable } from '../db/pool.ts';
import type { Verdict } from '../verdict/rates.ts';

type RevisedUnit = {
  readonly unit: string;
  readonly name: string;
  readonly from: Verdict | null;
  readonly to: Verdict | null;
};

const words: Readonly<Record<Verdict, string>> = { met: '达标', missed: '未达标', undetermined: '待定' };
const zh = (verdict: Verdict | null): string => (verdict === null ? '无结论' : words[verdict]);
const en = (verdict: Verdict | null): string => verdict ?? 'no verdict';

/**
 * Writes down that a revision gave a unit another verdict, in the transaction that makes the revision. One event a unit
 * and revision.
 */
export const raiseRevised = async (
  tx: Queryable,
  revision: { readonly inspection: number; readonly number: number; readonly why: string; readonly sha256: string },
  units: readonly RevisedUnit[],
): Promise<void> => {
  const { inspection, number, why, sha256 } = revision;
  for (const { unit, name, from, to } of units) {
    const payload = {
      type: 'unit.verdict_revised',
      inspection,
      revision: number,
      sha256,
      why,
      unit: { code: unit, name },
      verdict: { from, to },
      zh: `${name}第 ${inspection} 次巡检的结论更正（第 ${number} 版）：${zh(from)} → ${zh(to)}；${why}`,
      en: `${name}: verdict of inspection ${inspection} revised (revision ${number}): ${en(from)} → ${en(to)}; ${why}`,
    };
    await tx.run('insert into outbox (event, payload) values ($1, $2) on conflict (event) do nothing', [
      `inspection-${inspection}-revision-${number}-${unit}`,
      JSON.stringify(payload),
    ]);
  }
};
