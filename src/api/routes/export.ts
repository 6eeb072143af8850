import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { exportCameras, exportFormats } from '../../inventory/export.ts';
import { noteAudit } from '../audited.ts';
import { cameraFilter, camerasWanted } from '../camera-filter.ts';
import { directoryOf } from '../directory.ts';
import { reachOf } from '../guard.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';

const mediaOf = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
} as const;

export const exportRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const directory = directoryOf(db);
    app.get(
      '/cameras/export',
      {
        schema: {
          summary: '导出点位档案，可再导入，不含口令 / Export the cameras, to be imported again, without logins',
          querystring: Type.Object({
            format: Type.Optional(
              Type.Union(
                exportFormats.map((format) => Type.Literal(format)),
                { default: 'csv' },
              ),
            ),
            ...cameraFilter,
          }),
          produces: Object.values(mediaOf),
          response: {
            200: {
              description: 'csv（UTF-8，带 BOM）或 xlsx',
              content: {
                'text/csv': { schema: Type.String() },
                [mediaOf.xlsx]: { schema: Type.String({ format: 'binary' }) },
              },
            },
            400: Problem,
          },
        },
      },
      async (request, reply) => {
        const { format = 'csv', ...filter } = request.query;
        const reach = reachOf(request);
        const { table, now } = await directory.fresh();
        const codes = Array.from(camerasWanted(table, filter, reach, now), (place) => table.at(place).code);
        noteAudit(request, {
          kind: 'camera',
          ...(reach === null ? {} : { unit: reach }),
          detail: { format, cameras: codes.length, ...filter },
        });
        // Read page by page as the caller takes it; who goes away ends it.
        return reply
          .type(mediaOf[format])
          .header('content-disposition', `attachment; filename="cameras.${format}"`)
          .header('cache-control', 'private, no-store')
          .send(exportCameras(db, format, codes, reach) as never);
      },
    );
  };
