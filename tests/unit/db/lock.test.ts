import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeLock } from '../../../src/db/embedded/lock.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian-lock-'));
  path = join(folder, 'xunjian.lock');
});
afterEach(() => rm(folder, { recursive: true }));

const holder = async () => JSON.parse(await readFile(path, 'utf8'));

it('a free lock is taken, and then names its holder to everybody else', async () => {
  expect(await takeLock(path)).toBeNull();
  expect(await holder()).toMatchObject({ pid: process.pid });
  expect(await takeLock(path)).toBe(process.pid);
  expect(await readdir(folder)).toEqual(['xunjian.lock']);
});

it('the lock of a process that is gone is taken over', async () => {
  // 2^22 is the kernel's bound of pids (proc(5), pid_max): no process has it.
  await writeFile(path, JSON.stringify({ pid: 2 ** 22, started: '1' }));
  expect(await takeLock(path)).toBeNull();
  expect(await holder()).toMatchObject({ pid: process.pid });
  expect(await readdir(folder)).toEqual(['xunjian.lock']);
});

it('a pid that another process has meanwhile does not keep the lock', async () => {
  await writeFile(path, JSON.stringify({ pid: process.ppid, started: 'in another life' }));
  expect(await takeLock(path)).toBeNull();
});
