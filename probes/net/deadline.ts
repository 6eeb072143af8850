/** A timer that comes so much too late says that this process was not listening, ms. */
export const stall = 250;

/**
 * Deadlines of waits that follow each other, one at a time, on one timer: it is set anew only where the next deadline is
 * before the last. An answer comes long before its deadline: nearly always one timer does for a whole visit.
 */
export class Alarm {
  readonly #now: () => number;
  readonly #late: (stalled: boolean) => void;
  #due = 0;
  #rings = 0;
  #waited = false;
  #timer: NodeJS.Timeout | null = null;
  #reading: NodeJS.Immediate | null = null;

  /** `late` is called as `deadline` does it, once for each `set` that was not called off. */
  constructor(now: () => number, late: (stalled: boolean) => void) {
    this.#now = now;
    this.#late = late;
  }

  /** In place of the deadline before. */
  set(ms: number): void {
    this.callOff();
    this.#waited = true;
    this.#due = this.#now() + ms;
    if (this.#timer === null || this.#due < this.#rings) this.#start(ms);
  }

  callOff(): void {
    this.#waited = false;
    if (this.#reading !== null) clearImmediate(this.#reading);
    this.#reading = null;
  }

  /** No deadline comes after this. */
  end(): void {
    this.callOff();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #start(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#rings = this.#now() + ms;
    this.#timer = setTimeout(() => this.#ring(), ms);
  }

  #ring(): void {
    this.#timer = null;
    if (!this.#waited) return;
    const over = this.#now() - this.#due;
    // A timer may come a part of a millisecond early.
    if (over < -1) this.#start(-over);
    else {
      this.#reading = setImmediate(() => {
        this.#waited = false;
        this.#reading = null;
        this.#late(over > stall);
      });
    }
  }
}

/**
 * Calls `late` when `ms` have passed, unless it is called off by what it gives back. What has arrived by then is heard
 * first: timers run before the sockets are read, and after a pause of this process every answer would seem missing.
 * `stalled` is true where the pause was ours: then nothing can be laid to the device.
 */
export const deadline = (ms: number, now: () => number, late: (stalled: boolean) => void): (() => void) => {
  const wait = Math.max(0, ms);
  const due = now() + wait;
  let reading: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    const stalled = now() - due > stall;
    reading = setImmediate(() => late(stalled));
  }, wait);
  return () => {
    clearTimeout(timer);
    clearImmediate(reading);
  };
};
