import { type Budget, budgetOf, type JudgedClass, judgedClasses } from './budget.ts';
import { type Cause, mostCamerasFirst } from './causes.ts';
import { type MayFail, mostLeft } from './most-left.ts';
import { type CameraClass, type Counts, judgeUnit, type Targets, type UnitRates } from './rates.ts';

/** One repair, and so many cameras as it gives back to each rate. */
export type Repair = Cause & {
  readonly brings: Readonly<Record<'skynet' | 'social', { readonly online: number; readonly image: number }>>;
};

export type RepairPlan = {
  /** How far each rate is from its target now. */
  readonly budget: Budget;
  /** The fewest after which no rate of the unit is under its target; empty where none is. Most cameras first. */
  readonly repairs: readonly Repair[];
  /** What else is broken and may stay so, as far as this inspection goes. Most cameras first. */
  readonly others: readonly Repair[];
  /** The unit once `repairs` are made: met, or undetermined where too few cameras have an answer. */
  readonly after: UnitRates;
};

/**
 * The fewest repairs that bring a unit back, exactly; a shared cause counts as one. A camera that was offline is taken to give
 * its picture as well once it answers. Looked at from the other end: of all that is broken as much is left as the targets
 * bear, which is little (2 % and 5 % of the cameras), so that every possible sum of what is left can be tried; `mostLeft`.
 * Of several such sets the one that brings more cameras back.
 *
 * `causes` hold every camera of the unit that is assessed and lacks something, once; throws where they and the counts tell
 * of different cameras.
 */
export const fewestRepairs = (
  counts: Readonly<Partial<Record<CameraClass, Counts>>>,
  targets: Targets,
  causes: readonly Cause[],
): RepairPlan => {
  const now = judgeUnit(counts, targets);
  const all = causes.map(repairOf);
  const everything = judgeUnit(mended(counts, all), targets);
  for (const name of judgedClasses) {
    const { assessed, online, image } = everything.classes[name];
    if (online !== assessed || image !== assessed) {
      throw new Error(
        `the failing cameras do not add up: ${name} ${online}/${assessed} online, ${image} with a picture`,
      );
    }
  }
  const budget = budgetOf(now.classes, targets);
  const left = new Set(mostLeft(all, mayFail(now, budget)));
  const repairs = all.filter((repair) => !left.has(repair)).toSorted(mostCamerasFirst);
  return {
    budget,
    repairs,
    others: [...left].toSorted(mostCamerasFirst),
    after: judgeUnit(mended(counts, repairs), targets),
  };
};

const repairOf = (cause: Cause): Repair => {
  const brings = (name: 'skynet' | 'social') => {
    const cameras = cause.cameras.filter((camera) => camera.class === name).length;
    return { online: cause.symptom === 'offline' ? cameras : 0, image: cameras };
  };
  return { ...cause, brings: { skynet: brings('skynet'), social: brings('social') } };
};

/** How many of the assessed may lack it and the target is met: by class and metric. */
const mayFail = ({ classes }: UnitRates, budget: Budget): MayFail => {
  const of = (name: JudgedClass) => ({
    online: classes[name].assessed - (budget[name].online?.needed ?? 0),
    image: classes[name].assessed - (budget[name].image?.needed ?? 0),
  });
  return { total: of('total'), skynet: of('skynet'), social: of('social') };
};

const mended = (
  counts: Readonly<Partial<Record<CameraClass, Counts>>>,
  repairs: readonly Repair[],
): Partial<Record<CameraClass, Counts>> => {
  const after: Partial<Record<CameraClass, Counts>> = { ...counts };
  for (const name of ['skynet', 'social'] as const) {
    const before = counts[name];
    if (before === undefined) continue;
    const brought = (metric: 'online' | 'image'): number =>
      repairs.reduce((sum, { brings }) => sum + brings[name][metric], 0);
    after[name] = { ...before, online: before.online + brought('online'), image: before.image + brought('image') };
  }
  return after;
};
