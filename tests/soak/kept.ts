import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Exit } from './bounds.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** What systemd waits by the service file of a careful person, ms. */
const againMs = 1_000;

/** `xunjian …` in a process of its own that is started anew whenever it ends, as a service manager does. */
export class Kept {
  readonly args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: number;
  #child: ChildProcess | null = null;
  #stopping = false;
  /** Those that nobody killed and nobody stopped; times in ms since 1970. */
  readonly exits: Exit[] = [];
  #killed = false;
  #timer: NodeJS.Timeout | null = null;
  /** The most memory that any one process of it has ever held (VmHWM), KiB. */
  peakKiB = 0;
  starts = 0;

  /** `log` is a file that is open for writing. */
  constructor(args: readonly string[], env: Readonly<Record<string, string>>, log: number) {
    this.args = args;
    this.#env = { PATH: process.env.PATH, ...env };
    this.#log = log;
    this.#start();
  }

  #start(): void {
    this.starts += 1;
    this.#killed = false;
    const startedAt = Date.now();
    // setpriv becomes node: one process, which the kernel ends with this one, however that ends.
    const command = ['--pdeathsig', 'KILL', process.execPath, '--disable-warning=ExperimentalWarning', main];
    const child = spawn('/usr/bin/setpriv', [...command, ...this.args], {
      env: this.#env,
      stdio: ['ignore', 'ignore', this.#log],
      // A Ctrl-C in the terminal is for the soak, which stops it in order.
      detached: true,
    });
    this.#child = child;
    child.once('exit', () => {
      this.#child = null;
      if (!this.#stopping && !this.#killed) this.exits.push({ startedAt, at: Date.now() });
      if (!this.#stopping) this.#timer = setTimeout(() => this.#start(), againMs);
    });
  }

  /** Reads what the kernel says of its memory now. */
  sample(): void {
    try {
      const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
      this.peakKiB = Math.max(this.peakKiB, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // It ended a moment ago.
    }
  }

  kill(): void {
    this.sample();
    this.#killed = this.#child !== null;
    this.#child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const child = this.#child;
    if (child === null) return;
    this.sample();
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}
