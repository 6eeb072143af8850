import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetOf, judgedClasses, roomOf } from '../../../src/verdict/budget.ts';
import { type CameraClass, type Counts, judgeUnit, none } from '../../../src/verdict/rates.ts';
import { liuzhou } from './random-city.ts';

type Classes = Partial<Record<CameraClass, Counts>>;

const counts = fc
  .record({
    assessed: fc.oneof(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 0, max: 20_000 })),
    exempt: fc.integer({ min: 0, max: 5 }),
    unknown: fc.integer({ min: 0, max: 5 }),
    offline: fc.integer({ min: 0, max: 12 }),
    dark: fc.integer({ min: 0, max: 12 }),
  })
  .map(({ assessed, exempt, unknown, offline, dark }): Counts => {
    const online = Math.max(0, assessed - offline);
    return { roster: assessed + exempt + unknown, exempt, unknown, online, image: Math.max(0, online - dark) };
  });
const percent = fc.oneof(fc.constantFrom(95, 98, 100), fc.integer({ min: 1, max: 100 }));
const target = fc.record({ online: percent, image: percent });
const unit = fc.record({
  classes: fc.record({ skynet: counts, social: counts }),
  targets: fc.record({ total: target, skynet: target, social: target, coverage: fc.integer({ min: 1, max: 100 }) }),
});

/** So many cameras of a class go offline, none of which had lost its picture before. */
const offline = (classes: Classes, name: 'skynet' | 'social', lost: number): Classes => {
  const before = classes[name] ?? none;
  return { ...classes, [name]: { ...before, online: before.online - lost, image: before.image - lost } };
};

const social = (yes: number, roster: number) =>
  budgetOf(judgeUnit({ social: { ...none, roster, online: yes, image: yes } }, liuzhou).classes, liuzhou).social;

describe('the budget of a rate', () => {
  it('of 1,430 online in 1,497 is 7 more before 95 % is missed', () => {
    expect(social(1_430, 1_497).online).toEqual({
      ...{ yes: 1_430, assessed: 1_497, target: 95 },
      ...{ needed: 1_423, spare: 7, short: 0 },
    });
  });

  it('is nothing at exactly 95 %, and one must come back at one under it', () => {
    expect(social(95, 100).online).toMatchObject({ spare: 0, short: 0 });
    expect(social(94, 100).online).toMatchObject({ spare: 0, short: 1 });
  });

  it('where nothing was assessed is none', () => {
    expect(roomOf(0, 0, 95)).toBeNull();
    expect(social(0, 0)).toMatchObject({ online: null, image: null, unanswered: 0 });
  });

  it('is as many as can be lost one by one until the verdict turns, and what is short as many as must come back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }).chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n))),
        percent,
        ([yes, assessed], aim) => {
          const { needed, spare, short } = roomOf(yes, assessed, aim)!;
          const aims = { ...liuzhou, social: { online: aim, image: aim } };
          const met = (found: number): boolean =>
            judgeUnit({ social: { ...none, roster: assessed, online: found, image: found } }, aims).classes.social
              .verdict.online === 'met';
          expect(Math.min(spare, short)).toBe(0);
          expect(met(yes - spare + short)).toBe(true);
          expect(yes - spare + short).toBe(needed);
          if (needed > 0) expect(met(yes - spare - 1)).toBe(false);
          if (short > 0) expect(met(yes + short - 1)).toBe(false);
        },
      ),
      { numRuns: 2_000, seed: 7 },
    );
  });
});

describe('the cameras of a class that may go offline', () => {
  it('are so many that no verdict that is met turns, and with one more, one does', () => {
    let turned = 0;
    fc.assert(
      fc.property(unit, ({ classes, targets }) => {
        // Only what is known is lost: coverage is another matter.
        const aims = { ...targets, coverage: 1 };
        const before = judgeUnit(classes, aims);
        const budget = budgetOf(before.classes, aims);
        const missed = (after: Classes): number =>
          judgedClasses
            .flatMap((name) => Object.values(judgeUnit(after, aims).classes[name].verdict))
            .filter((verdict) => verdict === 'missed').length;
        for (const name of ['skynet', 'social'] as const) {
          const may = budget.mayGoOffline[name];
          if (may === null) {
            expect(before.classes[name].assessed).toBe(0);
            continue;
          }
          expect(missed(offline(classes, name, may))).toBe(missed(classes));
          const rates = [before.classes[name], before.classes.total].flatMap(({ verdict }) => Object.values(verdict));
          if (rates.includes('missed')) expect(may).toBe(0);
          else if (!rates.includes('undetermined')) {
            turned += 1;
            expect(missed(offline(classes, name, may + 1))).toBeGreaterThan(missed(classes));
          }
        }
      }),
      { numRuns: 2_000, seed: 11 },
    );
    expect(turned).toBeGreaterThan(500);
  });

  it('of Skynet are held by the total, where that is nearer to its target', () => {
    const classes = {
      skynet: { ...none, roster: 100, online: 100, image: 100 },
      social: { ...none, roster: 900, online: 855, image: 855 },
    };
    // Skynet alone could spare 2 of its 100; the total of 955 in 1,000 could spare 5.
    const { mayGoOffline, ...budget } = budgetOf(judgeUnit(classes, liuzhou).classes, liuzhou);
    expect([budget.skynet.online?.spare, budget.total.online?.spare]).toEqual([2, 5]);
    expect(mayGoOffline).toEqual({ skynet: 2, social: 0 });
    const nearer = { ...classes, social: { ...classes.social, roster: 905, online: 855, image: 855 } };
    expect(budgetOf(judgeUnit(nearer, liuzhou).classes, liuzhou).total.online).toMatchObject({ spare: 0, needed: 955 });
    expect(budgetOf(judgeUnit(nearer, liuzhou).classes, liuzhou).mayGoOffline.skynet).toBe(0);
  });

  it('of a class without any is none to speak of', () => {
    expect(budgetOf(judgeUnit({}, liuzhou).classes, liuzhou).mayGoOffline).toEqual({ skynet: null, social: null });
  });
});

describe('the answers that are missing', () => {
  it('are as many as make a verdict of none, and no fewer', () => {
    fc.assert(
      fc.property(unit, ({ classes, targets }) => {
        const { unanswered } = budgetOf(judgeUnit(classes, targets).classes, targets).social;
        const { social: before } = classes;
        const answered = (more: number): boolean => {
          const after = { ...before, unknown: before.unknown - more };
          const verdict = judgeUnit({ social: after }, targets);
          return verdict.verdict !== 'undetermined' && verdict.classes.social.verdict.online !== 'undetermined';
        };
        expect(answered(unanswered)).toBe(true);
        if (unanswered > 0) expect(answered(unanswered - 1)).toBe(false);
      }),
      { numRuns: 1_000, seed: 13 },
    );
  });

  it('are 1 of 1,000 at a coverage of 98.9 %', () => {
    const rates = judgeUnit({ social: { ...none, roster: 1_000, unknown: 11, online: 989, image: 989 } }, liuzhou);
    expect(budgetOf(rates.classes, liuzhou).social.unanswered).toBe(1);
  });
});
