import { readFile } from 'node:fs/promises';
import { importRows } from '../inventory/import.ts';
import { type Fault, readSheet } from '../inventory/sheet.ts';
import { sites } from '../inventory/site.ts';
import { units } from '../inventory/unit.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { exit } from './exit.ts';

/** Bad rows that are printed one by one; of more, their number is told. */
const mostShown = 50;

/** Reads a sheet against the units and sites there are, and brings the inventory to it: all of it or nothing. */
export const importFile = async (
  { db, vault }: Ground,
  file: string,
  options: { dryRun?: true; json?: true },
): Promise<number> => {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new Sentence(`文件 ${file}：无法读取（${error.code}）`, `file ${file}: cannot be read (${error.code})`);
  });
  const known = new Map((await units(db)).flatMap(({ code, name }) => [[code, code] as const, [name, code] as const]));
  const { rows, faults } = readSheet(bytes, known, new Set((await sites(db)).map(({ code }) => code)));
  if (faults.length > 0) {
    if (options.json === true) process.stdout.write(`${JSON.stringify({ faults })}\n`);
    else process.stderr.write(complaint(file, faults));
    return exit.usage;
  }
  const dryRun = options.dryRun === true;
  const counts = await importRows(db, vault, rows, dryRun);
  const { added, changed, same } = counts;
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ dryRun, ...counts })}\n`
      : `${dryRun ? '试运行，未写入：' : ''}新增 ${added} 个点位，更改 ${changed} 个，未变 ${same} 个。\n` +
          `${dryRun ? 'Dry run, nothing written: ' : ''}${added} cameras added, ${changed} changed, ${same} as they were.\n`,
  );
  return exit.ok;
};

const complaint = (file: string, faults: readonly Fault[]): string => {
  const lines = faults
    .slice(0, mostShown)
    .map(({ line, column, value, zh, en }) => `  第 ${line} 行 line ${line}，${column} = "${value}"：${zh} / ${en}`);
  const more = faults.length - lines.length;
  if (more > 0) lines.push(`  …… 另有 ${more} 处 / and ${more} more`);
  return (
    `${file}：有 ${faults.length} 处错误，未写入任何点位：\n` +
    `${file}: ${faults.length} faults, nothing was written:\n${lines.join('\n')}\n`
  );
};
