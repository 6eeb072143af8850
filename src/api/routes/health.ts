import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { keyState } from '../../inventory/key-state.ts';
import { requireNoEviction } from '../../queue/connection.ts';
import { freshness } from '../../rollup/sites.ts';
import type { ApiParts } from '../parts.ts';
import { answered, answeredByRedis } from '../patience.ts';

const Part = Type.Object({ ok: Type.Boolean(), detail: Type.Optional(Type.String()) });
const Ready = Type.Object({ ready: Type.Boolean(), database: Part, redis: Part, keys: Part, results: Part });

const partOf = async (question: Promise<unknown>): Promise<{ ok: boolean; detail?: string }> => {
  try {
    await question;
    return { ok: true };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
};

/** Throws where camera passwords cannot be read: then no login is tried, and what needs one is unknown. */
const requireKeys = async (db: ApiParts['db'], vault: ApiParts['vault']): Promise<void> => {
  const state = await keyState(db, vault);
  if (!state.ok) throw state.error;
};

/** Throws where results should have come and did not: whoever reads this service would take yesterday for now. */
const requireFresh = async (db: ApiParts['db']): Promise<void> => {
  const now = new Date();
  const { within, newest } = await freshness(db, now);
  if (within === null) return;
  if (newest === null) throw new Error('no result of a sweep in two days');
  const age = Math.floor((now.getTime() - newest.getTime()) / 1000);
  if (age > within) throw new Error(`the newest result is ${age} s old, more than two intervals (${within} s)`);
};

export const healthRoutes =
  ({ db, redis, vault }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/health/live',
      {
        schema: {
          summary: '进程是否在 / Whether the process lives',
          response: { 200: Type.Object({ live: Type.Boolean() }) },
        },
      },
      async () => ({ live: true }),
    );
    app.get(
      '/health/ready',
      {
        schema: {
          summary: '能否服务，结果是否新鲜 / Whether it can serve, and what it knows is of now',
          response: { 200: Ready, 503: Ready },
        },
      },
      async (_, reply) => {
        const [database, queue, keys, results] = await Promise.all([
          partOf(answered(() => db.one('select 1 as one'))),
          partOf(answeredByRedis(redis, () => requireNoEviction(redis))),
          partOf(answered(() => requireKeys(db, vault))),
          partOf(answered(() => requireFresh(db))),
        ]);
        const ready = database.ok && queue.ok && keys.ok && results.ok;
        return reply.code(ready ? 200 : 503).send({ ready, database, redis: queue, keys, results });
      },
    );
  };
