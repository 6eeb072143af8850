import type { NalKind, NalSink } from './nal.ts';

/** RTP payloads of H.264, RFC 6184 sections 5.6 (single), 5.7.1 (STAP-A) and 5.8 (FU-A). Pure. */

/** Bytes of a NAL unit's header. */
export const headerBytes = 1;
export const typeOf = (header: number): number => header & 0x1f;
/** Parameter sets without which no picture decodes: sequence (7), picture (8). */
export const setTypes = [7, 8] as const;

/** By the unit's header, ITU-T H.264 table 7-1. */
export const kindOf = (header: number): NalKind => {
  const type = typeOf(header);
  if (type === 5) return 'key';
  if (type >= 1 && type <= 4) return 'slice';
  return type === 0 || (type >= 6 && type <= 9) ? 'lead' : 'nothing';
};

/**
 * True where a payload begins with a key slice that is not its picture's first (first_mb_in_slice is not 0: its first
 * bit is 0, ITU-T H.264 7.3.3), or with a fragment that is not its unit's first.
 */
export const goesOn = (bytes: Buffer, from: number, to: number): boolean => {
  if (to - from < 2) return false;
  const type = typeOf(bytes[from]!);
  if (type === 5) return (bytes[from + 1]! & 0x80) === 0;
  if (type !== 28) return false;
  const fragment = bytes[from + 1]!;
  if ((fragment & 0x80) === 0) return true;
  return typeOf(fragment) === 5 && to - from > 2 && (bytes[from + 2]! & 0x80) === 0;
};

/** Hands the NAL units of one payload to `sink`; what makes no sense is passed over. */
export const depacketize = (bytes: Buffer, from: number, to: number, sink: NalSink): void => {
  if (from >= to) return;
  const indicator = bytes[from]!;
  const type = typeOf(indicator);
  // Type 0 is none: the payload begins with an Annex B start code (gortsplib#199).
  if ((type >= 1 && type <= 23) || (indicator === 0 && bytes[from + 1] === 0 && to - from > 3)) {
    sink.whole(bytes, from, to);
    return;
  }
  if (type === 24) {
    let at = from + 1;
    while (at + 2 < to) {
      const length = bytes.readUInt16BE(at);
      at += 2;
      if (length === 0 || at + length > to) return;
      sink.whole(bytes, at, at + length);
      at += length;
    }
    return;
  }
  if (type !== 28 || to - from < 2) return;
  const fragment = bytes[from + 1]!;
  const last = (fragment & 0x40) !== 0;
  // S and E both set is forbidden, and sent all the same for units that fit one packet (CostarHD, gortsplib#649).
  if ((fragment & 0x80) !== 0) {
    sink.begin((indicator & 0xe0) | (fragment & 0x1f), 1, bytes, from + 2, to);
    if (last) sink.extend(bytes, to, to, true);
  } else {
    // The type is the first fragment's: Tiandy writes another one into those that follow (moonfire-nvr#344).
    sink.extend(bytes, from + 2, to, last);
  }
};
