import { type Failure, fail } from './failure.ts';
import type { Decoded, Decoder } from './picture/decoded.ts';
import type { Codec, Context, Picture, TimedStep, Video } from './probe.ts';

export type Proof = {
  readonly failure: Failure | null;
  readonly step: TimedStep;
  readonly video: Video;
  readonly picture: Picture | null;
  /** Of the picture, to be compared over time (`picture/fingerprint.ts`); null where none was decoded. */
  readonly fingerprint: string | null;
  readonly jpeg: Buffer | null;
};

const failureOf = (decoded: Decoded): Failure | null => {
  if (decoded.type === 'decoded') return null;
  return fail(decoded.type === 'damaged' ? 'damaged_picture' : 'decoder_failed', 'decode', decoded.detail);
};

/** What `work` gives; `null` as soon as the caller stops. */
const unlessAborted = (signal: AbortSignal, work: () => Promise<Decoded>): Promise<Decoded | null> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(null);
    const onAbort = (): void => resolve(null);
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (result: Decoded): void => {
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    // A decoder never rejects. One that did would hold the probe for ever, and end the process.
    work().then(settle, (error) => settle({ type: 'failed', detail: String(error).slice(0, 200) }));
  });

/** Proves a picture from a key frame: decoded without an error, or not captured. Outside the probe's network deadline. */
export const prove = async (
  decoder: Decoder,
  codec: Codec,
  keyframe: Buffer,
  evidence: boolean,
  context: Context,
): Promise<Proof> => {
  const begun = context.now();
  const decoded = await unlessAborted(context.signal, () => decoder.decode(codec, keyframe, evidence));
  const failure = decoded === null ? fail('aborted', 'decode', 'stopped') : failureOf(decoded);
  const sound = decoded?.type === 'decoded' ? decoded : null;
  return {
    failure,
    step: { name: 'decode', ok: failure === null, ms: Math.round((context.now() - begun) * 10) / 10 },
    video: { codec, width: sound?.width ?? 0, height: sound?.height ?? 0, keyframeBytes: keyframe.length },
    picture: sound?.picture ?? null,
    fingerprint: sound?.fingerprint ?? null,
    jpeg: sound?.jpeg ?? null,
  };
};
