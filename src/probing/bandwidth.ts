/** The bucket holds what may come in so long, ms. */
const burstMs = 1_000;

/**
 * A token bucket of bytes that holds at most a second's traffic, empty at first. What is larger than the bucket may come
 * when it is full, and leaves a debt that is waited for afterwards. Times are ms of one clock.
 */
export class Bandwidth {
  /** Bytes a ms. */
  #rate = Number.POSITIVE_INFINITY;
  #tokens = 0;
  #at = 0;

  /** Bytes a second; Infinity where there is no limit. */
  set(bytesASecond: number, now: number): void {
    this.#fill(now);
    this.#rate = bytesASecond / 1_000;
    this.#fill(now);
  }

  /** How long until `bytes` may come, ms: 0 for now, Infinity at a rate of 0. */
  wait(bytes: number, now: number): number {
    if (this.#rate === Number.POSITIVE_INFINITY) return 0;
    if (this.#rate === 0) return Number.POSITIVE_INFINITY;
    this.#fill(now);
    return Math.max(0, Math.min(bytes, this.#rate * burstMs) - this.#tokens) / this.#rate;
  }

  /** Takes what is estimated; gives what was taken, which is nothing without a limit. */
  spend(bytes: number, now: number): number {
    if (this.#rate === Number.POSITIVE_INFINITY) return 0;
    this.#fill(now);
    this.#tokens -= bytes;
    return bytes;
  }

  /** Puts right what was taken by what came. */
  settle(taken: number, received: number, now: number): void {
    this.#tokens += taken - received;
    this.#fill(now);
  }

  #fill(now: number): void {
    if (this.#rate === Number.POSITIVE_INFINITY) this.#tokens = 0;
    else this.#tokens = Math.min(this.#rate * burstMs, this.#tokens + this.#rate * (now - this.#at));
    this.#at = now;
  }
}
