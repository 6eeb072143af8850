import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type FailureFacts,
  type FailureKind,
  fail,
  failures,
  imageAfter,
  isFailure,
  onlineAfter,
} from '../../../probes/failure.ts';

const listed = Object.entries(failures) as [FailureKind, FailureFacts][];

describe('the closed list of failures', () => {
  it.each(listed)('%s says what it is in Chinese and in English', (_, { zh, en }) => {
    expect(zh).toMatch(/^[^a-z]*\p{Script=Han}/u);
    expect(zh).not.toMatch(/[.。]$/);
    expect(en).toMatch(/^[A-Z][ -~]+[^.]$/);
  });

  it('is the table of the README: the same kinds, origins and sentences in the same order', () => {
    const readme = readFileSync(new URL('../../../probes/README.md', import.meta.url), 'utf8');
    const rows = readme
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(rows).toEqual(listed.map(([kind, { origin, zh, en }]) => [`\`${kind}\``, origin, zh, en]));
  });
});

describe('what a failure costs', () => {
  it('never is a no where the fault is ours', () => {
    for (const [kind, { origin }] of listed) {
      const failure = fail(kind, 'connect', '');
      expect([kind, onlineAfter(false, failure)]).toEqual([kind, origin === 'ours' ? 'unknown' : 'no']);
      expect([kind, imageAfter(failure)]).toEqual([kind, origin === 'ours' || kind === 'busy' ? 'unknown' : 'no']);
    }
  });

  it('is not the online of a device that was heard, whatever it said', () => {
    for (const [kind] of listed) expect(onlineAfter(true, fail(kind, 'describe', ''))).toBe('yes');
    expect(onlineAfter(true, null)).toBe('yes');
  });

  it('is told from whatever else a step may give', () => {
    expect(isFailure(fail('busy', 'setup', '453'))).toBe(true);
    expect(isFailure({ status: 200 })).toBe(false);
    expect(isFailure({})).toBe(false);
  });
});
