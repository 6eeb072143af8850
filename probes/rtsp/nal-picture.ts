import type { PictureGatherer } from './gather.ts';
import { Room } from './gather.ts';
import * as h264 from './h264.ts';
import * as h265 from './h265.ts';
import { type NalKind, type NalSink, unitsIn } from './nal.ts';
import type { Rtp } from './rtp.ts';

/** Distinct parameter sets that are kept; a stream has two or three. */
const maxSets = 16;
/** Units of one packet that are looked at: 13,000 parameter sets of 5 bytes took 20 ms. */
const maxUnits = 256;
/** Larger ones are no parameter sets; those with all scaling lists have 1 KB. */
const maxSetBytes = 16 * 1024;
const startCode = Buffer.from([0, 0, 0, 1]);

/** The header of the unit under way, before it is copied. */
const rebuilt = Buffer.alloc(2);

const rules = { h264, h265 } as const;

/** Key frames of H.264 and H.265 as Annex B bytes, their parameter sets before them. */
export class NalPicture implements PictureGatherer, NalSink {
  readonly #rule: (typeof rules)['h264' | 'h265'];
  readonly #described: readonly Buffer[];
  readonly #slices = new Room();
  #sets: Buffer[] = [];
  /** Units of the packet under way so far. */
  #units = 0;
  /** Where the unit under way begins in #slices; -1 while none is, or while it is one that is not kept. */
  #open = -1;
  #openKind: NalKind = 'nothing';
  /** The slice under way has not shown its first byte yet. */
  #headless = false;
  #broken = false;
  /** The picture's beginning may be missing: the stream was joined in it, or packets were lost just before it. */
  #unsure = true;
  /** What the packet before was a slice of, where it had the marker bit. */
  #marked: NalKind | null = null;
  #lastSlice: NalKind | null = null;
  /** The packet held nothing but what comes before the slices of a picture. */
  #leadOnly = false;
  #markersMislead = false;

  constructor(codec: 'h264' | 'h265', described: readonly Buffer[]) {
    this.#rule = rules[codec];
    this.#described = described;
  }

  /**
   * Not where markers were seen that cannot have ended a picture: on parameter sets (H264DVR; Reolink RLC-822A,
   * retina#13), or before a further slice (OpenIPC, smolrtsp#43). Then the next picture ends this one: a frame later.
   */
  get markerEnds(): boolean {
    return this.#slices.length > 0 && !this.#markersMislead;
  }

  lost(): void {
    this.#broken = true;
    this.#marked = null;
  }

  /** Slices of one picture under several timestamps (Reolink). */
  goesOn(bytes: Buffer, from: number, to: number): boolean {
    return this.#slices.length > 0 && this.#rule.goesOn(bytes, from, to);
  }

