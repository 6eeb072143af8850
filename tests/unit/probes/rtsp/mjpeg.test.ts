import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Decoder, openDecoder } from '../../../../probes/index.ts';
import { quantizersOf } from '../../../../probes/rtsp/jpeg.ts';
import { KeyframeCollector } from '../../../../probes/rtsp/keyframe.ts';
import { type JpegFields, jpegPackets, partsOf, tablesOf } from './jpeg-packetizer.ts';
import { madeJpeg, pixelsOf } from './made.ts';

const size = { width: 640, height: 360 };
const collect = (packets: readonly Buffer[], described: readonly Buffer[] = []) => {
  const collector = new KeyframeCollector('mjpeg', 96, described);
  const pictures = packets.map((packet) => collector.push(packet, 0, packet.length)).filter((jpeg) => jpeg !== null);
  return { pictures, collector };
};
const one = (packets: readonly Buffer[], described: readonly Buffer[] = []): Buffer => {
  const { pictures, collector } = collect(packets, described);
  expect([pictures.length, collector.spoilt]).toEqual([1, 0]);
  return pictures[0]!;
};

/** A JPEG over RTP as a device sends it that sends its tables along. */
const sent = (jpeg: Buffer, fields: Partial<JpegFields> = {}): Buffer[] => {
  const tables = { precision: 0, data: Buffer.concat(tablesOf(jpeg)) };
  return jpegPackets({ type: 1, quality: 255, ...size, tables, ...fields }, partsOf(jpeg).scan);
};

