import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { outagesWanted } from '../../rollup/outage-list.ts';
import { spanOf } from '../../rollup/period-figures.ts';
import { daysAsked, daysQuery, timeOfKey } from '../asked-period.ts';
import { failureOf } from '../failure.ts';
import { reachOf } from '../guard.ts';
import { cursorOf, keysIn, listOf, listQuery, orderOf, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { CameraClass, CameraCode, described, Failure, Moment, nullable, SiteCode, UnitCode, Words } from '../shapes.ts';

const Outage = Type.Object({
  camera: Type.String(),
  name: nullable(Type.String({ description: '已不属本单位的为 null / null: not of your unit any more' })),
  unit: Type.String(),
  class: CameraClass,
  site: Type.String(),
  beganAt: Moment,
  endedAt: nullable(described(Moment, 'null 为未恢复 / null: it goes on')),
  seconds: nullable(
    Type.Integer({ description: '已恢复者的时长，不含未知 / of one that ended, without unknown time' }),
  ),
  unknown: nullable(Type.Integer({ description: '其中未知的秒数 / seconds of it that nobody knows of' })),
  failure: Failure,
});

export const outageRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/outages',
      {
        schema: {
          summary: '离线故障，新的在前 / Outages of cameras, newest first',
          querystring: Type.Object({
            ...listQuery(['beganAt'], '-beganAt'),
            ...daysQuery,
            unit: Type.Optional(UnitCode),
            class: Type.Optional(CameraClass),
            site: Type.Optional(SiteCode),
            camera: Type.Optional(CameraCode),
            kind: Type.Optional(Words('失败类别，例如 unreachable / kind of failure')),
            open: Type.Optional(
              Type.Boolean({ description: '只要未恢复的，或只要已恢复的 / those that go on, or ended' }),
            ),
          }),
          response: { 200: listOf(Outage), 400: Problem },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = '-beganAt', fields, from, until, ...asked } = request.query;
        const keys = keysIn(cursor, sort, ['number', 'number']);
        const now = new Date();
        const span = spanOf(daysAsked({ from, until }, now, 400), now);
        const { unit, class: of, site, camera, kind, open } = asked;
        const { rows, total } = await outagesWanted(
          db,
          {
            ...{ reach: reachOf(request), unit: unit ?? null, class: of ?? null, site: site ?? null },
            ...{ camera: camera ?? null, kind: kind ?? null, open: open ?? null, ...span },
          },
          {
            down: orderOf(sort).down,
            after: keys === null ? null : [timeOfKey(keys[0] as number), Math.trunc(keys[1] as number) | 0],
            limit: limit + 1,
          },
        );
        const shown = rows.slice(0, limit);
        const last = shown.at(-1);
        return {
          items: pick(
            Outage,
            shown.map((row) => ({
              ...{ camera: row.code, name: row.name, unit: row.unit, class: row.class, site: row.site },
              beganAt: row.began_at.toISOString(),
              endedAt: row.ended_at?.toISOString() ?? null,
              ...{ seconds: row.seconds, unknown: row.unknown, failure: failureOf(row.kind, row.step, row.detail) },
            })),
            fields,
          ),
          total,
          next: rows.length > limit ? cursorOf(sort, [last!.began_at.getTime(), last!.camera]) : null,
        };
      },
    );
  };
