/**
 * Who waits for something until a signal stops it. One listener a signal, however many wait: Node walks all listeners of
 * a signal to add one and to remove one (1.4 µs with 10 of them, 10 with 1,000, 26 with 5,000).
 */
export class Stops {
  /** The listener stays for as long as its signal lives. */
  readonly #of = new WeakMap<AbortSignal, Set<() => void>>();

  /** Calls `stop` once when `signal` aborts, which it must not have done yet; what it gives back forgets `stop`. */
  on(signal: AbortSignal, stop: () => void): () => void {
    let all = this.#of.get(signal);
    if (all === undefined) {
      const waiting = new Set<() => void>();
      signal.addEventListener(
        'abort',
        () => {
          for (const one of waiting) one();
          waiting.clear();
        },
        { once: true },
      );
      this.#of.set(signal, waiting);
      all = waiting;
    }
    const waiting = all;
    waiting.add(stop);
    return () => void waiting.delete(stop);
  }
}
