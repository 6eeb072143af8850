import { readdir, readFile } from 'node:fs/promises';

/** What is read, or null where there is no such file: it is gone, or the kernel does not keep it. */
const read = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

/** By its threads that live, to the nanosecond; 0 where the kernel does not count so (it then writes 0, or no file). */
const ofThreads = async (pid: number): Promise<number> => {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const spent = await Promise.all(threads.map((thread) => read(`/proc/${pid}/task/${thread}/schedstat`)));
  // The first field is the time on a CPU, in user mode and in the kernel.
  return spent.reduce((sum, line) => sum + Number(line?.split(' ')[0] ?? 0), 0) / 1e6;
};

/** With the threads that have ended, in ticks of 10 ms, rounded down. */
const inTicks = async (pid: number): Promise<number> => {
  const stat = await read(`/proc/${pid}/stat`);
  if (stat === null) return 0;
  // Behind the command's name, which may hold blanks and brackets: utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

/**
 * User plus system CPU time of a process, ms, from /proc; 0 where it is gone or there is no /proc. The larger of two that
 * are never too large: a picture may take less than a tick, and a thread that has ended is in no list.
 */
export const cpuMsOf = async (pid: number | undefined): Promise<number> =>
  pid === undefined ? 0 : Math.max(...(await Promise.all([ofThreads(pid), inTicks(pid)])));
