import type { Codec } from '../../../../probes/index.ts';

/** RTP payloads of one NAL unit, each at most `mtu` bytes (5 or more): single, or fragmented (RFC 6184 5.8, RFC 7798 4.4.3). */
export const payloadsOf = (codec: Codec, nal: Buffer, mtu: number): Buffer[] => {
  if (nal.length <= mtu) return [nal];
  const taken = codec === 'h264' ? 1 : 2;
  const type = codec === 'h264' ? nal[0]! & 31 : (nal[0]! >> 1) & 63;
  const head = codec === 'h264' ? [(nal[0]! & 0xe0) | 28] : [(nal[0]! & 0x81) | (49 << 1), nal[1]!];
  const room = mtu - taken - 1;
  const payloads: Buffer[] = [];
  for (let at = taken; at < nal.length; at += room) {
    const mark = (at === taken ? 0x80 : 0) | (at + room >= nal.length ? 0x40 : 0);
    payloads.push(Buffer.concat([Buffer.from([...head, mark | type]), nal.subarray(at, at + room)]));
  }
  return payloads;
};

/** Several small NAL units in one payload: STAP-A (RFC 6184 5.7.1), AP (RFC 7798 4.4.2). */
export const aggregated = (codec: Codec, nals: readonly Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from(codec === 'h264' ? [24] : [48 << 1, 1]),
    ...nals.flatMap((nal) => [Buffer.from([nal.length >> 8, nal.length & 255]), nal]),
  ]);

export type RtpFields = { sequence: number; timestamp: number; marker?: boolean; payloadType?: number };

/** One RTP packet, RFC 3550 section 5.1. */
export const rtp = (fields: RtpFields, payload: Buffer): Buffer => {
  const head = Buffer.alloc(12);
  head[0] = 0x80;
  head[1] = (fields.payloadType ?? 96) | (fields.marker === true ? 0x80 : 0);
  head.writeUInt16BE(fields.sequence & 0xffff, 2);
  head.writeUInt32BE(fields.timestamp >>> 0, 4);
  head.writeUInt32BE(0x1234_5678, 8);
  return Buffer.concat([head, payload]);
};

/** The RTP packets of pictures, each a list of NAL units: one timestamp a picture, the marker on its last packet. */
export const packetsOf = (codec: Codec, pictures: readonly (readonly Buffer[])[], mtu = 1_400): Buffer[] => {
  const packets: Buffer[] = [];
  pictures.forEach((nals, nth) => {
    const payloads = nals.flatMap((nal) => payloadsOf(codec, nal, mtu));
    payloads.forEach((payload, at) => {
      const marker = at === payloads.length - 1;
      packets.push(rtp({ sequence: 65_530 + packets.length, timestamp: 9_000 + nth * 3_600, marker }, payload));
    });
  });
  return packets;
};

/** NAL units of Annex B bytes whose start codes have four or three bytes. */
export const nalsOf = (bytes: Buffer): Buffer[] => {
  const nals: Buffer[] = [];
  const code = Buffer.from([0, 0, 1]);
  for (let at = bytes.indexOf(code); at !== -1; ) {
    const next = bytes.indexOf(code, at + 3);
    let end = next === -1 ? bytes.length : next;
    while (end > at + 3 && bytes[end - 1] === 0) end--;
    if (end > at + 3) nals.push(bytes.subarray(at + 3, end));
    at = next;
  }
  return nals;
};
