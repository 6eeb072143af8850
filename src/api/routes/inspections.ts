import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Queryable } from '../../db/pool.ts';
import { latestInspection, reportOf } from '../../report/inspection.ts';
import { revisionsOf } from '../../report/revision.ts';
import { ApiProblem, Problem } from '../problem.ts';

const Verdict = Type.Union([
  Type.Literal('met'),
  Type.Literal('missed'),
  Type.Literal('undetermined'),
  Type.Null({ description: '无点位可评 / nothing to judge' }),
]);
const Rates = Type.Object({
  roster: Type.Integer({ description: '点位' }),
  exempt: Type.Integer({ description: '报备' }),
  unknown: Type.Integer({ description: '未知' }),
  assessed: Type.Integer({ description: '分母：点位 - 报备 - 未知' }),
  online: Type.Integer({ description: '在线' }),
  image: Type.Integer({ description: '出图' }),
  raw: Type.Object(
    { assessed: Type.Integer(), online: Type.Integer(), image: Type.Integer() },
    { description: '原始：报备与申诉之前，按实测计 / as found, before exemptions and appeals' },
  ),
  verdict: Type.Object({ online: Verdict, image: Verdict }),
});
const Report = Type.Object({
  inspection: Type.Object({
    id: Type.Integer(),
    at: Type.String({ format: 'date-time' }),
    formula: Type.String({ description: '算法版本 / version of the formula' }),
    policy: Type.Integer({ description: '口径版次 / version of the policy' }),
    seconds: Type.Number(),
    revision: Type.Integer({ description: '版次；大于 1 的更正前一版' }),
    published: Type.Union([
      Type.String({ format: 'date-time' }),
      Type.Null({ description: '未发布，为草稿 / a draft' }),
    ]),
  }),
  units: Type.Array(
    Type.Object({
      code: Type.String(),
      name: Type.String(),
      classes: Type.Object({ total: Rates, skynet: Rates, social: Rates, household: Rates }),
      verdict: Verdict,
    }),
  ),
});
const Listed = Type.Object({
  id: Type.Integer(),
  startedAt: Type.String({ format: 'date-time' }),
  completedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  policy: Type.Integer(),
  unit: Type.Union([Type.String(), Type.Null()]),
});

const Revision = Type.Object({
  number: Type.Integer({ description: '版次' }),
  madeAt: Type.String({ format: 'date-time' }),
  madeBy: Type.String(),
  why: Type.String(),
  formula: Type.String({ description: '口径版本' }),
  sha256: Type.String({ description: '规范化内容（RFC 8785）的 SHA-256' }),
  previousSha256: Type.Union([Type.String(), Type.Null()]),
  published: Type.Union([
    Type.Object({ at: Type.String({ format: 'date-time' }), by: Type.String() }),
    Type.Null({ description: '未发布，为草稿 / a draft' }),
  ]),
});
const Params = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });

type Row = { id: number; started_at: Date; completed_at: Date | null; policy: number; unit: string | null };

export const inspectionRoutes =
  (db: Queryable): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/inspections',
      {
        schema: {
          summary: '历次巡检，新的在前 / Inspections, newest first',
          querystring: Type.Object({
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 30 })),
          }),
          response: { 200: Type.Array(Listed), 400: Problem },
        },
      },
      async ({ query }) => {
        const rows = await db.many<Row>(
          'select id, started_at, completed_at, policy, unit from inspection order by id desc limit $1',
          [query.limit ?? 30],
        );
        return rows.map((row) => ({
          id: row.id,
          startedAt: row.started_at.toISOString(),
          completedAt: row.completed_at?.toISOString() ?? null,
          policy: row.policy,
          unit: row.unit,
        }));
      },
    );
    const rates = async (id: number | null, revision: number | null) => {
      const report = id === null ? null : await reportOf(db, id, revision);
      if (report !== null) return { ...report, units: [...report.units] };
      throw new ApiProblem(404, 'no_such_inspection', '没有这次已完成的巡检', 'No such completed inspection');
    };
    app.get(
      '/inspections/latest/rates',
      {
        schema: {
          summary: '最近一次巡检的各单位比率，最新版次 / Rates of the latest one, by its newest revision',
          response: { 200: Report, 404: Problem },
        },
      },
      async () => rates(await latestInspection(db), null),
    );
    app.get(
      '/inspections/:id/rates',
      {
        schema: {
          summary: '一次巡检的各单位比率，默认最新版次 / Rates of an inspection, by its newest revision or any other',
          params: Params,
          querystring: Type.Object({
            revision: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: '版次' })),
          }),
          response: { 200: Report, 400: Problem, 404: Problem },
        },
      },
      async ({ params, query }) => rates(params.id, query.revision ?? null),
    );
    app.get(
      '/inspections/:id/revisions',
      {
        schema: {
          summary: '一次巡检的各版次，首版在前 / Revisions of an inspection, the first one first',
          params: Params,
          response: { 200: Type.Array(Revision), 400: Problem, 404: Problem },
        },
      },
      async ({ params }) => {
        const revisions = await revisionsOf(db, params.id);
        if (revisions.length > 0) return revisions;
        throw new ApiProblem(404, 'no_such_inspection', '没有这次已完成的巡检', 'No such completed inspection');
      },
    );
  };
