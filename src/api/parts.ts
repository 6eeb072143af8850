import type { Queryable } from '../db/pool.ts';
import type { Log } from '../log.ts';

/** What the API stands on; `redis` only to say whether it lives. */
export type ApiParts = {
  readonly db: Queryable;
  readonly redis: { ping(): Promise<unknown> };
  /** Hears what an "internal error" was. */
  readonly log: Pick<Log, 'error'>;
};
