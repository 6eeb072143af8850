import type { Codec, Picture } from '../probe.ts';

/**
 * What passes between the pool and a decoder process, over its stdin and stdout: a request is a header of 10 bytes
 * (its number u32, length u32, codec u8, evidence u8) and the key frame; a reply is a header of 12 bytes (the number of
 * its request, lengths of JSON and JPEG, u32 each), the JSON and the JPEG. Numbers are big-endian.
 */
export const requestHeader = 10;
export const replyHeader = 12;
export const codecs = ['h264', 'h265', 'mjpeg', 'mpeg4'] as const satisfies readonly Codec[];

export type Reply =
  | {
      readonly type: 'decoded';
      readonly width: number;
      readonly height: number;
      readonly picture: Picture;
      readonly fingerprint: string;
    }
  /** The bytes are no sound picture. */
  | { readonly type: 'damaged'; readonly detail: string }
  /** The decoder could not do its work: says nothing of the picture. */
  | { readonly type: 'failed'; readonly detail: string };

/** Evidence pictures are this wide at most, pixels. */
export const evidenceWidth = 320;
/** Pictures above this many pixels are refused before any memory is taken for them (8192 x 8192). */
export const maxPixels = 8192 * 8192;
