import { spawnSync } from 'node:child_process';

/** How the processes that decode are held here; `ms` is what finding it out took. */
export type Confinement = {
  /** They have a network namespace of their own, whose only interface is a loopback that is down. */
  readonly network: boolean;
  /** They have a limit of memory that the kernel keeps. */
  readonly memory: boolean;
  readonly ms: number;
};

type Command = readonly string[];
type Found = Confinement & { readonly limit: (mebibytes: number) => Command; readonly namespace: Command } & {
  /** Why something could not be tried; null where all was. */
  readonly open: string | null;
};

/** RLIMIT_DATA, not RLIMIT_AS: V8 reserves 10 GB of addresses that it never writes to. */
const limitTo = (mebibytes: number): Command => ['prlimit', `--data=${mebibytes * 1024 * 1024}`, '--'];
/** More than anything here is given: where a lower hard limit stands already, that one holds. */
const mostMebibytes = 2048;
/** The first needs CAP_SYS_ADMIN, the second a kernel that lets users have namespaces (Docker's seccomp does not). */
const namespaces: readonly Command[] = [
  ['unshare', '--net', '--'],
  ['unshare', '--user', '--net', '--'],
];

/** No such command, or not for us: an answer. Any other error, as out of handles or out of time, says nothing of the kernel. */
const answers: ReadonlySet<string | undefined> = new Set(['ENOENT', 'EACCES', 'EPERM']);

const find = (): Found => {
  const begun = performance.now();
  let open: string | null = null;
  /** True where a command runs behind this one: util-linux is there, and the kernel lets us. */
  const works = ([file, ...args]: Command): boolean => {
    const { status, error } = spawnSync(file!, [...args, 'true'], { stdio: 'ignore', env: {}, timeout: 1_000 });
    if (error !== undefined && !answers.has((error as NodeJS.ErrnoException).code)) open = error.message;
    return status === 0;
  };
  const memory = works(limitTo(mostMebibytes));
  const namespace = namespaces.find(works) ?? [];
  const ms = Math.round((performance.now() - begun) * 10) / 10;
  return { network: namespace.length > 0, memory, ms, limit: memory ? limitTo : () => [], namespace, open };
};

let found: Found | null = null;
const known = (): Found => {
  if (found !== null) return found;
  const now = find();
  if (now.open === null) found = now;
  return now;
};

/**
 * Tried once a process, by running `true` two to three times (8 ms), and again as long as it could not be tried; where
 * nothing can be had, nothing is asked for.
 */
export const confinement = (): Confinement => known();

/**
 * The command and arguments, for `spawn`, that run `file` without a network and with no more than `mebibytes` of private
 * memory, as far as this machine can do it. Each step replaces itself by the next (exec): pid, pipes, signals and CPU
 * time are those of `file`. Throws where it could not be tried what the machine can do: a decoder may stand for days, and
 * one without its limits would keep none.
 */
export const confined = (file: string, args: readonly string[], mebibytes: number): [string, string[]] => {
  const { limit, namespace, open } = known();
  if (open !== null) throw new Error(`how to confine it is not known: ${open}`);
  const [first, ...others] = [...limit(mebibytes), ...namespace, file, ...args];
  return [first!, others];
};
