import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ApiParts } from '../parts.ts';

const Part = Type.Object({ ok: Type.Boolean(), detail: Type.Optional(Type.String()) });
const Ready = Type.Object({ ready: Type.Boolean(), database: Part, redis: Part });

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
      { schema: { summary: '能否服务 / Whether it can serve', response: { 200: Ready, 503: Ready } } },
      async (_, reply) => {
        const [database, queue] = await Promise.all([
          asked(() => db.one('select 1 as one')),
          asked(() => redis.ping()),
        ]);
        const ready = database.ok && queue.ok;
        return reply.code(ready ? 200 : 503).send({ ready, database, redis: queue });
      },
    );
  };
