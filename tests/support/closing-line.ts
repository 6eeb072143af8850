import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with "N passed, N failed", alone on its line: what .ci/run promises. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let passed = 0;
    let failed = 0;
    let skipped = 0;
    for (const module of modules) {
      // A file that does not load has no tests, and is a failure all the same.
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else skipped++;
      }
    }
    const rest = skipped === 0 ? '' : `, ${skipped} skipped`;
    process.on('exit', () => process.stdout.write(`${passed} passed, ${failed} failed${rest}\n`));
  }
}
