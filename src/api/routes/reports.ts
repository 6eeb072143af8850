import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Queryable } from '../../db/pool.ts';
import { type Format, formats, type ReportKind, reportKinds } from '../../report/format.ts';
import { type Asked, documentOf, type Wish, wishOf } from '../../report/wish.ts';
import { Sentence } from '../../sentence.ts';
import { ApiProblem, Problem } from '../problem.ts';

const types: Readonly<Record<Format, string>> = {
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

const Query = Type.Object({
  date: Type.String({ maxLength: 10, description: '日期、月份或年份，例如 2026-11-22 / day, month or year' }),
  format: Type.Optional(
    Type.Union(
      formats.map((format) => Type.Literal(format)),
      { default: 'docx' },
    ),
  ),
  unit: Type.Optional(Type.String({ maxLength: 20, description: '考核单位代码 / unit' })),
  revision: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description: '日通报的版次，默认最新 / revision of a day, the newest by default',
    }),
  ),
});

/** What cannot be meant is no request (400); what is well asked for and not there is not found (404). */
const said =
  (status: 400 | 404, code: string) =>
  (error: unknown): never => {
    if (error instanceof Sentence) throw new ApiProblem(status, code, error.zh, error.en);
    throw error;
  };

type Query = Omit<Asked, 'format' | 'unit' | 'revision'> & Partial<Asked>;

const wished = (kind: ReportKind, { date, format = 'docx', unit = null, revision = null }: Query): Wish => {
  try {
    return wishOf(kind, { date, format, unit, revision });
  } catch (error) {
    return said(400, 'invalid')(error);
  }
};

/** The documents of a day, a month and a year, for whoever presses the button. */
export const reportRoutes =
  (db: Queryable): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/reports/:kind',
      {
        schema: {
          summary: '下载日、月、年通报 / The documents of a day, a month or a year',
          params: Type.Object({ kind: Type.Union(reportKinds.map((kind) => Type.Literal(kind))) }),
          querystring: Query,
          response: {
            200: {
              description: '文书；ETag 为文件的 SHA-256 / the file; its SHA-256 is the ETag',
              content: {
                'application/octet-stream': { schema: Type.Unsafe<Buffer>({ type: 'string', format: 'binary' }) },
              },
            },
            400: Problem,
            404: Problem,
          },
        },
      },
      async ({ params, query }, reply) => {
        const { name, file, contentSha256, fileSha256 } = await documentOf(
          db,
          wished(params.kind, query),
          new Date(),
        ).catch(said(404, 'no_such_report'));
        return reply
          .type(types[query.format ?? 'docx'])
          .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`)
          .header('etag', `"${fileSha256}"`)
          .header('x-content-sha256', contentSha256)
          .header('x-content-type-options', 'nosniff')
          .send(Buffer.from(file.buffer, file.byteOffset, file.byteLength));
      },
    );
  };
