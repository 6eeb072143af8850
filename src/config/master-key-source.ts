import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Sentence } from '../sentence.ts';
import type { Config } from './env.ts';
import { readSecret } from './secrets.ts';

/** Where the master keys come from. */
export type MasterKeySource = {
  /** The first wraps, all unwrap. Throws a Sentence. */
  readonly read: () => Promise<Buffer[]>;
  /** null: a command prints them, and only its owner can change what it prints. */
  readonly file: string | null;
};

/** What the source gives is no keys. */
export class MalformedKeys extends Sentence {}

/** A command that asks a vault over a network answers within this, ms, and prints no more than this, bytes. */
const commandMs = 10_000;
const commandBytes = 64 * 1024;
/** One is in use, and those before it go when nothing is wrapped by them any more. */
const mostKeys = 16;

/** Of a file or a command; beside the embedded pair, a file in its folder that is made on first use. */
export const masterKeySource = (config: Config): MasterKeySource => {
  const { keyFile, keyCommand } = config.secrets;
  if (keyCommand !== null) {
    return { file: null, read: async () => keysIn(await printedBy(keyCommand), 'XUNJIAN_KEY_COMMAND') };
  }
  if (keyFile !== null) {
    const name = 'XUNJIAN_KEY_FILE';
    return { file: keyFile, read: async () => keysIn(await readSecret(keyFile, name), name) };
  }
  const file = join(config.dataDir, 'key');
  const read = async (): Promise<Buffer[]> => {
    try {
      await writeFile(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    return keysIn(await readSecret(file, 'key'), file);
  };
  return { file, read };
};

const keysIn = (text: string, name: string): Buffer[] => {
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '');
  const isRight = keys.every((line) => /^[0-9a-f]{64}$/i.test(line));
  if (isRight && keys.length > 0 && keys.length <= mostKeys) return keys.map((line) => Buffer.from(line, 'hex'));
  throw new MalformedKeys(
    `${name}：内容应为每行一个 64 位十六进制密钥（可用 openssl rand -hex 32 生成），1 至 ${mostKeys} 行`,
    `${name}: must hold keys of 64 hexadecimal digits, one a line (openssl rand -hex 32), 1 to ${mostKeys} lines`,
  );
};

/** What a command prints. Neither what it printed nor what it complained of is repeated: both may hold a key. */
const printedBy = ([program, ...words]: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    // In a group of its own, so that what a script started ends with it; one that asks for something is told nothing.
    const child = spawn(program!, words, { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const printed: Buffer[] = [];
    let cut = false;
    const stop = (): void => {
      cut = true;
      child.stdout.destroy();
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It has ended, and so has all that it started.
      }
    };
    let late: NodeJS.Timeout | undefined;
    const fail = (zh: string, en: string): void => {
      clearTimeout(late);
      reject(
        new Sentence(
          `XUNJIAN_KEY_COMMAND 没有给出密钥（${zh}）：请在本机以本服务的账户运行该命令查看原因`,
          `XUNJIAN_KEY_COMMAND gave no key (${en}): run it on this machine under this service's account to see why`,
        ),
      );
    };
    child.on('error', ({ code = '?' }: NodeJS.ErrnoException) => fail(code, code));
    // No file descriptor was left for it: the error comes by itself.
    if (child.stdout === undefined) return;
    late = setTimeout(stop, commandMs);
    let bytes = 0;
    child.stdout.on('data', (some: Buffer) => {
      bytes += some.length;
      if (bytes <= commandBytes) printed.push(some);
      else stop();
    });
    child.on('close', (code, signal) => {
      if (cut)
        fail(`超过 ${commandMs / 1000} 秒或输出过长`, `it took more than ${commandMs / 1000} s or printed too much`);
      else if (code !== 0) fail(`退出码 ${code ?? signal}`, `it exited with ${code ?? signal}`);
      else {
        clearTimeout(late);
        resolve(Buffer.concat(printed).toString('utf8'));
      }
    });
  });

/**
 * Changes what the key file holds, at once or not at all; `change` is given its keys and gives others, or null to leave them.
 * Owner and mode stay as they were. Who changes it meanwhile is refused: of two who both read and then write, one's key
 * would be lost, and with it all that is wrapped by it. A Sentence where it cannot be done.
 */
export const changeMasterKeys = async (
  file: string,
  change: (held: readonly Buffer[]) => Promise<readonly Buffer[] | null>,
): Promise<void> => {
  // A mounted secret is often a link.
  const real = await written(file, () => realpath(file));
  // What is to become the file is the lock as well.
  const fresh = `${real}.lock`;
  const handle = await written(file, () =>
    open(fresh, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? beingChanged(file, fresh) : error;
    }),
  );
  let isLeft = true;
  try {
    const next = await change(keysIn(await readSecret(real, 'XUNJIAN_KEY_FILE'), 'XUNJIAN_KEY_FILE'));
    if (next === null) return;
    if (next.length > mostKeys) {
      throw new Sentence(
        `密钥文件 ${file} 至多 ${mostKeys} 个主密钥：请先运行 xunjian key rotate --master 与 xunjian key forget`,
        `the key file ${file} holds ${mostKeys} master keys at most: run "xunjian key rotate --master" and "xunjian key forget" first`,
      );
    }
    await written(file, async () => {
      const { mode, uid, gid } = await stat(real);
      await handle.writeFile(next.map((key) => `${key.toString('hex')}\n`).join(''));
      await handle.chown(uid, gid);
      await handle.chmod(mode & 0o777);
      await handle.sync();
      await rename(fresh, real);
      isLeft = false;
      const folder = await open(dirname(real), 'r');
      await folder.sync().finally(() => folder.close());
    });
  } finally {
    await handle.close();
    if (isLeft) await rm(fresh, { force: true }).catch(() => {});
  }
};

const written = async <T>(file: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Sentence) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Sentence(
      `密钥文件 ${file}：无法写入（${code}）；请在保存该文件的机器上、以其所有者的账户运行`,
      `the key file ${file}: cannot be written (${code}); run this where the file is kept, as its owner`,
    );
  }
};

const beingChanged = (file: string, lock: string): Sentence =>
  new Sentence(
    `密钥文件 ${file} 正由另一个命令修改；若并没有，请删除上次中断留下的 ${lock} 再运行`,
    `the key file ${file} is being changed by another command; if none runs, remove ${lock}, which an interrupted one left, and run this again`,
  );
