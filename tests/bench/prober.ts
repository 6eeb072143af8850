import { openDecoder, probeCamera } from '../../probes/index.ts';

/**
 * Our side of the benchmark `picture`: a worker's probe of a camera, again and again, as a worker does it: one process
 * that lives on and one decoder process beside it. Told {url, pictures, evidence} over IPC, it answers with the CPU
 * milliseconds (user + system, this process and the decoder's) that they took.
 */
const decoder = openDecoder(1);
const signal = new AbortController().signal;
const now = (): number => performance.now();
/** Probes at once: the decoder never waits for the network. */
const atOnce = 4;

const one = async (url: string, evidence: boolean): Promise<void> => {
  const probe = await probeCamera(
    { url, login: null, deadlineMs: 20_000 },
    { signal, now },
    { want: 'keyframe', decoder, evidence, onvif: 'ifUnheard', snapshot: 'never' },
  );
  if (probe.image !== 'yes') throw new Error(`${url}: ${JSON.stringify(probe.failure)}`);
  await probe.left;
};

process.on('message', async ({ url, pictures, evidence }: { url: string; pictures: number; evidence: boolean }) => {
  const before = process.cpuUsage();
  const decoding = await decoder.cpuMs();
  let left = pictures;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await one(url, evidence);
    }),
  );
  const { user, system } = process.cpuUsage(before);
  process.send!({ cpuMs: (user + system) / 1000 + (await decoder.cpuMs()) - decoding });
});
process.on('disconnect', () => decoder.close());
