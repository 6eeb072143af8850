/**
 * What the words say, second by second and probe by probe, as slowly and plainly as can be: nothing of it is shared with what
 * it is compared with. Times are seconds since 1970.
 */

export type Policy = {
  readonly since: number;
  /** Seconds from one probe to the next, by class; null: not swept. */
  readonly every: Readonly<Record<string, number | null>>;
  readonly downAfter: number;
  readonly upAfter: number;
};
export type Probe = { readonly slot: number; readonly online: boolean | null; readonly kind: string | null };
export type Camera = { readonly class: string; readonly probes: readonly Probe[] };

const policyAt = (policies: readonly Policy[], at: number): Policy => policies.findLast(({ since }) => since <= at)!;

const holdOf = (policies: readonly Policy[], camera: Camera, slot: number): number =>
  2 * (policyAt(policies, slot).every[camera.class] ?? 0);

export type State = 'online' | 'offline' | 'unknown';

/** The state of a camera in every second from `from` up to `until`. */
export const states = (policies: readonly Policy[], camera: Camera, from: number, until: number): State[] => {
  const all: State[] = [];
  for (let second = from; second < until; second++) {
    const last = camera.probes.findLast(({ slot }) => slot <= second);
    const known =
      last !== undefined && last.online !== null && second < last.slot + holdOf(policies, camera, last.slot);
    all.push(known ? (last.online ? 'online' : 'offline') : 'unknown');
  }
  return all;
};

export type FoundOutage = {
  readonly began: number;
  readonly ended: number | null;
  readonly unknown: number | null;
  readonly kind: string;
};

export const outagesOf = (policies: readonly Policy[], camera: Camera, until: number): FoundOutage[] => {
  const found: { began: number; ended: number | null; kind: string }[] = [];
  let row: Probe[] = [];
  let said = false;
  // Of a class that was not swept then, it is no probe of a sweep.
  const known = camera.probes.filter(({ slot, online }) => online !== null && holdOf(policies, camera, slot) > 0);
  for (const probe of known.filter(({ slot }) => slot < until)) {
    const last = row.at(-1);
    if (
      last !== undefined &&
      (last.online !== probe.online || probe.slot > last.slot + holdOf(policies, camera, last.slot))
    ) {
      row = [];
      said = false;
    }
    row.push(probe);
    const { downAfter, upAfter } = policyAt(policies, probe.slot);
    if (said || row.length < (probe.online ? upAfter : downAfter)) continue;
    said = true;
    const open = found.at(-1)?.ended === null ? found.at(-1)! : null;
    if (probe.online === false && open === null) {
      found.push({ began: row[0]!.slot, ended: null, kind: mostFrequent(row.map(({ kind }) => kind!)) });
    }
    if (probe.online === true && open !== null) open.ended = row[0]!.slot;
  }
  return found.map(({ began, ended, kind }) => ({
    began,
    ended,
    kind,
    unknown:
      ended === null ? null : states(policies, camera, began, ended).filter((state) => state === 'unknown').length,
  }));
};

/** Of several alike, the first. */
const mostFrequent = (kinds: readonly string[]): string => {
  const times = (kind: string): number => kinds.filter((other) => other === kind).length;
  return kinds.reduce((best, kind) => (times(kind) > times(best) ? kind : best));
};
