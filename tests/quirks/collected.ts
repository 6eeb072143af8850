import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Proof, Quirk } from './claim.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Full names ("suite > test") of the tests that would run, by file. */
export type Collected = ReadonlyMap<string, readonly string[]>;

/**
 * Loads the test files that the quirks name, and runs none of their tests. Not by reading their text alone, which takes
 * a tenth of the time: the rows of a table have their names only then.
 */
export const collect = async (quirks: readonly Quirk[]): Promise<Collected> => {
  const files = [...new Set(quirks.flatMap(({ tests, recorded }) => [...tests, ...recorded]).map(({ file }) => file))];
  const folder = await mkdtemp(join(tmpdir(), 'xunjian-quirks-'));
  try {
    const out = join(folder, 'tests.json');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const projects = ['unit', 'integration', 'city'].flatMap((name) => ['--project', name]);
    // Not what a test run that we may be in says of itself to its workers.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV$)/.test(name)),
    );
    await promisify(execFile)(
      process.execPath,
      [vitest, 'list', '--no-static-parse', '--no-isolate', `--json=${out}`, ...projects, ...files],
      {
        cwd: root,
        env,
        maxBuffer: 16 << 20,
      },
    );
    const listed = JSON.parse(await readFile(out, 'utf8')) as { name: string; file: string }[];
    const collected = new Map<string, string[]>();
    for (const { name, file } of listed) {
      const path = relative(root, file);
      collected.set(path, [...(collected.get(path) ?? []), name]);
    }
    return collected;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** The full names of what a proof names. */
export const testsOf = ({ file, name }: Proof, collected: Collected): readonly string[] => {
  const part = name.endsWith('*') ? name.slice(0, -1) : name;
  return (collected.get(file) ?? []).filter((full) => full.includes(part));
};

/** What is wrong with the list, a sentence each: a quirk without a test, a test that is not there or not told apart. */
export const faultsOf = (quirks: readonly Quirk[], collected: Collected): string[] => {
  const faults: string[] = [];
  const check = ({ id, words }: Quirk, proof: Proof): void => {
    const found = testsOf(proof, collected);
    const named = `测试“${proof.name}”（${proof.file}）the test "${proof.name}" in ${proof.file}`;
    if (found.length === 0) faults.push(`${id} (${words}): 不存在 missing: ${named}`);
    else if (found.length > 1 && !proof.name.endsWith('*')) {
      faults.push(`${id} (${words}): 不唯一 ${found.length} tests, not one: ${named}`);
    }
  };
  const ids = new Set<string>();
  for (const quirk of quirks) {
    const { id, words, tests, recorded } = quirk;
    if (ids.has(id)) faults.push(`${id} (${words}): 编号重复 this id is there twice`);
    ids.add(id);
    if (tests.length === 0) faults.push(`${id} (${words}): 没有测试 no test proves it`);
    for (const proof of tests) check(quirk, proof);
    // Where the recorded cases are not there, none of these files has a test that would run.
    for (const proof of recorded) if (collected.has(proof.file)) check(quirk, proof);
  }
  return faults;
};
