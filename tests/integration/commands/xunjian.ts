import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../../src/xunjian.sh', import.meta.url));

export type Env = Readonly<Record<string, string>>;
export type Ran = { readonly code: number; readonly out: string; readonly err: string };

const environment = (env: Env): Env => ({ PATH: '/usr/bin:/bin', ...env });

/** Runs the bin as a person does, in a folder and an environment of its own; what it says, and its exit code. */
export const xunjian = (env: Env, ...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(bin, args, { env: environment(env) }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err });
    });
  });

/** The same with nobody who reads what it prints; its exit code and complaints. */
export const unread = async (env: Env, ...args: readonly string[]): Promise<Omit<Ran, 'out'>> => {
  const child = spawn(bin, args, { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const complaints: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => complaints.push(bytes));
  const [code] = (await once(child, 'close')) as [number];
  return { code, err: Buffer.concat(complaints).toString() };
};

export type Running = {
  /** The first line on stdout, or on stderr for the roles, which print nothing on stdout. */
  readonly said: string;
  /** All that it has said there until now. */
  readonly lines: readonly string[];
  /** Ctrl-C; gives the exit code. */
  stop(): Promise<number | null>;
};

/** Starts a command that runs until Ctrl-C, and waits for its first line. */
export const start = async (env: Env, ...args: readonly string[]): Promise<Running> => {
  const role = ['serve', 'api', 'worker', 'scheduler'].includes(args[0]!);
  const child: ChildProcess = spawn(bin, args, {
    env: environment(env),
    stdio: ['ignore', role ? 'ignore' : 'pipe', role ? 'pipe' : 'inherit'],
  });
  const reader = createInterface((role ? child.stderr : child.stdout)!);
  const lines: string[] = [];
  reader.on('line', (line) => lines.push(line));
  const [said] = (await once(reader, 'line')) as [string];
  return {
    said,
    lines,
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGINT');
      const [code] = (await gone) as [number | null];
      return code;
    },
  };
};
