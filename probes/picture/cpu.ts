import { readFile } from 'node:fs/promises';

/** User plus system CPU time of a process, ms, from /proc (ticks of 10 ms); 0 where it is gone or there is no /proc. */
export const cpuMsOf = async (pid: number | undefined): Promise<number> => {
  if (pid === undefined) return 0;
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Behind the command's name, which may hold blanks and brackets: utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
};
