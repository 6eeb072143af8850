import type { NalSink } from './nal.ts';

/** RTP payloads of H.264, RFC 6184 sections 5.6 (single), 5.7.1 (STAP-A) and 5.8 (FU-A). Pure. */

/** Bytes of a NAL unit's header. */
export const headerBytes = 1;
export const typeOf = (header: number): number => header & 0x1f;
export const isKeySlice = (type: number): boolean => type === 5;
/** Parameter sets without which no picture decodes: sequence (7), picture (8). */
export const setTypes = [7, 8] as const;

/** Hands the NAL units of one payload to `sink`; what makes no sense is passed over. */
export const depacketize = (bytes: Buffer, from: number, to: number, sink: NalSink): void => {
  if (from >= to) return;
  const indicator = bytes[from]!;
  const type = typeOf(indicator);
  if (type >= 1 && type <= 23) {
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
  // S and E both set is forbidden, and sent all the same for units that fit one packet: taken as begun and ended.
  if ((fragment & 0x80) !== 0) {
    sink.begin((indicator & 0xe0) | (fragment & 0x1f), 1, bytes, from + 2, to);
    if (last) sink.extend(bytes, to, to, true);
  } else sink.extend(bytes, from + 2, to, last);
};
