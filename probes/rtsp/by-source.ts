/** Each may hold a key frame of 8 MiB, and two or three are what a device mixes. */
const most = 4;

/**
 * One thing for each SSRC (RFC 3550 section 3), made when the first packet of it comes. The fourth is for all further
 * ones together, and begins anew with the first of them: a device that writes another SSRC into every packet loses its
 * first picture, pieces of which were kept apart, and no more.
 */
export class BySource<T> {
  readonly all: T[] = [];
  readonly #make: () => T;
  readonly #ssrcs: number[] = [];
  /** Whose the last packet was; nearly always the next is of the same. */
  #at = 0;
  /** The last of `all` is for several. */
  #shared = false;

  constructor(make: () => T) {
    this.#make = make;
  }

  of(ssrc: number): T {
    if (ssrc === this.#ssrcs[this.#at]) return this.all[this.#at]!;
    let at = this.#ssrcs.indexOf(ssrc);
    if (at === -1) {
      const shares = this.all.length === most;
      at = shares ? most - 1 : this.all.length;
      if (!this.#shared) this.all[at] = this.#make();
      this.#shared = shares;
      this.#ssrcs[at] = ssrc;
    }
    this.#at = at;
    return this.all[at]!;
  }
}
