import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { keysIn, listOf, listQuery, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { Count, Id, Moment, nullable, UnitCode } from '../shapes.ts';

const Incident = Type.Object({
  id: Id,
  unit: Type.String(),
  kind: Type.String({ description: '共同原因：onu、power、recorder、pole、site、carrier、camera / what is at fault' }),
  key: Type.String({ description: '原因所在，例如 ONU 编号；单个点位为其编码 / which one' }),
  openedAt: Moment,
  closedAt: nullable(Moment),
  cameras: Type.Array(Type.String()),
  count: Count,
});

/** One cause with the cameras it takes down. None is found yet: the list is there, and has nothing in it. */
export const incidentRoutes =
  (_: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/incidents',
      {
        schema: {
          summary: '故障事件；目前尚不产生，总为空 / Incidents: none is made yet, always empty',
          querystring: Type.Object({
            ...listQuery(['openedAt'], '-openedAt'),
            unit: Type.Optional(UnitCode),
            open: Type.Optional(Type.Boolean()),
          }),
          response: { 200: listOf(Incident), 400: Problem },
        },
      },
      async ({ query: { cursor, sort = '-openedAt', fields } }) => {
        keysIn(cursor, sort, ['number', 'number']);
        return { items: pick(Incident, [], fields), total: 0, next: null };
      },
    );
  };
