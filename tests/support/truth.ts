import type { Queryable } from '../../src/db/pool.ts';
import { outcomesOf } from '../../src/report/inspection.ts';
import { type City, truthOf } from '../../src/simulator/city.ts';

type Answer = 'yes' | 'no' | 'unknown';
export type Judged = { readonly code: string; readonly online: Answer; readonly image: Answer; readonly kind: string };

const answer = (value: boolean | null): Answer => (value === null ? 'unknown' : value ? 'yes' : 'no');

/** What an inspection found of each camera, in the words of the simulator's truth. */
export const judgedBy = async (db: Queryable, inspection: number): Promise<Judged[]> =>
  (await outcomesOf(db, inspection)).map(({ code, online, image, failure }) => ({
    code,
    online: answer(online),
    image: answer(image),
    kind: failure ?? 'sound',
  }));

/** The truth in the same shape and order. */
export const truthAsJudged = (city: City): Judged[] =>
  truthOf(city)
    .map(({ code, online, image, kind }) => ({ code, online, image, kind }))
    .sort((a, b) => (a.code < b.code ? -1 : 1));
