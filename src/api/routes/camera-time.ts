import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { titleOf } from '../../inventory/columns.ts';
import { camerasHistory } from '../../inventory/history.ts';
import { availability, availabilityByDay, everything, nothing, plus } from '../../rollup/availability.ts';
import { hoursOf } from '../../rollup/availability-of-camera.ts';
import { spanOf } from '../../rollup/period-figures.ts';
import { probesOf } from '../../rollup/probes-of-camera.ts';
import { daysAsked, daysQuery, timeOfKey, timesAsked, timesQuery } from '../asked-period.ts';
import { reachOf } from '../guard.ts';
import { cursorOf, keysIn, listOf, listQuery, orderOf, pick } from '../listing.ts';
import { cameAs, requireCamera } from '../met.ts';
import { Observation, observationOf } from '../observation.ts';
import type { ApiParts } from '../parts.ts';
import { Problem, said } from '../problem.ts';
import { CameraCode, Moment, nullable } from '../shapes.ts';

const Params = Type.Object({ code: CameraCode });
const Change = Type.Object({
  import: Type.Integer({ description: '导入编号 / number of the import' }),
  at: Moment,
  by: Type.String(),
  file: nullable(Type.String({ description: '文件名；本单位账号不显示 / not shown to an account of a unit' })),
  note: nullable(Type.String({ description: '备注；本单位账号不显示 / not shown to an account of a unit' })),
  changes: Type.Array(
    Type.Object({
      field: Type.String(),
      title: Type.String(),
      old: nullable(Type.String()),
      new: nullable(Type.String()),
    }),
  ),
});

const Seconds = { online: Type.Integer(), offline: Type.Integer(), unknown: Type.Integer() } as const;
const Availability = Type.Object({
  by: Type.Union([Type.Literal('hour'), Type.Literal('day')]),
  formula: Type.String(),
  from: Moment,
  until: Moment,
  sum: Type.Object(Seconds, {
    description: '秒；可用率 = online / (online + offline)，未知不在其中 / seconds; unknown is in neither part',
  }),
  points: Type.Array(
    Type.Object({ at: Type.String({ description: '小时起点或日期 / begin of the hour, or the day' }), ...Seconds }),
  ),
});

export const cameraTimeRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/cameras/:code/probes',
      {
        schema: {
          summary: '一个点位的各次探测，新的在前 / Probes of a camera, newest first',
          params: Params,
          querystring: Type.Object({ ...listQuery(['slot'], '-slot'), ...timesQuery }),
          response: { 200: listOf(Observation), 400: Problem, 404: Problem },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = '-slot', fields, ...times } = request.query;
        const [after = null] = keysIn(cursor, sort, ['number']) ?? [];
        const span = timesAsked(times, new Date(), 31);
        const reach = reachOf(request);
        const camera = await requireCamera(db, request.params.code, reach);
        const came = await cameAs(db, camera, reach);
        const from = came !== null && came.at > span.from ? came.at : span.from;
        const { rows, total } = await probesOf(
          db,
          camera,
          { from, until: span.until },
          {
            down: orderOf(sort).down,
            after: after === null ? null : timeOfKey(after as number),
            limit: limit + 1,
          },
        );
        const shown = rows.slice(0, limit);
        return {
          items: pick(Observation, shown.map(observationOf), fields),
          total,
          next: rows.length > limit ? cursorOf(sort, [shown.at(-1)!.slot.getTime()]) : null,
        };
      },
    );
    app.get(
      '/cameras/:code/history',
      {
        schema: {
          summary: '一个点位档案的历次变更，新的在前 / Changes of a camera’s archive, newest first',
          params: Params,
          querystring: Type.Object(listQuery(['import'], '-import')),
          response: { 200: listOf(Change), 400: Problem, 404: Problem },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = '-import', fields } = request.query;
        const [after = null] = keysIn(cursor, sort, ['number']) ?? [];
        const reach = reachOf(request);
        const camera = await requireCamera(db, request.params.code, reach);
        const came = await cameAs(db, camera, reach);
        const { rows, total } = await camerasHistory(db, camera, {
          ...{ down: orderOf(sort).down, after: after as number | null, limit: limit + 1 },
          since: came?.import ?? null,
        });
        const items = rows.slice(0, limit).map((row) => ({
          import: row.import,
          at: row.at.toISOString(),
          by: row.by,
          // An import is of the whole city: what was said of it may speak of others.
          file: reach === null ? row.file : null,
          note: reach === null ? row.note : null,
          changes: Object.entries(row.changes).map(([field, [old, now]]) => ({
            // As it was while it was another unit's, that unit alone is told.
            ...{ field, title: titleOf(field), old: row.import === came?.import ? null : old, new: now },
          })),
        }));
        return {
          items: pick(Change, items, fields),
          total,
          next: rows.length > limit ? cursorOf(sort, [rows[limit - 1]!.import]) : null,
        };
      },
    );
    app.get(
      '/cameras/:code/availability',
      {
        schema: {
          summary: '一个点位的在线与离线时长，按小时或按日 / Time online of a camera, by hour or by day',
          params: Params,
          querystring: Type.Object({
            ...daysQuery,
            by: Type.Optional(Type.Union([Type.Literal('hour'), Type.Literal('day')], { default: 'day' })),
          }),
          response: { 200: Availability, 400: Problem, 404: Problem, 409: Problem },
        },
      },
      async (request) => {
        const now = new Date();
        const { by = 'day', ...days } = request.query;
        const period = daysAsked(days, now, by === 'hour' ? 31 : 400);
        const reach = reachOf(request);
        const camera = await requireCamera(db, request.params.code, reach);
        const span = spanOf(period, now);
        // Of the time in which it was another unit's, that unit alone is told.
        const scope = { ...everything, camera, unit: reach };
        const sum = (await availability(db, scope, span).catch(said(409, 'not_added_up'))).reduce(
          (all, { online, offline, unknown }) => plus(all, { online, offline, unknown }),
          nothing,
        );
        const points =
          by === 'day'
            ? (await availabilityByDay(db, scope, span)).map(({ day, online, offline, unknown }) => ({
                ...{ at: day, online, offline, unknown },
              }))
            : (await hoursOf(db, scope, span)).map(({ hour, ...seconds }) => ({ at: hour.toISOString(), ...seconds }));
        return {
          ...{ by, formula: 'xunjian-period/1', sum, points },
          from: span.from.toISOString(),
          until: span.until.toISOString(),
        };
      },
    );
  };
