import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { judgedCameras } from '../../rollup/judged-cameras.ts';
import { failureOf } from '../failure.ts';
import { reachOf } from '../guard.ts';
import { cursorOf, keysIn, listOf, listQuery, orderOf, pick } from '../listing.ts';
import { noSuchCompleted, requireInspection } from '../met.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import {
  Answer,
  CameraClass,
  described,
  Failure,
  Id,
  nullable,
  SiteCode,
  UnitCode,
  Version,
  Words,
} from '../shapes.ts';

const standings = [
  ...[Type.Literal('sound'), Type.Literal('offline'), Type.Literal('no_image'), Type.Literal('unknown')],
  Type.Literal('exempt'),
] as const;
const Standing = Type.Union([...standings], {
  description: '正常、离线、在线无图、未知、报备 / sound, offline, no picture, unknown, exempt',
});
const Inspected = Type.Object({
  code: Type.String(),
  name: Type.String(),
  unit: Type.String(),
  class: CameraClass,
  site: Type.String(),
  standing: Standing,
  online: Answer,
  image: Answer,
  pictureDue: Type.Boolean({ description: '是否须出图 / whether a picture was asked of it' }),
  attempts: Type.Integer(),
  failure: nullable(Failure),
  exemption: nullable(Type.Integer({ description: '不计入所依据的报备 / by which it is not counted' })),
  appeal: nullable(Type.Integer({ description: '据以更正的申诉 / which made it so' })),
});

const answer = (value: boolean | null): 'yes' | 'no' | 'unknown' => (value === null ? 'unknown' : value ? 'yes' : 'no');

export const inspectedCameraRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/inspections/:id/cameras',
      {
        schema: {
          summary: '一次巡检中各点位的结果，默认最新版次 / What each camera came to in an inspection',
          params: Type.Object({ id: Id }),
          querystring: Type.Object({
            ...listQuery(['code']),
            revision: Type.Optional(described(Version, '版次，默认最新 / the newest by default')),
            unit: Type.Optional(UnitCode),
            class: Type.Optional(CameraClass),
            site: Type.Optional(SiteCode),
            standing: Type.Optional(
              Type.Union([...standings, Type.Literal('failed')], {
                description: '结果；failed 为离线与在线无图 / failed: offline or without a picture',
              }),
            ),
            failure: Type.Optional(Words('失败类别，例如 unreachable / kind of failure')),
          }),
          response: { 200: listOf(Inspected), 400: Problem, 404: Problem },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = 'code', fields, standing, failure, ...asked } = request.query;
        const [after = null] = keysIn(cursor, sort, ['string']) ?? [];
        const reach = reachOf(request);
        const { id, revision: newest } = await requireInspection(db, request.params.id, reach, true);
        const revision = asked.revision ?? newest ?? 1;
        if (newest !== null && revision > newest) throw noSuchCompleted();
        const { rows, total } = await judgedCameras(
          db,
          id,
          revision,
          {
            ...{ reach, unit: asked.unit ?? null, class: asked.class ?? null, site: asked.site ?? null },
            standings: standing === undefined ? [] : standing === 'failed' ? ['offline', 'no_image'] : [standing],
            failure: failure ?? null,
          },
          { down: orderOf(sort).down, after: after as string | null, limit: limit + 1 },
        );
        const shown = rows.slice(0, limit);
        const items = shown.map((row) => ({
          ...{ code: row.code, name: row.name, unit: row.unit, class: row.class, site: row.site },
          standing: row.standing,
          ...{ online: answer(row.online), image: answer(row.image), pictureDue: row.picture_due },
          attempts: row.attempts,
          failure: row.failure === null ? null : failureOf(row.failure, row.step, row.detail),
          ...{ exemption: row.exemption, appeal: row.appeal },
        }));
        return {
          items: pick(Inspected, items, fields),
          total,
          next: rows.length > limit ? cursorOf(sort, [shown.at(-1)!.code]) : null,
        };
      },
    );
  };
