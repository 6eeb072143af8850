import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/env.ts';
import {
  changeMasterKeys,
  MalformedKeys,
  type MasterKeySource,
  masterKeySource,
} from '../../../src/config/master-key-source.ts';
import { Sentence } from '../../../src/sentence.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian-key-'));
});
afterEach(() => rm(folder, { recursive: true }));

const servers = { XUNJIAN_DATABASE_URL: 'postgresql://db/x', XUNJIAN_REDIS_URL: 'redis://q' };
const [one, other] = [randomBytes(32), randomBytes(32)];
const hex = (...keys: Buffer[]): string => keys.map((key) => key.toString('hex')).join('\n');

const ofFile = async (text: string): Promise<MasterKeySource> => {
  const file = join(folder, 'key');
  await writeFile(file, text);
  return masterKeySource(readConfig({ ...servers, XUNJIAN_KEY_FILE: file }));
};
/** Of this program, as Node runs it. */
const ofCommand = async (program: string): Promise<MasterKeySource> => {
  const file = join(folder, 'print-key.mjs');
  await writeFile(file, program);
  return masterKeySource(readConfig({ ...servers, XUNJIAN_KEY_COMMAND: `'${process.execPath}' '${file}' "a b"` }));
};
const refusal = async ({ read }: MasterKeySource): Promise<Sentence> => {
  const error: unknown = await read().then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Sentence);
  return error as Sentence;
};

describe('a key file', () => {
  it('holds a key a line, the first of which is in use; blank lines and the end of the last are nothing', async () => {
    expect(await (await ofFile(hex(one))).read()).toEqual([one]);
    expect(await (await ofFile(`${hex(one, other).toUpperCase()}\r\n\n`)).read()).toEqual([one, other]);
  });

  it.each([
    ['nothing', ''],
    ['a key cut short', hex(one).slice(1)],
    ['a password', 'opensesame'],
    ['a remark', `# old\n${hex(one)}`],
    ['more keys than anybody keeps', Array(17).fill(hex(one)).join('\n')],
  ])('that holds %s is refused without being repeated', async (_, text) => {
    const told = await refusal(await ofFile(text));
    expect(told).toBeInstanceOf(MalformedKeys);
    expect(told.message).toMatch(/XUNJIAN_KEY_FILE.*openssl rand -hex 32/);
    expect(told.message).not.toContain('opensesame');
  });

  it('that is not there is told by its name', async () => {
    const source = await ofFile(hex(one));
    await rm(source.file!);
    expect((await refusal(source)).message).toContain(`XUNJIAN_KEY_FILE=${source.file}`);
  });

  it('beside the embedded pair is made on first use, for its owner only, and stays', async () => {
    const source = masterKeySource(readConfig({ XUNJIAN_DATA_DIR: folder }));
    const [key] = await source.read();
    expect(key).toHaveLength(32);
    expect(await source.read()).toEqual([key]);
    expect((await stat(source.file!)).mode & 0o777).toBe(0o600);
  });

  it('is written at once, through a link, with the mode that it had, and leaves nothing beside it', async () => {
    const { file, read } = await ofFile(hex(one));
    await chmod(file!, 0o440);
    const link = join(folder, 'link');
    await symlink('key', link);
    await changeMasterKeys(link, async (held) => {
      expect(held).toEqual([one]);
      return [other, ...held];
    });
    expect(await read()).toEqual([other, one]);
    expect((await stat(file!)).mode & 0o777).toBe(0o440);
    expect((await readdir(folder)).sort()).toEqual(['key', 'link']);
    expect(await readFile(link, 'utf8')).toBe(`${hex(other, one)}\n`);
  });

  it('that cannot be written is told in words, and is as it was', async () => {
    const change = async (): Promise<Buffer[]> => [one];
    await expect(changeMasterKeys('/proc/self/cmdline', change)).rejects.toThrow(Sentence);
    await expect(changeMasterKeys(join(folder, 'none'), change)).rejects.toThrow(/ENOENT/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is changed by one at a time: who comes meanwhile, or after one that died, is told, and no key is lost', async () => {
    const { file, read } = await ofFile(hex(one));
    const third = randomBytes(32);
    const add = (key: Buffer) => changeMasterKeys(file!, async (held) => [key, ...held]);
    const changed = await Promise.allSettled([add(other), add(third)]);
    const refused = changed.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]!.reason).toBeInstanceOf(Sentence);
    expect(String(refused[0]!.reason)).toContain(`${file}.lock`);
    expect(await read()).toHaveLength(2);
    await writeFile(`${file}.lock`, '');
    await expect(add(third)).rejects.toThrow(`${file}.lock`);
    await rm(`${file}.lock`);
    await expect(changeMasterKeys(file!, () => Promise.reject(new Sentence('无', 'no')))).rejects.toThrow('no');
    await changeMasterKeys(file!, async () => null);
    expect(await read()).toHaveLength(2);
    expect(await readdir(folder)).toEqual(['key']);
  });

  it('never gets more keys than it is read with again', async () => {
    const full = Array<Buffer>(16).fill(one);
    const { file, read } = await ofFile(hex(...full));
    await expect(changeMasterKeys(file!, async (held) => [other, ...held])).rejects.toThrow(/key forget/);
    expect(await read()).toEqual(full);
    expect(await readdir(folder)).toEqual(['key']);
  });
});

describe('a key command', () => {
  it('prints the keys; its words reach it as they are, and its stdin has ended', async () => {
    const source = await ofCommand(`
      if (process.argv[2] !== 'a b') process.exit(9);
      process.stdin.on('end', () => process.stdout.write('${hex(one)}\\n${hex(other)}\\n')).resume();
    `);
    expect(source.file).toBeNull();
    expect(await source.read()).toEqual([one, other]);
  });

  it('that fails is told by its exit code; what it said is not repeated', async () => {
    const source = await ofCommand(
      `console.log('opensesame'); console.error('token opensesame'); process.exitCode = 7;`,
    );
    const told = await refusal(source);
    expect(told.message).toMatch(/XUNJIAN_KEY_COMMAND.*7/);
    expect(`${told.message} ${told.stack} ${String(told.cause)}`).not.toContain('opensesame');
  });

  it('that prints something else is refused without being repeated, and one that prints without end is ended', async () => {
    const told = await refusal(await ofCommand(`console.log('opensesame');`));
    expect(told).toBeInstanceOf(MalformedKeys);
    expect(told.message).not.toContain('opensesame');
    const endless = await ofCommand(`const line = 'x'.repeat(10_000); for (;;) process.stdout.write(line);`);
    expect((await refusal(endless)).message).toContain('XUNJIAN_KEY_COMMAND');
  });

  it('that is ended takes with it what it started', async () => {
    const note = join(folder, 'pid');
    const source = await ofCommand(`
      import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      const { pid } = spawn('sleep', ['1000'], { stdio: 'inherit' });
      writeFileSync('${note}', String(pid));
      for (;;) process.stdout.write('x'.repeat(10_000));
    `);
    expect((await refusal(source)).message).toContain('XUNJIAN_KEY_COMMAND');
    const pid = await readFile(note, 'utf8');
    const stateOf = (): Promise<string> => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone');
    // Dead, or gone where whoever inherited it has looked.
    await expect.poll(stateOf).toMatch(/^gone$|\) [ZX] /);
  });

  it('that is not there is told', async () => {
    const source = masterKeySource(readConfig({ ...servers, XUNJIAN_KEY_COMMAND: join(folder, 'none') }));
    expect((await refusal(source)).message).toMatch(/XUNJIAN_KEY_COMMAND.*ENOENT/);
  });
});
