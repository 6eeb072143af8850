import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Sentence } from '../../sentence.ts';
import type { StartReport } from './server.ts';
import { prepareSocketPath } from './socket-path.ts';

export type EmbeddedDatabase = {
  /** For `pg`, over the unix socket in `socketDir`. */
  readonly url: string;
  /** Of the child process. */
  readonly pid: number;
  /** Drops all clients and resolves when the child has ended. Committed rows are on disk, if there is a `dataDir`. */
  stop(): Promise<void>;
};

const nodeArgs = ['--disable-warning=ExperimentalWarning'];
/** Of util-linux, which every Debian has. */
const setpriv = '/usr/bin/setpriv';
/** How long the child may take to end, ms. */
const STOP_WITHIN_MS = 10_000;

/**
 * Starts TimescaleDB in a child process: for demo and tests, never for production. With `dataDir` null it lives in
 * memory. The child ends with this process, however that ends. A Sentence where another process has `dataDir` open,
 * something listens in `socketDir`, or the database cannot be opened.
 */
export const startEmbeddedDatabase = async (where: {
  dataDir: string | null;
  socketDir: string;
}): Promise<EmbeddedDatabase> => {
  await prepareSocketPath(join(where.socketDir, '.s.PGSQL.5432'));
  const server = fileURLToPath(new URL('./server.ts', import.meta.url));
  const child = fork(server, [where.socketDir, ...(where.dataDir === null ? [] : [where.dataDir])], {
    // While a statement runs, the child does not hear that its parent is gone: the kernel ends it then.
    ...(existsSync(setpriv)
      ? { execPath: setpriv, execArgv: ['--pdeathsig', 'KILL', process.execPath, ...nodeArgs] }
      : { execPath: process.execPath, execArgv: nodeArgs }),
    // A Ctrl-C in the terminal is for the service, which stops its own children in order; in a group of its own the
    // child does not hear it.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const report = (await Promise.race([once(child, 'message'), exited.then(() => [null])]))[0] as StartReport | null;
  if (report === null || !('ready' in report)) {
    await exited;
    throw refusal(report, where.dataDir, child.exitCode ?? child.signalCode);
  }
  return {
    url: `postgresql://xunjian@localhost/xunjian?host=${encodeURIComponent(where.socketDir)}`,
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM');
      // A statement blocks the child's one thread: where it never ends, neither would the child.
      const kill = setTimeout(() => {
        process.stderr.write(`embedded database: does not end within ${STOP_WITHIN_MS} ms: killed\n`);
        child.kill('SIGKILL');
      }, STOP_WITHIN_MS);
      await exited;
      clearTimeout(kill);
    },
  };
};

const refusal = (
  report: Exclude<StartReport, { ready: true }> | null,
  dataDir: string | null,
  ended: number | string | null,
): Sentence => {
  if (report !== null && 'heldBy' in report) {
    return new Sentence(
      `数据目录 ${dataDir} 正被进程 ${report.heldBy} 使用；请先停止该进程，或换一个数据目录`,
      `the data folder ${dataDir} is in use by process ${report.heldBy}; stop that process first, or choose another folder`,
    );
  }
  const detail = report === null ? `exit ${ended}` : report.failed;
  const place = dataDir ?? 'memory';
  return new Sentence(
    `内嵌数据库无法打开（${place}）：${detail}`,
    `the embedded database cannot be opened (${place}): ${detail}`,
  );
};
