import { describe, expect, it } from 'vitest';
import { keptFindings } from '../../fuzz/finding.ts';
import { nothingRecorded } from '../../fuzz/recorded.ts';
import { msOf } from '../../fuzz/run.ts';
import { talksBy, targetsBy } from '../../fuzz/targets.ts';

const targets = targetsBy(nothingRecorded);
const talks = talksBy();

/** What only takes quadratic time takes seconds; the fuzzer's own bound of 10 ms is for a machine that does nothing else. */
const mostMs = 150;

describe('what fuzzing once found', () => {
  it.each(keptFindings())('$name ($finding.seen) is found no more', async ({ finding }) => {
    const target = targets.get(finding.target);
    if (target !== undefined) {
      expect(msOf(target, finding.input)).toBeLessThan(mostMs);
      return;
    }
    const talker = await talks.get(finding.target)!.open();
    try {
      await talker.check(finding.input);
    } finally {
      await talker.close();
    }
  });
});
