import { openDecoder, probeCamera } from '../../probes/index.ts';

/**
 * Our side of the benchmark `online`: what a worker does to ask whether a camera is online, in one process that lives
 * on. Told an Errand over IPC, it answers with a Round.
 */
export type Errand = {
  readonly urls: readonly string[];
  readonly probes: number;
  /** Probes under way at once. */
  readonly inFlight: number;
};
export type Round = {
  readonly ms: number;
  /** User and system. */
  readonly cpuMs: number;
};

// Opened as a worker does, and never asked.
const decoder = openDecoder(1);
const signal = new AbortController().signal;
const now = (): number => performance.now();

const one = async (url: string): Promise<void> => {
  const probe = await probeCamera(
    { url, login: null, deadlineMs: 20_000 },
    { signal, now },
    { want: 'answer', decoder, evidence: false, onvif: 'ifUnheard', snapshot: 'never' },
  );
  if (probe.online !== 'yes') throw new Error(`${url}: ${JSON.stringify(probe.failure)}`);
  await probe.left;
};

process.on('message', async ({ urls, probes, inFlight }: Errand) => {
  const cpu = process.cpuUsage();
  const begun = now();
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < probes) await one(urls[next++ % urls.length]!);
    }),
  );
  const ms = now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  process.send!({ ms, cpuMs: (user + system) / 1000 } satisfies Round);
});
process.on('disconnect', () => decoder.close());
