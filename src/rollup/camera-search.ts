import { type CameraEntry, searched } from './camera-entry.ts';
import { TextIndex } from './text-index.ts';

/** Of terms, what they found is remembered: so many places in all, at four bytes. */
const rememberedPlaces = 1_000_000;

/** Letters of ASCII without their case, as `translate` in SQL: what lies beyond has none that databases agree on. */
export const folded = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const textOf = (entry: CameraEntry): string => folded(searched.map((field) => entry[field] ?? '').join('\n'));

/** The terms of a question. */
export const termsOf = (q: string | undefined): string[] =>
  folded(q ?? '')
    .split(/\s+/u)
    .filter((term) => term !== '');

/**
 * Which cameras hold all of some terms, each as the beginning of the code or within a searched field. Places are those in
 * the order of codes; what it gives are lists of places, ascending, each once.
 */
export class CameraSearch {
  readonly #codes: readonly string[];
  readonly #texts: string[];
  readonly #index: TextIndex;
  /** Places whose text is another than when the index was built. */
  readonly #rewritten = new Set<number>();
  /** Places by term, the one that was asked for longest ago first. */
  readonly #found = new Map<string, Uint32Array>();
  #remembered = 0;

  private constructor(codes: readonly string[], texts: string[], index: TextIndex) {
    this.#codes = codes;
    this.#texts = texts;
    this.#index = index;
  }

  /** Of cameras in the order of their codes; `pause` is waited for now and then. */
  static async of(entries: readonly CameraEntry[], pause: () => Promise<void>): Promise<CameraSearch> {
    const texts = entries.map(textOf);
    return new CameraSearch(
      entries.map(({ code }) => code),
      texts,
      await TextIndex.of(texts, pause),
    );
  }

  /** How many were rewritten: they are looked at in every search, and a new index is due where they have become many. */
  get rewritten(): number {
    return this.#rewritten.size;
  }

  /** The entry of a place is another one, of the same code. */
  rewrite(place: number, entry: CameraEntry): void {
    this.#texts[place] = textOf(entry);
    this.#rewritten.add(place);
    this.#found.clear();
    this.#remembered = 0;
  }

  /** null: there is no term, and every camera is meant. */
  find(terms: readonly string[]): Uint32Array | null {
    if (terms.length === 0) return null;
    // One sign alone has no pair to be looked up by: what the other terms found is looked through for it.
    const long = terms.filter((term) => term.length > 1).map((term) => this.#having(term));
    const short = terms.filter((term) => term.length === 1);
    const [fewest, ...others] = long.toSorted((a, b) => a.length - b.length);
    const found =
      fewest === undefined ? Uint32Array.from(this.#codes, (_, place) => place) : others.reduce(inBoth, fewest);
    return short.length === 0 ? found : found.filter((place) => short.every((term) => this.#holds(place, term)));
  }

  /** Those that hold a term of two signs at least. */
  #having(term: string): Uint32Array {
    const known = this.#found.get(term);
    const found = known ?? this.#look(term);
    this.#found.delete(term);
    this.#found.set(term, found);
    if (known === undefined) this.#remembered += found.length + 1;
    while (this.#remembered > rememberedPlaces) {
      const [oldest, places] = this.#found.entries().next().value!;
      this.#found.delete(oldest);
      this.#remembered -= places.length + 1;
    }
    return found;
  }

  #look(term: string): Uint32Array {
    const places = this.#index.candidates(term)!;
    // The pair that it is looked up by is all of it.
    if (term.length === 2 && !/[0-9]/.test(term) && this.#rewritten.size === 0) return places;
    return this.#withOthers(places, term).filter((place) => this.#holds(place, term));
  }

  #holds(place: number, term: string): boolean {
    return this.#codes[place]!.startsWith(term) || this.#texts[place]!.includes(term);
  }

  /** With those whose code begins so, and those whose text the index does not know. */
  #withOthers(places: Uint32Array, term: string): Uint32Array {
    const { from, until } = this.#codesFrom(term);
    if (until === from && this.#rewritten.size === 0) return places;
    const others = places.filter((place) => !(place >= from && place < until) && !this.#rewritten.has(place));
    const rewritten = [...this.#rewritten].filter((place) => !(place >= from && place < until));
    const all = new Uint32Array(others.length + rewritten.length + until - from);
    all.set(others);
    all.set(rewritten, others.length);
    for (let place = from; place < until; place += 1) all[all.length - until + place] = place;
    return all.sort();
  }

  /** The places whose codes begin so. */
  #codesFrom(term: string): { from: number; until: number } {
    if (!/^[0-9]{1,20}$/.test(term)) return { from: 0, until: 0 };
    const first = (code: string): number => {
      let [low, high] = [0, this.#codes.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.#codes[middle]! < code) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    return { from: first(term), until: first(`${term}:`) };
  }
}

/** Of two ascending lists, the first the shorter one. */
const inBoth = (few: Uint32Array, many: Uint32Array): Uint32Array => {
  let at = 0;
  return few.filter((place) => {
    while (at < many.length && many[at]! < place) at += 1;
    return many[at] === place;
  });
};
