import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { amiss, cases } from '../bench/cases.ts';
import { markdown } from '../bench/table.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (name: string): Promise<string> => readFile(join(root, name), 'utf8');
const help = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(join(root, 'src/xunjian.sh'), [...args, '--help'])).stdout;

const pages = ['README.md', 'README.zh-CN.md'] as const;
const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found]) => found!);

describe.each(pages)('%s', (page) => {
  it('names only commands and options that there are', async () => {
    const text = await read(page);
    const whole = await help();
    const commands = matches(whole, /^ {2}([a-z]+) /gm).filter((name) => name !== 'help');
    const told = matches(text, /(?:npx |`)xunjian ([a-z]+)/g);
    expect(told.filter((name) => !commands.includes(name))).toEqual([]);
    expect(commands.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
    for (const line of matches(text, /((?:npx xunjian|`xunjian|npm run demo --) [^\n]*)/g)) {
      const [name, sub] = /xunjian ([a-z]+)(?: ([a-z]+))?/.exec(line)?.slice(1) ?? ['demo'];
      const own = await help(name!);
      const known = new RegExp(`^ {2}${sub} `, 'm').test(own) ? await help(name!, sub!) : own;
      const options = matches(line.replace(/`[^`]*`\s*·.*/, ''), /(--[a-z-]+)/g);
      expect(options.filter((option) => !known.includes(option)).map((option) => `${name} ${option}`)).toEqual([]);
    }
  });

  it('names only npm scripts that there are, and links only to files that there are', async () => {
    const text = await read(page);
    const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
    expect(matches(text, /npm run ([a-z]+)/g).filter((name) => !(name in scripts))).toEqual([]);
    expect(matches(text, /\]\(([^)#]+)\)/g).filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });
});

it('both READMEs say the same: the same sections, commands, tables and figures', async () => {
  const [english, chinese] = await Promise.all(pages.map(read));
  const shape = (text: string) => ({
    sections: matches(text, /^(#+) /gm),
    rows: matches(text, /^(\|)/gm).length,
    points: matches(text, /^(- )/gm).length,
    commands: matches(text, /^((?:npx xunjian|npm run|export) [^#\n]*)/gm).map((line) => line.trim()),
    benches: [...text.matchAll(/<!-- bench (\w+) -->([\s\S]*?)<!-- \/bench \1 -->/g)].map(([, , table]) => table),
  });
  expect(shape(chinese!)).toEqual(shape(english!));
});

it.each(Object.keys(cases))(
  'the table of the benchmark %s has the rows that it gives, and no others',
  async (bench) => {
    for (const page of pages) {
      const table = new RegExp(`<!-- bench ${bench} -->([\\s\\S]*?)<!-- /bench ${bench} -->`).exec(
        await read(page),
      )?.[1];
      expect(table, `${page} has a table of ${bench}`).toBeDefined();
      const [head, rule, ...rows] = table!.trim().split('\n');
      expect(`${head}\n${rule}`).toBe(markdown({ bench, at: '', cores: 0, rows: [] }));
      expect(
        amiss(
          bench,
          rows.map((row) => row.split(' | ')[0]!.slice(2)),
        ),
      ).toEqual([]);
      expect(rows.filter((row) => row.split(' | ').length !== 6 || !/\d/.test(row.split(' | ')[1]!))).toEqual([]);
    }
  },
);

it('the map names every folder of src/', async () => {
  const { stdout } = await promisify(execFile)('git', ['ls-files', 'src'], { cwd: root });
  const folders = new Set(matches(stdout, /^src\/([a-z]+)\//gm));
  const map = await read('src/README.md');
  expect([...folders].filter((name) => !map.includes(`\`${name}/\``))).toEqual([]);
});
