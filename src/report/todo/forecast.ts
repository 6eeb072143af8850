import type { Queryable } from '../../db/pool.ts';
import { type CameraNow, camerasNow } from '../../rollup/forecast.ts';
import { exemptAt } from '../../schedule/exemption.ts';
import { type Policy, policyAt } from '../../schedule/policy.ts';
import { countFound, type FoundCounts } from '../../verdict/count.ts';
import {
  type ClassRates,
  formula,
  judgeUnit,
  type RateClass,
  type RawCounts,
  type Verdict,
} from '../../verdict/rates.ts';
import { targetsOf } from '../../verdict/targets.ts';

/** What an inspection would come to that was cut off at `at`, from what the probes of the last hours say. */
export type Forecast = {
  /** Of the clock, and the policy then in force. */
  readonly at: Date;
  readonly formula: string;
  readonly policy: number;
  /** Slots of the probes that the figures are of: the oldest and the newest; null where nothing is known. */
  readonly data: { readonly from: Date; readonly until: Date } | null;
  readonly classes: Readonly<Record<RateClass, ClassRates & { readonly raw: RawCounts }>>;
  readonly verdict: Verdict | null;
  /** Skynet and social points of which the last probes in a row all failed, in the order of codes. */
  readonly down: readonly CameraName[];
  /** Those that went up and down six times within the hour. */
  readonly flapping: readonly CameraName[];
};

export type CameraName = { readonly code: string; readonly name: string };

/** What all units' forecasts of one moment have in common. */
export type ForecastBasis = { readonly at: Date; readonly policy: Policy; readonly exempt: ReadonlySet<number> };

/**
 * The exemptions that would count: approved by now, and submitted before the daily round of `at`'s local day began (or so
 * much later as the policy allows); before it has begun, all that are submitted.
 */
export const forecastBasis = async (db: Queryable, at: Date): Promise<ForecastBasis> => {
  const policy = await policyAt(db, at);
  const today = await db.maybeOne<{ until: Date }>(
    `select i.started_at + make_interval(secs => p.exemption_backdating) as until
     from inspection i join policy p on p.version = i.policy
     where i.day = ($1::timestamptz at time zone 'Asia/Shanghai')::date and i.started_at <= $1`,
    [at],
  );
  const submittedBefore = today !== null && today.until < at ? today.until : at;
  const exempt = await exemptAt(db, at, { submittedBefore });
  return { at, policy, exempt: new Set(exempt.map(({ camera }) => camera)) };
};

/** The forecast of one unit, over its cameras in use now. */
export const forecastOf = async (
  db: Queryable,
  unit: string,
  { at, policy, exempt }: ForecastBasis,
): Promise<Forecast> => {
  const cameras = await camerasNow(db, unit, at, policy);
  const found = countFound(
    cameras.map((camera) => ({
      ...camera,
      exempt: exempt.has(camera.camera),
      pictureDue: camera.class !== 'household' || policy.household_pictures,
    })),
  );
  const counts = Object.fromEntries(Object.entries(found).map(([name, one]) => [name, one.counts]));
  const { classes, verdict } = judgeUnit(counts, targetsOf(policy));
  const names = Object.keys(classes) as RateClass[];
  const judged = cameras.filter((camera) => camera.class !== 'household');
  return {
    at,
    formula,
    policy: policy.version,
    data: dataOf(cameras),
    classes: Object.fromEntries(
      names.map((name) => [name, { ...classes[name], raw: rawOf(found, name) }]),
    ) as Forecast['classes'],
    verdict,
    down: judged.filter(({ down }) => down).map(({ code, name }) => ({ code, name })),
    flapping: judged.filter(({ flapping }) => flapping).map(({ code, name }) => ({ code, name })),
  };
};

const dataOf = (cameras: readonly CameraNow[]): Forecast['data'] => {
  const slots = cameras
    .flatMap(({ onlineAt, imageAt }) => [onlineAt, imageAt])
    .filter((slot) => slot !== null)
    .map((slot) => slot.getTime())
    .toSorted((a, b) => a - b);
  return slots.length === 0 ? null : { from: new Date(slots[0]!), until: new Date(slots.at(-1)!) };
};

const rawOf = (found: Readonly<Partial<Record<RateClass, FoundCounts>>>, name: RateClass): RawCounts => {
  const parts = (name === 'total' ? (['skynet', 'social'] as const) : [name]).flatMap((one) => found[one]?.raw ?? []);
  const sum = (of: keyof RawCounts): number => parts.reduce((total, part) => total + part[of], 0);
  return { assessed: sum('assessed'), online: sum('online'), image: sum('image') };
};
