import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { type Format, formats, type ReportKind, reportKinds } from '../../report/format.ts';
import { type Asked, documentOf, type Wish, wishOf } from '../../report/wish.ts';
import { Sentence } from '../../sentence.ts';
import { noteAudit } from '../audited.ts';
import { File, sendFile } from '../file-answer.ts';
import { principalOf, reachOf } from '../guard.ts';
import { ComeBackLater } from '../limits.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem, said } from '../problem.ts';
import { oneOf } from '../written.ts';

const types: Readonly<Record<Format, string>> = {
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

const Query = Type.Object({
  date: Type.String({
    minLength: 4,
    maxLength: 10,
    description: '日期、月份或年份，例如 2026-11-22 / day, month or year',
  }),
  format: Type.Optional(oneOf(formats, { default: 'docx' })),
  unit: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 20,
      description: '考核单位代码；考核单位的账号只得本单位的 / unit; an account of a unit gets its own',
    }),
  ),
  revision: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description: '日通报的版次，默认最新 / revision of a day, the newest by default',
    }),
  ),
});

/** Documents are made one after the other, in seconds: so many wait at most, of all and of one account. */
const mostWaiting = { all: 8, account: 2 } as const;

/** What cannot be meant is no request (400); what is well asked for and not there is not found (404). */
const wished = (kind: ReportKind, asked: Asked): Wish => {
  try {
    return wishOf(kind, asked);
  } catch (error) {
    return said(400, 'invalid')(error);
  }
};

/** To an account of a unit the units that a document holds are not told, and so not which one it lacks. */
const nothingForUnit = (date: string): ApiProblem =>
  new ApiProblem(
    404,
    'no_such_report',
    `没有 ${date} 的本单位通报：请检查日期与版次，或该期尚无巡检`,
    `No report of your unit for ${date}: check date and revision; there may be no inspection of then`,
  );

/** They compare the units of the city with each other. */
const ofTheCity = (): ApiProblem =>
  new ApiProblem(
    403,
    'of_the_city',
    '月报与年报含全市各单位的比较，考核单位的账号不能下载；请下载日通报，或查询本单位的历次比率',
    'A month or a year compares all units of the city, which an account of a unit may not get: take a day, or the rates of your unit',
  );

/** The documents of a day, a month and a year, for whoever presses the button. */
export const reportRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const waiting = new Map<number, number>();
    const inTurn = async <T>(account: number, make: () => Promise<T>): Promise<T> => {
      const mine = waiting.get(account) ?? 0;
      const all = [...waiting.values()].reduce((sum, count) => sum + count, 0);
      if (mine >= mostWaiting.account || all >= mostWaiting.all) {
        throw new ComeBackLater(
          503,
          'reports_busy',
          '正在生成其他文书，请稍后再试',
          'Other documents are being made; try again in a moment',
          10,
        );
      }
      waiting.set(account, mine + 1);
      try {
        return await make();
      } finally {
        const left = (waiting.get(account) ?? 1) - 1;
        if (left === 0) waiting.delete(account);
        else waiting.set(account, left);
      }
    };

    app.get(
      '/reports/:kind',
      {
        schema: {
          summary: '下载日、月、年通报 / The documents of a day, a month or a year',
          params: Type.Object({ kind: oneOf(reportKinds) }),
          querystring: Query,
          response: {
            200: {
              ...File('文书；ETag 为文件的 SHA-256 / the file; its SHA-256 is the ETag'),
              headers: {
                etag: { type: 'string' },
                'x-content-sha256': { type: 'string', description: '内容的 SHA-256 / of the content' },
              },
            },
            304: Type.Null({ description: '未变 / it is what you have' }),
            400: Problem,
            404: Problem,
            503: Problem,
          },
        },
      },
      async (request, reply) => {
        const { kind } = request.params;
        const { date, format = 'docx', revision = null } = request.query;
        const reach = reachOf(request);
        const unit = request.query.unit ?? reach;
        noteAudit(request, { kind: 'report', on: `${kind} ${date}`, unit });
        const wish = wished(kind, { date, format, unit, revision });
        if (reach !== null && unit !== reach) throw nothingForUnit(date);
        if (reach !== null && wish.kind !== 'day') throw ofTheCity();
        const mine = reach !== null && wish.kind === 'day' ? { ...wish, alone: true as const } : wish;
        const make = () => documentOf(db, mine, new Date());
        const { name, file, contentSha256, fileSha256 } = await inTurn(principalOf(request).account, make).catch(
          (error: unknown) => {
            if (reach !== null && error instanceof Sentence) throw nothingForUnit(date);
            return said(404, 'no_such_report')(error);
          },
        );
        const etag = `"${fileSha256}"`;
        reply
          .header('etag', etag)
          .header('cache-control', 'private, no-cache')
          .header('x-content-sha256', contentSha256);
        const known = request.headers['if-none-match']?.split(',').map((one) => one.trim().replace(/^W\//, ''));
        if (known?.includes(etag) || known?.includes('*')) return reply.code(304).send(null);
        return sendFile(reply, { name, type: types[format], bytes: file });
      },
    );
  };
