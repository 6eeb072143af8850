export type Standing<T> = { readonly value: T; ahead: Standing<T> | null; behind: Standing<T> | null };

/** Who waits, first come, first served; anybody may leave from anywhere. Every step costs the same, however long it is. */
export class Line<T> {
  #first: Standing<T> | null = null;
  #last: Standing<T> | null = null;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): Standing<T> | null {
    return this.#first;
  }

  join(value: T): Standing<T> {
    const standing: Standing<T> = { value, ahead: this.#last, behind: null };
    if (this.#last === null) this.#first = standing;
    else this.#last.behind = standing;
    this.#last = standing;
    this.#length++;
    return standing;
  }

  /** Once only, and only who stands in this line. */
  leave({ ahead, behind }: Standing<T>): void {
    this.#length--;
    if (ahead === null) this.#first = behind;
    else ahead.behind = behind;
    if (behind === null) this.#last = ahead;
    else behind.ahead = ahead;
  }
}
