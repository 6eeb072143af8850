import type { Database } from '../../db/pool.ts';
import { inspectionOf, requireUnit } from '../../schedule/inspection.ts';
import { Sentence } from '../../sentence.ts';
import type { Budget } from '../../verdict/budget.ts';
import type { Targets, UnitRates, Verdict } from '../../verdict/rates.ts';
import type { Repair } from '../../verdict/repairs.ts';
import { targetsOf } from '../../verdict/targets.ts';
import type { FrozenCamera, UnitFigures } from '../content.ts';
import { repairPlanOf } from '../county/repair-plan.ts';
import { type InspectionReport, latestInspection, reportOf } from '../inspection.ts';
import { requireFrozen } from '../revision.ts';
import { type Forecast, forecastBasis, forecastOf } from './forecast.ts';

/** One repair: who is to make it, and the cameras that it brings back. */
export type RepairTold = Omit<Repair, 'cameras'> & {
  readonly cameras: readonly { readonly code: string; readonly name: string; readonly failure: string | null }[];
  /** Whoever maintains them by the archive as it was then, most cameras first; empty where it does not say. */
  readonly parties: readonly Party[];
};

export type Party = {
  readonly unit: string;
  readonly contact: string | null;
  readonly phone: string | null;
  readonly cameras: number;
};

/** What a unit may lose, what it has to repair, and where it is heading. */
export type UnitTodo = {
  readonly code: string;
  readonly name: string;
  /** By the inspection. */
  readonly classes: UnitFigures['classes'];
  readonly verdict: Verdict | null;
  readonly budget: Budget;
  /** The fewest after which no rate is under its target. Most cameras first. */
  readonly repairs: readonly RepairTold[];
  /** What is broken besides. */
  readonly others: readonly RepairTold[];
  /** The unit once `repairs` are made. */
  readonly after: UnitRates;
  readonly forecast: Forecast;
};

export type Todo = {
  /** Whose figures budget and repairs are of: the newest revision, with the time of its data (it began at `at`). */
  readonly inspection: InspectionReport['inspection'] & { readonly policy: number; readonly completedAt: string };
  readonly targets: Targets;
  readonly units: readonly UnitTodo[];
};

/**
 * What is to be done by an inspection (null: the city's newest that is complete), of one unit or of all, and the forecast
 * at `now`. Throws a Sentence where there is no such inspection or unit.
 */
export const todoOf = async (
  db: Database,
  inspection: number | null,
  unit: string | null,
  now: Date,
): Promise<Todo> => {
  if (unit !== null) await requireUnit(db, unit);
  const report = await requireReport(db, inspection);
  const { id, revision } = report.inspection;
  const judged = report.units.filter(({ code }) => unit === null || code === unit);
  if (judged.length === 0) throw notInIt(id, unit!, report.units);
  const { content } = await requireFrozen(db, id, revision);
  const cameras = new Map(content.cameras.map((camera) => [camera.code, camera]));
  const told = (repair: Repair): RepairTold => toldOf(repair, cameras);
  const basis = await forecastBasis(db, now);
  const units: UnitTodo[] = [];
  for (const { code, name, classes, verdict } of judged) {
    const { budget, repairs, others, after } = repairPlanOf(content, code);
    // A statement a unit: the embedded database has one session for all.
    const forecast = await forecastOf(db, code, basis);
    const plan = { budget, repairs: repairs.map(told), others: others.map(told), after };
    units.push({ code, name, classes, verdict, ...plan, forecast });
  }
  const { completedAt } = content.inspection;
  return {
    inspection: { ...report.inspection, policy: content.policy.version, completedAt },
    targets: targetsOf(content.policy),
    units,
  };
};

const toldOf = (repair: Repair, known: ReadonlyMap<string, FrozenCamera>): RepairTold => {
  const cameras = repair.cameras.map(({ code }) => known.get(code)!);
  const parties = Map.groupBy(
    cameras.flatMap(({ party }) => (party?.maintainingUnit ? [party] : [])),
    (party) => JSON.stringify([party.maintainingUnit, party.maintainingContact, party.maintainingPhone]),
  );
  return {
    ...repair,
    cameras: cameras.map(({ code, name, failure }) => ({ code, name, failure })),
    parties: [...parties.values()]
      .map(([first, ...more]) => ({
        unit: first!.maintainingUnit!,
        contact: first!.maintainingContact,
        phone: first!.maintainingPhone,
        cameras: 1 + more.length,
      }))
      .toSorted((a, b) => b.cameras - a.cameras),
  };
};

const requireReport = async (db: Database, inspection: number | null): Promise<InspectionReport> => {
  const latest = await latestInspection(db);
  const id = inspection ?? latest;
  if (id === null) {
    throw new Sentence(
      '还没有已结束的全市巡检：请先运行 xunjian inspect，或等每日巡检结束',
      'no inspection of the city is complete yet: run "xunjian inspect", or wait for the daily round',
    );
  }
  const report = await reportOf(db, id);
  if (report !== null) return report;
  const known = await inspectionOf(db, id);
  const remedy =
    latest === null
      ? (['目前没有已结束的全市巡检', 'none of the city is complete yet'] as const)
      : ([`最近一次已结束的是第 ${latest} 次`, `the newest that is complete is ${latest}`] as const);
  throw known === null
    ? new Sentence(
        `--inspection ${id}：没有这次巡检；${remedy[0]}`,
        `--inspection ${id}: there is no such inspection; ${remedy[1]}`,
      )
    : new Sentence(
        `--inspection ${id}：这次巡检尚未结束；${remedy[0]}`,
        `--inspection ${id}: this inspection is not complete; ${remedy[1]}`,
      );
};

const notInIt = (id: number, unit: string, judged: readonly UnitFigures[]): Sentence => {
  const list = judged.map(({ code, name }) => `${code} ${name}`).join('、');
  return new Sentence(
    `--unit ${unit}：第 ${id} 次巡检没有这个考核单位的点位；其中有：${list}`,
    `--unit ${unit}: inspection ${id} holds no camera of this unit; it holds: ${list}`,
  );
};
