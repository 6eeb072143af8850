import pLimit from 'p-limit';
import { openDecoder, probeCamera } from '../../probes/index.ts';
import type { Kind, Listed } from '../support/tarpits.ts';

/**
 * Our side of the benchmark `tarpits`: one worker process with one decoder process beside it. Told an Errand over IPC, it
 * answers with a Round. Each camera is due at a time of its own, and waits for a free socket from then on.
 */
export type Errand = {
  readonly cameras: readonly (Listed & { /** ms after the start. */ readonly due: number })[];
  readonly deadlineMs: number;
  /** Probes under way at once. */
  readonly inFlight: number;
};
export type Found = {
  readonly kind: Kind;
  /** `null`: a picture. */
  readonly failure: string | null;
  /** From the start of the probe, its turn having come, to its end. */
  readonly ms: number;
  /** From the start of the probe until the device was left. */
  readonly leftMs: number;
  /** From when it was due, the wait for its turn included, to its end. */
  readonly sinceDueMs: number;
};
/** A time in which this process did not come round to its timers, and how much of it it was on a CPU. */
export type Stall = { readonly ms: number; readonly cpuMs: number };
export type Round = {
  readonly found: readonly Found[];
  /** User and system, this process and the decoder's. */
  readonly cpuMs: number;
  /** Of more than 100 ms each. */
  readonly stalls: readonly Stall[];
};

const now = (): number => performance.now();
const cpuNow = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Watches for stalls until what it gives back is called. */
const watch = (): (() => Stall[]) => {
  const stalls: Stall[] = [];
  let last = now();
  let lastCpu = cpuNow();
  const timer = setInterval(() => {
    const [at, cpu] = [now(), cpuNow()];
    if (at - last > 100) stalls.push({ ms: at - last, cpuMs: cpu - lastCpu });
    [last, lastCpu] = [at, cpu];
  }, 10);
  return () => {
    clearInterval(timer);
    return stalls;
  };
};

const decoder = openDecoder(1);
const signal = new AbortController().signal;

process.on('message', async ({ cameras, deadlineMs, inFlight }: Errand) => {
  const limit = pLimit(inFlight);
  const cpu = cpuNow() + (await decoder.cpuMs());
  const stop = watch();
  const begun = now();
  const found = await Promise.all(
    cameras.map(async ({ kind, url, due }): Promise<Found> => {
      await new Promise((resolve) => setTimeout(resolve, due));
      return limit(async () => {
        const from = now();
        const { failure, left } = await probeCamera(
          { url, login: null, deadlineMs },
          { signal, now },
          { want: 'keyframe', decoder, evidence: false, onvif: 'ifUnheard', snapshot: 'never' },
        );
        const to = now();
        return { kind, failure: failure?.kind ?? null, ms: to - from, sinceDueMs: to - begun - due, left, from };
      }).then(async ({ left, from, ...one }) => {
        await left;
        return { ...one, leftMs: now() - from };
      });
    }),
  );
  const stalls = stop();
  const cpuMs = cpuNow() + (await decoder.cpuMs()) - cpu;
  process.send!({ found, cpuMs, stalls } satisfies Round);
});
process.on('disconnect', () => decoder.close());
