import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const xunjian = fileURLToPath(new URL('../../src/xunjian.sh', import.meta.url));

/** `xunjian worker` in a process of its own. Every program on the way becomes the next: kill -9 hits the worker. */
export const startWorkerProcess = (env: Readonly<Record<string, string>>, sites: readonly string[]): ChildProcess =>
  // It ends with whoever started it, however that ends: a test that runs out of its time leaves nobody behind.
  spawn('setpriv', ['--pdeathsig', 'KILL', xunjian, 'worker', '--site', ...sites], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });

/** Ends it by `signal`; resolves when it is gone, also where it was already. */
export const end = async (worker: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const gone = once(worker, 'exit');
  worker.kill(signal);
  await gone;
};

/** Asks again and again until `done`; the answer is a state of the world, not a time. */
export const until = async (done: () => Promise<boolean>): Promise<void> => {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 50));
};