describe('a picture of Motion JPEG', () => {
  const full = madeJpeg('-pix_fmt', 'yuvj420p');
  let decoder: Decoder;
  beforeAll(() => {
    decoder = openDecoder(1);
  });
  afterAll(() => decoder.close());

  it('has the pixels that were sent, and is proved like any other', async () => {
    const gathered = one(sent(full));
    expect(pixelsOf(gathered).equals(pixelsOf(full))).toBe(true);
    const decoded = await decoder.decode('mjpeg', gathered, true);
    expect(decoded).toMatchObject({ type: 'decoded', ...size, picture: { faults: [] } });
    expect(decoded.type === 'decoded' && decoded.jpeg!.subarray(0, 2).toString('hex')).toBe('ffd8');
  });

  it('has half the columns of chroma in type 0, and half the rows too in type 1', async () => {
    // By annex K.3 a block of luma without any difference takes 6 bits, one of chroma 4. ffmpeg writes no 4:2:2 of this kind.
    const blocks = { 0: (64 / 16) * (32 / 8) * (6 + 6 + 4 + 4), 1: (64 / 16) * (32 / 16) * (4 * 6 + 4 + 4) } as const;
    for (const type of [0, 1] as const) {
      const bits = `${(type === 0 ? '001010001010' : '001010001010001010001010').concat('00000000')}`;
      const all = bits.repeat(blocks[type] / bits.length);
      const scan = Buffer.from(all.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
      const of = (data: Buffer) => one(jpegPackets({ type, quality: 50, width: 64, height: 32 }, data));
      const whole = await decoder.decode('mjpeg', of(scan), false);
      expect(whole).toMatchObject({
        type: 'decoded',
        width: 64,
        height: 32,
        picture: { meanLuma: 128, faults: ['flat'] },
      });
      expect(await decoder.decode('mjpeg', of(scan.subarray(0, -8)), false)).toMatchObject({ type: 'damaged' });
    }
  });

  it('with one table has it for luma and chroma, with tables of 16 bits says so', () => {
    const tables = tablesOf(full);
    expect(tables).toHaveLength(1);
    const wide = Buffer.concat(
      [tables[0]!, tables[0]!].map((table) => Buffer.from([...table].flatMap((value) => [0, value]))),
    );
    const gathered = one(sent(full, { tables: { precision: 3, data: wide } }));
    expect(partsOf(gathered).segments.has(0xc1)).toBe(true);
    expect(pixelsOf(gathered).equals(pixelsOf(full))).toBe(true);
  });

  it('with restart markers', () => {
    // One slice a row of blocks: ffmpeg writes a restart interval with more than one.
    const jpeg = madeJpeg('-pix_fmt', 'yuvj420p', '-slices', '4', '-threads', '4');
    const interval = partsOf(jpeg).segments.get(0xdd)![0]!.readUInt16BE(0);
    const gathered = one(sent(jpeg, { type: 65, restartInterval: interval }));
    expect(interval).toBeGreaterThan(0);
    expect(pixelsOf(gathered).equals(pixelsOf(jpeg))).toBe(true);
  });

  it('with the tables that an earlier picture of its quality brought (length 0)', () => {
    const empty = { precision: 0, data: Buffer.alloc(0) };
    const first = sent(full, { quality: 130 });
    const later = (quality: number) =>
      sent(full, { quality, tables: empty, sequence: 65_530 + first.length, timestamp: 2 });
    const { pictures } = collect([...first, ...later(130)]);
    expect(pictures).toHaveLength(2);
    expect(pictures[1]!.equals(pictures[0]!)).toBe(true);
    // 255 stands for tables of its own in every picture; of 131 none were told.
    for (const quality of [131, 255]) expect(collect([...first, ...later(quality)]).collector.spoilt).toBe(1);
  });

  it('with the tables of its quality from 1 to 99', () => {
    const jpeg = one(jpegPackets({ type: 1, quality: 50, ...size }, partsOf(full).scan));
    expect(tablesOf(jpeg).map((table) => [table[0], table[1], table[2], table[63]])).toEqual([
      [16, 11, 12, 99],
      [17, 18, 18, 99],
    ]);
    // RFC 2435 section 4.2: 99 makes almost all of them 1, 1 as large as they can be.
    expect(quantizersOf(99).map((table) => [table[0], table[63]])).toEqual([
      [1, 2],
      [1, 2],
    ]); // prettier
    expect(quantizersOf(1).every((table) => table.every((value) => value === 255))).toBe(true);
    expect(quantizersOf(25).map((table) => table[0])).toEqual([32, 34]);
  });

  it('ends at the next timestamp where no marker ends it, and once where its data holds the end', () => {
    const packets = sent(full).map((packet) => {
      const unmarked = Buffer.from(packet);
      unmarked[1] = unmarked[1]! & 0x7f;
      return unmarked;
    });
    const next = sent(full, { sequence: 65_530 + packets.length, timestamp: 2 })[0]!;
    expect(one([...packets, next]).equals(one(sent(full)))).toBe(true);
    const { scan } = partsOf(full);
    const ended = jpegPackets(
      { type: 1, quality: 255, ...size, tables: { precision: 0, data: tablesOf(full)[0]! } },
      Buffer.concat([scan, Buffer.from([0xff, 0xd9])]),
    );
    expect(one(ended).equals(one(sent(full)))).toBe(true);
  });

  it.each([
    ['its first fragment', 0],
    ['a fragment in the middle', 3],
  ])('is dropped where %s was lost; the next one is taken', (_, lost) => {
    const first = sent(full);
    const next = sent(full, { sequence: 65_530 + first.length, timestamp: 2 });
    const { pictures, collector } = collect([...first.filter((_packet, at) => at !== lost), ...next]);
    expect(pictures.map((jpeg) => jpeg.equals(one(next)))).toEqual([true]);
    expect(collector.spoilt).toBe(1);
  });

  it('is dropped where its last fragment was lost', () => {
    const first = sent(full).slice(0, -1);
    const next = sent(full, { sequence: 65_530 + first.length + 1, timestamp: 2 });
    expect(collect([...first, ...next])).toMatchObject({ pictures: [one(next)], collector: { spoilt: 1, gaps: 1 } });
  });

  it.each([
    ['of a type that RFC 2435 does not name', { type: 2 }],
    ['of a quality that is in use for nothing', { quality: 100, tables: undefined }],
    ['with tables longer than they are', { tables: { precision: 3, data: Buffer.alloc(64, 1) } }],
    ['of no size', { width: 0, height: 0 }],
  ] as const)('%s is none', (_, fields) => {
    const { tables, ...others } = { tables: { precision: 0, data: tablesOf(full)[0]! }, ...fields };
    const packets = jpegPackets(
      { type: 1, quality: 255, ...size, ...others, ...(tables === undefined ? {} : { tables }) },
      partsOf(full).scan,
    );
    expect(collect(packets)).toMatchObject({ pictures: [], collector: { spoilt: 1 } });
  });

  it('whose offsets do not fit together is none, and arbitrary payloads give none', () => {
    const packets = sent(full);
    packets[3]!.writeUIntBE(77, 13, 3);
    expect(collect(packets)).toMatchObject({ pictures: [], collector: { gaps: 0, spoilt: 1 } });
    const cut = packets.map((packet) => packet.subarray(0, 12 + 7));
    expect(collect(cut)).toMatchObject({ pictures: [], collector: { spoilt: 0 } });
  });
});

describe('a picture of more than 2,040 pixels', () => {
  const large = madeJpeg('-pix_fmt', 'yuvj420p', '-vf', 'scale=2592:1944');
  const described = (width: number, height: number): Buffer[] => {
    const told = Buffer.alloc(4);
    told.writeUInt16BE(width, 0);
    told.writeUInt16BE(height, 2);
    return [told];
  };
  const frame = (jpeg: Buffer): Buffer => {
    const body = partsOf(jpeg).segments.get(0xc0)![0]!;
    const head = Buffer.from([0xff, 0xc0, 0, 0]);
    head.writeUInt16BE(body.length + 2, 2);
    return Buffer.concat([head, body]);
  };

  it.each([
    ['a width and height of 0', { width: 0, height: 0 }],
    ['what is left of them in a byte', { width: 2592, height: 1944 }],
  ])('has the size of the description where the packets say %s', (_, told) => {
    const packets = sent(large, told);
    expect(pixelsOf(one(packets, described(2592, 1944))).equals(pixelsOf(large))).toBe(true);
  });

  it('has its own size where the description is of another stream', () => {
    expect(
      partsOf(one(sent(madeJpeg('-pix_fmt', 'yuvj420p')), described(2592, 1944)))
        .segments.get(0xc0)![0]!
        .readUInt16BE(3),
    ).toBe(640);
  });

  it.each([
    ['a header extension (ONVIF streaming specification)', 0xffd8, Buffer.alloc(0)],
    ['one behind that of a replay', 0xabac, Buffer.concat([Buffer.alloc(12, 7), Buffer.from('ffd80005', 'hex')])],
  ])('has the size that stands in %s', (_, name, before) => {
    const extension = { name, content: Buffer.concat([before, frame(large)]) };
    const gathered = one(sent(large, { width: 0, height: 0, extension }));
    expect(pixelsOf(gathered).equals(pixelsOf(large))).toBe(true);
  });

  it('is none where nothing tells its size', () => {
    expect(collect(sent(large, { width: 0, height: 0 }))).toMatchObject({ pictures: [], collector: { spoilt: 1 } });
    const cut = { name: 0xffd8, content: frame(large).subarray(0, 8) };
    expect(collect(sent(large, { width: 0, height: 0, extension: cut })).pictures).toEqual([]);
  });
});
