import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

/** Who holds a lock file: a process id, and when that process started, because ids are used again. */
type Holder = { readonly pid: number; readonly started: string };

/**
 * Takes the lock file at `path` for this process and resolves to null, or to the pid of the living process that holds
 * it. The lock of a process that is gone is taken over. Released with `rm`, or by dying.
 */
export const takeLock = async (path: string): Promise<number | null> => {
  const own = `${path}.${process.pid}`;
  await writeFile(own, JSON.stringify({ pid: process.pid, started: await startOf(process.pid) } satisfies Holder));
  try {
    for (;;) {
      // A link is there whole or not at all: nobody ever reads a lock that is half written.
      if (await succeeds(link(own, path), 'EEXIST')) return null;
      const holder = await readHolder(path);
      if (holder === null) continue;
      if ((await startOf(holder.pid)) === holder.started) return holder.pid;
      await removeStale(path, own, holder);
    }
  } finally {
    await rm(own, { force: true });
  }
};

/** Of several openers that saw the same stale lock one moves it away; another's fresh lock is put back. */
const removeStale = async (path: string, own: string, stale: Holder): Promise<void> => {
  const aside = `${own}.stale`;
  if (!(await succeeds(rename(path, aside), 'ENOENT'))) return;
  const moved = await readHolder(aside);
  if (moved !== null && moved.pid !== stale.pid) await succeeds(link(aside, path), 'EEXIST');
  await rm(aside, { force: true });
};

const readHolder = async (path: string): Promise<Holder | null> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

/**
 * Start time of a process in clock ticks since boot, field 22 of /proc/PID/stat (proc(5)); 'gone' where there is none.
 * A pid alone says too little: in a container the same few are given out after every restart.
 */
const startOf = async (pid: number): Promise<string> => {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets and may hold spaces and brackets of its own.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'gone' : fields[19]!;
  } catch {
    return 'gone';
  }
};

const succeeds = async (work: Promise<void>, code: string): Promise<boolean> => {
  try {
    await work;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return false;
    throw error;
  }
};
