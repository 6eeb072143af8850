import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Sentence } from '../../src/sentence.ts';
import { benchApi } from './api.ts';
import { amiss, cases } from './cases.ts';
import { benchCity } from './city.ts';
import { benchImport } from './import.ts';
import { benchOnline } from './online.ts';
import { benchPicture } from './picture.ts';
import { benchQueue } from './queue.ts';
import { putIntoReadmes } from './readme.ts';
import { benchReports } from './reports.ts';
import { benchStore } from './store.ts';
import { benchSweep } from './sweep.ts';
import { type Bench, type BenchRow, markdown } from './table.ts';
import { benchTarpits } from './tarpits.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, readme: { type: 'boolean' }, days: { type: 'string', default: '12' } },
});
const days = Number(values.days);
if (!Number.isInteger(days) || days < 2) {
  process.stderr.write(
    `--days：应为不小于 2 的整数，而不是“${values.days}” / --days must be a whole number from 2 on\n`,
  );
  process.exit(2);
}

/**
 * `npm run bench -- NAME [--json] [--readme] [--days N]`; `--readme` puts the table into both READMEs, `--days` is of
 * reports. Ends with 1 and a sentence where a benchmark holds us to something that was not kept.
 */
const benches: Readonly<Record<string, (clipsDir: string, told: (line: string) => void) => Promise<BenchRow[]>>> = {
  api: (_, told) => benchApi(told),
  city: benchCity,
  import: benchImport,
  online: benchOnline,
  picture: benchPicture,
  queue: benchQueue,
  reports: (_, told) => benchReports(days, told),
  store: benchStore,
  sweep: benchSweep,
  tarpits: benchTarpits,
};

const name = positionals[0] ?? '';
const bench = benches[name];
if (bench === undefined) {
  const list = Object.keys(benches).join(', ');
  process.stderr.write(`没有名为“${name}”的基准测试；可选：${list} / no benchmark "${name}"; one of: ${list}\n`);
  process.exit(2);
}
// Beside the demo's clips: filmed once.
const clipsDir = '.xunjian/clips';
mkdirSync(clipsDir, { recursive: true });
const rows = await bench(clipsDir, (line) => process.stderr.write(`${line} …\n`)).catch((cause: unknown) => {
  if (!(cause instanceof Sentence)) throw cause;
  process.stderr.write(`${cause.message}\n`);
  process.exit(1);
});
const wrong =
  name in cases
    ? amiss(
        name,
        rows.map((row) => row.case),
      )
    : [];
if (wrong.length > 0) throw new Error(`the rows are not those that the READMEs are held to: ${wrong.join('; ')}`);
const result: Bench = { bench: name, at: new Date().toISOString(), cores: availableParallelism(), rows };
process.stdout.write(values.json === true ? `${JSON.stringify(result)}\n` : `${markdown(result)}\n`);
if (values.readme === true) putIntoReadmes(name, markdown(result));
