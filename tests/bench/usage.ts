import { readdirSync, readFileSync } from 'node:fs';

/** Fields of /proc/PID/stat behind the name, or null where there is no such process any more. */
const statOf = (pid: number): string[] | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
};

/** A process and all that descend from it now. */
const treeOf = (pid: number): number[] => {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(statOf(Number(name))?.[1])] as const);
  const tree = [pid];
  for (const one of tree) tree.push(...parents.filter(([, parent]) => parent === one).map(([child]) => child));
  return tree;
};

/** CPU so far, ms: user and system of one process, and of its children that have ended. Ticks of 10 ms. */
const cpuOf = (pid: number): number =>
  10 *
  (statOf(pid)
    ?.slice(11, 15)
    .reduce((sum, ticks) => sum + Number(ticks), 0) ?? 0);

/** CPU so far of a process alone, and of its descendants, ms. */
export const cpuMs = (pid: number): { readonly own: number; readonly children: number } => {
  const [own, ...others] = treeOf(pid).map(cpuOf);
  return { own: own!, children: others.reduce((sum, ms) => sum + ms, 0) };
};

/** The most memory that a process has had resident (VmHWM), MiB. */
export const peakMiB = (pid: number): number =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
