import { type Options, Presets, SingleBar } from 'cli-progress';

const options: Options = {
  format: '{what} [{bar}] {value}/{total} {percentage}%',
  hideCursor: true,
  clearOnComplete: false,
  stream: process.stderr,
  barsize: 30,
};

/** A bar on the terminal (stderr); where stderr is none, a line now and then, so that a log shows it too. */
export class Progress {
  readonly #bar: SingleBar | null;
  #lastTenth = -1;

  constructor(quiet: boolean) {
    this.#bar = !quiet && process.stderr.isTTY ? new SingleBar(options, Presets.shades_classic) : null;
    this.#quiet = quiet;
  }

  readonly #quiet: boolean;

  show(what: string, done: number, total: number): void {
    if (this.#bar !== null) {
      if (!this.#bar.isActive) this.#bar.start(total, done, { what });
      this.#bar.setTotal(total);
      this.#bar.update(done, { what });
      return;
    }
    const tenth = total === 0 ? 0 : Math.floor((10 * done) / total);
    if (this.#quiet || tenth === this.#lastTenth) return;
    this.#lastTenth = tenth;
    process.stderr.write(`${what} ${done}/${total}\n`);
  }

  /** Ends the bar; what is printed next begins on a line of its own. */
  end(): void {
    this.#bar?.stop();
    this.#lastTenth = -1;
  }
}
