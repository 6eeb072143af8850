import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { keepFinding } from './finding.ts';
import { recordedCases } from './recorded.ts';
import { Fuzz, mostGrowth, mostMs, type Report } from './run.ts';
import { shares } from './targets.ts';

/**
 * What is resident must not grow by anything but what is kept. So this runs in a process whose young generation stays
 * small (it grows to 100 MB otherwise, once), whose buffers of 64 KiB go back to the system (freed in the order of the
 * garbage, they hold 60 MB apart in the usual heap), and whose threads share one arena (each keeps some 10 MB otherwise).
 */
const steady = '--max-semi-space-size=4';
if (!process.execArgv.includes(steady)) {
  const args = [...process.execArgv, steady, ...process.argv.slice(1)];
  const env = {
    ...process.env,
    MALLOC_MMAP_THRESHOLD_: '65536',
    MALLOC_TRIM_THRESHOLD_: '131072',
    MALLOC_ARENA_MAX: '1',
  };
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', env });
  process.exit(status ?? 1);
}

/** `npm run fuzz -- --runs N [--seed S] [--json]`: exits 1 where something was found, and keeps it as a fixture. */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '20000' }, seed: { type: 'string' }, json: { type: 'boolean' } },
});
const wholeNumber = (name: string, text: string, least: number, most: number): number => {
  if (/^-?\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  process.stderr.write(
    `--${name} 须为 ${least} 至 ${most} 的整数 / --${name}: a whole number from ${least} to ${most}\n`,
  );
  process.exit(2);
};
const runs = wholeNumber('runs', values.runs, 1, 1_000_000_000);
const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed, 0, 2 ** 31 - 1);

const { targets, talks } = shares(runs, recordedCases());
const begun = performance.now();
let told = 0;
const progress = (done: number): void => {
  const now = performance.now();
  if (!process.stderr.isTTY || now - told < 200) return;
  told = now;
  process.stderr.write(`\r${done} / ${runs}, ${Math.round((now - begun) / 1000)} s `);
};
const report = await new Fuzz(seed, targets, talks, progress).run();
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
const markdown = ({ rows, ms, findings, uncaught, growth }: Report): string =>
  [
    '| target | cases | µs / case | slowest ms | findings |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(
      (row) =>
        `| ${row.target} | ${row.runs} | ${row.slowestMs === null ? '—' : Math.round((1000 * row.totalMs) / Math.max(1, row.runs))} | ` +
        `${row.slowestMs === null ? '—' : row.slowestMs.toFixed(1)} | ${row.findings} |`,
    ),
    '',
    `${rows.reduce((sum, row) => sum + row.runs, 0)} cases in ${(ms / 1000).toFixed(1)} s, seed ${seed}: ` +
      `${uncaught.length} uncaught, ${findings.length} findings (slow: over ${mostMs} ms, median of three), ` +
      `grown by ${mib(growth)} (at most ${mib(mostGrowth)})`,
  ].join('\n');

process.stdout.write(values.json === true ? `${JSON.stringify({ ...report, runs })}\n` : `${markdown(report)}\n`);
for (const finding of report.findings) {
  process.stderr.write(`${finding.target}: ${finding.seen}\n  tests/fixtures/fuzz/${keepFinding(finding)}\n`);
}
for (const error of report.uncaught) process.stderr.write(`uncaught: ${error}\n`);
process.exitCode = report.findings.length > 0 || report.uncaught.length > 0 || report.growth > mostGrowth ? 1 : 0;
