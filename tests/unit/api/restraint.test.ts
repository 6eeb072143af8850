import { describe, expect, it } from 'vitest';
import { Restraint } from '../../../src/api/restraint.ts';

const minute = 60_000;

describe('a restraint', () => {
  it('lets so many of one through in a minute, and as many of another', () => {
    const restraint = new Restraint({ ofOne: 2, ofAll: 10 });
    expect(['a', 'a', 'a', 'b'].map((who) => restraint.admits(who, 0))).toEqual([0, 0, null, 1]);
    expect(restraint.admits('a', minute - 1)).toBe(null);
    expect(restraint.admits('a', minute)).toBe(1);
  });

  it('lets so many of all through, whatever they call themselves, and counts those whom it passed over', () => {
    const restraint = new Restraint({ ofOne: 2, ofAll: 3 });
    const admitted = [...Array(1_000).keys()].map((n) => restraint.admits(`${n}`, 0));
    expect(admitted.filter((one) => one !== null)).toEqual([0, 0, 0]);
    expect(restraint.admits('x', 5 * minute)).toBe(997);
    expect(restraint.admits('x', 5 * minute)).toBe(0);
  });

  it('tells how many of whom it passed over, once, and of so many names as a line holds', () => {
    const restraint = new Restraint({ ofOne: 1, ofAll: 2 });
    expect(['a', 'a', 'a', 'b', 'c'].map((who) => restraint.lets(who, 0))).toEqual([true, false, false, true, false]);
    expect(restraint.tally()).toEqual({
      count: 3,
      of: new Map([
        ['a', 2],
        ['c', 1],
      ]),
    });
    expect(restraint.tally()).toEqual({ count: 0, of: new Map() });
    for (let n = 0; n < 1_000; n += 1) restraint.lets(`${n}`, 0);
    const { count, of } = restraint.tally();
    expect([count, of.size]).toEqual([1_000, 20]);
  });
});
