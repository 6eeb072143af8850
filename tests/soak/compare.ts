import { mayBe, type Said, type Want } from './allowed.ts';
import type { Outage } from './bounds.ts';
import type { Timeline } from './timeline.ts';

/** Times are ms since 1970. */
export type Planned = {
  readonly camera: number;
  readonly slot: number;
  readonly want: Want;
  /** Which row it stands in, for counting what was skipped of it. */
  readonly row: string;
};

/** A row of the plan: how many of its cameras stand counted as skipped; null where it is not over. */
export type Row = { readonly row: string; readonly skipped: number | null };

export type Stored = Said & { readonly camera: number; readonly slot: number; readonly observedAt: number };

export type Truth = {
  readonly timeline: Timeline;
  /** By the camera's id. */
  readonly cameras: ReadonlyMap<number, { readonly code: string; readonly site: string; readonly channel: boolean }>;
  /** Workers that were killed, and the sites that they served; the database away, for all sites. */
  readonly kills: readonly (Outage & { readonly sites: readonly string[] })[];
  /** When nothing could be stored. */
  readonly databaseAway: readonly Outage[];
};

export type Comparison = {
  readonly planned: number;
  readonly stored: number;
  readonly skipped: number;
  /** Results of a camera whose fault changed while it was probed: held to either. */
  readonly changing: number;
  /** Unknown because of us, by kind. */
  readonly ours: Readonly<Record<string, number>>;
  /** One line each; empty where the history is the truth. */
  readonly differences: readonly string[];
};

/** Our own faults that may be stored at all: a login that a killed worker left open, and a machine that stood still. */
const tolerated = new Set(['login_held', 'overloaded']);
/** Of all results so many may be unknown because the machine stood still; a soak that knows nothing proves nothing. */
const mostOverloaded = 0.01;
/** So many may be of a login that was left open: only the first login at a device can be, which few kills meet. */
const mostHeld = 0.05;
/** A login left open shows within so long behind its kill, ms: a picture's period, and some. From then on it lasts. */
const heldWithin = 400_000;
/** Of what was planned at least so much is stored; and so much where no outage of the database came near. */
const leastStored = 0.5;
const leastUndisturbed = 0.8;
/** A probe whose slot lies so close to an outage may be late for it, ms: a row's time, and what queues up behind. */
const near = 90_000;
/** Lines of one sort that are told. */
const mostTold = 20;

/** Holds a history against the truth, slot by slot. Pure. */
export const compare = (
  planned: readonly Planned[],
  rows: readonly Row[],
  stored: readonly Stored[],
  truth: Truth,
): Comparison => {
  const told = new Map<string, string[]>();
  const tell = (sort: string, line: string): void => {
    const lines = told.get(sort) ?? [];
    lines.push(line);
    told.set(sort, lines);
  };
  const where = (camera: number, slot: number): string =>
    `${truth.cameras.get(camera)?.code ?? `camera ${camera}`} at ${new Date(slot).toISOString()}`;
  const key = (camera: number, slot: number): string => `${camera} ${slot}`;

  const results = new Map<string, Stored>();
  for (const result of stored) {
    const of = key(result.camera, result.slot);
    if (results.has(of)) tell('stored twice', where(result.camera, result.slot));
    results.set(of, result);
  }

  const missing = new Map<string, Planned[]>();
  const plans = new Map<string, Planned>();
  for (const plan of planned) {
    const of = key(plan.camera, plan.slot);
    if (plans.has(of)) tell('planned twice', where(plan.camera, plan.slot));
    plans.set(of, plan);
    if (!results.has(of)) missing.set(plan.row, [...(missing.get(plan.row) ?? []), plan]);
  }
  const undisturbed = [...plans].filter(
    ([, { slot }]) => !truth.databaseAway.some(({ at, until }) => slot >= at - near && slot <= until + near),
  );
  const kept = undisturbed.filter(([of]) => results.has(of)).length;
  if (results.size < leastStored * plans.size) tell('too little', `${results.size} stored of ${plans.size}`);
  else if (kept < leastUndisturbed * undisturbed.length)
    tell('too little', `${kept} stored of ${undisturbed.length} far from any outage`);
  let skipped = 0;
  for (const { row, skipped: counted } of rows) {
    const lacking = missing.get(row) ?? [];
    missing.delete(row);
    skipped += counted ?? 0;
    if (counted === null)
      tell('not over', `${row}: ${lacking.length} cameras without a result, and nobody gave them up`);
    else if (counted !== lacking.length)
      tell('miscounted', `${row}: ${counted} counted as skipped, ${lacking.length} without a result`);
  }
  for (const [row, lacking] of missing) tell('missing', `${row}: ${lacking.length} cameras`);

  const ours: Record<string, number> = {};
  let changing = 0;
  const held = new Set<number>();
  for (const [of, result] of [...results].sort(([, a], [, b]) => a.observedAt - b.observedAt)) {
    const plan = plans.get(of);
    const camera = truth.cameras.get(result.camera);
    if (plan === undefined || camera === undefined) {
      tell('nobody asked', where(result.camera, result.slot));
      continue;
    }
    if (result.observedAt < result.slot) tell('before its slot', where(result.camera, result.slot));
    const { code, site, channel } = camera;
    const faults = truth.timeline.possible(code, result.slot, result.observedAt);
    if (faults.length > 1) changing += 1;
    if (mayBe(result, faults, plan.want, channel)) continue;
    const { online, image, kind } = result;
    const excused =
      tolerated.has(kind) &&
      image === 'unknown' &&
      online !== 'no' &&
      (kind !== 'login_held' ||
        held.has(result.camera) ||
        truth.kills.some(
          ({ at, until, sites }) =>
            at <= result.observedAt && result.observedAt <= until + heldWithin && sites.includes(site),
        ));
    if (excused && kind === 'login_held') held.add(result.camera);
    if (excused) ours[kind] = (ours[kind] ?? 0) + 1;
    else {
      const said = `online ${online}, image ${image}, ${kind}`;
      tell(
        'not the truth',
        `${where(result.camera, result.slot)} (${plan.want}): ${said}; it was ${faults.join(', then ')}`,
      );
    }
  }
  const overloaded = ours.overloaded ?? 0;
  if (overloaded > mostOverloaded * results.size) tell('overloaded', `${overloaded} of ${results.size} results`);

  const left = ours.login_held ?? 0;
  if (left > mostHeld * results.size) tell('held', `${left} of ${results.size} results`);

  return {
    planned: plans.size,
    stored: stored.length,
    skipped,
    changing,
    ours,
    differences: [...told].flatMap(([sort, lines]) => [
      ...lines.slice(0, mostTold).map((line) => `${sort}: ${line}`),
      ...(lines.length > mostTold ? [`${sort}: and ${lines.length - mostTold} more`] : []),
    ]),
  };
};
