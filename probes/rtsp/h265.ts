import type { NalSink } from './nal.ts';

/** RTP payloads of H.265, RFC 7798 sections 4.4.1 (single), 4.4.2 (AP) and 4.4.3 (FU). No DONL: no camera sends it. Pure. */

/** Bytes of a NAL unit's header. */
export const headerBytes = 2;
/** `header` is the first of the two header bytes. */
export const typeOf = (header: number): number => (header >> 1) & 0x3f;
/** BLA, IDR and CRA pictures: ITU-T H.265 table 7-1, types 16 to 21. */
export const isKeySlice = (type: number): boolean => type >= 16 && type <= 21;
/** Video (32), sequence (33) and picture (34) parameter sets. */
export const setTypes = [32, 33, 34] as const;

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
  } else sink.extend(bytes, from + 3, to, last);
};
