import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cause, Symptom } from '../../../src/verdict/causes.ts';
import { type CameraClass, type Counts, judgeUnit, none, type Targets } from '../../../src/verdict/rates.ts';
import { fewestRepairs } from '../../../src/verdict/repairs.ts';
import { liuzhou } from './random-city.ts';

/** A cause that takes so many Skynet and social cameras down. */
const cause = (
  kind: Cause['kind'],
  key: string,
  skynet: number,
  social: number,
  symptom: Symptom = 'offline',
): Cause => ({
  kind,
  key,
  symptom,
  cameras: (['skynet', 'social'] as const).flatMap((name) =>
    Array.from({ length: name === 'skynet' ? skynet : social }, (_, nth) => ({
      code: `${key}-${name}-${nth}`,
      class: name,
      symptom,
      shares: {},
    })),
  ),
});

type Classes = Partial<Record<CameraClass, Counts>>;
/** The counts of a unit with so many assessed and what the causes take. */
const countsOf = (assessed: { skynet: number; social: number }, causes: readonly Cause[], unknown = 0): Classes => {
  const of = (name: 'skynet' | 'social'): Counts => {
    const lacking = (symptoms: readonly Symptom[]): number =>
      causes
        .filter(({ symptom }) => symptoms.includes(symptom))
        .flatMap(({ cameras }) => cameras.filter((camera) => camera.class === name)).length;
    return {
      roster: assessed[name] + unknown,
      exempt: 0,
      unknown,
      online: assessed[name] - lacking(['offline']),
      image: assessed[name] - lacking(['offline', 'no_picture']),
    };
  };
  return { skynet: of('skynet'), social: of('social') };
};

/** Whether no rate is under its target once `repaired` are repaired, counted anew from what is then still broken. */
const isBack = (assessed: { skynet: number; social: number }, broken: readonly Cause[], targets: Targets): boolean => {
  const { classes } = judgeUnit(countsOf(assessed, broken), targets);
  return [classes.total, classes.skynet, classes.social].every(
    ({ verdict }) => verdict.online !== 'missed' && verdict.image !== 'missed',
  );
};

/** Every set of repairs, the smallest first: the slow way that nobody doubts. */
const fewest = (assessed: { skynet: number; social: number }, causes: readonly Cause[], targets: Targets) => {
  let best: { repairs: number; cameras: number } | null = null;
  for (let set = 0; set < 2 ** causes.length; set += 1) {
    const [repaired, broken] = [1, 0].map((bit) => causes.filter((_, nth) => ((set >> nth) & 1) === bit)) as [
      Cause[],
      Cause[],
    ];
    if (best !== null && repaired.length > best.repairs) continue;
    if (!isBack(assessed, broken, targets)) continue;
    const cameras = repaired.reduce((sum, one) => sum + one.cameras.length, 0);
    if (best === null || repaired.length < best.repairs || cameras > best.cameras) {
      best = { repairs: repaired.length, cameras };
    }
  }
  return best!;
};

const percent = fc.oneof(fc.constantFrom(50, 80, 90, 95, 98, 100), fc.integer({ min: 1, max: 100 }));
const target = fc.record({ online: percent, image: percent });
const drawn = fc.record({
  sizes: fc.array(
    fc.record({
      skynet: fc.integer({ min: 0, max: 4 }),
      social: fc.integer({ min: 0, max: 5 }),
      symptom: fc.constantFrom<Symptom>('offline', 'offline', 'no_picture'),
    }),
    { maxLength: 9 },
  ),
  sound: fc.record({ skynet: fc.integer({ min: 0, max: 60 }), social: fc.integer({ min: 0, max: 60 }) }),
  targets: fc.oneof(
    fc.constant(liuzhou),
    fc.record<Targets>({ total: target, skynet: target, social: target, coverage: fc.constant(99) }),
  ),
});

