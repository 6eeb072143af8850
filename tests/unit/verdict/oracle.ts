import type { CameraClass, Targets, Verdict } from '../../../src/verdict/rates.ts';

export type Answer = 'yes' | 'no' | 'unknown';
/** What one attempt of an inspection said of a camera. */
export type Attempt = { readonly online: Answer; readonly image: Answer };

/** A camera of the roster and what became of it, attempt by attempt. */
export type Inspected = {
  readonly class: CameraClass;
  readonly exempt: boolean;
  readonly pictureDue: boolean;
  readonly attempts: readonly Attempt[];
};

export type ToldClass = {
  readonly roster: number;
  readonly exempt: number;
  readonly unknown: number;
  readonly assessed: number;
  readonly online: number;
  readonly image: number;
  readonly raw: { readonly assessed: number; readonly online: number; readonly image: number };
  readonly verdict: { readonly online: Verdict | null; readonly image: Verdict | null };
};

/** A camera's answer is the best of its attempts; a camera that was never asked has none. */
export const answerOf = ({ attempts }: Inspected, metric: 'online' | 'image'): Answer => {
  if (attempts.some((attempt) => attempt[metric] === 'yes')) return 'yes';
  if (attempts.some((attempt) => attempt[metric] === 'no')) return 'no';
  return 'unknown';
};

/** A camera with its answers. */
type Found = Inspected & { readonly online: Answer; readonly image: Answer };
const found = (camera: Inspected): Found => ({
  ...camera,
  online: answerOf(camera, 'online'),
  image: answerOf(camera, 'image'),
});

/** No answer that can be laid to the camera. A picture that nobody is to take is not waited for. */
const isUnknown = ({ online, image, pictureDue }: Found): boolean =>
  online === 'unknown' || (pictureDue && image === 'unknown');
const isOnline = ({ online }: Found): boolean => online === 'yes';
const hasPicture = ({ image, pictureDue }: Found): boolean => pictureDue && image === 'yes';

/** A fraction of whole numbers, as long as they need to be. */
type Fraction = { readonly of: bigint; readonly in: bigint };
const fraction = (of: number, whole: number): Fraction => ({ of: BigInt(of), in: BigInt(whole) });
const isUnder = (a: Fraction, b: Fraction): boolean => a.of * b.in < b.of * a.in;

/** The definitions, word by word, over a list of cameras: slow, and without a count that could be added up wrongly. */
const toldOf = (
  roster: readonly Found[],
  target: { online: number; image: number } | null,
  cover: number,
): ToldClass => {
  const exempt = roster.filter((camera) => camera.exempt);
  const rest = roster.filter((camera) => !camera.exempt);
  const unknown = rest.filter(isUnknown);
  const assessed = rest.filter((camera) => !isUnknown(camera));
  const online = assessed.filter(isOnline);
  const image = assessed.filter(hasPicture);
  // As it was found: the exempt with all others.
  const answered = roster.filter((camera) => !isUnknown(camera));
  const verdict = (yes: readonly Found[], percent: number): Verdict | null => {
    if (assessed.length === 0) return null;
    if (isUnder(fraction(assessed.length, rest.length), fraction(cover, 100))) return 'undetermined';
    return isUnder(fraction(yes.length, assessed.length), fraction(percent, 100)) ? 'missed' : 'met';
  };
  return {
    roster: roster.length,
    exempt: exempt.length,
    unknown: unknown.length,
    assessed: assessed.length,
    online: online.length,
    image: image.length,
    raw: {
      assessed: answered.length,
      online: answered.filter(isOnline).length,
      image: answered.filter(hasPicture).length,
    },
    verdict: {
      online: target === null ? null : verdict(online, target.online),
      image: target === null ? null : verdict(image, target.image),
    },
  };
};

export type ToldUnit = {
  readonly classes: Readonly<Record<'total' | CameraClass, ToldClass>>;
  readonly verdict: Verdict | null;
};

export const toldOfUnit = (inspected: readonly Inspected[], targets: Targets): ToldUnit => {
  const cameras = inspected.map(found);
  const of = (...names: CameraClass[]): Found[] => cameras.filter((camera) => names.includes(camera.class));
  const counted = {
    total: toldOf(of('skynet', 'social'), targets.total, targets.coverage),
    skynet: toldOf(of('skynet'), targets.skynet, targets.coverage),
    social: toldOf(of('social'), targets.social, targets.coverage),
  };
  const verdicts = Object.values(counted).flatMap(({ verdict }) => [verdict.online, verdict.image]);
  // Somebody is to be judged there and nobody could be: no verdict of the class, and none of the unit.
  const silent = Object.values(counted).some(({ assessed, roster, exempt }) => assessed === 0 && roster > exempt);
  const verdict: Verdict | null = verdicts.includes('missed')
    ? 'missed'
    : silent || verdicts.includes('undetermined')
      ? 'undetermined'
      : verdicts.every((one) => one === null)
        ? null
        : 'met';
  return { classes: { ...counted, household: toldOf(of('household'), null, targets.coverage) }, verdict };
};
