import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts a file of this folder as a process of its own, so that its CPU is nobody else's; it ends with `disconnect`. */
export const start = (file: string, args: readonly string[]): ChildProcess =>
  fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: ['--disable-warning=ExperimentalWarning'] });

/** The next message of a child. Throws where it ends instead. */
export const said = async <T>(child: ChildProcess): Promise<T> => {
  const ended = new AbortController();
  const onExit = (code: number | null): void => ended.abort(new Error(`a process of the benchmark ended with ${code}`));
  child.once('exit', onExit);
  try {
    return (await once(child, 'message', { signal: ended.signal }))[0] as T;
  } finally {
    child.off('exit', onExit);
  }
};
