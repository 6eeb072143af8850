import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { Finding } from './finding.ts';
import type { Talk, Target } from './target.ts';

/** A case may take this long, ms: the median of three, where it took longer once. */
export const mostMs = 10;
/**
 * The process may grow by this, bytes: from the highest level of the first quarter, which is its warm-up, to the least of
 * the last three rounds. What is resident steps up by 15 to 50 MB once, early or late, while V8's heap stays as it is; what
 * is kept would show in every round.
 */
export const mostGrowth = 50 * 1024 * 1024;
const rounds = 20;
const warmUp = 5;
const last = 3;
/** Cases between two words of progress. */
const chunk = 2_000;
/** Talks at once: they mostly wait. */
const places = 24;
/** Different findings after which a target is left alone. */
const enough = 5;

export type Row = {
  readonly target: string;
  runs: number;
  /** The longest case, ms; `null` for talks, which wait. */
  slowestMs: number | null;
  /** All of its cases, ms, with what it took to make them. */
  totalMs: number;
  findings: number;
};

export type Report = {
  readonly seed: number;
  readonly ms: number;
  readonly rows: readonly Row[];
  readonly findings: readonly Finding[];
  /** Errors that nobody caught. */
  readonly uncaught: readonly string[];
  readonly growth: number;
};

/** How many cases of all are a target's. */
export type Share<T> = { readonly target: T; readonly runs: number };

/**
 * The time of a case, ms. Where it was too long by the clock, it is done three times more, and the middle one of the
 * times for which this thread had the processor counts: a machine that does something else is not the parser's fault.
 */
export const msOf = (target: Target, input: unknown): number => {
  const ms = longestPart(target, input, () => performance.now());
  if (ms <= mostMs) return ms;
  const again = [0, 0, 0].map(() => {
    // Some kernels count a thread's time in ticks of 4 ms.
    const clock = longestPart(target, input, () => performance.now());
    const own = longestPart(target, input, () => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1_000;
    });
    return Math.min(clock, own);
  });
  return again.sort((a, b) => a - b)[1]!;
};

/** How long a case holds the thread in one go, ms by `clock`. */
const longestPart = (target: Target, input: unknown, clock: () => number): number => {
  let from = clock();
  const parts = target.check(input);
  let longest = clock() - from;
  if (parts === undefined) return longest;
  for (let done = false; !done; ) {
    from = clock();
    done = parts.next().done === true;
    longest = Math.max(longest, clock() - from);
  }
  return longest;
};

const inOneLine = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).replace(/\s+/g, ' ').slice(0, 300);

/** The same fault is one finding, whatever the numbers in it. */
const faultOf = ({ target, seen }: Finding): string => `${target} ${seen.replace(/\d+/g, '0').slice(0, 80)}`;

/** Asks V8 for its garbage first: what is left is held by somebody. */
const resident = (): number => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().rss;
};

export class Fuzz {
  readonly #seed: number;
  readonly #targets: readonly Share<Target>[];
  readonly #talks: readonly Share<Talk>[];
  readonly #progress: (done: number) => void;
  readonly #rows = new Map<string, Row>();
  readonly #findings = new Map<string, Finding>();
  readonly #uncaught: string[] = [];
  #done = 0;
  #chunks = 0;

  /** `progress` is told how many cases are done, some times a second. */
  constructor(
    seed: number,
    targets: readonly Share<Target>[],
    talks: readonly Share<Talk>[],
    progress: (done: number) => void,
  ) {
    this.#seed = seed;
    this.#targets = targets;
    this.#talks = talks;
    this.#progress = progress;
    for (const { target } of targets) this.#row(target.name, 0);
    for (const { target } of talks) this.#row(target.name, null);
  }

