import type { VideoCodec } from './city.ts';

/** NAL units of one picture, without start codes. */
export type AccessUnit = { readonly key: boolean; readonly nals: readonly Buffer[] };

/** An Annex B stream taken apart: parameter sets, and pictures without parameter sets, SEI and delimiters. */
export type Stream = {
  /** H.264: SPS, PPS. H.265: VPS, SPS, PPS. */
  readonly sets: readonly Buffer[];
  readonly pictures: readonly AccessUnit[];
};

const startCode = Buffer.from([0, 0, 1]);

/** The NAL units of Annex B bytes (H.264 and H.265 Annex B.1), without start codes and trailing zeros. */
export const splitNals = (bytes: Buffer): Buffer[] => {
  const nals: Buffer[] = [];
  let from = bytes.indexOf(startCode);
  while (from >= 0) {
    const next = bytes.indexOf(startCode, from + 3);
    let end = next < 0 ? bytes.length : next;
    while (end > from + 3 && bytes[end - 1] === 0) end -= 1;
    if (end > from + 3) nals.push(bytes.subarray(from + 3, end));
    from = next;
  }
  return nals;
};

export const joinNals = (nals: readonly Buffer[]): Buffer =>
  Buffer.concat(nals.flatMap((nal) => [Buffer.from([0, 0, 0, 1]), nal]));

type Sort = 'set' | 'key' | 'inter' | 'other';

const sortOf = (codec: VideoCodec, nal: Buffer): Sort => {
  if (codec === 'h264') {
    const type = nal[0]! & 31;
    return type === 7 || type === 8 ? 'set' : type === 5 ? 'key' : type === 1 ? 'inter' : 'other';
  }
  const type = (nal[0]! >> 1) & 63;
  return type >= 32 && type <= 34 ? 'set' : type >= 16 && type <= 21 ? 'key' : type < 10 ? 'inter' : 'other';
};

/** first_mb_in_slice is 0 (H.264 7.3.3), first_slice_segment_in_pic_flag (H.265 7.3.6.1): one bit in both. */
const opensPicture = (codec: VideoCodec, nal: Buffer): boolean => (nal[codec === 'h264' ? 1 : 2]! & 0x80) !== 0;

export const parseStream = (codec: VideoCodec, bytes: Buffer): Stream => {
  const sets: Buffer[] = [];
  const pictures: { key: boolean; nals: Buffer[] }[] = [];
  for (const nal of splitNals(bytes)) {
    const sort = sortOf(codec, nal);
    if (sort === 'set' && pictures.length === 0) sets.push(nal);
    if (sort !== 'key' && sort !== 'inter') continue;
    if (opensPicture(codec, nal)) pictures.push({ key: sort === 'key', nals: [nal] });
    else pictures.at(-1)?.nals.push(nal);
  }
  return { sets, pictures };
};
