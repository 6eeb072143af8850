/**
 * Joins what is asked one by one into one statement: the first waits `ms` for company, at most `most` go together, one
 * flush at a time. `run` gets them in order and gives an answer for each; where it throws, all of them do.
 */
export class Gather<Asked, Told> {
  readonly #run: (asked: readonly Asked[]) => Promise<readonly Told[]>;
  readonly #most: number;
  readonly #ms: number;
  #waiting: { asked: Asked; told: (told: Told) => void; failed: (error: unknown) => void }[] = [];
  #timer: NodeJS.Timeout | null = null;
  #running = false;

  constructor(run: (asked: readonly Asked[]) => Promise<readonly Told[]>, most: number, ms: number) {
    this.#run = run;
    this.#most = most;
    this.#ms = ms;
  }

  ask(asked: Asked): Promise<Told> {
    return new Promise((told, failed) => {
      this.#waiting.push({ asked, told, failed });
      this.#timer ??= setTimeout(() => this.#flush(), this.#ms);
    });
  }

  #flush(): void {
    this.#timer = null;
    if (this.#running || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, this.#most);
    this.#running = true;
    void this.#run(batch.map(({ asked }) => asked))
      .then(
        (all) => {
          for (const [index, { told }] of batch.entries()) told(all[index]!);
        },
        (error: unknown) => {
          for (const { failed } of batch) failed(error);
        },
      )
      .finally(() => {
        this.#running = false;
        if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#flush(), 0);
      });
  }
}
