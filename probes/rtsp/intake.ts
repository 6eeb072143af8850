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
  readonly #most: number;
  #bytes = 0;

  constructor(deadlineMs: number) {
    this.#most = Math.max(least, (perSecond * deadlineMs) / 1_000);
  }

  /** `bytes` more have come, and no whole key frame yet: what it means that they were too many, else `null`. */
  took(bytes: number): Failure | null {
    this.#bytes += bytes;
    if (this.#bytes <= this.#most) return null;
    const [came, most] = [this.#bytes, this.#most].map((count) => (count / megabyte).toFixed(1));
    return fail('no_keyframe', 'keyframe', `${came} MB came, more than the ${most} MB that are taken`);
  }
}
