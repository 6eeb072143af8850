import type { CameraClass, Counts, RawCounts } from './rates.ts';

/** A camera in use and what is known of it; null is unknown. */
export type FoundCamera = {
  readonly class: CameraClass;
  /** Under an approved exemption. */
  readonly exempt: boolean;
  /** Whether a picture is asked of it: of household cameras it is not, by default. */
  readonly pictureDue: boolean;
  readonly online: boolean | null;
  readonly image: boolean | null;
};

export type FoundCounts = { readonly counts: Counts; readonly raw: RawCounts };

/**
 * The counts of each class that has a camera, from the cameras themselves; `countOutcomes` says the same in SQL. Unknown is
 * a camera without an answer that can be laid to it, be it for its being online or for a picture that is due.
 */
export const countFound = (cameras: Iterable<FoundCamera>): Partial<Record<CameraClass, FoundCounts>> => {
  const classes = new Map<CameraClass, Tally>();
  for (const camera of cameras) {
    const tally = classes.get(camera.class) ?? newTally();
    classes.set(camera.class, tally);
    put(tally, camera);
  }
  return Object.fromEntries(classes);
};

type Tally = { readonly counts: Writable<Counts>; readonly raw: Writable<RawCounts> };
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const newTally = (): Tally => ({
  counts: { roster: 0, exempt: 0, unknown: 0, online: 0, image: 0 },
  raw: { assessed: 0, online: 0, image: 0 },
});

const put = ({ counts, raw }: Tally, { exempt, pictureDue, online, image }: FoundCamera): void => {
  const unknown = online === null || (pictureDue && image === null);
  const pictured = pictureDue && image === true;
  counts.roster += 1;
  if (exempt) counts.exempt += 1;
  else if (unknown) counts.unknown += 1;
  else {
    if (online) counts.online += 1;
    if (pictured) counts.image += 1;
  }
  if (unknown) return;
  raw.assessed += 1;
  if (online) raw.online += 1;
  if (pictured) raw.image += 1;
};
