import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Queryable } from '../../db/pool.ts';

const Unit = Type.Object({
  code: Type.String({ description: '考核单位代码' }),
  name: Type.String(),
  cameras: Type.Object({
    skynet: Type.Integer(),
    social: Type.Integer(),
    household: Type.Integer(),
  }),
});

type Row = { code: string; name: string; skynet: number; social: number; household: number };

export const unitRoutes =
  (db: Queryable): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/units',
      {
        schema: {
          summary: '考核单位及在用点位数 / Units with their cameras in use',
          response: { 200: Type.Array(Unit) },
        },
      },
      async () => {
        const rows = await db.many<Row>(
          `select u.code, u.name,
             count(*) filter (where c.class = 'skynet')::integer as skynet,
             count(*) filter (where c.class = 'social')::integer as social,
             count(*) filter (where c.class = 'household')::integer as household
           from unit u left join camera c on c.unit = u.code and c.in_use
           group by u.code order by u.position`,
        );
        return rows.map(({ code, name, ...cameras }) => ({ code, name, cameras }));
      },
    );
  };
