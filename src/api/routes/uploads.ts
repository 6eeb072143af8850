import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { keepUpload } from '../../schedule/upload.ts';
import { noteAudit } from '../audited.ts';
import { principalOf } from '../guard.ts';
import { bodyInParts, fileIn, takeFiles } from '../one-file.ts';
import type { ApiParts } from '../parts.ts';
import { Problem, said } from '../problem.ts';
import { Moment } from '../shapes.ts';

const Upload = Type.Object({
  id: Type.String({ format: 'uuid', description: '提交报备或申诉时写入 attachment / for `attachment`' }),
  name: Type.String({ description: '整理后的文件名 / its name as it is kept' }),
  size: Type.Integer(),
  sha256: Type.String(),
  expiresAt: Moment,
});

/** Files that wait to go with an exemption or an appeal. */
export const uploadRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    await takeFiles(app);
    app.post(
      '/uploads',
      {
        validatorCompiler: bodyInParts,
        schema: {
          summary: '上传附件，保留一天 / Bring an attachment; it is kept for a day',
          description:
            '一个文件，至多 10 MB：pdf、ofd、jpg、png、doc(x)、xls(x)、wps、et，按内容核对。只有本账号可用。 / ' +
            'One file of 10 MB at most, told by its content. Only the account that brought it can use it.',
          consumes: ['multipart/form-data'],
          body: Type.Object({ file: Type.Unsafe<Buffer>({ type: 'string', format: 'binary' }) }),
          response: { 201: Upload, 400: Problem, 413: Problem, 415: Problem, 422: Problem, 503: Problem },
        },
      },
      async (request, reply) => {
        const given = await fileIn(request, []);
        const kept = await keepUpload(db, principalOf(request).account, given, new Date()).catch(
          said(422, 'not_taken', 'file'),
        );
        noteAudit(request, { kind: 'upload', on: kept.id, detail: { name: kept.name, sha256: kept.sha256 } });
        return reply.code(201).send({ ...kept, expiresAt: kept.expiresAt.toISOString() });
      },
    );
  };
