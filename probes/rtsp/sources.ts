import type { Codec } from '../probe.ts';
import { BySource } from './by-source.ts';
import { KeyframeCollector } from './keyframe.ts';

export type Tally = {
  /** Packets of the video that came, whether of use or not: tells "no video" from "no key frame". */
  readonly packets: number;
  /** Sequence gaps seen, and how many key frames they cost. */
  readonly gaps: number;
  readonly spoilt: number;
  /** Packets of other sources than the announced one, where that one came. */
  readonly foreign: number;
};

/**
 * The first whole key frame of one stream, packets of each SSRC collected apart: old live555 streams a session that was
 * never torn down into the next one, on the same channel (retina#17). Where SETUP's answer announced an SSRC, and it
 * comes, nothing else is taken. Pure but for its own state.
 */
export class Sources {
  readonly #payloadType: number;
  readonly #apart: BySource<KeyframeCollector>;
  /** Of the announced SSRC. */
  readonly #own: KeyframeCollector | null;
  #stray: Buffer | null = null;
  #foreign = 0;

  /** `announced` is `null` where SETUP's answer told none; `described` is `Media.parameterSets`. */
  constructor(codec: Codec, payloadType: number, described: readonly Buffer[], announced: number | null) {
    this.#payloadType = payloadType;
    this.#apart = new BySource(() => new KeyframeCollector(codec, payloadType, described));
    this.#own = announced === null ? null : this.#apart.of(announced);
  }

  /** A whole key frame of another SSRC, while nothing has come of the announced one: some makes announce a wrong one. */
  get stray(): Buffer | null {
    return this.#ownCame ? null : this.#stray;
  }

  /** One RTP packet `bytes[from, to)`; the key frame when it completes one that is to be taken, else `null`. */
  push(bytes: Buffer, from: number, to: number): Buffer | null {
    // Foreign payload types share a channel on some makes (50 on GeoVision): their SSRC is nothing to us.
    if (to - from < 12 || (bytes[from + 1]! & 0x7f) !== this.#payloadType) return null;
    const collector = this.#apart.of(bytes.readUInt32BE(from + 8));
    if (this.#own === null || collector === this.#own) return collector.push(bytes, from, to);
    if (this.#ownCame) this.#foreign++;
    else this.#stray ??= collector.push(bytes, from, to);
    return null;
  }

  get tally(): Tally {
    const counted = this.#own !== null && this.#ownCame ? [this.#own] : this.#apart.all;
    const sum = (count: 'packets' | 'gaps' | 'spoilt'): number =>
      counted.reduce((total, collector) => total + collector[count], 0);
    return { packets: sum('packets'), gaps: sum('gaps'), spoilt: sum('spoilt'), foreign: this.#foreign };
  }

  get #ownCame(): boolean {
    return this.#own !== null && this.#own.packets > 0;
  }
}
