/**
 * One visitor to a host at a time. An NVR is one host with many channels, and ten requests at once wedge its web server
 * for minutes (rroller/dahua#606); the next visit begins when the last connection of the one before is closed.
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `visit` when the host is free; it is free again when the promise that `visit` gives along is settled. */
  async take<T>(host: string, visit: () => Promise<{ readonly value: T; readonly left: Promise<void> }>): Promise<T> {
    const before = this.#last.get(host);
    let free: () => void = () => {};
    const mine = new Promise<void>((resolve) => {
      free = resolve;
    });
    this.#last.set(host, mine);
    await before;
    const done = (): void => {
      free();
      if (this.#last.get(host) === mine) this.#last.delete(host);
    };
    try {
      const { value, left } = await visit();
      void left.then(done, done);
      return value;
    } catch (error) {
      done();
      throw error;
    }
  }
}
