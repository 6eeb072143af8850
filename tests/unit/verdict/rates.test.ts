import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, type Counts, judgeUnit, none, percent } from '../../../src/verdict/rates.ts';
import { liuzhou } from './random-city.ts';

const counts = (more: Partial<Counts>): Counts => ({ ...none, ...more });
/** All assessed, `yes` of them online and with a picture. */
const of = (roster: number, yes: number, unknown = 0): Counts => counts({ roster, unknown, online: yes, image: yes });

describe('the rates and verdicts of any unit', () => {
  it('are met by the last camera that is needed, and missed without it, at every size up to a city', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 100 }), (size, target) => {
        const least = [...Array(3).keys()]
          .map((nth) => Math.floor((target * size) / 100) + nth - 1)
          .find((yes) => yes >= 0 && yes * 100 >= target * size)!;
        const aims = { ...liuzhou, social: { online: target, image: target } };
        const verdict = (yes: number) => judgeUnit({ social: of(size, yes) }, aims).classes.social.verdict.online;
        expect(verdict(least)).toBe('met');
        if (least > 0) expect(verdict(least - 1)).toBe('missed');
      }),
    );
  });
});

describe('a target of 95 %', () => {
  const social = (yes: number, roster: number) => judgeUnit({ social: of(roster, yes) }, liuzhou).classes.social;

  it('is met by exactly 95 of 100, and missed by 94', () => {
    expect(social(95, 100).verdict).toEqual({ online: 'met', image: 'met' });
    expect(social(94, 100).verdict).toEqual({ online: 'missed', image: 'missed' });
  });

  it('is not met by 94.999 %, which does not read 95.0 % either', () => {
    expect(social(94_999, 100_000).verdict.online).toBe('missed');
    expect(percent(94_999, 100_000)).toBe('94.9%');
  });

  it('is missed by one of two: online alone does not help a camera without a picture', () => {
    const { classes, verdict } = judgeUnit({ social: counts({ roster: 100, online: 100, image: 94 }) }, liuzhou);
    expect(classes.social.verdict).toEqual({ online: 'met', image: 'missed' });
    expect(verdict).toBe('missed');
  });
});

describe('coverage', () => {
  it('of 98.9 % leaves it undetermined, however good or bad the rest is; 99 % is judged', () => {
    for (const yes of [989, 0]) {
      const { classes, verdict } = judgeUnit({ social: of(1_000, yes, 11) }, liuzhou);
      expect(classes.social.verdict).toEqual({ online: 'undetermined', image: 'undetermined' });
      expect(verdict).toBe('undetermined');
    }
    expect(judgeUnit({ social: of(1_000, 990, 10) }, liuzhou).verdict).toBe('met');
    expect(judgeUnit({ social: of(1_000, 0, 10) }, liuzhou).verdict).toBe('missed');
  });

  it('does not ask for the exempt', () => {
    const half = counts({ roster: 1_000, exempt: 500, online: 500, image: 500 });
    expect(judgeUnit({ social: half }, liuzhou).verdict).toBe('met');
  });
});

describe('a class', () => {
  it('without cameras has no verdict, and does not keep its unit from meeting the target', () => {
    const { classes, verdict } = judgeUnit({ social: of(100, 100) }, liuzhou);
    expect(classes.skynet).toEqual({ ...none, assessed: 0, verdict: { online: null, image: null } });
    expect(verdict).toBe('met');
  });

  it('whose cameras are all unknown has no verdict, and leaves its unit undetermined, never met', () => {
    // One Skynet point of 201: the total is covered, and met.
    const { classes, verdict } = judgeUnit({ skynet: of(1, 0, 1), social: of(200, 200) }, liuzhou);
    expect(classes.total.verdict).toEqual({ online: 'met', image: 'met' });
    expect(classes.skynet.verdict).toEqual({ online: null, image: null });
    expect(verdict).toBe('undetermined');
  });

  it('whose cameras are all exempt has no verdict, and nobody waits for one', () => {
    const exempt = counts({ roster: 7, exempt: 7 });
    expect(judgeUnit({ skynet: exempt, social: of(100, 100) }, liuzhou).verdict).toBe('met');
    expect(judgeUnit({ skynet: exempt }, liuzhou).verdict).toBeNull();
  });

  it('household is shown and never counts, neither for nor against its unit', () => {
    for (const household of [of(5_000, 0), of(5_000, 5_000), of(5_000, 0, 5_000)]) {
      const { classes, verdict } = judgeUnit({ social: of(100, 95), household }, liuzhou);
      expect(verdict).toBe('met');
      expect(classes.total).toMatchObject({ roster: 100, online: 95, unknown: 0 });
      expect(classes.household).toMatchObject({ ...household, verdict: { online: null, image: null } });
    }
    expect(judgeUnit({ household: of(10, 0) }, liuzhou).verdict).toBeNull();
  });
});

describe('a unit', () => {
  it('meets its target when the total, Skynet and social points do', () => {
    expect(judgeUnit({ skynet: of(50, 49), social: of(100, 95) }, liuzhou).verdict).toBe('met');
  });

  it('misses it by Skynet points alone at 97 %, though the total is at 99 %', () => {
    const { classes, verdict } = judgeUnit({ skynet: of(100, 97), social: of(300, 300) }, liuzhou);
    expect(classes.total.verdict).toEqual({ online: 'met', image: 'met' });
    expect([classes.skynet.verdict.online, verdict]).toEqual(['missed', 'missed']);
  });

  it('that misses by what is known is not saved by what is unknown elsewhere', () => {
    expect(judgeUnit({ skynet: of(100, 50, 20), social: of(1_000, 500) }, liuzhou).verdict).toBe('missed');
  });

  it('without cameras is not judged', () => {
    expect(judgeUnit({}, liuzhou)).toMatchObject({ verdict: null, classes: { total: { assessed: 0 } } });
  });
});

describe('a percentage on the screen', () => {
  it.each([
    [0, 1, '0.0%'],
    [1, 3, '33.3%'],
    [2, 3, '66.6%'],
    [9_496, 10_000, '94.9%'],
    [19, 20, '95.0%'],
    [16_609, 16_610, '99.9%'],
    [7, 7, '100.0%'],
    [0, 0, '—'],
  ])('of %i in %i reads %s', (yes, assessed, text) => {
    expect(percent(yes, assessed)).toBe(text);
  });

  it('is never more than is true, and less by under a tenth', () => {
    const pair = fc
      .integer({ min: 1, max: 1_000_000 })
      .chain((assessed) => fc.tuple(fc.integer({ min: 0, max: assessed }), fc.constant(assessed)));
    fc.assert(
      fc.property(pair, ([yes, assessed]) => {
        const text = percent(yes, assessed);
        expect(text).toMatch(/^\d+\.\d%$/);
        const tenths = BigInt(text.replace(/\D/g, ''));
        const [y, a] = [BigInt(yes) * 1000n, BigInt(assessed)];
        expect(tenths * a <= y && y < (tenths + 1n) * a).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('counts', () => {
  it('of two classes add up', () => {
    expect(add(of(3, 2, 1), of(10, 9))).toEqual(of(13, 11, 1));
  });
});
