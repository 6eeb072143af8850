import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepFinding, readFinding } from '../../fuzz/finding.ts';
import { nothingRecorded } from '../../fuzz/recorded.ts';
import { Fuzz } from '../../fuzz/run.ts';
import type { Target } from '../../fuzz/target.ts';
import { shares } from '../../fuzz/targets.ts';

const silently = (): void => {};

describe('fuzzing', () => {
  it('finds nothing in some thousand cases of a fixed seed', async () => {
    const { targets, talks } = shares(6_000, nothingRecorded);
    const { rows, findings, uncaught } = await new Fuzz(20_260_101, targets, talks, silently).run();
    expect(rows.reduce((sum, { runs }) => sum + runs, 0)).toBe(6_000);
    // On a machine that runs all tests at once a slow case is the machine's; `npm run fuzz` looks at the time.
    const unsound = findings.filter(({ seen }) => !seen.startsWith('slow'));
    expect(unsound.map((finding) => `${finding.seen}: ${JSON.stringify(finding)}`)).toEqual([]);
    expect(uncaught).toEqual([]);
  });

  it('finds what throws, makes it small, and keeps it so that it can be tried again', async () => {
    const target: Target<Buffer> = {
      name: 'broken',
      inputs: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      check(bytes) {
        if (bytes.includes(0x24)) throw new Error('a dollar');
      },
    };
    const { findings } = await new Fuzz(1, [{ target: target as Target, runs: 3_000 }], [], silently).run();
    expect(findings).toEqual([
      { target: 'broken', seen: 'Error: a dollar', seed: expect.any(Number), input: Buffer.from('$') },
    ]);
    const folder = mkdtempSync(join(tmpdir(), 'xunjian-fuzz-'));
    try {
      const name = keepFinding(findings[0]!, folder);
      expect(readdirSync(folder)).toEqual([name]);
      expect(readFinding(readFileSync(join(folder, name), 'utf8'))).toEqual(findings[0]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('finds what takes too long, by the median of three', async () => {
    let pauses = 0;
    // By the thread's own time: on a busy machine 15 ms by the clock may be 5 of work, which is nobody's fault.
    const used = (): number => process.threadCpuUsage().user / 1_000;
    const hold = (ms: number): void => {
      for (const end = used() + ms; used() < end; );
    };
    const target: Target<number> = {
      name: 'slow',
      inputs: fc.nat(9),
      check(number) {
        if (number === 7) hold(25);
        // A pause that does not come again is the machine's.
        else if (pauses++ === 0) hold(25);
      },
    };
    const { findings } = await new Fuzz(1, [{ target: target as Target, runs: 60 }], [], silently).run();
    expect(findings).toMatchObject([{ target: 'slow', seen: expect.stringMatching(/^slow: \d+ ms$/), input: 7 }]);
  });
});
