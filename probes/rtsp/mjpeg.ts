import { type PictureGatherer, Room } from './gather.ts';
import { jpegFile, type Quantizer, quantizersOf, type Segments, segmentsIn, sizeIn } from './jpeg.ts';
import type { Rtp } from './rtp.ts';

/** The main header, section 3.1. */
type Head = {
  readonly type: number;
  readonly quality: number;
  readonly width: number;
  readonly height: number;
  readonly restartInterval: number;
  readonly quantizers: readonly Quantizer[];
  readonly segments: Segments;
};

const noSegments: Segments = new Map();
/** Names the extension in the RTP header: ONVIF streaming specification, "JPEG over RTP", and "RTP header extension". */
const jpegExtension = 0xffd8;
const replayExtension = 0xabac;

/**
 * Marker segments that a device sends in the header extension of a picture's first packet, where RFC 2435 cannot say
 * what they say: pictures above 2040 pixels, other tables. In replay they stand behind the replay's own three words.
 */
const extensionOf = (bytes: Buffer, rtp: Rtp): Segments => {
  let at = rtp.extension;
  if (at === -1) return noSegments;
  if (bytes.readUInt16BE(at) === replayExtension && at + 20 <= rtp.from) at += 16;
  if (bytes.readUInt16BE(at) !== jpegExtension) return noSegments;
  return segmentsIn(bytes, at + 4, Math.min(rtp.from, at + 4 + bytes.readUInt16BE(at + 2) * 4));
};

/** Pictures of Motion JPEG over RTP, RFC 2435: each is a key frame, given as a JFIF file. */
export class JpegPicture implements PictureGatherer {
  readonly #scan = new Room();
  readonly #described: { readonly width: number; readonly height: number } | null;
  /** Tables by quality (128 to 254): sent once, and not again. */
  readonly #known = new Map<number, readonly Quantizer[]>();
  #head: Head | null = null;
  #begun = false;
  #broken = false;

  /** `described` is empty or holds the size of pictures: `Media.parameterSets`. */
  constructor(described: readonly Buffer[]) {
    const size = described[0];
    this.#described = size?.length === 4 ? { width: size.readUInt16BE(0), height: size.readUInt16BE(2) } : null;
  }

  get markerEnds(): boolean {
    return this.#begun;
  }

  lost(): void {
    this.#broken = true;
  }

  goesOn(): boolean {
    return false;
  }

  take(bytes: Buffer, rtp: Rtp): void {
    const { from, to } = rtp;
    if (to - from < 8) return;
    this.#begun = true;
    const type = bytes[from + 4]!;
    const quality = bytes[from + 5]!;
    const restarts = type >= 64 && type < 128;
    const offset = bytes.readUIntBE(from + 1, 3);
    let at = from + 8 + (restarts ? 4 : 0);
    if (offset === 0 && at <= to) {
      const tables = this.#quantizers(bytes, at, to, quality);
      if (tables !== null) {
        at = tables.end;
        const segments = extensionOf(bytes, rtp);
        const restartInterval = restarts ? bytes.readUInt16BE(from + 8) : 0;
        const [width, height] = [bytes[from + 6]! * 8, bytes[from + 7]! * 8];
        this.#head = { type, quality, width, height, restartInterval, quantizers: tables.quantizers, segments };
      }
    }
    if (offset !== this.#scan.length || at > to || !this.#scan.append(bytes, at, to)) this.#broken = true;
  }

  finish(): Buffer | 'spoilt' | null {
    const [begun, broken, head] = [this.#begun, this.#broken, this.#head];
    const data = this.#scan.bytes.subarray(0, this.#scan.length);
    this.#begun = false;
    this.#broken = false;
    this.#head = null;
    this.#scan.length = 0;
    if (!begun) return null;
    if (broken || head === null) return 'spoilt';
    const size = this.#size(head);
    const { segments, quantizers, restartInterval } = head;
    // Types 0 and 1, section 4.1, and the same with restart markers; others may only come with a frame header.
    if ((head.type & ~0x41) !== 0 && sizeIn(segments) === null) return 'spoilt';
    if (size.width === 0 || size.height === 0) return 'spoilt';
    return jpegFile({ ...size, halfRows: (head.type & 1) === 1, quantizers, restartInterval, segments, data });
  }

  /** The tables of a first packet and where they end; `null` where there are none to decode it by. */
  #quantizers(
    bytes: Buffer,
    at: number,
    to: number,
    quality: number,
  ): { quantizers: readonly Quantizer[]; end: number } | null {
    if (quality >= 1 && quality <= 99) return { quantizers: quantizersOf(quality), end: at };
    if (quality < 128 || at + 4 > to) return null;
    const precision = bytes[at + 1]!;
    const length = bytes.readUInt16BE(at + 2);
    const end = at + 4 + length;
    if (end > to) return null;
    if (length === 0) {
      const known = this.#known.get(quality);
      return known === undefined ? null : { quantizers: known, end };
    }
    const quantizers: Quantizer[] = [];
    for (let table = at + 4; table < end && quantizers.length < 4; ) {
      const next = table + ((precision >> quantizers.length) & 1 ? 128 : 64);
      if (next > end) return null;
      quantizers.push(Buffer.from(bytes.subarray(table, next)));
      table = next;
    }
    // 255 stands for tables that may change with every picture.
    if (quality !== 255) this.#known.set(quality, quantizers);
    return { quantizers, end };
  }

  /**
   * Width and height are sent in eights, one byte each: 0 above 2040 pixels, or what is left of the number where a
   * device does not care. The description's size is right where what is left of it is the same.
   */
  #size({ width, height, segments }: Head): { width: number; height: number } {
    const own = sizeIn(segments);
    if (own !== null) return own;
    const told = this.#described;
    const meant = (sent: number, of: number): boolean => sent === 0 || ((of + 7) >> 3) % 256 === sent >> 3;
    return told !== null && meant(width, told.width) && meant(height, told.height) ? told : { width, height };
  }
}
