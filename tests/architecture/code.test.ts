import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a tool of node_modules in the project's root; gives its exit code and what it printed. */
const run = async (bin: string, ...args: string[]): Promise<{ code: number; said: string }> => {
  const ours = join(root, 'node_modules/.bin');
  try {
    const env = { ...process.env, PATH: `${ours}:${process.env.PATH}` };
    const { stdout, stderr } = await promisify(execFile)(join(ours, bin), args, {
      cwd: root,
      env,
      maxBuffer: 16 << 20,
    });
    return { code: 0, said: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, said: stdout + stderr };
  }
};

/** What git knows and what it would add. */
const files = async (): Promise<string[]> => {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await promisify(execFile)('git', list, { cwd: root, maxBuffer: 16 << 20 });
  return stdout.split('\n').filter((name) => name !== '');
};

describe('the code', () => {
  it('is formatted and free of what the linter knows', async () => {
    const { code, said } = await run('biome', 'check', '--error-on-warnings', '--colors=off');
    expect(code, said).toBe(0);
  });

  it('holds its types, and so does the library by itself', async () => {
    const whole = await run('tsc', '--noEmit', '-p', 'tsconfig.json');
    expect(whole.said).toBe('');
    const library = await run('tsc', '--noEmit', '--emitDeclarationOnly', 'false', '-p', 'probes/tsconfig.json');
    expect(library.said).toBe('');
  });

  it('stands in the folders of the house and in no others', async () => {
    const top = new Set((await files()).filter((name) => name.includes('/')).map((name) => name.split('/')[0]!));
    const open = [...top].filter((name) => !name.startsWith('.')).sort();
    expect(open).toEqual(['dashboards', 'docker', 'migrations', 'probes', 'src', 'tests']);
  });

  it('reads the environment in one file only', async () => {
    const readers: string[] = [];
    for (const name of (await files()).filter((file) => /^(src|probes)\/.*\.ts$/.test(file))) {
      if (/\bprocess\.env\b/.test(await readFile(join(root, name), 'utf8'))) readers.push(name);
    }
    expect(readers).toEqual(['src/commands/lines/run.ts']);
  });

  it('locks its packages by version and hash, without an address', async () => {
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }>;
    };
    const packages = Object.entries(lock.packages).filter(([name]) => name !== '');
    expect(packages.length).toBeGreaterThan(100);
    expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([name]) => name)).toEqual([]);
    expect(packages.filter(([, { integrity, link }]) => !integrity && !link).map(([name]) => name)).toEqual([]);
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
      await readFile(join(root, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    const loose = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
  });
});
