import type { Codec } from '../probe.ts';
import * as h264 from './h264.ts';
import * as h265 from './h265.ts';
import type { NalSink } from './nal.ts';
import { parseRtp } from './rtp.ts';

/** A key frame larger than this is not gathered: 8K intra pictures stay far below. */
const maxKeyframe = 8 * 1024 * 1024;
/** Distinct parameter sets that are kept; a stream has two or three. */
const maxSets = 16;
/** Larger ones are no parameter sets; those with all scaling lists have 1 KB. */
const maxSetBytes = 16 * 1024;
const startCode = Buffer.from([0, 0, 0, 1]);

const rules = { h264, h265 } as const;

/**
 * Gathers RTP packets up to one whole key frame and gives it as Annex B bytes, its parameter sets before it. An access
 * unit ends at its marker bit or at the next timestamp. A unit with a gap in its sequence numbers is dropped: the next
 * key frame is waited for. Pure but for its own state.
 */
export class KeyframeCollector implements NalSink {
  /** Packets of the video that came, whether of use or not: tells "no video" from "no key frame". */
  packets = 0;
  /** Sequence gaps seen, and how many key frames they cost. */
  gaps = 0;
  spoilt = 0;

  readonly #rule: (typeof rules)[Codec];
  readonly #payloadType: number;
  readonly #described: readonly Buffer[];
  #sets: Buffer[] = [];
  #slices: Buffer = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  /** Where the unit under way begins in #slices; -1 while none is, or while it is one that is not kept. */
  #open = -1;
  /** A parameter set that comes in fragments goes through #slices too, and is taken out again when it ends. */
  #openIsSet = false;
  #timestamp = -1;
  #sequence = -1;
  #broken = false;
  /** The unit's beginning may be missing: the stream was joined in it, or packets were lost just before it. */
  #unsure = true;

  constructor(codec: Codec, payloadType: number, described: readonly Buffer[]) {
    this.#rule = rules[codec];
    this.#payloadType = payloadType;
    this.#described = described;
  }

  /** One RTP packet `bytes[from, to)`; the key frame when it completes one, else `null`. */
  push(bytes: Buffer, from: number, to: number): Buffer | null {
    const rtp = parseRtp(bytes, from, to);
    // Foreign payload types share a channel on some makes (50 on GeoVision).
    if (rtp === null || rtp.payloadType !== this.#payloadType) return null;
    this.packets++;
    const joined = this.#sequence === -1;
    const gap = !joined && rtp.sequence !== ((this.#sequence + 1) & 0xffff);
    this.#sequence = rtp.sequence;
    let done: Buffer | null = null;
    if (rtp.timestamp !== this.#timestamp) {
      if (gap) this.#broken = true;
      done = this.#finish();
      this.#timestamp = rtp.timestamp;
      this.#unsure = gap || joined;
      if (gap) this.gaps++;
    } else if (gap) {
      this.gaps++;
      this.#broken = true;
    }
    this.#rule.depacketize(bytes, rtp.from, rtp.to, this);
    if (done === null && rtp.marker && this.#length > 0) done = this.#finish();
    return done;
  }

  whole(bytes: Buffer, from: number, to: number): void {
    this.#close();
    const type = this.#rule.typeOf(bytes[from]!);
    if (this.#isSet(type)) this.#keepSet(Buffer.from(bytes.subarray(from, to)));
    else if (this.#rule.isKeySlice(type)) {
      this.#checkBeginning(bytes, from + this.#rule.headerBytes, to);
      this.#append(startCode, 0, 4);
      this.#append(bytes, from, to);
    }
  }

  begin(header: number, headerBytes: 1 | 2, bytes: Buffer, from: number, to: number): void {
    this.#close();
    const type = this.#rule.typeOf(headerBytes === 1 ? header : header >> 8);
    this.#openIsSet = this.#isSet(type);
    if (!this.#openIsSet && !this.#rule.isKeySlice(type)) return;
    if (!this.#openIsSet) this.#checkBeginning(bytes, from, to);
    this.#open = this.#length;
    this.#append(startCode, 0, 4);
    this.#reserve(2);
    if (headerBytes === 2) this.#slices[this.#length++] = header >> 8;
    this.#slices[this.#length++] = header & 0xff;
    this.#append(bytes, from, to);
  }

  extend(bytes: Buffer, from: number, to: number, last: boolean): void {
    if (this.#open === -1) return;
    this.#append(bytes, from, to);
    if (last) this.#close();
  }

  /**
   * A unit whose beginning may be missing begins with its picture's first slice, or is broken. One bit in both codecs:
   * first_mb_in_slice is 0 (ITU-T H.264 7.3.3), first_slice_segment_in_pic_flag (ITU-T H.265 7.3.6.1).
   */
  #checkBeginning(bytes: Buffer, at: number, to: number): void {
    if (this.#unsure && this.#length === 0 && at < to && (bytes[at]! & 0x80) === 0) this.#broken = true;
  }

  #isSet(type: number): boolean {
    return (this.#rule.setTypes as readonly number[]).includes(type);
  }

  #close(): void {
    if (this.#open !== -1 && this.#openIsSet) {
      this.#keepSet(Buffer.from(this.#slices.subarray(this.#open + 4, this.#length)));
      this.#length = this.#open;
    }
    this.#open = -1;
  }

  #keepSet(set: Buffer): void {
    if (set.length > maxSetBytes || this.#sets.some((known) => known.equals(set))) return;
    this.#sets.push(set);
    if (this.#sets.length > maxSets) this.#sets.shift();
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#slices.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#slices.length * 2, this.#length + more));
    this.#slices.copy(grown, 0, 0, this.#length);
    this.#slices = grown;
  }

  #append(bytes: Buffer, from: number, to: number): void {
    if (this.#length + (to - from) > maxKeyframe) {
      this.#broken = true;
      return;
    }
    this.#reserve(to - from);
    bytes.copy(this.#slices, this.#length, from, to);
    this.#length += to - from;
  }

  /** Ends the access unit: its key frame when it has one whole, else `null`. */
  #finish(): Buffer | null {
    this.#close();
    const length = this.#length;
    const broken = this.#broken;
    this.#length = 0;
    this.#broken = false;
    if (length === 0) return null;
    if (broken) {
      this.spoilt++;
      return null;
    }
    // In-band sets are right where the description's are missing, empty or of another stream.
    const complete = this.#rule.setTypes.every((type) => this.#sets.some((set) => this.#rule.typeOf(set[0]!) === type));
    const sets = complete ? this.#sets : [...this.#described, ...this.#sets];
    return Buffer.concat([...sets.flatMap((set) => [startCode, set]), this.#slices.subarray(0, length)]);
  }
}
