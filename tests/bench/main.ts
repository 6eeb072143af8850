import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { benchPicture } from './picture.ts';
import { type Bench, type BenchRow, markdown } from './table.ts';

/** `npm run bench -- NAME [--json]`. */
const benches: Readonly<Record<string, (clipsDir: string, told: (line: string) => void) => Promise<BenchRow[]>>> = {
  picture: benchPicture,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
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
const rows = await bench(clipsDir, (line) => process.stderr.write(`${line} …\n`));
const result: Bench = { bench: name, at: new Date().toISOString(), cores: availableParallelism(), rows };
process.stdout.write(values.json === true ? `${JSON.stringify(result)}\n` : `${markdown(result)}\n`);
