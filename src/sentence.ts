/**
 * An error meant for a person: what was found and what to do about it, Chinese first. Its message is `zh / en`, so that
 * one line in a terminal or a log serves both readers; a screen shows the one it needs.
 */
export class Sentence extends Error {
  override readonly name: string = 'Sentence';
  readonly zh: string;
  readonly en: string;

  constructor(zh: string, en: string, options?: ErrorOptions) {
    super(`${zh} / ${en}`, options);
    this.zh = zh;
    this.en = en;
  }
}

/** A neighbour (database, Redis) beside which this service refuses to run; both sentences end with the remedy. */
export class Unfit extends Sentence {
  override readonly name = 'Unfit';
}
