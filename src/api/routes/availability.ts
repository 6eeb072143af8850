import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { availability, everything } from '../../rollup/availability.ts';
import { spanOf } from '../../rollup/period-figures.ts';
import { daysAsked, daysQuery } from '../asked-period.ts';
import { reachOf } from '../guard.ts';
import { listQuery, pageOf, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { Problem, said } from '../problem.ts';
import { CameraClass, Count, Moment, nullable, SiteCode, UnitCode } from '../shapes.ts';
import { outageRoutes } from './outages.ts';

const Listed = Type.Object({
  unit: Type.String(),
  name: Type.String(),
  class: CameraClass,
  online: Type.Integer({ description: '在线秒数：可用率的分子 / the numerator' }),
  offline: Type.Integer({ description: '离线秒数 / seconds offline' }),
  assessed: Type.Integer({ description: '在线与离线秒数之和：分母 / the denominator' }),
  unknown: Type.Integer({ description: '未知秒数，不在其中 / in neither' }),
});
const List = Type.Object({
  from: Moment,
  until: Moment,
  formula: Type.String(),
  items: Type.Array(Type.Partial(Listed)),
  total: Count,
  next: nullable(Type.String()),
});

export const availabilityRoutes =
  (parts: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db } = parts;
    app.get(
      '/availability',
      {
        schema: {
          summary: '各单位一段时间的在线时长 / Time online of the units over a period',
          querystring: Type.Object({
            ...listQuery(['unit']),
            ...daysQuery,
            unit: Type.Optional(UnitCode),
            site: Type.Optional(SiteCode),
            class: Type.Optional(CameraClass),
          }),
          response: { 200: List, 400: Problem, 409: Problem },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = 'unit', fields, unit, site, class: of, ...days } = request.query;
        const now = new Date();
        const span = spanOf(daysAsked(days, now, 400), now);
        const reach = reachOf(request);
        const names = await db.many<{ code: string; name: string }>('select code, name from unit');
        const nameOf = new Map(names.map(({ code, name }) => [code, name]));
        const scope = { ...everything, unit: unit ?? reach, site: site ?? null, class: of ?? null };
        // Another's unit gives nothing, as one that does not exist.
        const strange = reach !== null && scope.unit !== reach;
        const sums = strange ? [] : await availability(db, scope, span).catch(said(409, 'not_added_up'));
        const { rows, ...page } = pageOf(
          sums.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
          keyOf,
          { limit, cursor, sort },
        );
        const items = rows.map(({ unit: code, class: name, online, offline, unknown }) => ({
          ...{ unit: code, name: nameOf.get(code) ?? code, class: name },
          ...{ online, offline, assessed: online + offline, unknown },
        }));
        return {
          from: span.from.toISOString(),
          until: span.until.toISOString(),
          formula: 'xunjian-period/1',
          items: pick(Listed, items, fields),
          ...page,
        };
      },
    );
    await app.register(outageRoutes(parts));
  };

const keyOf = ({ unit, class: of }: { readonly unit: string; readonly class: string }): string => `${unit} ${of}`;
