const minuteMs = 60_000;
/** Of those who were passed over, so many are told by name. */
const mostNames = 20;

/** Holds down to so many a minute, of one and of all, what anybody can cause without being known. */
export class Restraint {
  readonly #most: { readonly ofOne: number; readonly ofAll: number };
  readonly #of = new Map<string, number>();
  #all = 0;
  #passedOver = 0;
  #passedOverOf = new Map<string, number>();
  #minute = 0;

  constructor(most: { readonly ofOne: number; readonly ofAll: number }) {
    this.#most = most;
  }

  /** Whether one more of `who` is let through at `now` (ms): how many were passed over since the last one that was; null: it is not. */
  admits(who: string, now: number): number | null {
    return this.lets(who, now) ? this.tally().count : null;
  }

  /** How many were passed over since this was asked, and how many of whom: of the first so many names. */
  tally(): { readonly count: number; readonly of: ReadonlyMap<string, number> } {
    const passedOver = { count: this.#passedOver, of: this.#passedOverOf };
    this.#passedOver = 0;
    this.#passedOverOf = new Map();
    return passedOver;
  }

  /** Whether one more is let through; those who are not wait for the tally. */
  lets(who: string, now: number): boolean {
    const minute = Math.floor(now / minuteMs);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#all = 0;
      this.#of.clear();
    }
    const before = this.#of.get(who) ?? 0;
    if (before >= this.#most.ofOne || this.#all >= this.#most.ofAll) {
      this.#passedOver += 1;
      const of = this.#passedOverOf.get(who);
      if (of !== undefined || this.#passedOverOf.size < mostNames) this.#passedOverOf.set(who, (of ?? 0) + 1);
      return false;
    }
    // No more names than there may be rows.
    this.#of.set(who, before + 1);
    this.#all += 1;
    return true;
  }
}
