import type { CameraClass, Targets, Verdict } from '../../../src/verdict/rates.ts';

type Answer = boolean | null;

/** A camera of the roster and what an inspection came to; null is unknown. */
export type Found = {
  readonly class: CameraClass;
  readonly exempt: boolean;
  readonly pictureDue: boolean;
  readonly online: Answer;
  readonly image: Answer;
};

export type ToldClass = {
  readonly roster: number;
  readonly exempt: number;
  readonly unknown: number;
  readonly assessed: number;
  readonly online: number;
  readonly image: number;
  readonly verdict: { readonly online: Verdict | null; readonly image: Verdict | null };
};

/** The definitions, word by word, over a list of cameras: slow, and without a count that could be added up wrongly. */
export const toldOf = (cameras: readonly Found[], target: { online: number; image: number } | null, cover: number) => {
  const roster = cameras;
  const exempt = roster.filter((camera) => camera.exempt);
  const rest = roster.filter((camera) => !camera.exempt);
  const unknown = rest.filter(({ online, image, pictureDue }) => online === null || (pictureDue && image === null));
  const assessed = rest.filter((camera) => !unknown.includes(camera));
  const online = assessed.filter((camera) => camera.online === true);
  const image = assessed.filter((camera) => camera.image === true);
  const judge = (yes: readonly Found[], percent: number): Verdict | null => {
    if (assessed.length === 0) return null;
    if (assessed.length * 100 < cover * rest.length) return 'undetermined';
    return yes.length * 100 >= percent * assessed.length ? 'met' : 'missed';
  };
  return {
    roster: roster.length,
    exempt: exempt.length,
    unknown: unknown.length,
    assessed: assessed.length,
    online: online.length,
    image: image.length,
    verdict: {
      online: target === null ? null : judge(online, target.online),
      image: target === null ? null : judge(image, target.image),
    },
  } satisfies ToldClass;
};

export const toldOfUnit = (cameras: readonly Found[], targets: Targets) => {
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

/** The same cameras as the counts that a database gives. */
export const countsOf = (cameras: readonly Found[]) => {
  const { roster, exempt, unknown, online, image } = toldOf(cameras, null, 0);
  return { roster, exempt, unknown, online, image };
};
