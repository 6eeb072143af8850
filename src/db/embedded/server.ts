/**
 * The process in which the embedded database lives, started by start.ts:
 *   server.ts SOCKET_DIR [DATA_DIR]
 * It says one StartReport over IPC, and ends on SIGTERM, with its parent, or when the engine dies (exit code 1).
 */
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openEngine } from './engine.ts';
import { simpleQuery } from './frames.ts';
import { takeLock } from './lock.ts';
import { Wire } from './wire.ts';

export type StartReport = { readonly ready: true } | { readonly heldBy: number } | { readonly failed: string };

const [socketDir, dataDir = null] = process.argv.slice(2);
const lock = dataDir === null ? null : join(dataDir, 'xunjian.lock');

const tellParent = (report: StartReport): Promise<void> =>
  new Promise((told) => {
    process.send?.(report, undefined, {}, () => told());
  });

// Until the database is open there is nothing to close. Heard from the start, or a child whose parent died while it
// was opening would stay for ever.
let stop = async (): Promise<void> => process.exit(0);
process.once('SIGTERM', () => void stop());
process.once('disconnect', () => void stop());

/** Where the cluster is; one whose first opening was cut short holds no row of anybody and cannot be opened: away. */
const clusterIn = async (folder: string): Promise<string> => {
  const cluster = join(folder, 'cluster');
  const opened = await access(join(folder, 'opened-once')).then(
    () => true,
    () => false,
  );
  if (!opened) await rm(cluster, { recursive: true, force: true });
  return cluster;
};

const start = async (): Promise<StartReport> => {
  if (dataDir !== null) await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const heldBy = lock === null ? null : await takeLock(lock);
  if (heldBy !== null) return { heldBy };
  const engine = await openEngine(dataDir === null ? null : await clusterIn(dataDir));
  if (dataDir !== null) await writeFile(join(dataDir, 'opened-once'), '');
  const wire = new Wire(engine, (error) => {
    process.stderr.write(`embedded database: the engine died: ${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  });
  await wire.listen(join(socketDir!, '.s.PGSQL.5432'));
  stop = async () => {
    wire.close();
    // Not needed for safety, the log is replayed after any death; it makes the next opening quicker.
    if (dataDir !== null) engine.execute(simpleQuery('checkpoint'));
    if (lock !== null) await rm(lock, { force: true });
    process.exit(0);
  };
  return { ready: true };
};

let report: StartReport;
try {
  report = await start();
} catch (error) {
  report = { failed: error instanceof Error ? error.message : String(error) };
}
await tellParent(report);
if (!('ready' in report)) process.exit(1);
