/** The formula of definitions: its name goes with every figure, and changes whenever a figure would. */
export const formula = 'xunjian-rates/1';

export type CameraClass = 'skynet' | 'social' | 'household';
export type RateClass = 'total' | CameraClass;
export type Verdict = 'met' | 'missed' | 'undetermined';

/** Counts of cameras of one unit and class, over the frozen roster of one inspection. */
export type Counts = {
  /** Cameras in use at the start. */
  readonly roster: number;
  /** Under an approved exemption at the cut-off. */
  readonly exempt: number;
  /** Not exempt, and without an answer that can be laid to the camera, for its being online or for its picture. */
  readonly unknown: number;
  /** Of the assessed (roster - exempt - unknown): those online. */
  readonly online: number;
  /** Of the assessed: those with a picture. */
  readonly image: number;
};

/** The same with exempt cameras counted as they were found. */
export type RawCounts = { readonly assessed: number; readonly online: number; readonly image: number };

/** Percent, whole numbers, for both metrics. */
export type Target = { readonly online: number; readonly image: number };

export type Targets = {
  readonly total: Target;
  readonly skynet: Target;
  readonly social: Target;
  /** Percent of roster - exempt that must be assessed, or there is no verdict. */
  readonly coverage: number;
};

export type ClassRates = Counts & {
  readonly assessed: number;
  /** null: nobody is judged by it (no camera assessed, or a class without a target). */
  readonly verdict: { readonly online: Verdict | null; readonly image: Verdict | null };
};

export type UnitRates = {
  readonly classes: Readonly<Record<RateClass, ClassRates>>;
  readonly verdict: Verdict | null;
};

export const none: Counts = { roster: 0, exempt: 0, unknown: 0, online: 0, image: 0 };

export const add = (a: Counts, b: Counts): Counts => ({
  roster: a.roster + b.roster,
  exempt: a.exempt + b.exempt,
  unknown: a.unknown + b.unknown,
  online: a.online + b.online,
  image: a.image + b.image,
});

export const assessedOf = ({ roster, exempt, unknown }: Counts): number => roster - exempt - unknown;

/** Too few answers to judge: 100 * assessed < coverage * (roster - exempt). */
const uncovered = (counts: Counts, coverage: number): boolean =>
  100 * assessedOf(counts) < coverage * (counts.roster - counts.exempt);

/** Whole numbers decide: met when 100 * yes >= target * assessed. Nothing is divided, so nothing is rounded. */
const judge = (counts: Counts, yes: number, target: number, coverage: number): Verdict | null => {
  const assessed = assessedOf(counts);
  if (assessed === 0) return null;
  if (uncovered(counts, coverage)) return 'undetermined';
  return 100 * yes >= target * assessed ? 'met' : 'missed';
};

const judged = (counts: Counts, target: Target | null, coverage: number): ClassRates => ({
  ...counts,
  assessed: assessedOf(counts),
  verdict:
    target === null
      ? { online: null, image: null }
      : {
          online: judge(counts, counts.online, target.online, coverage),
          image: judge(counts, counts.image, target.image, coverage),
        },
});

/**
 * The rates and verdicts of one unit. Total is Skynet and social points; household cameras are shown and not counted.
 * The unit misses where any of its verdicts is a miss; it is undetermined where none is and one could not be told, a
 * class without a single answer included; it meets where all are met; null where there is nothing to judge.
 */
export const judgeUnit = (counts: Readonly<Partial<Record<CameraClass, Counts>>>, targets: Targets): UnitRates => {
  const skynet = counts.skynet ?? none;
  const social = counts.social ?? none;
  const total = add(skynet, social);
  const { coverage } = targets;
  const classes = {
    total: judged(total, targets.total, coverage),
    skynet: judged(skynet, targets.skynet, coverage),
    social: judged(social, targets.social, coverage),
    household: judged(counts.household ?? none, null, coverage),
  };
  const counted = [classes.total, classes.skynet, classes.social];
  const verdicts = counted.flatMap(({ verdict }) => [verdict.online, verdict.image]);
  const untold = verdicts.includes('undetermined') || [total, skynet, social].some((c) => uncovered(c, coverage));
  const verdict = verdicts.includes('missed')
    ? 'missed'
    : untold
      ? 'undetermined'
      : verdicts.includes('met')
        ? 'met'
        : null;
  return { classes, verdict };
};

/**
 * A rate for the screen: percent with one decimal, rounded down, so that 94.96 % never reads 95.0 %. "—" where nothing
 * was assessed.
 */
export const percent = (yes: number, assessed: number): string => {
  if (assessed === 0) return '—';
  const tenths = Math.floor((1000 * yes) / assessed);
  return `${Math.floor(tenths / 10)}.${tenths % 10}%`;
};
