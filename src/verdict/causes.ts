/**
 * What cameras can have in common whose fault takes them down together. In the order in which one is believed before
 * another where both explain the same cameras as well.
 */
export const sharedKinds = ['onu', 'power', 'recorder', 'pole', 'site', 'carrier'] as const;
export type SharedKind = (typeof sharedKinds)[number];

/** What a camera that is counted lacks: the answer itself, and with it the picture, or the picture alone. */
export type Symptom = 'offline' | 'no_picture';

/** Without power nothing answers; a line or a recorder in trouble can also let the answers through and spoil every picture. */
const explains: Readonly<Record<SharedKind, readonly Symptom[]>> = {
  onu: ['offline', 'no_picture'],
  power: ['offline'],
  recorder: ['offline', 'no_picture'],
  pole: ['offline'],
  site: ['offline', 'no_picture'],
  carrier: ['offline', 'no_picture'],
};

/** A camera that costs its unit a point: assessed, not exempt, and without what it owes. */
export type FailingCamera = {
  readonly code: string;
  readonly class: 'skynet' | 'social';
  readonly symptom: Symptom;
  /** What it hangs on, by key; what the archive does not say is missing. */
  readonly shares: Readonly<Partial<Record<SharedKind, string>>>;
};

/**
 * The cameras of the roster, of every class, that hang on the same thing. An exempt camera that fails says nothing of it
 * (it has a reason of its own), one that works speaks against a fault as well as any other.
 */
export type Group = {
  readonly kind: SharedKind;
  readonly key: string;
  readonly roster: number;
  /** Not exempt and offline. */
  readonly offline: number;
  /** Online, exempt or not. */
  readonly online: number;
  /** Not exempt, online, and without the picture that is due. */
  readonly noPicture: number;
  /** With a picture, exempt or not. */
  readonly picture: number;
};

/** One thing to repair, and the cameras that it brings back. A camera that shares its fault with nobody is a cause itself. */
export type Cause = {
  readonly kind: SharedKind | 'camera';
  /** The key of the group; of a single camera its code. */
  readonly key: string;
  readonly symptom: Symptom;
  /** In the order of their codes. */
  readonly cameras: readonly FailingCamera[];
};

/** One camera alone tells nothing of what it shares; with 5 % of a city down, two neighbours are so by chance once in 400. */
const least = 2;

/**
 * All, or nearly all: nine of ten of those of which anything is known. Under ten cameras that is all of them; among many one
 * may live on a battery, or stand in the archive under a cabinet that it left.
 */
const credible = (group: Group, symptom: Symptom): boolean => {
  const [failing, working] = symptom === 'offline' ? [group.offline, group.online] : [group.noPicture, group.picture];
  return 10 * failing >= 9 * (failing + working);
};

type Candidate = { readonly group: Group; readonly symptom: Symptom; readonly cameras: readonly FailingCamera[] };

/**
 * Lays each failing camera to one cause. The cause that explains most cameras that nothing explains yet comes first: a
 * power point is believed only where nine of ten of its cameras are down, and then the poles on it are down because of it, not
 * each by itself. Of two that explain as many, the narrower (fewer cameras hang on it) is the more specific, then the order
 * of `sharedKinds`, then the key. What remains are single cameras. Most cameras first; always in the same order.
 */
export const causesOf = (failing: readonly FailingCamera[], groups: readonly Group[]): Cause[] => {
  const cameras = failing.toSorted((a, b) => compare(a.code, b.code));
  const laid = new Set<FailingCamera>();
  const causes: Cause[] = [];
  for (let open = candidatesOf(cameras, groups); ; ) {
    open = open
      .map((candidate) => ({ ...candidate, cameras: candidate.cameras.filter((camera) => !laid.has(camera)) }))
      .filter((candidate) => candidate.cameras.length >= least)
      .toSorted(byEvidence);
    const [best] = open;
    if (best === undefined) break;
    causes.push({ kind: best.group.kind, key: best.group.key, symptom: best.symptom, cameras: best.cameras });
    for (const camera of best.cameras) laid.add(camera);
  }
  const alone = cameras
    .filter((camera) => !laid.has(camera))
    .map((camera): Cause => ({ kind: 'camera', key: camera.code, symptom: camera.symptom, cameras: [camera] }));
  return [...causes, ...alone].toSorted(mostCamerasFirst);
};

const candidatesOf = (cameras: readonly FailingCamera[], groups: readonly Group[]): Candidate[] => {
  const members = new Map<string, FailingCamera[]>();
  for (const camera of cameras) {
    for (const kind of sharedKinds) {
      const key = camera.shares[kind];
      if (key === undefined || !explains[kind].includes(camera.symptom)) continue;
      const name = JSON.stringify([kind, key, camera.symptom]);
      const group = members.get(name);
      if (group === undefined) members.set(name, [camera]);
      else group.push(camera);
    }
  }
  return groups.flatMap((group) =>
    explains[group.kind]
      .filter((symptom) => credible(group, symptom))
      .map((symptom) => ({
        group,
        symptom,
        cameras: members.get(JSON.stringify([group.kind, group.key, symptom])) ?? [],
      })),
  );
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const rank = (kind: Cause['kind']): number => (kind === 'camera' ? sharedKinds.length : sharedKinds.indexOf(kind));

const byEvidence = (a: Candidate, b: Candidate): number =>
  b.cameras.length - a.cameras.length ||
  a.group.roster - b.group.roster ||
  rank(a.group.kind) - rank(b.group.kind) ||
  compare(a.group.key, b.group.key) ||
  compare(a.symptom, b.symptom);

/** The order in which causes are told. */
export const mostCamerasFirst = (a: Cause, b: Cause): number =>
  b.cameras.length - a.cameras.length ||
  rank(a.kind) - rank(b.kind) ||
  compare(a.key, b.key) ||
  compare(a.symptom, b.symptom);
