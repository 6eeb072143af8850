import { createHash } from 'node:crypto';

/** A row as the database holds it, in texts: what migrations/0015_audit.sql hashes, and the two hashes in hexadecimal. */
export type ChainRow = {
  readonly number: number;
  /** All columns that are hashed, in order, from the number to the detail. */
  readonly texts: readonly (string | null)[];
  readonly previous: string;
  readonly hash: string;
};

/** The end of a chain, or a place of it that was noted elsewhere: a row's number and hash. */
export type ChainEnd = { readonly number: number; readonly hash: string };

/** What the first row stands on. */
export const chainStart: ChainEnd = { number: 0, hash: '0'.repeat(64) };

/**
 * Where a chain is broken. `altered`: a row does not fit its hash; `rewritten`: it fits, and the row after it or the end
 * names another hash; `removed`: rows from `number` to `until` are not there; `moved`: the row at `number` was made as
 * number `was`; `surplus`: one row more of a number than there can be; `numberless`: there are rows of none, told as 0; `beyond`: rows that the end does not know; `end`: the
 * end itself is not there, or names another hash than the last row has; `anchor`: a row is not what was noted of it
 * elsewhere.
 */
export type Break =
  | { readonly kind: 'altered' | 'rewritten' | 'surplus' | 'numberless' | 'end' | 'anchor'; readonly number: number }
  | { readonly kind: 'removed' | 'beyond'; readonly number: number; readonly until: number }
  | { readonly kind: 'moved'; readonly number: number; readonly was: number };

/** SHA-256 over the hash before it and the row's texts, as PostgreSQL's json_build_array writes them. */
export const chainHash = (previous: string, texts: readonly (string | null)[]): string =>
  createHash('sha256')
    .update(Buffer.from(previous, 'hex'))
    .update(`[${texts.map((text) => JSON.stringify(text)).join(', ')}]`)
    .digest('hex');

/** How far a moved row is looked for, the nearest places first, and how often: 2 ms a time. */
const farShifts = [...Array(1_000).keys()].flatMap((n) => [n + 2, -n - 2]);
const mostSearches = 200;

/**
 * Follows a chain row by row, in the order of numbers, and tells where it is broken. It holds one row at a time, and as
 * many broken places as `most`; more are counted.
 */
export class Chain {
  readonly breaks: Break[] = [];
  /** All of them, those that `breaks` has no room for as well. */
  broken = 0;
  rows = 0;
  #last: ChainEnd | null;
  #next: number;
  readonly #anchors: ReadonlyMap<number, string>;
  readonly #most: number;
  /** By how much the last row that was moved had been moved, and how often it was searched for. */
  #shift = 0;
  #searches = 0;
  /** The row that `breaks` says most of already. */
  #accused = -1;

  /** `after`: what the first row must follow; null: it is not known, and the first row is taken at its word. */
  constructor(first: number, after: ChainEnd | null, anchors: readonly ChainEnd[] = [], most = 100) {
    this.#next = first;
    this.#last = after;
    this.#anchors = new Map(anchors.map(({ number, hash }) => [number, hash]));
    this.#most = most;
  }

  follow(row: ChainRow): void {
    this.rows += 1;
    const { number, texts, previous, hash } = row;
    if (number < this.#next) {
      this.#found({ kind: 'surplus', number });
      return;
    }
    if (number > this.#next) {
      this.#found({ kind: 'removed', number: this.#next, until: number - 1 });
      this.#last = null;
    }
    const last = this.#last;
    if (chainHash(previous, texts) === hash) {
      // It is as it was made, and was made after another row than the one before it now.
      if (last !== null && previous !== last.hash) this.#accuse(last.number);
    } else {
      this.#found(this.#moved(row) ?? { kind: 'altered', number });
      this.#accused = number;
    }
    this.#compare(number, hash);
    this.#last = { number, hash };
    this.#next = number + 1;
  }

  /** All rows up to this number were followed. */
  reached(until: number): void {
    if (this.#next > until) return;
    this.#found({ kind: 'removed', number: this.#next, until });
    this.#next = until + 1;
    this.#last = null;
  }

  /** All rows were followed up to `end`, as the database held it before the first was asked for; null: it held none. */
  finish(end: ChainEnd | null): void {
    if (end === null) {
      this.#found({ kind: 'end', number: this.#next - 1 });
      return;
    }
    this.reached(end.number);
    if (this.#last !== null && this.#last.hash !== end.hash && this.#accused !== end.number) {
      this.#found({ kind: 'end', number: end.number });
    }
    for (const number of this.#anchors.keys()) if (number > end.number) this.#found({ kind: 'anchor', number });
  }

  /** The table holds rows up to `last`, and its end says `end`. */
  surpassed(end: number, last: number): void {
    if (last > end) this.#found({ kind: 'beyond', number: end + 1, until: last });
  }

  /** The table holds rows that no number leads to. */
  numberless(): void {
    this.#found({ kind: 'numberless', number: 0 });
  }

  /** A row that was renumbered, because rows beside it were put in or taken out, fits the number that it had. */
  #moved({ number, texts, previous, hash }: ChainRow): Break | null {
    const fits = (by: number): boolean => chainHash(previous, [String(number + by), ...texts.slice(1)]) === hash;
    // What is behind rows that were put in or taken out has moved as far as the row before it.
    const near = [this.#shift, 1, -1];
    let by = near.find((one) => one !== 0 && fits(one));
    if (by === undefined && this.#searches < mostSearches) {
      this.#searches += 1;
      by = farShifts.find(fits);
    }
    if (by === undefined) return null;
    this.#shift = by;
    return { kind: 'moved', number, was: number + by };
  }

  #accuse(number: number): void {
    if (this.#accused === number) return;
    this.#found({ kind: number === 0 ? 'altered' : 'rewritten', number: Math.max(number, 1) });
    this.#accused = number;
  }

  #compare(number: number, hash: string): void {
    const noted = this.#anchors.get(number);
    if (noted !== undefined && noted !== hash) this.#found({ kind: 'anchor', number });
  }

  #found(one: Break): void {
    this.broken += 1;
    const last = this.breaks.at(-1);
    // A row that was put in moves all that follow it: one place, not thousands.
    const alike = one.kind === 'moved' && last?.kind === 'moved' && last.was - last.number === one.was - one.number;
    if (alike && this.#accused === one.number - 1) return;
    if (this.breaks.length < this.#most) this.breaks.push(one);
  }
}
