import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { type Order, orders } from '../../rollup/camera-order.ts';
import { cameraFilter, camerasWanted } from '../camera-filter.ts';
import { directoryOf } from '../directory.ts';
import { reachOf } from '../guard.ts';
import { Listed, ListedCameras } from '../listed-camera.ts';
import { cursorOf, keysIn, listOf, listQuery, orderOf, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { cameraPageRoutes } from './camera-page.ts';
import { cameraTimeRoutes } from './camera-time.ts';

const List = listOf(Listed);

const typesOf: Readonly<Record<Order, 'string' | 'number'>> = {
  code: 'string',
  name: 'string',
  unit: 'string',
  onlineAt: 'number',
  changedAt: 'number',
};

export const cameraRoutes =
  (parts: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const directory = directoryOf(parts.db);
    const cameras = new ListedCameras();
    app.get(
      '/cameras',
      {
        schema: {
          summary: '查找点位 / Search the cameras',
          querystring: Type.Object({ ...listQuery(orders), ...cameraFilter }),
          response: { 200: List, 400: Problem },
        },
      },
      async (request, reply) => {
        const { limit = 50, cursor, sort = 'code', fields, ...filter } = request.query;
        const { by, down } = orderOf<Order>(sort);
        const keys = keysIn(cursor, sort, [typesOf[by], 'string']);
        const { table, now } = await directory.fresh();
        const found = camerasWanted(table, filter, reachOf(request), now);
        const after = keys === null ? null : { key: keys[0]!, code: keys[1] as string };
        const places = table.page(found, { order: by, down, after, limit: limit + 1 });
        const shown = places.slice(0, limit);
        const last = places.length > limit ? table.keyOf(shown.at(-1)!, by) : null;
        const at = now.getTime();
        const items =
          fields === undefined
            ? `[${shown.map((place) => cameras.textOf(table, place, at)).join(',')}]`
            : JSON.stringify(
                pick(
                  Listed,
                  shown.map((place) => cameras.of(table, place, at)),
                  fields,
                ),
              );
        const next = last === null ? null : cursorOf(sort, [last.key, last.code]);
        // As List has it, of pieces that are kept in JSON.
        const body = `{"items":${items},"total":${found.length},"next":${JSON.stringify(next)}}`;
        return reply.type('application/json; charset=utf-8').send(body as never);
      },
    );
    await app.register(cameraPageRoutes(parts));
    await app.register(cameraTimeRoutes(parts));
  };
