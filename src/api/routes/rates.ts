import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { ratesWanted } from '../../report/rate-list.ts';
import { spanOf } from '../../rollup/period-figures.ts';
import { daysAsked, daysQuery } from '../asked-period.ts';
import { Rates } from '../figures.ts';
import { reachOf } from '../guard.ts';
import { cursorOf, keysIn, listOf, listQuery, orderOf, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { Day, Moment, nullable, RateClass, UnitCode, Verdict } from '../shapes.ts';

const Rate = Type.Object({
  inspection: Type.Integer(),
  day: nullable(Day),
  at: Moment,
  completedAt: Moment,
  revision: Type.Integer({ description: '版次：最新一版 / the newest' }),
  publishedAt: nullable(Moment),
  policy: Type.Integer(),
  formula: Type.String(),
  unit: Type.String(),
  name: Type.String(),
  class: RateClass,
  ...Rates.properties,
  unitVerdict: Verdict,
});

export const rateRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/rates',
      {
        schema: {
          summary:
            '历次巡检中各单位各类别的比率，新的在前 / Rates of units and classes over the inspections, newest first',
          querystring: Type.Object({
            ...listQuery(['inspection'], '-inspection'),
            ...daysQuery,
            unit: Type.Optional(UnitCode),
            class: Type.Optional(RateClass),
            daily: Type.Optional(
              Type.Boolean({ description: '只要每日巡检，或只要另行发起的 / daily rounds alone, or the others' }),
            ),
          }),
          response: { 200: listOf(Rate), 400: Problem },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = '-inspection', fields, from, until, ...asked } = request.query;
        const keys = keysIn(cursor, sort, ['number', 'number']);
        const now = new Date();
        const { rows, total } = await ratesWanted(
          db,
          {
            ...spanOf(daysAsked({ from, until }, now, 400), now),
            ...{ reach: reachOf(request), unit: asked.unit ?? null, class: asked.class ?? null },
            daily: asked.daily ?? null,
          },
          {
            down: orderOf(sort).down,
            after: keys === null ? null : [keys[0] as number, keys[1] as number],
            limit: limit + 1,
          },
        );
        const shown = rows.slice(0, limit);
        const last = shown.at(-1);
        const items = shown.map((row) => ({
          ...{ inspection: row.inspection, day: row.day, at: row.started_at.toISOString() },
          completedAt: row.completed_at.toISOString(),
          revision: row.revision,
          publishedAt: row.published_at?.toISOString() ?? null,
          ...{ policy: row.policy, formula: row.formula, unit: row.unit, name: row.unit_name, class: row.class },
          ...{ roster: row.roster, exempt: row.exempt, unknown: row.unknown, assessed: row.assessed },
          ...{ online: row.online, image: row.image },
          raw: { assessed: row.raw_assessed, online: row.raw_online, image: row.raw_image },
          verdict: { online: row.online_verdict, image: row.image_verdict },
          unitVerdict: row.unit_verdict,
        }));
        return {
          items: pick(Rate, items, fields),
          total,
          next: rows.length > limit ? cursorOf(sort, [last!.inspection, last!.place]) : null,
        };
      },
    );
  };
