import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export type Parent = {
  /** What the script said first. */
  readonly said: string;
  /** kill -9; resolves when it is dead. */
  kill(): Promise<void>;
};

/** Runs `script` (an ES module in JavaScript) in a process of its own until it says one line. */
export const startParent = async (script: string): Promise<Parent> => {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [said] = await once(createInterface(child.stdout), 'line');
  return {
    said,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
};

/** False for a zombie too: it is dead, and only waits for whoever adopted it. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
