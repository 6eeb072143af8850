/** The fixed part of an RTP packet, RFC 3550 section 5.1. Pure. */
export type Rtp = {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  /** Where the header extension (section 5.3.1) begins in the bytes given; -1 where there is none. */
  readonly extension: number;
  /** Where the payload begins and ends in the bytes given. */
  readonly from: number;
  readonly to: number;
};

/** `null` where the bytes hold no whole RTP packet. */
export const parseRtp = (bytes: Buffer, start: number, end: number): Rtp | null => {
  if (end - start < 12) return null;
  const first = bytes[start]!;
  if (first >> 6 !== 2) return null;
  const second = bytes[start + 1]!;
  let from = start + 12 + (first & 0x0f) * 4;
  let to = end;
  let extension = -1;
  if ((first & 0x10) !== 0) {
    if (from + 4 > end) return null;
    extension = from;
    from += 4 + bytes.readUInt16BE(from + 2) * 4;
  }
  if ((first & 0x20) !== 0) to -= bytes[end - 1]!;
  if (from > to) return null;
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: bytes.readUInt16BE(start + 2),
    timestamp: bytes.readUInt32BE(start + 4),
    extension,
    from,
    to,
  };
};
