import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Database } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';

export type Media = 'image/jpeg' | 'image/png';
export type PhotoFacts = { readonly media: Media; readonly width: number; readonly height: number };

const mostBytes = 10 << 20;
/** Of one camera within a day. */
const mostPhotos = 20;

/** What a photo is, by its content and whatever its name. A Sentence where it is none, cut, or too large. */
export const factsOfPhoto = (bytes: Buffer): PhotoFacts => {
  if (bytes.length > mostBytes) {
    throw new Sentence(
      `照片有 ${bytes.length} 字节：至多 10 MB，请缩小后再上传`,
      `the photo has ${bytes.length} bytes: 10 MB at most, make it smaller`,
    );
  }
  const facts = bytes.subarray(0, 2).equals(jpegMark)
    ? factsOfJpeg(bytes)
    : bytes.subarray(0, 8).equals(pngMark)
      ? factsOfPng(bytes)
      : null;
  if (facts !== null && facts.width > 0 && facts.height > 0) return facts;
  throw new Sentence(
    '不是完整的 JPEG 或 PNG 照片：请另选文件，或重新导出',
    'this is no whole JPEG or PNG: choose another file, or export it again',
  );
};

const jpegMark = Buffer.of(0xff, 0xd8);

/** ISO 10918-1 B.1.1: segments up to the scan, of which a frame header says the size; and an end. */
const factsOfJpeg = (bytes: Buffer): PhotoFacts | null => {
  // Some phones put a second picture, or blanks, behind the end.
  if (bytes.lastIndexOf(Buffer.of(0xff, 0xd9)) === -1) return null;
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // Start of frame, but not the tables that lie among its numbers: DHT, JPG, DAC.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { media: 'image/jpeg', width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    }
    if (marker === 0xda) return null;
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
};

const pngMark = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** Chunks with their checksums, from the header to the end. */
const factsOfPng = (bytes: Buffer): PhotoFacts | null => {
  let facts: PhotoFacts | null = null;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length || crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) return null;
    const kind = bytes.toString('latin1', at + 4, at + 8);
    if (facts === null) {
      if (kind !== 'IHDR' || length !== 13) return null;
      facts = { media: 'image/png', width: bytes.readUInt32BE(at + 8), height: bytes.readUInt32BE(at + 12) };
    } else if (kind === 'IEND') return facts;
    at = end + 4;
  }
  return null;
};

export type Photo = PhotoFacts & {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
  readonly at: Date;
  readonly by: string;
  readonly note: string | null;
};

/**
 * Puts a photo to a camera's archive; one that is there already is kept once, and put to the same camera a second time
 * stays as it was. A Sentence for what is no photo, or where there is no such camera.
 */
export const addPhoto = (
  db: Database,
  code: string,
  bytes: Buffer,
  { by, note }: { readonly by: string; readonly note: string | null },
): Promise<{ readonly sha256: string; readonly added: boolean }> => {
  const { media, width, height } = factsOfPhoto(bytes);
  const sha256 = createHash('sha256').update(bytes).digest();
  return db.transaction(async (tx) => {
    const camera = await tx.maybeOne<{ id: number }>('select id from camera where code = $1', [code]);
    if (camera === null) throw noCamera(code);
    const { others } = await tx.one<{ others: number }>(
      `select count(*) filter (where sha256 <> $2 and at > now() - interval '1 day')::integer as others
       from camera_photo where camera = $1`,
      [camera.id, sha256],
    );
    if (others >= mostPhotos) throw tooManyPhotos(code);
    await tx.run(
      'insert into photo (sha256, media, width, height, bytes) values ($1, $2, $3, $4, $5) on conflict do nothing',
      [sha256, media, width, height, bytes],
    );
    const added = await tx.run(
      'insert into camera_photo (camera, sha256, by, note) values ($1, $2, $3, $4) on conflict do nothing',
      [camera.id, sha256, by, note],
    );
    return { sha256: sha256.toString('hex'), added: added === 1 };
  });
};

const tooManyPhotos = (code: string): Sentence =>
  new Sentence(
    `点位 ${code} 一日内已添加 ${mostPhotos} 张照片：请一天后再试`,
    `camera ${code} got ${mostPhotos} photos within a day: come back in a day`,
  );

export const noCamera = (code: string): Sentence =>
  new Sentence(
    `没有编码为 ${code} 的点位：请核对 20 位编码`,
    `there is no camera with the code ${code}: check its 20 digits`,
  );

/** A photo of a camera itself, by its SHA-256 in hexadecimal; null where the camera has no such one. */
export const photoBytes = (
  db: Database,
  code: string,
  sha256: string,
): Promise<{ readonly media: Media; readonly bytes: Buffer } | null> =>
  db.maybeOne(
    `select p.media, p.bytes from camera_photo cp join camera c on c.id = cp.camera join photo p using (sha256)
     where c.code = $1 and p.sha256 = decode($2, 'hex')`,
    [code, sha256],
  );
