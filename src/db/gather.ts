/**
 * Joins what is asked one by one into one statement: the first waits `ms` for company, at most `most` go together and
 * do not wait, one flush at a time. `run` gets them in order and gives an answer for each; where it throws, all of them
 * do. Nothing bounds what waits but those who ask and wait for the answer.
 */
export class Gather<Asked, Told> {
  readonly #run: (asked: readonly Asked[]) => Promise<readonly Told[]>;
  readonly #most: number;
  readonly #ms: number;
  #waiting: { asked: Asked; told: (told: Told) => void; failed: (error: unknown) => void }[] = [];
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;

  constructor(run: (asked: readonly Asked[]) => Promise<readonly Told[]>, most: number, ms: number) {
    this.#run = run;
    this.#most = most;
    this.#ms = ms;
  }

  ask(asked: Asked): Promise<Told> {
    return new Promise((told, failed) => {
      this.#waiting.push({ asked, told, failed });
      if (this.#waiting.length >= this.#most) this.#flush();
      else this.#timer ??= setTimeout(() => this.#flush(), this.#ms);
    });
  }

  /** Flushes without waiting for company, and resolves when everything that was asked has its answer. */
  async close(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running !== null) {
      this.#flush();
      await this.#running;
    }
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#running !== null || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, this.#most);
    this.#running = this.#run(batch.map(({ asked }) => asked))
      .then(
        (all) => {
          for (const [index, { told }] of batch.entries()) told(all[index]!);
        },
        (error: unknown) => {
          for (const { failed } of batch) failed(error);
        },
      )
      .finally(() => {
        this.#running = null;
        if (this.#waiting.length >= this.#most) this.#flush();
        // At once, but after those who were just told have had their turn to ask again.
        else if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#flush(), 0);
      });
  }
}
