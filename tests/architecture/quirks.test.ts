import { beforeAll, describe, expect, it } from 'vitest';
import type { Quirk } from '../quirks/claim.ts';
import { type Collected, collect, faultsOf } from '../quirks/collected.ts';
import { quirks } from '../quirks/list.ts';

describe('the quirks of real cameras', () => {
  let collected: Collected;
  beforeAll(async () => {
    collected = await collect(quirks);
  }, 60_000);

  it('are each proved by tests that there are', () => {
    expect(faultsOf(quirks, collected)).toEqual([]);
    expect(quirks.length).toBeGreaterThan(80);
  });

  it('would be told where a test is gone, is not the only one of its name, or where there is none', () => {
    const [real] = quirks[0]!.tests;
    const odd = (id: string, tests: Quirk['tests']): Quirk => ({ ...quirks[0]!, id, tests, recorded: [] });
    const faults = faultsOf(
      [
        odd('gone', [{ file: real!.file, name: 'a story that nobody tells' }]),
        odd('vague', [{ file: real!.file, name: ' > ' }]),
        odd('table', [{ file: real!.file, name: ' > *' }]),
        odd('none', []),
        odd('none', [real!]),
      ],
      collected,
    );
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual(['gone', 'vague', 'none', 'none']);
  });
});
