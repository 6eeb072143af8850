import type { CameraEntry, CameraSeen } from './camera-entry.ts';
import { CameraOrder, compare, type Key, type Order, type Page } from './camera-order.ts';
import { CameraSearch, termsOf } from './camera-search.ts';

export type Answer = 'yes' | 'no' | 'unknown';

/** How a camera is at a moment, with the slot of the probe that says so. */
export type StateNow = {
  readonly online: Answer;
  readonly onlineAt: Date | null;
  readonly image: Answer;
  readonly imageAt: Date | null;
  /** Of the newest probe, while it counts: kind of failure, with its step and evidence. */
  readonly failure: string | null;
  readonly step: string | null;
  readonly detail: string | null;
};

/** How long a state holds, ms: of being online and of a picture; 0: it is not swept. */
export type Hold = Readonly<Record<CameraEntry['class'], { readonly online: number; readonly image: number }>>;

/** Fields that are asked for by their exact value. */
export const exact = [
  ...(['unit', 'class', 'site', 'state', 'kind', 'manufacturer', 'carrier'] as const),
  ...(['managingUnit', 'maintainingUnit'] as const),
] as const satisfies readonly (keyof CameraEntry)[];
export type Exact = (typeof exact)[number];

export type Wanted = { readonly [K in Exact]?: string | undefined } & {
  /** The unit that is met at all; null: every one. */
  readonly reach: string | null;
  /** Terms by blanks, all of which must be found: each as the beginning of the code, or within any searched field. */
  readonly q?: string | undefined;
  readonly online?: Answer | undefined;
  readonly image?: Answer | undefined;
  readonly login?: boolean | undefined;
};

type Seen = Omit<CameraSeen, 'camera'>;
const unseen: Seen = { slot: null, online: null, failure: null, step: null, detail: null, asked: null, image: null };

/** Texts that were rewritten are looked at one by one in every search; from so many on, a new index is built. */
const mostRewritten = 2_000;

/** Questions that are remembered, of at most four bytes a camera each. */
const remembered = 50;

const unknown: StateNow = {
  ...{ online: 'unknown', onlineAt: null, image: 'unknown', imageAt: null },
  ...{ failure: null, step: null, detail: null },
};

/**
 * All cameras in the order of their codes, in memory, to be looked for. Pure: what is in it is what it was told, and every
 * answer is what SQL would say over the same rows.
 */
export class CameraTable {
  #entries: CameraEntry[] = [];
  #places = new Map<number, number>();
  #seen: Seen[] = [];
  #columns = new Map<Exact, Uint32Array>();
  readonly #order = new CameraOrder(this);
  #search: CameraSearch | null = null;
  /** Places by what was asked, the one that was asked longest ago first. */
  readonly #found = new Map<string, Uint32Array>();
  readonly #words = new Map<string, number>();
  #hold: Hold;

