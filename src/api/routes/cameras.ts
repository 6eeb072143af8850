import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { type FailureKind, failures } from '../../../probes/index.ts';
import type { Queryable } from '../../db/pool.ts';
import { ApiProblem, Problem } from '../problem.ts';

const Answer = Type.Union([Type.Literal('yes'), Type.Literal('no'), Type.Literal('unknown')]);
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const Probe = Type.Object({
  slot: Type.String({ format: 'date-time' }),
  observedAt: Type.String({ format: 'date-time' }),
  online: Answer,
  image: Answer,
  failure: nullable(
    Type.Object({
      kind: Type.String(),
      step: Type.String(),
      detail: Type.String(),
      zh: Type.String(),
      en: Type.String(),
    }),
  ),
  tookMs: Type.Integer(),
  video: nullable(
    Type.Object({
      codec: Type.String(),
      width: Type.Integer(),
      height: Type.Integer(),
      keyframeBytes: Type.Integer(),
    }),
  ),
  picture: nullable(
    Type.Object({
      meanLuma: Type.Number(),
      contrast: Type.Number(),
      sharpness: Type.Number(),
      faults: Type.Array(Type.String()),
    }),
  ),
});

type Row = {
  slot: Date;
  observed_at: Date;
  online: boolean | null;
  image: boolean | null;
  failure: FailureKind | null;
  step: string | null;
  detail: string | null;
  took: number;
  codec: string | null;
  width: number | null;
  height: number | null;
  keyframe_bytes: number | null;
  mean_luma: number | null;
  contrast: number | null;
  sharpness: number | null;
  faults: string[] | null;
};

const answer = (value: boolean | null): 'yes' | 'no' | 'unknown' => (value === null ? 'unknown' : value ? 'yes' : 'no');

const probeOf = (row: Row) => ({
  slot: row.slot.toISOString(),
  observedAt: row.observed_at.toISOString(),
  online: answer(row.online),
  image: answer(row.image),
  failure:
    row.failure === null
      ? null
      : {
          kind: row.failure,
          step: row.step ?? '',
          detail: row.detail ?? '',
          zh: failures[row.failure].zh,
          en: failures[row.failure].en,
        },
  tookMs: row.took,
  video:
    row.codec === null
      ? null
      : { codec: row.codec, width: row.width ?? 0, height: row.height ?? 0, keyframeBytes: row.keyframe_bytes ?? 0 },
  picture:
    row.mean_luma === null
      ? null
      : {
          meanLuma: row.mean_luma,
          contrast: row.contrast ?? 0,
          sharpness: row.sharpness ?? 0,
          faults: row.faults ?? [],
        },
});

export const cameraRoutes =
  (db: Queryable): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/cameras/:code/probes',
      {
        schema: {
          summary: '一个点位的最近探测，新的在前 / Latest probes of a camera, newest first',
          params: Type.Object({ code: Type.String({ pattern: '^[0-9]{20}$', description: '20 位国标编码' }) }),
          querystring: Type.Object({
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 20 })),
          }),
          response: { 200: Type.Array(Probe), 400: Problem, 404: Problem },
        },
      },
      async ({ params, query }) => {
        const camera = await db.maybeOne<{ id: number }>('select id from camera where code = $1', [params.code]);
        if (camera === null) throw new ApiProblem(404, 'no_such_camera', '没有这个点位', 'No such camera');
        const rows = await db.many<Row>(
          `select *, coalesce(observed_at, slot + observed_after * interval '1 millisecond') as observed_at
           from result where camera = $1 order by slot desc limit $2`,
          [camera.id, query.limit ?? 20],
        );
        return rows.map(probeOf);
      },
    );
  };
