import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';

/** One file in an archive, as its central directory says. */
export type Entry = {
  readonly name: string;
  /** 0 stored, 8 deflate. */
  readonly method: number;
  readonly crc32: number;
  readonly packed: number;
  readonly unpacked: number;
  /** Of its local header. */
  readonly at: number;
};

/** The archive is damaged, or says of itself what is not so. */
export class NoArchive extends Error {
  override readonly name = 'NoArchive';
}

const endMark = 0x06_05_4b_50;
const entryMark = 0x02_01_4b_50;
const localMark = 0x04_03_4b_50;
/** A comment of 65,535 bytes may stand behind the end record of 22. */
const furthestEnd = 65_557;
const mostEntries = 10_000;

/** The central directory, by name. Throws NoArchive. An archive past 4 GiB (ZIP64) is none here. */
export const entriesOf = (bytes: Buffer): ReadonlyMap<string, Entry> => {
  let end = bytes.length - 22;
  while (end >= 0 && end >= bytes.length - furthestEnd && bytes.readUInt32LE(end) !== endMark) end -= 1;
  if (end < 0 || bytes.readUInt32LE(end) !== endMark) throw new NoArchive('no end of central directory');
  const count = bytes.readUInt16LE(end + 10);
  if (count > mostEntries) throw new NoArchive(`${count} entries`);
  const entries = new Map<string, Entry>();
  for (let nth = 0, at = bytes.readUInt32LE(end + 16); nth < count; nth += 1) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== entryMark) throw new NoArchive('the directory is cut');
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    if (entries.has(name)) throw new NoArchive(`${name} is there twice`);
    entries.set(name, {
      name,
      method: bytes.readUInt16LE(at + 10),
      crc32: bytes.readUInt32LE(at + 16),
      packed: bytes.readUInt32LE(at + 20),
      unpacked: bytes.readUInt32LE(at + 24),
      at: bytes.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + extra + comment;
  }
  return entries;
};

const packedOf = (bytes: Buffer, { name, at, packed, unpacked, method }: Entry): Buffer => {
  if (at + 30 > bytes.length || bytes.readUInt32LE(at) !== localMark)
    throw new NoArchive(`${name} is not where it should be`);
  const from = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
  if (from + packed > bytes.length) throw new NoArchive(`${name} is cut`);
  if (method !== 8 && !(method === 0 && packed === unpacked))
    throw new NoArchive(`${name} is packed by method ${method}`);
  return bytes.subarray(from, from + packed);
};

/** A small entry at once. Throws NoArchive where it is not as long, or not the same, as the directory says. */
export const unpack = (bytes: Buffer, entry: Entry): Buffer => {
  const packed = packedOf(bytes, entry);
  try {
    const content =
      entry.method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.unpacked) });
    if (content.length === entry.unpacked && crc32(content) === entry.crc32) return content;
  } catch (cause) {
    throw new NoArchive(`${entry.name} does not unpack`, { cause });
  }
  throw new NoArchive(`${entry.name} is damaged`);
};

/** A large entry piece by piece, with the same checks, the last of them at its end. */
export const unpackInPieces = async function* (bytes: Buffer, entry: Entry): AsyncGenerator<Buffer> {
  const packed = packedOf(bytes, entry);
  const source = entry.method === 0 ? [packed] : createInflateRaw({ chunkSize: 1 << 18 }).end(packed);
  let [length, sum] = [0, 0];
  try {
    for await (const piece of source as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > entry.unpacked) break;
      sum = crc32(piece, sum);
      yield piece;
    }
  } catch (cause) {
    throw new NoArchive(`${entry.name} does not unpack`, { cause });
  }
  if (length !== entry.unpacked || sum !== entry.crc32) throw new NoArchive(`${entry.name} is damaged`);
};
