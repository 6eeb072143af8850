import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type SoakReport, soak } from './run.ts';

/** `npm run soak -- --minutes M [--cameras N] [--seed S] [--json]`: exits 1 where the history is not the truth. */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    cameras: { type: 'string', default: '2000' },
    seed: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const wholeNumber = (name: string, text: string, least: number, most: number): number => {
  if (/^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  process.stderr.write(
    `--${name} 须为 ${least} 至 ${most} 的整数 / --${name}: a whole number from ${least} to ${most}\n`,
  );
  process.exit(2);
};
const minutes = wholeNumber('minutes', values.minutes, 1, 1440);
const cameras = wholeNumber('cameras', values.cameras, 100, 200_000);
const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed, 0, 2 ** 31 - 1);

const counts = (of: Readonly<Record<string, number>>): string =>
  Object.entries(of)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none';

const words = (report: SoakReport): string =>
  [
    `${report.cameras} cameras for ${report.minutes} min, seed ${report.seed}; ${report.seconds} s in all`,
    `happened      ${counts(report.happened)}; faults that came or went ${report.faults}`,
    `probes        planned ${report.planned}, stored ${report.stored}, of which while the fault changed ${report.changing}`,
    `skipped       ${counts(report.skipped)}; by the cut-off of an inspection ${report.cutOff}`,
    `unknown, ours ${counts(report.ours)}`,
    `failed logins at ${report.failedLogins} devices`,
    `workers       ${report.workers.map(({ peakMiB, starts }) => `${peakMiB} MiB (VmHWM), started ${starts} times`).join('; ')}`,
    report.differences.length === 0
      ? 'the history is the truth, slot by slot'
      : `${report.differences.length} differences:\n${report.differences.map((line) => `  ${line}`).join('\n')}`,
  ].join('\n');

const report = await soak({ minutes, cameras, seed }, (line) => process.stderr.write(`${line}\n`));
process.stdout.write(values.json === true ? `${JSON.stringify(report)}\n` : `${words(report)}\n`);
process.exitCode = report.differences.length === 0 ? 0 : 1;
