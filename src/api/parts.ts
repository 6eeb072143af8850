import type { FastifyRequest } from 'fastify';
import type { Redis } from 'ioredis';
import type { Principal } from '../account/role.ts';
import type { Config } from '../config/env.ts';
import type { Database } from '../db/pool.ts';
import type { Vault } from '../inventory/vault.ts';
import type { Log } from '../log.ts';
import type { Bounds } from './bounds.ts';

/** What the API stands on; `redis` to say whether it lives and may be trusted, who works where, and for its limits. */
export type ApiParts = {
  readonly db: Database;
  readonly redis: Redis;
  readonly vault: Vault;
  readonly log: Log;
  readonly config: Config;
  /** Whose session or token a request bears; null: nobody's. `again`: of one that is answered still (`account/identify.ts`). */
  readonly identify: (request: FastifyRequest, again?: 'again') => Promise<Principal | null>;
  /** Where they differ from the usual: for tests and the benchmark. */
  readonly bounds?: Partial<Bounds>;
};
