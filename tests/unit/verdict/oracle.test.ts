import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countFound } from '../../../src/verdict/count.ts';
import { judgeUnit, type Targets } from '../../../src/verdict/rates.ts';
import { type Answer, answerOf, type Inspected, type ToldUnit, toldOfUnit } from './oracle.ts';
import { randomCity } from './random-city.ts';

const known = (answer: Answer): boolean | null => (answer === 'unknown' ? null : answer === 'yes');
const none = { roster: 0, exempt: 0, unknown: 0, online: 0, image: 0 };
const nobody = { assessed: 0, online: 0, image: 0 };
const names = ['skynet', 'social', 'household'] as const;

/** What the pure functions make of it. */
const judgedOf = (cameras: readonly Inspected[], targets: Targets) => {
  const found = countFound(
    cameras.map((camera) => ({
      ...camera,
      online: known(answerOf(camera, 'online')),
      image: known(answerOf(camera, 'image')),
    })),
  );
  const parts = names.map((name) => found[name] ?? { counts: none, raw: nobody });
  const counts = Object.fromEntries(Object.entries(found).map(([name, one]) => [name, one.counts]));
  return {
    counts: parts.map((part) => part.counts),
    raw: parts.map((part) => part.raw),
    ...judgeUnit(counts, targets),
  };
};

/** What the oracle says, in the same shape. */
const expectedOf = ({ classes, verdict }: ToldUnit) => ({
  counts: names.map((name) => {
    const { roster, exempt, unknown, online, image } = classes[name];
    return { roster, exempt, unknown, online, image };
  }),
  raw: names.map((name) => classes[name].raw),
  classes: Object.fromEntries(Object.entries(classes).map(([name, { raw: _, ...rate }]) => [name, rate])),
  verdict,
});

it('the rates and verdicts of 10,000 cities are what the definitions say of their cameras, to the camera', {
  timeout: 120_000,
}, () => {
  const seen = new Map<string, number>();
  const saw = (what: string): unknown => seen.set(what, (seen.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(randomCity, ({ targets, units }) => {
      for (const cameras of units.values()) {
        const told = toldOfUnit(cameras, targets);
        const ours = judgedOf(cameras, targets);
        const theirs = expectedOf(told);
        // A second of CPU less than to expect it of each.
        if (!isDeepStrictEqual(ours, theirs)) expect(ours).toEqual(theirs);
        saw(`unit ${told.verdict}`);
        for (const name of ['total', 'skynet', 'social'] as const) {
          const { assessed, online, image, roster, exempt, verdict } = told.classes[name];
          if (assessed === 0) {
            saw('an empty class');
            continue;
          }
          if (100 * assessed === targets.coverage * (roster - exempt) && assessed < roster - exempt)
            saw('covered to the camera');
          if (verdict.online === 'undetermined') {
            if (100 * (assessed + 1) >= targets.coverage * (roster - exempt)) saw('one answer too few');
            continue;
          }
          for (const [yes, target] of [
            [online, targets[name].online],
            [image, targets[name].image],
          ] as const) {
            if (100 * yes === target * assessed) saw('met exactly');
            else if (100 * yes < target * assessed && 100 * (yes + 1) >= target * assessed) saw('missed by one');
          }
        }
      }
    }),
    { numRuns: 10_000, seed: 20_231_123 },
  );
  // Or the cities drawn are not the ones that matter.
  const cases = ['unit met', 'unit missed', 'unit undetermined', 'unit null', 'an empty class'];
  const edges = ['met exactly', 'missed by one', 'covered to the camera', 'one answer too few'];
  for (const one of [...cases, ...edges]) expect(seen.get(one) ?? 0, one).toBeGreaterThan(500);
});
