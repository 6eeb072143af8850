import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { grantAppeal } from '../../report/correction.ts';
import { frozenOf } from '../../report/revision.ts';
import { type Appeal, attachmentOfAppeal, decideAppeal, frameOf, submitAppeal } from '../../rollup/appeal.ts';
import { appealOf, appealPage, appealStatuses, countAppeals } from '../../rollup/appeal-list.ts';
import { inspectionOf } from '../../schedule/inspection.ts';
import { noteAudit } from '../audited.ts';
import { File, sendFile, typeOfName } from '../file-answer.ts';
import { principalOf, reachOf } from '../guard.ts';
import { cursorOf, keysIn, listOf, listQuery, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem, said } from '../problem.ts';
import { Revised, revisedOf } from '../revised.ts';
import { CameraCode, Id, Moment, nullable, UnitCode } from '../shapes.ts';
import { attachmentNamed, attachmentUsed, UploadId } from '../uploaded.ts';
import { isoOf, isoOrNull, name, newestFirst, oneOf, text } from '../written.ts';

const fields = {
  id: Id,
  inspection: Id,
  revision: Type.Integer({ description: '针对的版次 / the revision that it is made against' }),
  camera: Type.Object({ code: Type.String(), name: Type.String() }),
  unit: Type.String(),
  applicant: Type.String(),
  phone: Type.String(),
  claim: oneOf(['online', 'image'], { description: '称其在线，或已出图 / that it was online, or had a picture' }),
  text: Type.String(),
  submittedAt: Moment,
  status: oneOf(appealStatuses, { description: '待审核、成立、驳回 / open, granted, refused' }),
  frameAt: nullable(
    Type.String({ format: 'date-time', description: '所附画面的探测时刻；null：提交时没有画面 / slot of its picture' }),
  ),
  attachment: nullable(Type.Object({ name: Type.String(), sha256: Type.String() })),
  decision: nullable(
    Type.Object({
      decision: oneOf(['granted', 'refused']),
      at: Moment,
      by: Type.String(),
      note: nullable(Type.String()),
    }),
  ),
};
const Listed = Type.Object(fields);
const answer = oneOf(['yes', 'no', 'unknown']);
const Attempt = Type.Object({
  attempt: Type.Integer(),
  slot: Moment,
  observedAt: Moment,
  online: answer,
  image: answer,
  failure: nullable(Type.String()),
  step: nullable(Type.String()),
  detail: nullable(Type.String()),
  took: Type.Integer({ description: 'ms' }),
});
const Whole = Type.Object({
  ...fields,
  attempts: Type.Array(Attempt, { description: '固化的各次探测 / its attempts as frozen' }),
});
const Params = Type.Object({ id: Id });

const toldOf = (one: Appeal) => ({
  id: one.id,
  inspection: one.inspection,
  revision: one.revision,
  camera: { code: one.code, name: one.name },
  unit: one.unit,
  applicant: one.applicant,
  phone: one.phone,
  claim: one.claim,
  text: one.text,
  submittedAt: isoOf(one.submitted_at),
  status: one.decision ?? ('open' as const),
  frameAt: isoOrNull(one.frame_slot),
  attachment: one.attachment_name === null ? null : { name: one.attachment_name, sha256: one.attachment_sha256! },
  decision:
    one.decision === null
      ? null
      : { decision: one.decision, at: isoOf(one.decided_at!), by: one.decided_by!, note: one.decision_note },
});
const wholeOf = (one: Appeal) => ({ ...toldOf(one), attempts: one.trace as Static<typeof Attempt>[] });

