import type { CameraEntry } from './camera-entry.ts';

export const orders = ['code', 'name', 'unit', 'onlineAt', 'changedAt'] as const;
export type Order = (typeof orders)[number];

/** What a page goes on from. */
export type Key = { readonly key: string | number; readonly code: string };

export type Page = {
  readonly order: Order;
  readonly down: boolean;
  /** The page is what comes after it, whether or not it is there; null: from the beginning. */
  readonly after: Key | null;
  readonly limit: number;
};

/** Cameras by their places, which are in the order of codes. */
export type Placed = {
  readonly size: number;
  at(place: number): CameraEntry;
  /** Of its newest probe, ms; null: there is none. */
  slotOf(place: number): number | null;
};

export const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);

/** Orders of cameras, each worked out when it is first asked for. */
export class CameraOrder {
  readonly #cameras: Placed;
  readonly #ranked = new Map<Order, Uint32Array>();

  constructor(cameras: Placed) {
    this.#cameras = cameras;
  }

  /** Of entries that changed. */
  forget(): void {
    this.#ranked.clear();
  }

  /** The first `limit` of what was found (places, ascending), in an order, turned round where `down`. */
  page(found: Uint32Array, { order, down, after, limit }: Page): number[] {
    const ranks = order === 'code' ? null : this.#ranksOf(order);
    const inOrder = ranks === null ? found : found.toSorted((a, b) => ranks[a]! - ranks[b]!);
    const turned = down ? inOrder.toReversed() : inOrder;
    if (after === null) return [...turned.subarray(0, limit)];
    const isAfter = (place: number): boolean => {
      const one = this.keyOf(place, order);
      const by = compare(one.key, after.key) || compare(one.code, after.code);
      return down ? by < 0 : by > 0;
    };
    let [low, high] = [0, turned.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isAfter(turned[middle]!)) high = middle;
      else low = middle + 1;
    }
    return [...turned.subarray(low, low + limit)];
  }

  keyOf(place: number, order: Order): Key {
    const entry = this.#cameras.at(place);
    if (order === 'onlineAt') return { key: this.#cameras.slotOf(place) ?? 0, code: entry.code };
    return { key: order === 'changedAt' ? entry.changedAt.getTime() : entry[order], code: entry.code };
  }

  /** The nth of all cameras in an order; of what changes with every probe it is told anew each time. */
  #ranksOf(order: Order): Uint32Array {
    const known = this.#ranked.get(order);
    if (known !== undefined) return known;
    const keys = Array.from({ length: this.#cameras.size }, (_, place) => this.keyOf(place, order).key);
    // Places are in the order of codes, and the sort is stable.
    const places = keys.map((_, place) => place).sort((a, b) => compare(keys[a]!, keys[b]!));
    const ranks = new Uint32Array(places.length);
    for (const [rank, place] of places.entries()) ranks[place] = rank;
    if (order !== 'onlineAt') this.#ranked.set(order, ranks);
    return ranks;
  }
}
