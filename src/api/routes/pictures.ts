import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { addPhoto, photoBytes } from '../../inventory/photo.ts';
import { requireWritten } from '../../schedule/written.ts';
import { noteAudit } from '../audited.ts';
import { File, sendFile } from '../file-answer.ts';
import { principalOf, reachOf } from '../guard.ts';
import { noSuchCamera } from '../met.ts';
import { bodyInParts, fileIn, takeFiles } from '../one-file.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem, said } from '../problem.ts';
import { CameraCode } from '../shapes.ts';
import { text } from '../written.ts';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256' });
const Added = Type.Object({
  sha256: Sha256,
  added: Type.Boolean({ description: '否：档案中已有这张 / false: it was there already' }),
});

/** What cameras showed, and photos of cameras. Each look leaves a row in the audit. */
export const pictureRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    await takeFiles(app);
    const cameraOf = async (code: string, reach: string | null) => {
      const camera = await db.maybeOne<{ id: number; unit: string }>(
        'select id, unit from camera where code = $1 and ($2::text is null or unit = $2)',
        [code, reach],
      );
      if (camera !== null) return camera;
      throw noSuchCamera();
    };

    app.get(
      '/cameras/:code/picture',
      {
        schema: {
          summary: '点位最近一次的画面 / The last picture of a camera',
          params: Type.Object({ code: CameraCode }),
          response: {
            200: {
              ...File('JPEG，宽 320 像素；x-slot 为探测时刻 / its slot in x-slot', 'image/jpeg'),
              headers: { 'x-slot': { type: 'string', format: 'date-time' } },
            },
            400: Problem,
            404: Problem,
          },
        },
      },
      async (request, reply) => {
        const { code } = request.params;
        noteAudit(request, { kind: 'camera', on: code });
        const camera = await cameraOf(code, reachOf(request));
        noteAudit(request, { unit: camera.unit });
        const held = await db.maybeOne<{ slot: Date; jpeg: Buffer }>(
          'select slot, jpeg from evidence where camera = $1 and jpeg is not null',
          [camera.id],
        );
        if (held === null) {
          throw new ApiProblem(404, 'no_picture', '还没有该点位的画面', 'No picture of this camera is kept');
        }
        noteAudit(request, { detail: { slot: held.slot.toISOString() } });
        reply.header('x-slot', held.slot.toISOString());
        return sendFile(reply, { name: `${code}.jpg`, type: 'image/jpeg', bytes: held.jpeg });
      },
    );

    app.get(
      '/cameras/:code/photos/:sha256',
      {
        schema: {
          summary: '点位档案中的一张照片 / A photo of a camera from its archive',
          params: Type.Object({ code: CameraCode, sha256: Sha256 }),
          response: { 200: File('JPEG 或 PNG / a JPEG or PNG', 'image/*'), 400: Problem, 404: Problem },
        },
      },
      async (request, reply) => {
        const { code, sha256 } = request.params;
        noteAudit(request, { kind: 'camera', on: code, detail: { sha256 } });
        const { unit } = await cameraOf(code, reachOf(request));
        noteAudit(request, { unit });
        const photo = await photoBytes(db, code, sha256);
        if (photo === null) throw new ApiProblem(404, 'no_such_photo', '没有这张照片', 'No such photo');
        const end = photo.media === 'image/png' ? 'png' : 'jpg';
        return sendFile(reply, { name: `${code}-${sha256.slice(0, 8)}.${end}`, type: photo.media, bytes: photo.bytes });
      },
    );

    app.post(
      '/cameras/:code/photos',
      {
        validatorCompiler: bodyInParts,
        schema: {
          summary: '为点位档案添加一张照片 / Add a photo to a camera’s archive',
          params: Type.Object({ code: CameraCode }),
          consumes: ['multipart/form-data'],
          body: Type.Object({
            file: Type.Unsafe<Buffer>({
              type: 'string',
              format: 'binary',
              description: 'JPEG 或 PNG，至多 10 MB / a JPEG or PNG of 10 MB at most',
            }),
            note: Type.Optional(text('说明 / note')),
          }),
          response: {
            200: Added,
            201: Added,
            ...{ 400: Problem, 404: Problem, 413: Problem, 415: Problem, 422: Problem, 503: Problem },
          },
        },
      },
      async (request, reply) => {
        const { code } = request.params;
        noteAudit(request, { kind: 'camera', on: code });
        const { unit } = await cameraOf(code, reachOf(request));
        const { bytes, fields } = await fileIn(request, ['note']);
        const note = fields.note?.trim() || null;
        noteAudit(request, { unit, why: note });
        const by = principalOf(request).name;
        const put = async () => {
          if (note !== null) requireWritten(['说明', 'note'], 'text', note);
          return addPhoto(db, code, bytes, { by, note });
        };
        const added = await put().catch(said(422, 'not_taken'));
        noteAudit(request, { detail: { sha256: added.sha256 } });
        return reply.code(added.added ? 201 : 200).send(added);
      },
    );
  };