  constructor(hold: Hold) {
    this.#hold = hold;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** In the order of codes. */
  get ids(): readonly number[] {
    return this.#entries.map(({ id }) => id);
  }

  at(place: number): CameraEntry {
    return this.#entries[place]!;
  }

  holdFor(hold: Hold): void {
    this.#hold = hold;
  }

  /** Takes the place of everything; `pause` is waited for now and then. */
  async fill(entries: readonly CameraEntry[], pause: () => Promise<void>): Promise<void> {
    const seen = new Map(this.#entries.map(({ id }, place) => [id, this.#seen[place]!]));
    const next = entries.toSorted((a, b) => compare(a.code, b.code));
    // Nothing of it shows before all of it is there.
    const search = await CameraSearch.of(next, pause);
    this.#entries = next;
    this.#search = search;
    this.#places = new Map(next.map(({ id }, place) => [id, place]));
    this.#seen = next.map(({ id }) => seen.get(id) ?? unseen);
    this.#order.forget();
    this.#found.clear();
    this.#columns = new Map(
      exact.map((field) => [field, Uint32Array.from(next, (one) => this.#word(field, one[field]))]),
    );
  }

  /**
   * Brings some cameras up to date: `gone` are those of `ids` that are not among `entries`. Whoever comes, goes, or has
   * another code moves the places of others, and all is built again.
   */
  async change(ids: readonly number[], entries: readonly CameraEntry[], pause: () => Promise<void>): Promise<void> {
    const told = new Map(entries.map((entry) => [entry.id, entry]));
    const stay = ids.every((id) => {
      const place = this.#places.get(id);
      return place === undefined ? !told.has(id) : this.#entries[place]!.code === told.get(id)?.code;
    });
    if (!stay || this.#search === null || this.#search.rewritten + entries.length > mostRewritten) {
      const asked = new Set(ids);
      await this.fill([...this.#entries.filter(({ id }) => !asked.has(id)), ...entries], pause);
      return;
    }
    for (const entry of entries) {
      const place = this.#places.get(entry.id)!;
      this.#entries[place] = entry;
      this.#search.rewrite(place, entry);
      for (const field of exact) this.#columns.get(field)![place] = this.#word(field, entry[field]);
    }
    if (entries.length > 0) {
      this.#order.forget();
      this.#found.clear();
    }
  }

  see(all: readonly CameraSeen[]): void {
    for (const { camera, ...seen } of all) {
      const place = this.#places.get(camera);
      if (place !== undefined) this.#seen[place] = seen;
    }
  }

  /** By the rules of `camerasNow`: a state holds for two intervals, and a camera that is offline has no picture. */
  stateOf(place: number, now: number): StateNow {
    const { slot, failure, step, detail, asked } = this.#seen[place]!;
    const { online: onlineFor, image: imageFor } = this.#hold[this.#entries[place]!.class];
    const known = slot !== null && slot.getTime() > now - onlineFor;
    const up = this.#isUp(place, now);
    const pictureAt = asked !== null && asked.getTime() > now - imageFor ? asked : null;
    return {
      online: answerOf(up),
      onlineAt: known ? slot : null,
      image: answerOf(this.#isShown(place, up, now)),
      imageAt: up === null ? null : up ? pictureAt : slot,
      failure: known ? failure : null,
      step: known ? step : null,
      detail: known ? detail : null,
    };
  }

  /** The same of a camera by its id; unknown of one that came a moment ago. */
  stateOfId(id: number, now: number): StateNow {
    const place = this.#places.get(id);
    return place === undefined ? unknown : this.stateOf(place, now);
  }

  /** Places of all that are wanted, ascending: in the order of codes. */
  find({ online, image, ...wanted }: Wanted, now: number): Uint32Array {
    const found = this.#remembered(wanted);
    if (online === undefined && image === undefined) return found;
    return found.filter((place) => {
      const up = this.#isUp(place, now);
      if (online !== undefined && answerOf(up) !== online) return false;
      return image === undefined || answerOf(this.#isShown(place, up, now)) === image;
    });
  }

  /** null: unknown. */
  #isUp(place: number, now: number): boolean | null {
    const { slot, online } = this.#seen[place]!;
    return slot !== null && slot.getTime() > now - this.#hold[this.#entries[place]!.class].online ? online : null;
  }

  #isShown(place: number, up: boolean | null, now: number): boolean | null {
    if (up !== true) return up;
    const { asked, image } = this.#seen[place]!;
    return asked !== null && asked.getTime() > now - this.#hold[this.#entries[place]!.class].image ? image : null;
  }

  /** What does not change with every probe is looked for once: a list's further pages, and what everybody looks at. */
  #remembered(wanted: Wanted): Uint32Array {
    const key = JSON.stringify([exact.map((field) => wanted[field]), wanted.reach, wanted.q, wanted.login]);
    const known = this.#found.get(key);
    const found = known ?? this.#look(wanted);
    this.#found.delete(key);
    this.#found.set(key, found);
    if (this.#found.size > remembered) this.#found.delete(this.#found.keys().next().value!);
    return found;
  }

  #look(wanted: Wanted): Uint32Array {
    const values = this.#valuesOf(wanted);
    if (values === null) return new Uint32Array();
    const { login } = wanted;
    const isWanted = (place: number): boolean => {
      for (const { column, word } of values) if (column[place] !== word) return false;
      return login === undefined || this.#entries[place]!.login === login;
    };
    const holding = this.#search?.find(termsOf(wanted.q)) ?? null;
    if (holding !== null) return values.length === 0 && login === undefined ? holding : holding.filter(isWanted);
    const found: number[] = [];
    for (let place = 0; place < this.#entries.length; place += 1) if (isWanted(place)) found.push(place);
    return Uint32Array.from(found);
  }

  /** The first of what was found, in an order. */
  page(found: Uint32Array, page: Page): number[] {
    return this.#order.page(found, page);
  }

  keyOf(place: number, order: Order): Key {
    return this.#order.keyOf(place, order);
  }

  /** Of the newest probe of a camera, ms; null: there is none. */
  slotOf(place: number): number | null {
    return this.#seen[place]!.slot?.getTime() ?? null;
  }

  #word(field: Exact, value: string | null): number {
    const key = `${field}\n${value ?? ''}`;
    const known = this.#words.get(key);
    if (known !== undefined) return known;
    this.#words.set(key, this.#words.size);
    return this.#words.size - 1;
  }

  /** null: there is no such value, and so nothing to find. */
  #valuesOf(wanted: Wanted): { column: Uint32Array; word: number }[] | null {
    const asked: [Exact, string][] = exact.flatMap((field) => {
      const value = wanted[field];
      return value === undefined ? [] : [[field, value]];
    });
    if (wanted.reach !== null) asked.push(['unit', wanted.reach]);
    const values = asked.map(([field, value]) => ({
      column: this.#columns.get(field),
      word: value === '' ? undefined : this.#words.get(`${field}\n${value}`),
    }));
    return values.every(
      (one): one is { column: Uint32Array; word: number } => one.column !== undefined && one.word !== undefined,
    )
      ? values
      : null;
  }
}

const answerOf = (value: boolean | null): Answer => (value === null ? 'unknown' : value ? 'yes' : 'no');
