import type { Redis } from 'ioredis';
import type { Queryable } from '../db/pool.ts';
import type { Log } from '../log.ts';

/** What the API stands on; `redis` to say whether it lives and may be trusted, and who works where. */
export type ApiParts = {
  readonly db: Queryable;
  readonly redis: Pick<Redis, 'info' | 'eval' | 'evalsha' | 'status'>;
  /** Hears what an "internal error" was. */
  readonly log: Pick<Log, 'error'>;
};
