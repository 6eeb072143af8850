import type { Queryable } from '../db/pool.ts';

export type Unit = { readonly code: string; readonly name: string };

/** All units in the order of the city's own lists. */
export const units = (db: Queryable): Promise<Unit[]> => db.many<Unit>('select code, name from unit order by position');
