import fc from 'fast-check';
import type { CameraClass, Targets } from '../../../src/verdict/rates.ts';
import type { Answer, Attempt, Inspected } from './oracle.ts';

/** Units of a city by code, each with its cameras, and the targets that they are held to. */
export type RandomCity = { readonly targets: Targets; readonly units: ReadonlyMap<string, readonly Inspected[]> };

export const liuzhou: Targets = {
  total: { online: 95, image: 95 },
  skynet: { online: 98, image: 98 },
  social: { online: 95, image: 95 },
  coverage: 99,
};

const answers: readonly Answer[] = ['yes', 'no', 'unknown'];
const attempt = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Attempt>({ online: 'yes', image: 'yes' }) },
  { weight: 2, arbitrary: fc.constant<Attempt>({ online: 'no', image: 'no' }) },
  // Whatever a probe might say, sensible or not: the rates are of what it said.
  {
    weight: 4,
    arbitrary: fc.record<Attempt>({ online: fc.constantFrom(...answers), image: fc.constantFrom(...answers) }),
  },
);
const cameraClass = fc.constantFrom<CameraClass>('skynet', 'social', 'household');

/** Any camera, up to three attempts. */
const anyCamera = fc.record<Inspected>({
  class: cameraClass,
  exempt: fc.constantFrom(false, false, false, true),
  pictureDue: fc.boolean(),
  attempts: fc.array(attempt, { maxLength: 3 }),
});

/** Three ways each in which a camera comes to the same: at once, in the end, and with a rest that says less. */
const waysOf = (online: Answer, image: Answer): Attempt[][] => {
  const best = { online, image };
  const nothing: Attempt = { online: 'unknown', image: 'unknown' };
  return [[best], [nothing, best], [{ online, image: 'unknown' }, nothing, { online: 'unknown', image }]];
};

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
/** The smallest number of which `percent` is a whole one. */
const wholeFor = (percent: number): number => 100 / divisor(100, percent);

/**
 * A class around its target (its own or the total's) and its coverage: as many are found as the target asks for, one fewer, or
 * one more, of a number of which it is a whole one, or one more; as many have an answer as must, or one fewer.
 */
const classAtTheEdge = (targets: Targets) =>
  fc
    .record({
      name: fc.constantFrom<CameraClass>('skynet', 'social'),
      metric: fc.constantFrom('online' as const, 'image' as const),
      ofTotal: fc.boolean(),
      times: fc.integer({ min: 1, max: 2 }),
      more: fc.constantFrom(0, 0, 0, 1),
      off: fc.integer({ min: -1, max: 1 }),
      covered: fc.constantFrom<'all' | 'exactly' | 'one too few'>('all', 'exactly', 'one too few'),
      exempt: fc.integer({ min: 0, max: 3 }),
      way: fc.integer({ min: 0, max: 2 }),
    })
    .map(({ name, metric, ofTotal, times, more, off, covered, exempt, way }): Inspected[] => {
      const target = (ofTotal ? targets.total : targets[name === 'skynet' ? 'skynet' : 'social'])[metric];
      // Of so many the target is a whole number; or so many are covered exactly; both at once where it is not too many.
      const forCoverage = targets.coverage / divisor(100, targets.coverage);
      const forBoth = wholeFor(target) * forCoverage;
      const size = covered === 'all' ? wholeFor(target) * times + more : forBoth <= 200 ? forBoth : forCoverage * times;
      const yes = Math.min(size, Math.max(0, Math.ceil((target * size) / 100) + off));
      const unknown =
        covered === 'all' ? 0 : Math.floor((size * 100) / targets.coverage) - size + (covered === 'exactly' ? 0 : 1);
      const of = (count: number, online: Answer, image: Answer, isExempt = false): Inspected[] =>
        Array.from({ length: count }, (_, nth) => ({
          class: name,
          exempt: isExempt,
          pictureDue: true,
          attempts: waysOf(online, image)[(nth + way) % 3]!,
        }));
      return [
        ...of(yes, 'yes', 'yes'),
        ...(metric === 'online' ? of(size - yes, 'no', 'no') : of(size - yes, 'yes', 'no')),
        ...of(unknown, 'yes', 'unknown'),
        ...of(exempt, 'no', 'no', true),
      ];
    });

const percent = fc.oneof(fc.constantFrom(90, 95, 98, 99, 100), fc.integer({ min: 1, max: 100 }));
const target = fc.record({ online: percent, image: percent });
const anyTargets = fc.oneof(
  fc.constant(liuzhou),
  fc.record<Targets>({
    total: target,
    skynet: target,
    social: target,
    coverage: fc.oneof(fc.constantFrom(50, 90, 99, 100), percent),
  }),
);

const codes = ['450202', '450203', '450222', '450271'] as const;

/** Of up to four units; some without a camera, some with classes that have none or none that is assessed. */
export const randomCity = anyTargets.chain((targets) => {
  const edge = classAtTheEdge(targets);
  const unit = fc.oneof(
    { weight: 2, arbitrary: fc.array(anyCamera, { maxLength: 30 }) },
    { weight: 3, arbitrary: edge },
    { weight: 3, arbitrary: fc.tuple(edge, edge, fc.array(anyCamera, { maxLength: 3 })).map((parts) => parts.flat()) },
  );
  return fc
    .array(unit, { minLength: 1, maxLength: codes.length })
    .map((units): RandomCity => ({ targets, units: new Map(units.map((cameras, nth) => [codes[nth]!, cameras])) }));
});
