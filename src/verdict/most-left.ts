import type { JudgedClass } from './budget.ts';
import type { Symptom } from './causes.ts';

/** What one repair would give back: all its cameras have the same symptom. */
export type Leavable = {
  readonly symptom: Symptom;
  readonly brings: Readonly<Record<'skynet' | 'social', { readonly image: number }>>;
};

/** The cameras that may go on lacking an answer or a picture. */
export type MayFail = Readonly<Record<JudgedClass, { readonly online: number; readonly image: number }>>;

/**
 * The most of `items` that can be left as they are while no more cameras than `mayFail` stay without an answer or a
 * picture, exactly; of several such choices one that leaves the fewest cameras, and of items alike the later ones are left.
 *
 * An item that is left is so many Skynet and so many social cameras, offline or without a picture. For each of the two
 * symptoms, the most items of every pair of sums is found as in a knapsack; then the pairs of both symptoms are joined. Work
 * and memory go with (kinds of items) x (Skynet cameras that may fail) x (social ones): 20 ms for a county of 3,000 cameras
 * of which 400 fail (repairs.test.ts holds the size).
 */
export const mostLeft = <T extends Leavable>(items: readonly T[], mayFail: MayFail): T[] => {
  const offline = filled(
    items.filter(({ symptom }) => symptom === 'offline'),
    {
      skynet: Math.min(mayFail.skynet.online, mayFail.skynet.image),
      social: Math.min(mayFail.social.online, mayFail.social.image),
      total: Math.min(mayFail.total.online, mayFail.total.image),
    },
  );
  const noPicture = filled(
    items.filter(({ symptom }) => symptom === 'no_picture'),
    { skynet: mayFail.skynet.image, social: mayFail.social.image, total: mayFail.total.image },
  );
  const within = bestWithin(noPicture);
  let best: { readonly items: number; readonly cameras: number; readonly sums: [Sum, Sum] } | null = null;
  for (const first of sums(offline)) {
    const room = {
      skynet: mayFail.skynet.image - first.skynet,
      social: mayFail.social.image - first.social,
      total: mayFail.total.image - first.skynet - first.social,
    };
    const second = within(room);
    const found = { items: first.items + second.items, cameras: camerasOf(first) + camerasOf(second) };
    if (best === null || found.items > best.items || (found.items === best.items && found.cameras < best.cameras)) {
      best = { ...found, sums: [first, second] };
    }
  }
  if (best === null) return [];
  return [...offline.taken(best.sums[0]), ...noPicture.taken(best.sums[1])];
};

type Room = { readonly skynet: number; readonly social: number; readonly total: number };
/** So many cameras of each class, and the most items that come to exactly so many. */
type Sum = { readonly skynet: number; readonly social: number; readonly items: number };

const camerasOf = ({ skynet, social }: Sum): number => skynet + social;

type Filled<T> = {
  /** The largest sums of Skynet and of social cameras. */
  readonly skynet: number;
  readonly social: number;
  /** By sum of Skynet cameras times (social + 1) plus sum of social ones: the most items, -1 where none add up to it. */
  readonly most: Int32Array;
  /** The items that come to such a sum. */
  taken(sum: Sum): T[];
};

/** The most items of one symptom for every pair of sums that `room` bears. */
const filled = <T extends Leavable>(items: readonly T[], room: Room): Filled<T> => {
  const of = (name: 'skynet' | 'social'): number =>
    Math.min(
      room[name],
      room.total,
      items.reduce((sum, item) => sum + item.brings[name].image, 0),
    );
  const skynet = of('skynet');
  const social = of('social');
  const width = social + 1;
  const kinds = [...Map.groupBy(items, ({ brings }) => `${brings.skynet.image} ${brings.social.image}`).values()];
  let most = new Int32Array((skynet + 1) * width).fill(-1);
  most[0] = 0;
  /** How many of each kind are in the most items of each sum. */
  const chosen: Uint16Array[] = [];
  for (const kind of kinds) {
    const [a, b] = [kind[0]!.brings.skynet.image, kind[0]!.brings.social.image];
    const next = new Int32Array(most.length).fill(-1);
    const count = new Uint16Array(most.length);
    for (let s = 0; s <= skynet; s += 1) {
      for (let c = 0; c <= Math.min(social, room.total - s); c += 1) {
        const at = s * width + c;
        for (let n = 0; n <= kind.length && n * a <= s && n * b <= c; n += 1) {
          const before = most[at - n * (a * width + b)]!;
          if (before < 0 || before + n <= next[at]!) continue;
          next[at] = before + n;
          count[at] = n;
        }
      }
    }
    most = next;
    chosen.push(count);
  }
  const taken = (sum: Sum): T[] => {
    let at = sum.skynet * width + sum.social;
    return kinds
      .map((kind, nth) => ({ kind, count: chosen[nth]! }))
      .toReversed()
      .flatMap(({ kind, count }) => {
        const n = count[at]!;
        at -= n * (kind[0]!.brings.skynet.image * width + kind[0]!.brings.social.image);
        return n === 0 ? [] : kind.slice(-n);
      });
  };
  return { skynet, social, most, taken };
};

/** Every sum that some items come to. */
function* sums({ most, social }: Filled<unknown>): Generator<Sum> {
  for (const [at, items] of most.entries()) {
    if (items >= 0) yield { skynet: Math.floor(at / (social + 1)), social: at % (social + 1), items };
  }
}

/** The sum with the most items, then the fewest cameras, of all that some room bears. */
const bestWithin = (of: Filled<unknown>): ((room: Room) => Sum) => {
  const width = of.social + 1;
  const best: Sum[] = [];
  const better = (a: Sum, b: Sum | undefined): Sum =>
    b === undefined || a.items > b.items || (a.items === b.items && camerasOf(a) <= camerasOf(b)) ? a : b;
  const nothing: Sum = { skynet: 0, social: 0, items: 0 };
  for (let at = 0; at < of.most.length; at += 1) {
    const [skynet, social] = [Math.floor(at / width), at % width];
    let found = of.most[at]! < 0 ? nothing : { skynet, social, items: of.most[at]! };
    if (skynet > 0) found = better(found, best[at - width]);
    if (social > 0) found = better(found, best[at - 1]);
    best.push(found);
  }
  return ({ skynet, social, total }) => {
    let found = nothing;
    for (let s = 0; s <= Math.min(skynet, total, of.skynet); s += 1) {
      found = better(best[s * width + Math.min(social, total - s, of.social)]!, found);
    }
    return found;
  };
};