  take(bytes: Buffer, rtp: Rtp): void {
    this.#leadOnly = false;
    this.#units = 0;
    this.#rule.depacketize(bytes, rtp.from, rtp.to, this);
    if (rtp.marker && this.#leadOnly) this.#markersMislead = true;
    this.#marked = rtp.marker ? this.#lastSlice : null;
  }

  whole(bytes: Buffer, from: number, to: number): void {
    this.#close();
    // Nothing else is looked through: start codes behind a key slice are right where they are, in Annex B.
    if (this.#kindAt(bytes, from) === 'lead') unitsIn(bytes, from, to, this.#unit);
    else this.#unit(bytes, from, to);
  }

  begin(header: number, headerBytes: 1 | 2, bytes: Buffer, from: number, to: number): void {
    this.#close();
    this.#leadOnly = false;
    const first = headerBytes === 1 ? header : header >> 8;
    const second = header & 0xff;
    const kind = this.#rule.kindOf(first, second);
    this.#headless = from >= to;
    if (!this.#headless) this.#beginSlice(kind, bytes[from]!);
    if (kind !== 'key' && kind !== 'lead') return;
    this.#open = this.#slices.length;
    this.#openKind = kind;
    this.#append(startCode, 0, 4);
    rebuilt[0] = first;
    rebuilt[1] = second;
    this.#append(rebuilt, 0, headerBytes);
    this.#append(bytes, from, to);
  }

  extend(bytes: Buffer, from: number, to: number, last: boolean): void {
    this.#leadOnly = false;
    if (this.#open === -1) return;
    if (this.#headless && from < to) {
      // The fragment before it was empty (Tiandy).
      this.#headless = false;
      this.#beginSlice(this.#openKind, bytes[from]!);
    }
    this.#append(bytes, from, to);
    if (last) this.#close();
  }

  finish(gap: boolean): Buffer | 'spoilt' | null {
    this.#close();
    const { bytes, length } = this.#slices;
    const broken = this.#broken;
    this.#slices.clear();
    this.#broken = false;
    this.#unsure = gap;
    if (length === 0) return null;
    if (broken) return 'spoilt';
    // In-band sets are right where the description's are missing, empty or of another stream.
    const complete = this.#rule.setTypes.every((type) => this.#sets.some((set) => this.#rule.typeOf(set[0]!) === type));
    const sets = complete ? this.#sets : [...this.#described, ...this.#sets];
    return Buffer.concat([...sets.flatMap((set) => [startCode, set]), bytes.subarray(0, length)]);
  }

  #kindAt(bytes: Buffer, from: number): NalKind {
    return this.#rule.kindOf(bytes[from]!, bytes[from + 1] ?? 0);
  }

  /** One unit without start codes in it. */
  readonly #unit = (bytes: Buffer, from: number, to: number): void => {
    // What is behind a unit cut short is of another packet.
    if (to - from < this.#rule.headerBytes || ++this.#units > maxUnits) return;
    const kind = this.#kindAt(bytes, from);
    this.#leadOnly = kind === 'lead';
    if (kind === 'lead') {
      this.#unsure = false;
      if ((this.#rule.setTypes as readonly number[]).includes(this.#rule.typeOf(bytes[from]!))) {
        this.#keepSet(bytes.subarray(from, to));
      }
      return;
    }
    const slice = from + this.#rule.headerBytes;
    if (slice < to) this.#beginSlice(kind, bytes[slice]!);
    if (kind !== 'key') return;
    this.#append(startCode, 0, 4);
    this.#append(bytes, from, to);
  };

  /**
   * `first` is the first byte behind a slice's header. Its first bit tells the first slice of a picture, in both codecs:
   * first_mb_in_slice is 0 (ITU-T H.264 7.3.3), first_slice_segment_in_pic_flag (ITU-T H.265 7.3.6.1). A picture whose
   * beginning may be missing, and that begins with another one, lost it on the way. One that came so from the device
   * (openh264 Error_I_P) is handed over all the same: that it is damaged is for the decoder to say.
   */
  #beginSlice(kind: NalKind, first: number): void {
    if (kind !== 'key' && kind !== 'slice') return;
    this.#lastSlice = kind;
    if ((first & 0x80) !== 0) return;
    const cutByMarker = this.#marked === kind;
    if (cutByMarker) this.#markersMislead = true;
    const before = this.#open === -1 ? this.#slices.length : this.#open;
    if (kind === 'key' && before === 0 && (this.#unsure || cutByMarker)) this.#broken = true;
  }

  #close(): void {
    const open = this.#open;
    this.#open = -1;
    // What came before the slices goes through #slices too where it is fragmented, and is taken out again.
    if (open === -1 || this.#openKind !== 'lead') return;
    const lead = Buffer.from(this.#slices.bytes.subarray(open + 4, this.#slices.length));
    this.#slices.length = open;
    unitsIn(lead, 0, lead.length, this.#unit);
  }

  #keepSet(set: Buffer): void {
    if (set.length > maxSetBytes || this.#sets.some((known) => known.equals(set))) return;
    this.#sets.push(Buffer.from(set));
    if (this.#sets.length > maxSets) this.#sets.shift();
  }

  #append(bytes: Buffer, from: number, to: number): void {
    if (!this.#slices.append(bytes, from, to)) this.#broken = true;
  }
}
