import type { Rtp } from './rtp.ts';

/** One codec's part in gathering a key frame: what its payloads hold, and when they make a whole picture. No sockets. */
export type PictureGatherer = {
  /** True where a marker bit ends the picture under way. */
  readonly markerEnds: boolean;
  /** Packets were lost just before the next one: the picture under way is not whole. */
  lost(): void;
  /** True where a payload `bytes[from, to)` belongs to the picture under way, although its timestamp is another one. */
  goesOn(bytes: Buffer, from: number, to: number): boolean;
  take(bytes: Buffer, rtp: Rtp): void;
  /**
   * Ends the picture under way: its key frame; `spoilt` where it was one and is not whole; `null` where it was none.
   * `gap`: packets were lost between it and the next, or the stream is joined here: its beginning may be missing.
   */
  finish(gap: boolean): Buffer | 'spoilt' | null;
};

/** A key frame larger than this is not gathered: 8K intra pictures stay far below. */
const maxKeyframe = 8 * 1024 * 1024;

/** The bytes of the picture under way, in one piece; the room is used again for the next. */
export class Room {
  bytes: Buffer = Buffer.allocUnsafe(64 * 1024);
  length = 0;

  /** False, and nothing is added, where the picture would grow beyond 8 MiB. */
  append(source: Buffer, from: number, to: number): boolean {
    const length = this.length + (to - from);
    if (length > maxKeyframe) return false;
    if (length > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, length));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    source.copy(this.bytes, this.length, from, to);
    this.length = length;
    return true;
  }
}