/** Appeals (申诉) against what one camera of an inspection came to: a county submits them, the centre decides. */
export const appealRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const met = async (id: number, reach: string | null): Promise<Appeal> => {
      const found = await appealOf(db, id, reach);
      if (found !== null) return found;
      throw new ApiProblem(404, 'no_such_appeal', '没有这项申诉', 'No such appeal');
    };

    app.get(
      '/appeals',
      {
        schema: {
          summary: '申诉，新的在前 / Appeals, newest first',
          querystring: Type.Object({
            ...listQuery(['id']),
            ...newestFirst,
            unit: Type.Optional(UnitCode),
            inspection: Type.Optional(Id),
            status: Type.Optional(oneOf(appealStatuses)),
            camera: Type.Optional(CameraCode),
          }),
          response: { 200: listOf(Listed), 400: Problem },
        },
      },
      async (request) => {
        const { limit = 50, sort = '-id', cursor, unit, inspection, status, camera } = request.query;
        const wanted = {
          ...{ reach: reachOf(request), unit: unit ?? null, inspection: inspection ?? null },
          ...{ status: status ?? null, camera: camera ?? null },
        };
        const after = keysIn(cursor, sort, ['number']) as [number] | null;
        const page = await appealPage(db, wanted, {
          newestFirst: sort === '-id',
          after: after?.[0] ?? null,
          limit: limit + 1,
        });
        const items = page.slice(0, limit);
        return {
          items: pick(Listed, items.map(toldOf), request.query.fields),
          total: await countAppeals(db, wanted),
          next: page.length > limit ? cursorOf(sort, [items.at(-1)!.id]) : null,
        };
      },
    );

    app.post(
      '/appeals',
      {
        schema: {
          summary: '对本单位点位的巡检结果提出申诉 / Appeal against what a camera of your unit came to',
          body: Type.Object({
            inspection: Id,
            camera: CameraCode,
            claim: oneOf(['online', 'image'], {
              description: '称其在线，或已出图 / that it was online, or had a picture',
            }),
            applicant: name('申请人 / who appeals'),
            phone: Type.String({
              minLength: 6,
              maxLength: 21,
              pattern: '^[+0-9 -]+$',
              description: '联系电话 / phone',
            }),
            text: text('理由 / why'),
            attachment: Type.Optional(UploadId),
          }),
          response: { 201: Whole, 400: Problem, 404: Problem, 409: Problem, 422: Problem },
        },
      },
      async (request, reply) => {
        const { name: by, account, unit } = principalOf(request);
        const { inspection: id, camera: code, claim, applicant, phone, text: why, attachment } = request.body;
        if (unit === null) throw new Error(`${by} appeals and is of no unit`);
        noteAudit(request, { kind: 'appeal', unit, why, detail: { inspection: id, camera: code } });
        const inspection = await inspectionOf(db, id);
        if (inspection === null || (inspection.unit !== null && inspection.unit !== unit)) {
          throw new ApiProblem(404, 'no_such_inspection', '没有这次巡检', 'No such inspection', 'inspection');
        }
        const frozen = await frozenOf(db, id, null);
        if (frozen === null) {
          throw new ApiProblem(
            409,
            'inspection_running',
            `第 ${id} 次巡检尚未结束：结束后再申诉`,
            `Inspection ${id} is under way: appeal when it is over`,
            'inspection',
          );
        }
        const now = new Date();
        const appeal = await submitAppeal(db, now, {
          ...{ inspection: id, revision: frozen.content.revision.number, code, applicant, phone, claim, text: why },
          within: unit,
          attachment: await attachmentNamed(db, account, attachment, now),
          trace: frozen.content.cameras.find((one) => one.code === code)?.attempts ?? [],
        }).catch(said(422, 'appeal_refused'));
        noteAudit(request, { on: String(appeal) });
        await attachmentUsed(db, attachment);
        reply.header('location', `/api/v1/appeals/${appeal}`);
        return reply.code(201).send(wholeOf(await met(appeal, unit)));
      },
    );

    app.get(
      '/appeals/:id',
      {
        schema: {
          summary: '一项申诉及其探测记录 / An appeal with the attempts',
          params: Params,
          response: { 200: Whole, 400: Problem, 404: Problem },
        },
      },
      async (request) => wholeOf(await met(request.params.id, reachOf(request))),
    );

    app.get(
      '/appeals/:id/attachment',
      {
        schema: {
          summary: '一项申诉的附件 / What was attached to an appeal',
          params: Params,
          response: { 200: File('附件 / the file'), 400: Problem, 404: Problem },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        noteAudit(request, { kind: 'appeal', on: String(id) });
        const { unit, attachment_name: file } = await met(id, reachOf(request));
        noteAudit(request, { unit });
        const bytes = await attachmentOfAppeal(db, id);
        if (file === null || bytes === null) {
          throw new ApiProblem(404, 'no_attachment', '这项申诉没有附件', 'Nothing was attached to it');
        }
        return sendFile(reply, { name: file, type: typeOfName(file), bytes });
      },
    );

    app.get(
      '/appeals/:id/frame',
      {
        schema: {
          summary: '一项申诉提交时点位的画面 / The picture that goes with an appeal',
          params: Params,
          response: { 200: File('JPEG', 'image/jpeg'), 400: Problem, 404: Problem },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        noteAudit(request, { kind: 'appeal', on: String(id) });
        const { unit, code, frame_slot: slot } = await met(id, reachOf(request));
        noteAudit(request, { unit, detail: { camera: code } });
        const bytes = await frameOf(db, id);
        if (bytes === null || slot === null) {
          throw new ApiProblem(
            404,
            'no_picture',
            '提交时没有该点位的画面',
            'There was no picture when it was submitted',
          );
        }
        reply.header('x-slot', slot.toISOString());
        return sendFile(reply, { name: `${code}-${id}.jpg`, type: 'image/jpeg', bytes });
      },
    );

    app.post(
      '/appeals/:id/decision',
      {
        schema: {
          summary: '认定成立（并另出一版）或驳回 / Grant an appeal, which makes a revision, or refuse it',
          params: Params,
          body: Type.Object({
            decision: oneOf(['granted', 'refused']),
            note: text('理由 / why'),
          }),
          response: {
            200: Type.Object({ ...Whole.properties, revised: nullable(Revised) }),
            400: Problem,
            404: Problem,
            409: Problem,
          },
        },
      },
      async (request) => {
        const { id } = request.params;
        const { decision, note } = request.body;
        noteAudit(request, { kind: 'appeal', on: String(id), why: note, detail: { decision } });
        const { unit, inspection } = await met(id, reachOf(request));
        noteAudit(request, { unit, detail: { decision, inspection } });
        const { name: by } = principalOf(request);
        const now = new Date();
        const made = await (decision === 'granted'
          ? grantAppeal(db, id, by, note, now)
          : decideAppeal(db, id, 'refused', by, note, now).then(() => null)
        ).catch(said(409, 'not_decided'));
        if (made !== null) noteAudit(request, { detail: { decision, inspection, revision: made.revision } });
        return { ...wholeOf(await met(id, null)), revised: made === null ? null : revisedOf(made) };
      },
    );
  };
