import type { VideoCodec } from './city.ts';

/** RTP payload bytes at most; with RTP, UDP and IP headers under 1,500, as cameras cut it even over TCP. */
const largest = 1400;

/** Aggregation packet: H.264 STAP-A (RFC 6184 5.7.1), H.265 AP (RFC 7798 4.4.2). */
const aggregate = (codec: VideoCodec, nals: readonly Buffer[]): Buffer => {
  const header =
    codec === 'h264'
      ? Buffer.from([(Math.max(...nals.map((nal) => nal[0]! & 0x60)) & 0x60) | 24])
      : Buffer.from([48 << 1, 1]);
  const parts = nals.flatMap((nal) => [Buffer.from([nal.length >> 8, nal.length & 255]), nal]);
  return Buffer.concat([header, ...parts]);
};

/** Fragmentation units: H.264 FU-A (RFC 6184 5.8), H.265 FU (RFC 7798 4.4.3). */
const fragment = (codec: VideoCodec, nal: Buffer): Buffer[] => {
  const taken = codec === 'h264' ? 1 : 2;
  const type = codec === 'h264' ? nal[0]! & 31 : (nal[0]! >> 1) & 63;
  const header = codec === 'h264' ? [(nal[0]! & 0xe0) | 28] : [(nal[0]! & 0x81) | (49 << 1), nal[1]!];
  const room = largest - header.length - 1;
  const packets: Buffer[] = [];
  for (let at = taken; at < nal.length; at += room) {
    const start = at === taken ? 0x80 : 0;
    const end = at + room >= nal.length ? 0x40 : 0;
    packets.push(Buffer.concat([Buffer.from([...header, start | end | type]), nal.subarray(at, at + room)]));
  }
  return packets;
};

/** The RTP payloads of one picture: small neighbours aggregated, large NAL units fragmented, the rest as they are. */
export const packetize = (codec: VideoCodec, nals: readonly Buffer[]): Buffer[] => {
  const payloads: Buffer[] = [];
  let small: Buffer[] = [];
  let held = 2;
  const flush = () => {
    if (small.length > 0) payloads.push(small.length === 1 ? small[0]! : aggregate(codec, small));
    small = [];
    held = 2;
  };
  for (const nal of nals) {
    if (held + 2 + nal.length > largest) flush();
    if (nal.length > largest) payloads.push(...fragment(codec, nal));
    else {
      small.push(nal);
      held += 2 + nal.length;
    }
  }
  flush();
  return payloads;
};

export type Stamp = {
  readonly channel: number;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
};

const interleaved = 4;
const rtpHeader = 12;

/** Payloads of one picture as interleaved RTP packets (RFC 2326 10.12, RFC 3550 5.1); the marker on the last. */
export const frame = (payloads: readonly Buffer[], stamp: Stamp): Buffer => {
  const bytes = Buffer.alloc(payloads.reduce((sum, payload) => sum + interleaved + rtpHeader + payload.length, 0));
  let at = 0;
  payloads.forEach((payload, nth) => {
    bytes[at] = 0x24;
    bytes[at + 1] = stamp.channel;
    bytes.writeUInt16BE(rtpHeader + payload.length, at + 2);
    bytes[at + 4] = 0x80;
    bytes[at + 5] = stamp.payloadType | (nth === payloads.length - 1 ? 0x80 : 0);
    bytes.writeUInt16BE((stamp.sequence + nth) & 0xffff, at + 6);
    bytes.writeUInt32BE(stamp.timestamp >>> 0, at + 8);
    bytes.writeUInt32BE(stamp.ssrc >>> 0, at + 12);
    payload.copy(bytes, at + interleaved + rtpHeader);
    at += interleaved + rtpHeader + payload.length;
  });
  return bytes;
};

/** A copy for another channel or a later round: `sequence` and `timestamp` are added to those in each packet. */
export const restamp = (framed: Buffer, channel: number, sequence: number, timestamp: number): Buffer => {
  const bytes = Buffer.from(framed);
  for (let at = 0; at < bytes.length; at += interleaved + bytes.readUInt16BE(at + 2)) {
    bytes[at + 1] = channel;
    bytes.writeUInt16BE((bytes.readUInt16BE(at + 6) + sequence) & 0xffff, at + 6);
    bytes.writeUInt32BE((bytes.readUInt32BE(at + 8) + timestamp) >>> 0, at + 8);
  }
  return bytes;
};
