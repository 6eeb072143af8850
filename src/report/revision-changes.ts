import type { RateClass, Verdict } from '../verdict/rates.ts';
import type { Against, Answer, ClassFigures, Comparison, FrozenCamera, FrozenContent } from './content.ts';

export type Change<T> = { readonly from: T; readonly to: T };

export type VerdictChange = Change<Verdict | null> & { readonly unit: string; readonly name: string };

const counts = ['roster', 'exempt', 'unknown', 'assessed', 'online', 'image'] as const;
const metrics = ['online', 'image'] as const;
export type Figure = (typeof counts)[number] | `${(typeof metrics)[number]}_verdict`;

/** `unit` is null for the whole city. */
export type FigureChange = Change<number | Verdict | null> & {
  readonly unit: string | null;
  readonly class: RateClass;
  readonly figure: Figure;
};

/** How a camera is judged: by which exemption it is not counted, its answers, and by which appeal they are so. */
export type Judged = {
  readonly exemption: number | null;
  readonly online: Answer;
  readonly image: Answer;
  readonly appeal: number | null;
};
export type CameraChange = Change<Judged> & { readonly code: string; readonly name: string; readonly unit: string };

/** What the change is counted from; null: nothing. */
export type Compared = { readonly inspection: number; readonly revision: number; readonly sha256: string } | null;
export type ComparisonChange = Change<Compared> & { readonly against: Against };

/**
 * What a revision says otherwise than an earlier one of the same inspection: figure by figure, camera by camera, and what
 * it is compared with, which may have been corrected meanwhile.
 */
export type RevisionChanges = {
  readonly comparisons: readonly ComparisonChange[];
  readonly verdicts: readonly VerdictChange[];
  readonly figures: readonly FigureChange[];
  readonly cameras: readonly CameraChange[];
};

export const changesBetween = (before: FrozenContent, after: FrozenContent): RevisionChanges => {
  const unitBefore = new Map(before.units.map((unit) => [unit.code, unit]));
  const cameraAfter = new Map(after.cameras.map((camera) => [camera.code, camera]));
  return {
    comparisons: againstAll.flatMap((against) => {
      const [from, to] = [comparedOf(before, against), comparedOf(after, against)];
      return from?.sha256 === to?.sha256 ? [] : [{ against, from, to }];
    }),
    verdicts: after.units.flatMap(({ code: unit, name, verdict: to }) => {
      const from = unitBefore.get(unit)?.verdict ?? null;
      return from === to ? [] : [{ unit, name, from, to }];
    }),
    figures: [
      ...figureChanges(null, before.city, after.city),
      ...after.units.flatMap(({ code, classes }) => {
        const was = unitBefore.get(code);
        return was === undefined ? [] : figureChanges(code, was.classes, classes);
      }),
    ],
    cameras: before.cameras.flatMap((camera) => {
      const { code, name, unit } = camera;
      const [from, to] = [judged(camera), judged(cameraAfter.get(code) ?? camera)];
      const same = (Object.keys(from) as (keyof Judged)[]).every((key) => from[key] === to[key]);
      return same ? [] : [{ code, name, unit, from, to }];
    }),
  };
};

const againstAll: readonly Against[] = ['yesterday', 'last_week', 'last_month'];

const comparedOf = ({ comparisons }: FrozenContent, against: Against): Compared => {
  const found: Comparison | undefined = comparisons.find((one) => one.against === against);
  return found === undefined ? null : { inspection: found.inspection, revision: found.revision, sha256: found.sha256 };
};

/** In this order, whatever that of the contents. */
const classes: readonly RateClass[] = ['total', 'skynet', 'social', 'household'];
type Classes = Readonly<Record<RateClass, ClassFigures>>;

const figureChanges = (unit: string | null, before: Classes, after: Classes): FigureChange[] =>
  classes.flatMap((name) => {
    const [was, is] = [before[name], after[name]];
    const pairs: FigureChange[] = [
      ...counts.map((figure) => ({ unit, class: name, figure, from: was[figure], to: is[figure] })),
      ...metrics.map((metric) => ({
        ...{ unit, class: name, figure: `${metric}_verdict` as const },
        ...{ from: was.verdict[metric], to: is.verdict[metric] },
      })),
    ];
    return pairs.filter(({ from, to }) => from !== to);
  });

const judged = ({ exempt, online, image, appeal }: FrozenCamera): Judged => ({
  exemption: exempt?.exemption ?? null,
  online,
  image,
  appeal: appeal?.appeal ?? null,
});
