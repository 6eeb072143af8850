import { type PictureGatherer, Room } from './gather.ts';
import type { Rtp } from './rtp.ts';

/** Start codes of ISO/IEC 14496-2 table 6-3: 00 00 01 and one byte. */
const vop = Buffer.from([0, 0, 1, 0xb6]);
const prefix = vop.subarray(0, 3);
const isLayer = (code: number): boolean => code >= 0x20 && code <= 0x2f;
/** Larger ones are no configuration; it has some 40 bytes. */
const maxConfig = 1024;

const holdsLayer = (bytes: Buffer): boolean => {
  for (let at = bytes.indexOf(prefix); at !== -1; at = bytes.indexOf(prefix, at + 3)) {
    if (isLayer(bytes[at + 3] ?? 0)) return true;
  }
  return false;
};

/** Key frames of MPEG-4 part 2 (RFC 6416 section 5, MP4V-ES): the configuration (VOL) and one I-VOP. */
export class Mpeg4Picture implements PictureGatherer {
  readonly #room = new Room();
  #config: Buffer | null;
  #broken = false;

  /** `described` is the `config` of the session description, where it holds one. */
  constructor(described: readonly Buffer[]) {
    this.#config = described[0] ?? null;
  }

  get markerEnds(): boolean {
    return true;
  }

  lost(): void {
    this.#broken = true;
  }

  goesOn(): boolean {
    return false;
  }

  take(bytes: Buffer, rtp: Rtp): void {
    if (!this.#room.append(bytes, rtp.from, rtp.to)) this.#broken = true;
  }

  finish(): Buffer | 'spoilt' | null {
    const unit = this.#room.bytes.subarray(0, this.#room.length);
    const broken = this.#broken;
    this.#room.clear();
    this.#broken = false;
    const picture = unit.indexOf(vop);
    const before = unit.subarray(0, picture === -1 ? unit.length : picture);
    const configured = holdsLayer(before);
    if (configured && !broken && before.length <= maxConfig) this.#config = Buffer.from(before);
    // vop_coding_type, two bits behind the start code: 0 is I.
    if (picture === -1 || picture + 4 >= unit.length || unit[picture + 4]! >> 6 !== 0) return null;
    if (broken) return 'spoilt';
    if (configured) return Buffer.from(unit);
    return this.#config === null ? null : Buffer.concat([this.#config, unit]);
  }
}
