import { type Failure, fail } from '../failure.ts';

const megabyte = 1_000_000;

/**
 * What a visit takes before a whole key frame, bytes: 3 MB for each second of its deadline, and never less than 16 MB.
 * 8 Mbit/s is 1 MB/s, and a main stream of 4K has one or two of these. A device that sends inter frames as fast as they
 * are read costs 0.7 ms of CPU a MB: unbounded, one probe over loopback took 400 MB, and sound cameras beside it got slow.
 */
const perSecond = 3 * megabyte;
const least = 16 * megabyte;

/** Counts what one visit has received, over all its connections and sockets. */
export class Intake {
  /** All that came so far, also what came behind the key frame. */
  bytes = 0;
  readonly #most: number;

  constructor(deadlineMs: number) {
    this.#most = Math.max(least, (perSecond * deadlineMs) / 1_000);
  }

  /** Where no whole key frame has come yet: what it means that so many bytes have, if they are too many, else `null`. */
  flood(): Failure | null {
    if (this.bytes <= this.#most) return null;
    const [came, most] = [this.bytes, this.#most].map((count) => (count / megabyte).toFixed(1));
    return fail('no_keyframe', 'keyframe', `${came} MB came, more than the ${most} MB that are taken`);
  }
}
