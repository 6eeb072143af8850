import { rtp } from './packetizer.ts';

/** The marker segments of a JPEG file by their code, and its one scan without the end marker. */
export const partsOf = (jpeg: Buffer): { segments: Map<number, Buffer[]>; scan: Buffer } => {
  const segments = new Map<number, Buffer[]>();
  for (let at = 2; ; ) {
    const code = jpeg[at + 1]!;
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    segments.set(code, [...(segments.get(code) ?? []), jpeg.subarray(at + 4, end)]);
    if (code === 0xda) return { segments, scan: jpeg.subarray(end, jpeg.length - 2) };
    at = end;
  }
};

/** The quantization tables of a JPEG file, by their id, without the byte that tells it. */
export const tablesOf = (jpeg: Buffer): Buffer[] => {
  const all = Buffer.concat(partsOf(jpeg).segments.get(0xdb)!);
  const tables: Buffer[] = [];
  for (let at = 0; at < all.length; at += 65) tables[all[at]! & 15] = all.subarray(at + 1, at + 65);
  return tables;
};

export type JpegFields = {
  readonly type: number;
  readonly quality: number;
  /** In pixels; sent in eights, what does not fit a byte is lost. */
  readonly width: number;
  readonly height: number;
  /** The quantization table header's precision and data (section 3.1.8), with the first packet. */
  readonly tables?: { readonly precision: number; readonly data: Buffer };
  readonly restartInterval?: number;
  /** A header extension of the RTP packet: its name and content, with the first packet. */
  readonly extension?: { readonly name: number; readonly content: Buffer };
  readonly timestamp?: number;
  readonly sequence?: number;
  readonly mtu?: number;
};

/** The RTP packets of one picture, RFC 2435 section 3.1. */
export const jpegPackets = (fields: JpegFields, scan: Buffer): Buffer[] => {
  const { type, quality, width, height, tables, restartInterval, extension, mtu = 1_400 } = fields;
  const packets: Buffer[] = [];
  for (let offset = 0; offset < scan.length; offset += mtu) {
    const head = Buffer.from([0, 0, 0, 0, type, quality, (width >> 3) & 255, (height >> 3) & 255]);
    head.writeUIntBE(offset, 1, 3);
    const parts: Buffer[] = [head];
    if (restartInterval !== undefined) {
      parts.push(Buffer.from([restartInterval >> 8, restartInterval & 255, 0xff, 0xff]));
    }
    if (tables !== undefined && offset === 0) {
      const { precision, data } = tables;
      parts.push(Buffer.from([0, precision, data.length >> 8, data.length & 255]), data);
    }
    parts.push(scan.subarray(offset, offset + mtu));
    const marker = offset + mtu >= scan.length;
    const { timestamp = 1, sequence = 65_530 } = fields;
    const packet = rtp({ sequence: sequence + packets.length, timestamp, marker }, Buffer.concat(parts));
    packets.push(extension !== undefined && offset === 0 ? extended(packet, extension) : packet);
  }
  return packets;
};

const extended = (packet: Buffer, { name, content }: { name: number; content: Buffer }): Buffer => {
  const words = Math.ceil(content.length / 4);
  const head = Buffer.alloc(4 + words * 4, 0xff);
  head.writeUInt16BE(name, 0);
  head.writeUInt16BE(words, 2);
  content.copy(head, 4);
  const fixed = Buffer.from(packet.subarray(0, 12));
  fixed[0] = fixed[0]! | 0x10;
  return Buffer.concat([fixed, head, packet.subarray(12)]);
};
