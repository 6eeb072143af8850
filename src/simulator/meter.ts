/** Seconds that are kept. */
const most = 7_200;

export type SecondSent = { readonly second: number; readonly bytes: number };

/** Bytes sent in each second, of the cameras of one site; what a socket still holds back counts as sent. */
export class Meter {
  #seconds: SecondSent[] = [];
  #second = 0;
  #bytes = 0;

  add(bytes: number): void {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) this.#next(second);
    this.#bytes += bytes;
  }

  #next(second: number): void {
    this.#seconds = this.bySecond();
    this.#second = second;
    this.#bytes = 0;
  }

  /** Of the last two hours, oldest first; `second` by the Unix clock. Seconds without a byte are left out. */
  bySecond(): SecondSent[] {
    if (this.#bytes === 0) return this.#seconds;
    return [...this.#seconds.slice(-most + 1), { second: this.#second, bytes: this.#bytes }];
  }
}