describe('the fewest repairs', () => {
  it('are as few as any set of repairs that brings the unit back, and of those one that brings most cameras back', () => {
    const seen = new Map<number, number>();
    fc.assert(
      fc.property(drawn, ({ sizes, sound, targets }) => {
        const causes = sizes
          .filter(({ skynet, social }) => skynet + social > 0)
          .map(({ skynet, social, symptom }, nth) =>
            cause(skynet + social > 1 ? 'onu' : 'camera', `k${nth}`, skynet, social, symptom),
          );
        const lost = (name: 'skynet' | 'social'): number =>
          causes.flatMap(({ cameras }) => cameras.filter((camera) => camera.class === name)).length;
        const assessed = { skynet: sound.skynet + lost('skynet'), social: sound.social + lost('social') };
        const plan = fewestRepairs(countsOf(assessed, causes), targets, causes);
        const best = fewest(assessed, causes, targets);
        expect(
          isBack(
            assessed,
            causes.filter(({ key }) => !plan.repairs.some((one) => one.key === key)),
            targets,
          ),
        ).toBe(true);
        expect({
          repairs: plan.repairs.length,
          cameras: plan.repairs.reduce((sum, { cameras }) => sum + cameras.length, 0),
        }).toEqual(best);
        expect([...plan.repairs, ...plan.others].map(({ key }) => key).toSorted()).toEqual(
          causes.map(({ key }) => key).toSorted(),
        );
        seen.set(best.repairs, (seen.get(best.repairs) ?? 0) + 1);
      }),
      { numRuns: 700, seed: 17 },
    );
    // Or the units drawn are too easy.
    for (const repairs of [0, 1, 2, 3, 4, 5]) expect(seen.get(repairs) ?? 0).toBeGreaterThan(20);
  });

  it('of a unit that meets its targets are none, and what is broken is told all the same', () => {
    const causes = [cause('onu', 'O', 0, 4), cause('camera', 'x', 0, 1)];
    const plan = fewestRepairs(countsOf({ skynet: 0, social: 100 }, causes), liuzhou, causes);
    expect(plan.repairs).toEqual([]);
    expect(plan.others.map(({ key }) => key)).toEqual(['O', 'x']);
    expect(plan.after.verdict).toBe('met');
  });

  it('take the one line that brings four back before four single cameras, and say what comes back with it', () => {
    const causes = [...[1, 2, 3, 4, 5].map((n) => cause('camera', `${n}`, 0, 1)), cause('onu', 'O', 0, 4)];
    const plan = fewestRepairs(countsOf({ skynet: 0, social: 100 }, causes), liuzhou, causes);
    expect(plan.budget.social.online).toMatchObject({ yes: 91, short: 4 });
    expect(plan.repairs.map(({ key, brings }) => [key, brings])).toEqual([
      ['O', { skynet: { online: 0, image: 0 }, social: { online: 4, image: 4 } }],
    ]);
    expect(plan.after.classes.total).toMatchObject({ online: 95, assessed: 100, verdict: { online: 'met' } });
  });

  it('take two that fit together, where the largest by itself leads to three', () => {
    // Missing: 2 Skynet and 2 social. The largest brings 3 social and none of Skynet.
    const causes = [
      cause('onu', 'both', 2, 1),
      cause('pole', 'social', 0, 3),
      cause('camera', 's', 1, 0),
      cause('camera', 't', 1, 0),
    ];
    const assessed = { skynet: 100, social: 40 };
    const plan = fewestRepairs(countsOf(assessed, causes), liuzhou, causes);
    expect(plan.repairs.map(({ key }) => key).toSorted()).toEqual(['both', 'social']);
    expect(fewest(assessed, causes, liuzhou).repairs).toBe(2);
  });

  it('do not count on answers that this service owes: the unit stays undetermined', () => {
    const causes = [cause('pole', 'P', 0, 10)];
    const plan = fewestRepairs(countsOf({ skynet: 0, social: 100 }, causes, 5), liuzhou, causes);
    expect(plan.repairs.map(({ key }) => key)).toEqual(['P']);
    expect(plan.after.classes.social).toMatchObject({ online: 100, unknown: 5, verdict: { online: 'undetermined' } });
    expect(plan.after.verdict).toBe('undetermined');
    expect(plan.budget.social.unanswered).toBe(4);
  });

  it('of counts that tell of other cameras than the list are refused', () => {
    const counts = { social: { ...none, roster: 100, online: 90, image: 90 } };
    expect(() => fewestRepairs(counts, liuzhou, [cause('pole', 'P', 0, 9)])).toThrow(/social 99\/100|total 99\/100/);
  });

  it('of a county of 3,000 cameras with 400 down are found without trying every set', () => {
    const causes = [
      ...Array.from({ length: 60 }, (_, nth) => cause('onu', `o${nth}`, nth % 4, 1 + (nth % 5))),
      ...Array.from({ length: 12 }, (_, nth) => cause('recorder', `r${nth}`, nth % 3, 2, 'no_picture')),
      ...Array.from({ length: 60 }, (_, nth) =>
        cause('camera', `s${nth}`, nth % 3 === 0 ? 1 : 0, nth % 3 === 0 ? 0 : 1),
      ),
      ...Array.from({ length: 40 }, (_, nth) => cause('camera', `n${nth}`, nth % 2, 1 - (nth % 2), 'no_picture')),
    ];
    const failing = causes.flatMap(({ cameras }) => cameras).length;
    expect(failing).toBeGreaterThan(400);
    const assessed = { skynet: 1_100, social: 1_900 };
    const plan = fewestRepairs(countsOf(assessed, causes), liuzhou, causes);
    expect(isBack(assessed, plan.others, liuzhou)).toBe(true);
    expect(plan.after.verdict).toBe('met');
    // None of them is one too many.
    for (const one of plan.repairs) expect(isBack(assessed, [...plan.others, one], liuzhou)).toBe(false);
    const sizes = plan.repairs.map(({ cameras }) => cameras.length);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });
});
