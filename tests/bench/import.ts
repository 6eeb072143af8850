import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { streamXlsxRows, writeXlsxStream } from 'hucre/xlsx';
import { putSite } from '../../src/inventory/site.ts';
import { Sentence } from '../../src/sentence.ts';
import { archiveOf } from '../../src/simulator/archive.ts';
import { inventoryCsv, planCity } from '../../src/simulator/city.ts';
import { clear } from '../integration/schedule/roster.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { type BenchRow, one, ratioOf } from './table.ts';
import { peakMiB } from './usage.ts';

const ports = { rtsp: 554, onvif: 80, refused: 40_001, unreachable: 40_002 };
/** The whole of Liuzhou with its household cameras. */
const cameras = 138_698;
const mostSeconds = 60;

type Taken = { readonly code: number; readonly seconds: number; readonly mib: number };

const run = async (ground: TestGround, file: string): Promise<Taken> => {
  const child = fork(fileURLToPath(new URL('./import-runner.ts', import.meta.url)), [file], {
    env: { ...process.env, ...ground.env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const [taken] = (await Promise.race([
    once(child, 'message'),
    exited.then(() => [{ code: -1, seconds: 0, mib: 0 }]),
  ])) as [Taken];
  await exited;
  return taken;
};

/** Reading the same file with the bare package, rows a second. */
const bareCsv = async (file: string): Promise<number> => {
  const bytes = await readFile(file);
  const began = performance.now();
  parse(bytes, { on_record: () => null });
  return (1_000 * cameras) / (performance.now() - began);
};
const bareXlsx = async (file: string): Promise<number> => {
  const bytes = await readFile(file);
  const began = performance.now();
  for await (const _ of streamXlsxRows(bytes));
  return (1_000 * cameras) / (performance.now() - began);
};

/** Every tenth line gets another maintaining phone and another address. */
const tenthChanged = (rows: readonly (readonly string[])[]): string[][] => {
  const [phone, address] = ['maintaining_phone', 'address'].map((title) => rows[0]!.indexOf(title)) as [number, number];
  return rows.map((row, nth) =>
    row.map((cell, at) => (nth % 10 !== 1 ? cell : at === phone ? '13900000000' : at === address ? `${cell}旁` : cell)),
  );
};

const quoted = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\n');

const asXlsx = async (rows: readonly string[][]): Promise<Buffer> =>
  Buffer.from(await new Response(writeXlsxStream(rows, { name: '点位' }) as never).arrayBuffer());

/** The inventory of the whole city with every column of the archive, on the embedded database, by the command itself. */
export const benchImport = async (_: string, told: (line: string) => void): Promise<BenchRow[]> => {
  const ground = await startGround();
  try {
    const city = planCity({ cameras, seed: 1, household: 0.88 });
    const rows = parse(inventoryCsv(city, ports, archiveOf(city, 1))) as string[][];
    const changed = tenthChanged(rows);
    const table: BenchRow[] = [];
    const amiss: string[] = [];
    for (const format of ['csv', 'xlsx'] as const) {
      told(`import: ${format} of ${cameras} cameras`);
      const [file, next] = [`city.${format}`, `changed.${format}`].map((name) => join(ground.pair.folder, name)) as [
        string,
        string,
      ];
      await writeFile(file, format === 'csv' ? quoted(rows) : await asXlsx(rows));
      await writeFile(next, format === 'csv' ? quoted(changed) : await asXlsx(changed));
      await clear(ground.db);
      for (const site of city.sites) await putSite(ground.db, site);
      const bare = one(await (format === 'csv' ? bareCsv : bareXlsx)(file));
      const peer = { name: `${format === 'csv' ? 'csv-parse' : 'hucre'} alone, reading the file`, ...bare };
      for (const [what, which] of [
        ['first import', file],
        ['the same again', file],
        ['a tenth changed', next],
      ] as const) {
        told(`import: ${format}, ${what}`);
        const { code, seconds, mib } = await run(ground, which);
        if (code !== 0 || seconds > mostSeconds) amiss.push(`${format}, ${what}: ${code}, ${seconds.toFixed(1)} s`);
        const ours = one(cameras / seconds);
        const name = `${cameras} cameras, ${format}, ${what}`;
        table.push({ case: name, unit: 'rows / s', ours, peer, ratio: ratioOf(ours, peer), n: 1 });
        table.push({ case: `${name}: memory`, unit: 'MiB', ours: one(mib), peer: null, ratio: null, n: 1 });
        told(
          `import: ${format}, ${what}: ${seconds.toFixed(1)} s, ${mib} MiB, database ${peakMiB(ground.pair.pids.database)} MiB`,
        );
      }
    }
    if (amiss.length > 0) {
      throw new Sentence(
        `导入失败或超过 ${mostSeconds} 秒（退出码，用时）：${amiss.join('；')}`,
        `imports that failed or took more than ${mostSeconds} s (exit code, seconds): ${amiss.join('; ')}`,
      );
    }
    return table;
  } finally {
    await ground.close();
  }
};
