/**
 * Whose turn it is. The engine has one session for all clients, so a transaction must be alone in it: one owner at a
 * time, the others in the order in which they came.
 */
export class Turn<Owner> {
  #owner: Owner | null = null;
  readonly #waiting: { readonly owner: Owner; readonly go: () => void }[] = [];

  /** Resolves when `owner` has the turn, at once where it has it already. */
  take(owner: Owner): Promise<void> {
    if (this.#owner === null) this.#owner = owner;
    if (this.#owner === owner) return Promise.resolve();
    return new Promise((go) => this.#waiting.push({ owner, go }));
  }

  has(owner: Owner): boolean {
    return this.#owner === owner;
  }

  /** Hands the turn on; does nothing where `owner` has it not. */
  pass(owner: Owner): void {
    if (this.#owner !== owner) return;
    const next = this.#waiting.shift();
    this.#owner = next?.owner ?? null;
    next?.go();
  }
}
