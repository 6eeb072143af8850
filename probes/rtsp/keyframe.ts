import type { Codec } from '../probe.ts';
import type { PictureGatherer } from './gather.ts';
import { JpegPicture } from './mjpeg.ts';
import { Mpeg4Picture } from './mpeg4.ts';
import { NalPicture } from './nal-picture.ts';
import { parseRtp } from './rtp.ts';

const gathererFor = (codec: Codec, described: readonly Buffer[]): PictureGatherer => {
  if (codec === 'mjpeg') return new JpegPicture(described);
  return codec === 'mpeg4' ? new Mpeg4Picture(described) : new NalPicture(codec, described);
};

/**
 * Gathers RTP packets up to one whole key frame and gives it in a form that decodes by itself: Annex B bytes with their
 * parameter sets (H.264, H.265), a JPEG file, or an I-VOP with its configuration (MPEG-4 part 2). A picture ends at its
 * marker bit or at the next timestamp. One with a gap in its sequence numbers is dropped: the next key frame is waited
 * for. Pure but for its own state.
 */
export class KeyframeCollector {
  /** Packets of the video that came, whether of use or not: tells "no video" from "no key frame". */
  packets = 0;
  /** Sequence gaps seen, and how many key frames they cost. */
  gaps = 0;
  spoilt = 0;

  readonly #payloadType: number;
  readonly #picture: PictureGatherer;
  #timestamp = -1;
  #sequence = -1;

  /** `described` is what the session description tells of the pictures: `Media.parameterSets`. */
  constructor(codec: Codec, payloadType: number, described: readonly Buffer[]) {
    this.#payloadType = payloadType;
    this.#picture = gathererFor(codec, described);
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
    if (gap) {
      this.gaps++;
      this.#picture.lost();
    }
    let done: Buffer | null = null;
    if (rtp.timestamp !== this.#timestamp) {
      if (gap || !this.#picture.goesOn(bytes, rtp.from, rtp.to)) done = this.#finish(gap || joined);
      this.#timestamp = rtp.timestamp;
    }
    this.#picture.take(bytes, rtp);
    if (done === null && rtp.marker && this.#picture.markerEnds) done = this.#finish(false);
    return done;
  }

  #finish(gap: boolean): Buffer | null {
    const picture = this.#picture.finish(gap);
    if (picture !== 'spoilt') return picture;
    this.spoilt++;
    return null;
  }
}
