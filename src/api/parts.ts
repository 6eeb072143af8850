import type { Queryable } from '../db/pool.ts';

/** What the API stands on; `redis` only to say whether it lives. */
export type ApiParts = {
  readonly db: Queryable;
  readonly redis: { ping(): Promise<unknown> };
};