  #row(target: string, slowestMs: number | null): void {
    this.#rows.set(target, { target, runs: 0, slowestMs, totalMs: 0, findings: 0 });
  }

  async run(): Promise<Report> {
    const begun = performance.now();
    const uncaught = (error: unknown): number => this.#uncaught.push(inOneLine(error));
    process.on('uncaughtException', uncaught).on('unhandledRejection', uncaught);
    const open = await Promise.all(
      this.#talks.map(async ({ target, runs }) => {
        const talkers = await Promise.all(Array.from({ length: Math.min(places, runs) }, () => target.open()));
        return { target, runs, talkers };
      }),
    );
    const levels: number[] = [];
    try {
      for (let round = 0; round < rounds; round++) {
        for (const { target, runs } of this.#targets) this.#parse(target, partOf(runs, round));
        for (const { target, runs, talkers } of open) {
          const part = partOf(runs, round);
          await Promise.all(
            talkers.map((talker, nth) => this.#talk(target, talker, partOf(part, nth, talkers.length))),
          );
        }
        levels.push(resident());
      }
    } finally {
      await Promise.all(open.flatMap(({ talkers }) => talkers.map((talker) => talker.close())));
      // Whatever is rejected last is told of after this.
      await new Promise((resolve) => setImmediate(resolve));
      process.off('uncaughtException', uncaught).off('unhandledRejection', uncaught);
    }
    return {
      seed: this.#seed,
      ms: Math.round(performance.now() - begun),
      rows: [...this.#rows.values()],
      findings: [...this.#findings.values()],
      uncaught: this.#uncaught,
      growth: Math.min(...levels.slice(-last)) - Math.max(...levels.slice(0, warmUp)),
    };
  }

  #nextSeed(): number {
    return (this.#seed + Math.imul(++this.#chunks, 0x9e37_79b1)) | 0;
  }

  #parse(target: Target, runs: number): void {
    const row = this.#rows.get(target.name)!;
    for (let left = runs; left > 0 && row.findings < enough; ) {
      const seed = this.#nextSeed();
      const numRuns = Math.min(chunk, left);
      const begun = performance.now();
      const property = fc.property(target.inputs, (input) => {
        const ms = msOf(target, input);
        if (ms > row.slowestMs!) row.slowestMs = ms;
        if (ms > mostMs) this.#found({ target: target.name, seen: `slow: ${Math.round(ms)} ms`, seed, input });
      });
      const result = fc.check(property, { seed, numRuns });
      row.totalMs += performance.now() - begun;
      this.#counted(row, result, seed);
      // A chunk that failed ends there: what is left of it is done with another seed.
      left -= result.numRuns;
    }
  }

  async #talk(target: Talk, talker: Awaited<ReturnType<Talk['open']>>, numRuns: number): Promise<void> {
    const row = this.#rows.get(target.name)!;
    if (numRuns === 0 || row.findings >= enough) return;
    const seed = this.#nextSeed();
    const begun = performance.now();
    const property = fc.asyncProperty(target.inputs, (input) => talker.check(input));
    const result = await fc.check(property, { seed, numRuns });
    row.totalMs += performance.now() - begun;
    this.#counted(row, result, seed);
  }

  #counted(row: Row, result: fc.RunDetails<[unknown]>, seed: number): void {
    row.runs += result.numRuns;
    this.#done += result.numRuns;
    this.#progress(this.#done);
    if (!result.failed || result.counterexample === null) return;
    const [input] = result.counterexample;
    this.#found({ target: row.target, seen: inOneLine(result.errorInstance), seed, input });
  }

  /** Of one fault the first case is kept, and shrinking has made that small; of slow ones the first too. */
  #found(finding: Finding): void {
    const fault = faultOf(finding);
    if (this.#findings.has(fault)) return;
    this.#findings.set(fault, finding);
    this.#rows.get(finding.target)!.findings++;
  }
}

/** The `nth` of `parts` parts of a whole number, which together are all of it. */
const partOf = (whole: number, nth: number, parts = rounds): number =>
  Math.floor((whole * (nth + 1)) / parts) - Math.floor((whole * nth) / parts);
