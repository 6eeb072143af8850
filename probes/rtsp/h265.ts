import type { NalKind, NalSink } from './nal.ts';

/** RTP payloads of H.265, RFC 7798 sections 4.4.1 (single), 4.4.2 (AP) and 4.4.3 (FU). No DONL: no camera sends it. Pure. */

/** Bytes of a NAL unit's header. */
export const headerBytes = 2;
/** `header` is the first of the two header bytes. */
export const typeOf = (header: number): number => (header >> 1) & 0x3f;
/** Video (32), sequence (33) and picture (34) parameter sets. */
export const setTypes = [32, 33, 34] as const;

/** By the unit's header, ITU-T H.265 table 7-1: BLA, IDR and CRA pictures (16 to 21) are key pictures. */
export const kindOf = (first: number, second: number): NalKind => {
  // A temporal id of -1 is none: these are the zeros of an Annex B start code (Amatek AR-N3222F, gortsplib#989).
  if ((second & 0x07) === 0) return 'lead';
  const type = typeOf(first);
  if (type >= 16 && type <= 21) return 'key';
  if (type < 32) return 'slice';
  return type <= 35 || type === 39 ? 'lead' : 'nothing';
};

/**
 * True where a payload begins with a key slice that is not its picture's first (first_slice_segment_in_pic_flag is 0,
 * ITU-T H.265 7.3.6.1), or with a fragment that is not its unit's first.
 */
export const goesOn = (bytes: Buffer, from: number, to: number): boolean => {
  if (to - from < 3) return false;
  const [first, second, third] = [bytes[from]!, bytes[from + 1]!, bytes[from + 2]!];
  if (typeOf(first) !== 49) return kindOf(first, second) === 'key' && (third & 0x80) === 0;
  if ((third & 0x80) === 0) return true;
  return kindOf((third & 0x3f) << 1, second) === 'key' && to - from > 3 && (bytes[from + 3]! & 0x80) === 0;
};

/** Hands the NAL units of one payload to `sink`; what makes no sense is passed over. */
export const depacketize = (bytes: Buffer, from: number, to: number, sink: NalSink): void => {
  if (to - from < 3) return;
  const first = bytes[from]!;
  const type = typeOf(first);
  if (type < 48) {
    sink.whole(bytes, from, to);
    return;
  }
  if (type === 48) {
    let at = from + 2;
    while (at + 2 < to) {
      const length = bytes.readUInt16BE(at);
      at += 2;
      if (length < 2 || at + length > to) return;
      sink.whole(bytes, at, at + length);
      at += length;
    }
    return;
  }
  if (type !== 49) return;
  const fragment = bytes[from + 2]!;
  const last = (fragment & 0x40) !== 0;
  if ((fragment & 0x80) !== 0) {
    const header = (((first & 0x81) | ((fragment & 0x3f) << 1)) << 8) | bytes[from + 1]!;
    sink.begin(header, 2, bytes, from + 3, to);
    if (last) sink.extend(bytes, to, to, true);
  } else {
    // The type is the first fragment's: Tiandy writes another one into those that follow (moonfire-nvr#344).
    sink.extend(bytes, from + 3, to, last);
  }
};
