import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
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

/** Processes whose parent is `pid`, from /proc; zombies are none. */
export const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(parent) === pid && state !== 'Z';
      } catch {
        return false;
      }
    })
    .map(Number);
