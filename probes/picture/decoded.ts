import type { Codec, Picture } from '../probe.ts';

/** What came of one key frame. `jpeg` is the evidence picture, where it was asked for. */
export type Decoded =
  | {
      readonly type: 'decoded';
      readonly width: number;
      readonly height: number;
      readonly picture: Picture;
      /** The same for the same small grey picture, whatever bytes it was coded in; 16 hex digits (`fingerprint.ts`). */
      readonly fingerprint: string;
      readonly jpeg: Buffer | null;
    }
  | { readonly type: 'damaged' | 'failed'; readonly detail: string };

export type Decoder = {
  /** Never rejects: what goes wrong with the decoder itself is `failed`. */
  decode(codec: Codec, keyframe: Buffer, evidence: boolean): Promise<Decoded>;
  /** User and system CPU time of the decoder processes so far, ms (Linux; 0 elsewhere). */
  cpuMs(): Promise<number>;
  close(): Promise<void>;
};
