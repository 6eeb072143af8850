import { describe, expect, it } from 'vitest';
import { failures } from '../../../probes/index.ts';
import {
  faultWords,
  partyOfFailure,
  pictureFaultWords,
  wordsOfFailure,
  wordsOfStep,
} from '../../../src/report/words/faults.ts';

describe('the words for faults', () => {
  it('are there for every kind of failure and for no other', () => {
    expect(Object.keys(faultWords).sort()).toEqual(Object.keys(failures).sort());
  });

  it('are Chinese, short enough for a column, and different from one another', () => {
    const all = [...Object.values(faultWords), ...Object.values(pictureFaultWords)];
    for (const words of all) {
      expect(words).toMatch(/\p{Script=Han}/u);
      expect(words.length, words).toBeLessThanOrEqual(10);
    }
    expect(new Set(all).size).toBe(all.length);
  });

  it('name who is to act for every kind', () => {
    for (const kind of Object.keys(failures)) expect(partyOfFailure(kind), kind).toMatch(/^\p{Script=Han}+$/u);
    expect(partyOfFailure('unreachable')).toBe('运营商');
  });

  it('show what an old inspection holds as it stands where the list no longer has it', () => {
    expect([wordsOfFailure('gone_since'), wordsOfStep('gone_since'), partyOfFailure('gone_since')]).toEqual([
      'gone_since',
      'gone_since',
      '—',
    ]);
    expect(wordsOfFailure('constructor')).toBe('constructor');
  });
});
