import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { reportOf } from '../../report/inspection.ts';
import { inspectionsWanted, type ListedInspection, revisionsTouching } from '../../report/inspection-list.ts';
import { NewestRates } from '../../report/newest-rates.ts';
import { revisionsOf } from '../../report/revision.ts';
import { etagOf } from '../etag.ts';
import { Report, withinReach } from '../figures.ts';
import { reachOf } from '../guard.ts';
import { cursorOf, keysIn, listOf, listQuery, orderOf, pageOf, pick } from '../listing.ts';
import { noSuchCompleted, requireInspection } from '../met.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { Count, Day, described, Id, Moment, nullable, UnitCode, Version } from '../shapes.ts';
import { inspectedCameraRoutes } from './inspected-cameras.ts';

const Listed = Type.Object({
  id: Type.Integer(),
  startedAt: Moment,
  cutoffAt: Moment,
  completedAt: nullable(described(Moment, 'null 为进行中 / null: it runs')),
  day: nullable(Day),
  unit: nullable(Type.String({ description: '只巡检的单位；null 为全市 / null: of the city' })),
  policy: Type.Integer(),
  revision: nullable(Type.Integer({ description: '最新版次 / the newest' })),
  publishedAt: nullable(described(Moment, '该版次的发布时间；null 为草稿 / null: a draft')),
  cameras: described(Count, '名册中的点位数（本单位账号只计本单位）/ on its roster, of those you meet'),
});

const Revision = Type.Object({
  number: Type.Integer({ description: '版次' }),
  madeAt: Moment,
  madeBy: Type.String(),
  why: nullable(
    Type.String({ description: '缘由；不涉及本单位点位的为 null / null where it is about none of your cameras' }),
  ),
  formula: Type.String({ description: '口径版本' }),
  sha256: Type.String({ description: '规范化内容（RFC 8785）的 SHA-256' }),
  previousSha256: nullable(Type.String()),
  published: nullable(
    Type.Object({ at: Moment, by: Type.String() }, { description: 'null 未发布，为草稿 / null: a draft' }),
  ),
});
const Params = Type.Object({ id: Id });

const listedOf = (row: ListedInspection): Static<typeof Listed> => ({
  id: row.id,
  startedAt: row.started_at.toISOString(),
  cutoffAt: row.cutoff_at.toISOString(),
  completedAt: row.completed_at?.toISOString() ?? null,
  day: row.day,
  unit: row.unit,
  policy: row.policy,
  revision: row.revision,
  publishedAt: row.published_at?.toISOString() ?? null,
  cameras: row.cameras,
});

export const inspectionRoutes =
  (parts: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db } = parts;
    app.get(
      '/inspections',
      {
        schema: {
          summary: '历次巡检，新的在前 / Inspections, newest first',
          querystring: Type.Object({
            ...listQuery(['id'], '-id'),
            unit: Type.Optional(described(UnitCode, '只要专门巡检该单位的 / those of this unit alone')),
            daily: Type.Optional(
              Type.Boolean({ description: '只要每日巡检，或只要另行发起的 / daily rounds alone, or the others' }),
            ),
            complete: Type.Optional(Type.Boolean({ description: '只要已结束的，或只要进行中的 / over, or running' })),
          }),
          response: { 200: listOf(Listed), 400: Problem },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = '-id', fields, unit, daily, complete } = request.query;
        const [after = null] = keysIn(cursor, sort, ['number']) ?? [];
        const { rows, total } = await inspectionsWanted(
          db,
          { reach: reachOf(request), unit: unit ?? null, daily: daily ?? null, complete: complete ?? null },
          { down: orderOf(sort).down, after: after as number | null, limit: limit + 1 },
        );
        const shown = rows.slice(0, limit);
        return {
          items: pick(Listed, shown.map(listedOf), fields),
          total,
          next: rows.length > limit ? cursorOf(sort, [shown.at(-1)!.id]) : null,
        };
      },
    );

    // Written out once for each unit, and for the city.
    const newest = new NewestRates(db, (report) => {
      const made = new Map<string | null, { readonly bytes: Buffer; readonly etag: string }>();
      return (reach: string | null) => {
        const known = made.get(reach);
        if (known !== undefined) return known;
        const text = JSON.stringify(withinReach(report, reach));
        made.set(reach, { bytes: Buffer.from(text), etag: etagOf(text) });
        return made.get(reach)!;
      };
    });
    app.get(
      '/inspections/latest/rates',
      {
        schema: {
          summary: '最近一次全市巡检的各单位比率，最新版次 / Rates of the city’s latest one, by its newest revision',
          response: { 200: Report, 404: Problem },
        },
      },
      async (request, reply) => {
        const made = await newest.ask();
        if (made === null) throw noSuchCompleted();
        const { bytes, etag } = made(reachOf(request));
        return reply
          .header('etag', etag)
          .type('application/json; charset=utf-8')
          .send(bytes as never);
      },
    );
    app.get(
      '/inspections/:id',
      {
        schema: {
          summary: '一次巡检 / An inspection',
          params: Params,
          response: { 200: Listed, 400: Problem, 404: Problem },
        },
      },
      async (request) => listedOf(await requireInspection(db, request.params.id, reachOf(request), false)),
    );
    app.get(
      '/inspections/:id/rates',
      {
        schema: {
          summary: '一次巡检的各单位比率，默认最新版次 / Rates of an inspection, by its newest revision or any other',
          params: Params,
          querystring: Type.Object({ revision: Type.Optional(described(Version, '版次')) }),
          response: { 200: Report, 400: Problem, 404: Problem },
        },
      },
      async (request) => {
        const reach = reachOf(request);
        const { id } = await requireInspection(db, request.params.id, reach, true);
        const report = await reportOf(db, id, request.query.revision ?? null);
        if (report === null) throw noSuchCompleted();
        return withinReach(report, reach);
      },
    );
    app.get(
      '/inspections/:id/revisions',
      {
        schema: {
          summary: '一次巡检的各版次，首版在前 / Revisions of an inspection, the first one first',
          params: Params,
          querystring: Type.Object(listQuery(['number'])),
          response: { 200: listOf(Revision), 400: Problem, 404: Problem },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = 'number', fields } = request.query;
        const reach = reachOf(request);
        const { id } = await requireInspection(db, request.params.id, reach, true);
        const touching = reach === null ? null : await revisionsTouching(db, id, reach);
        const all = await revisionsOf(db, id);
        const { rows, ...page } = pageOf(all, ({ number }) => number, { limit, cursor, sort });
        const items = rows.map((one) => ({
          ...one,
          why: touching === null || touching.has(one.number) ? one.why : null,
        }));
        return { items: pick(Revision, items, fields), ...page };
      },
    );
    await app.register(inspectedCameraRoutes(parts));
  };
