import stringWidth from 'string-width';
import type { Group, Quirk } from './claim.ts';
import { type Collected, collect, faultsOf, testsOf } from './collected.ts';
import { groups, quirks } from './list.ts';

/** `npm run quirks`: the table of quirks and of the tests that prove them; exit code 1 where one is missing. */

const columns = ['怪癖 quirk', '报告 reports', '测试 tests'] as const;

/** Rows of one quirk: its words and reports stand in the first, each has one test. */
const rowsOf = ({ words, reports, tests, recorded }: Quirk, collected: Collected): string[][] => {
  const names = [...tests, ...recorded].flatMap((proof) => {
    const found = testsOf(proof, collected);
    const short = proof.file.replace(/^tests\/|\.test\.ts$/g, '');
    if (found.length === 0) return [];
    return [found.length === 1 ? `${short}: ${found[0]}` : `${short}: ${found[0]} (+${found.length - 1})`];
  });
  const shown = names.length === 0 ? ['—'] : names;
  return shown.map((name, nth) => (nth === 0 ? [words, reports.join(', '), name] : ['', '', name]));
};

const table = (rows: readonly (readonly string[])[]): string => {
  const all = [columns, ...rows];
  // The last column is left ragged: it is the longest, and a terminal wraps what is padded.
  const widths = [0, 1].map((at) => Math.max(...all.map((row) => stringWidth(row[at]!))));
  const line = (row: readonly string[], fill = ' '): string =>
    `| ${row.map((cell, at) => cell + fill.repeat(Math.max(0, (widths[at] ?? 0) - stringWidth(cell)))).join(' | ')} |`;
  return [line(columns), line(['---', '---', '---'], '-'), ...rows.map((row) => line(row))].join('\n');
};

const collected = await collect(quirks);
for (const group of Object.keys(groups) as Group[]) {
  const listed = quirks.filter((quirk) => quirk.group === group);
  const rows = listed.flatMap((quirk) => rowsOf(quirk, collected));
  process.stdout.write(`\n### ${groups[group]} (${listed.length})\n\n${table(rows)}\n`);
}
const faults = faultsOf(quirks, collected);
const proofs = new Set(quirks.flatMap(({ tests }) => tests.map(({ file, name }) => `${file} ${name}`)));
if (faults.length === 0) {
  const [count, tests] = [quirks.length, proofs.size];
  process.stdout.write(
    `\n${count} 个怪癖，${tests} 处测试，无一缺失 / ${count} quirks, ${tests} tests named, none missing\n`,
  );
} else {
  process.stderr.write(`\n${faults.map((fault) => `- ${fault}\n`).join('')}`);
  process.exitCode = 1;
}
