import { type Decoder, openDecoder, probeCamera } from '../../probes/index.ts';

/**
 * Our side of the benchmark `picture`: a worker's probe of a camera, again and again, as a worker does it: one process
 * that lives on and one decoder process beside it. Told {url, pictures, evidence} over IPC, it answers with the CPU
 * milliseconds (user + system, this process and the decoder's) that they took; told {url, pictures, fetched: true}, with
 * the key frames that it met, each once, as base64.
 */
type Told = { readonly url: string; readonly pictures: number } & (
  | { readonly evidence: boolean }
  | { readonly fetched: true }
);

const decoder = openDecoder(1);
const signal = new AbortController().signal;
const now = (): number => performance.now();
/** Probes at once: the decoder never waits for the network. */
const atOnce = 4;

const probe = async (url: string, evidence: boolean, by: Decoder): Promise<void> => {
  const result = await probeCamera(
    { url, login: null, deadlineMs: 20_000 },
    { signal, now },
    { want: 'keyframe', decoder: by, evidence, onvif: 'ifUnheard', snapshot: 'never' },
  );
  if (result.image !== 'yes') throw new Error(`${url}: ${JSON.stringify(result.failure)}`);
  await result.left;
};

const probes = async (url: string, pictures: number, evidence: boolean, by: Decoder = decoder): Promise<void> => {
  let left = pictures;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await probe(url, evidence, by);
    }),
  );
};

const fetched = async (url: string, pictures: number): Promise<readonly string[]> => {
  const keyframes = new Set<string>();
  const keeping: Decoder = {
    decode: (codec, keyframe, evidence) => {
      keyframes.add(keyframe.toString('base64'));
      return decoder.decode(codec, keyframe, evidence);
    },
    cpuMs: () => decoder.cpuMs(),
    close: () => decoder.close(),
  };
  await probes(url, pictures, false, keeping);
  return [...keyframes];
};

const cost = async (url: string, pictures: number, evidence: boolean): Promise<number> => {
  const before = process.cpuUsage();
  const decoding = await decoder.cpuMs();
  await probes(url, pictures, evidence);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 + (await decoder.cpuMs()) - decoding;
};

process.on('message', async (told: Told) => {
  const { url, pictures } = told;
  process.send!(
    'fetched' in told
      ? { keyframes: await fetched(url, pictures) }
      : { cpuMs: await cost(url, pictures, told.evidence) },
  );
});
process.on('disconnect', () => decoder.close());
