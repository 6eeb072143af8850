/** JPEG files (ITU-T T.81) around the one scan that RFC 2435 carries. Pure. */

const marker = { sof0: 0xc0, sof1: 0xc1, dht: 0xc4, sos: 0xda, dqt: 0xdb, dri: 0xdd } as const;
const startOfImage = Buffer.from([0xff, 0xd8]);
const endOfImage = Buffer.from([0xff, 0xd9]);

const segment = (code: number, body: Buffer): Buffer => {
  const head = Buffer.from([0xff, code, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
};

const jfif = segment(0xe0, Buffer.from('4a46494600010100000100010000', 'hex'));

/** Annex K.3: the tables of DC luma, DC chroma, AC luma, AC chroma, as they stand in a DHT segment. */
const huffman = Buffer.from(
  // biome-ignore format: bytes
  '0000010501010101010100000000000000000102030405060708090a0b01000301010101010101010100000000000001020304050607' +
  '08090a0b100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f024' +
  '33627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778' +
  '797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9' +
  'dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa110002010204040304070504040001027700010203110405213106124151076171' +
  '1322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a53545556' +
  '5758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8' +
  'b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
  'hex',
);

/** Annexes K.1 and K.2 in zigzag order: luma and chroma at quality 50. */
const half = [
  Buffer.from(
    '100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933' +
      '383740485c4e404457453738506d51575f626768673e4d71797064785c656763',
    'hex',
  ),
  Buffer.concat([Buffer.from('1112121815182f1a1a2f63423842', 'hex'), Buffer.alloc(50, 99)]),
] as const;

/** 64 coefficients in zigzag order, 8 bits each, or 16 where the buffer has 128 bytes. */
export type Quantizer = Buffer;

/** The tables that a quality of 1 to 99 stands for, RFC 2435 section 4.2 and appendix A. */
export const quantizersOf = (quality: number): Quantizer[] => {
  const factor = quality < 50 ? Math.floor(5_000 / quality) : 200 - quality * 2;
  const scaled = (value: number): number => Math.min(255, Math.max(1, Math.floor((value * factor + 50) / 100)));
  return half.map((table) => Buffer.from(table.map(scaled)));
};

/** Marker segments by their code: what stands behind the length. */
export type Segments = ReadonlyMap<number, readonly Buffer[]>;

/** Further ones are not read: a picture has some ten. */
const maxSegments = 64;

/** The marker segments in `bytes[from, to)`, 0xFF between and behind them passed over; what is cut is left out. */
export const segmentsIn = (bytes: Buffer, from: number, to: number): Segments => {
  const found = new Map<number, Buffer[]>();
  for (let at = from, segments = 0; at + 4 <= to && bytes[at] === 0xff && segments < maxSegments; ) {
    const code = bytes[at + 1]!;
    if (code === 0xff) {
      at++;
      continue;
    }
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > to || end < at + 4) break;
    segments++;
    const same = found.get(code);
    const body = Buffer.from(bytes.subarray(at + 4, end));
    if (same === undefined) found.set(code, [body]);
    else same.push(body);
    at = end;
  }
  return found;
};

/** Pixels; `null` where there is no frame header among the segments. */
export const sizeIn = (segments: Segments): { width: number; height: number } | null => {
  const frame = frameIn(segments)?.body;
  return frame === undefined ? null : { width: frame.readUInt16BE(3), height: frame.readUInt16BE(1) };
};

const frameIn = (segments: Segments): { code: number; body: Buffer } | null => {
  for (const code of [marker.sof0, marker.sof1]) {
    const body = segments.get(code)?.[0];
    if (body !== undefined && body.length >= 6 + 3 * (body[5] ?? 0) && body.length >= 9) return { code, body };
  }
  return null;
};

export type Scan = {
  readonly width: number;
  readonly height: number;
  /** Chroma has half the rows too (4:2:0), not only half the columns (4:2:2). */
  readonly halfRows: boolean;
  readonly quantizers: readonly Quantizer[];
  /** Blocks between restart markers; 0 where there are none. */
  readonly restartInterval: number;
  /** Take the place of what would be written else. */
  readonly segments: Segments;
  readonly data: Buffer;
};

/** One whole JFIF file. */
export const jpegFile = (scan: Scan): Buffer => {
  const { width, height, halfRows, quantizers, restartInterval, segments, data } = scan;
  const own = (code: number, otherwise: readonly Buffer[]): Buffer[] =>
    (segments.get(code) ?? otherwise).map((body) => segment(code, body));
  const chroma = quantizers.length > 1 ? 1 : 0;
  const written = Buffer.from([8, 0, 0, 0, 0, 3, 1, halfRows ? 0x22 : 0x21, 0, 2, 0x11, chroma, 3, 0x11, chroma]);
  written.writeUInt16BE(height, 1);
  written.writeUInt16BE(width, 3);
  // Tables of 16 bits are not baseline: B.2.4.1.
  const code = quantizers.some((table) => table.length > 64) ? marker.sof1 : marker.sof0;
  const frame = frameIn(segments) ?? { code, body: written };
  const components = Array.from({ length: frame.body[5]! }, (_, nth) => frame.body[6 + nth * 3]!);
  const header = [components.length, ...components.flatMap((id, nth) => [id, nth === 0 ? 0x00 : 0x11]), 0, 63, 0];
  const interval = Buffer.from([restartInterval >> 8, restartInterval & 0xff]);
  return Buffer.concat([
    startOfImage,
    jfif,
    ...own(
      marker.dqt,
      quantizers.map((table, id) => Buffer.concat([Buffer.from([table.length > 64 ? 0x10 | id : id]), table])),
    ),
    segment(frame.code, frame.body),
    ...own(marker.dht, [huffman]),
    ...own(marker.dri, restartInterval === 0 ? [] : [interval]),
    segment(marker.sos, Buffer.from(header)),
    data,
    // May be left out, RFC 2435 section 3.1.9.
    data.subarray(-2).equals(endOfImage) ? Buffer.alloc(0) : endOfImage,
  ]);
};
