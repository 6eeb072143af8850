import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { requireNoEviction } from '../../queue/connection.ts';
import { freshness } from '../../rollup/sites.ts';
import { type ApiParts, askable } from '../parts.ts';

const Part = Type.Object({ ok: Type.Boolean(), detail: Type.Optional(Type.String()) });
const Ready = Type.Object({ ready: Type.Boolean(), database: Part, redis: Part, results: Part });

/** A neighbour that says nothing for so long counts as away, ms. */
const patienceMs = 2_000;

const asked = async (question: () => Promise<unknown>): Promise<{ ok: boolean; detail?: string }> => {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
    });
    await Promise.race([question(), late]);
    return { ok: true };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
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
  ({ db, redis }: ApiParts): FastifyPluginAsyncTypebox =>
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
        const [database, queue, results] = await Promise.all([
          asked(() => db.one('select 1 as one')),
          asked(() => (askable(redis) ? requireNoEviction(redis) : Promise.reject(new Error('not connected')))),
          asked(() => requireFresh(db)),
        ]);
        const ready = database.ok && queue.ok && results.ok;
        return reply.code(ready ? 200 : 503).send({ ready, database, redis: queue, results });
      },
    );
  };
