import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import {
  attachmentOfExemption,
  closedWithout,
  type Exemption,
  exemptionOf,
  statuses,
  statusOf,
} from '../../schedule/exemption.ts';
import { decideExemption, endExemption } from '../../schedule/exemption-decide.ts';
import { camerasOfExemption, countExemptions, exemptionPage, exemptionReasons } from '../../schedule/exemption-list.ts';
import { type Selection, submitExemption } from '../../schedule/exemption-submit.ts';
import { noteAudit } from '../audited.ts';
import { File, sendFile, typeOfName } from '../file-answer.ts';
import { principalOf, reachOf } from '../guard.ts';
import { cursorOf, keysIn, listOf, listQuery, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem, said } from '../problem.ts';
import { CameraCode, Id, Moment, nullable, UnitCode } from '../shapes.ts';
import { attachmentNamed, attachmentUsed, UploadId } from '../uploaded.ts';
import { isoOf, moment, momentIn, name, newestFirst, oneOf, text } from '../written.ts';

const Attached = nullable(Type.Object({ name: Type.String(), sha256: Type.String() }));
const fields = {
  id: Id,
  unit: Type.String(),
  status: oneOf(statuses, {
    description: '待审批、已批准、生效中、已结束、不予批准 / submitted, approved, in force, ended, refused',
  }),
  applicant: Type.String(),
  phone: Type.String(),
  reason: Type.Object({ code: Type.String(), zh: Type.String(), en: Type.String() }),
  text: nullable(Type.String()),
  selectedBy: oneOf(['cameras', 'list', 'unit', 'site']),
  cameras: Type.Integer({ description: '点位数 / how many cameras' }),
  beginsAt: Moment,
  endsAt: Moment,
  submittedAt: Moment,
  attachment: Attached,
  decision: nullable(
    Type.Object({
      decision: oneOf(['approved', 'refused']),
      at: Moment,
      by: Type.String(),
      note: nullable(Type.String()),
    }),
  ),
  ended: nullable(Type.Object({ at: Moment, by: Type.String() })),
};
const Listed = Type.Object(fields);
const Whole = Type.Object({
  ...fields,
  codes: Type.Array(
    Type.Object({
      code: Type.String(),
      name: nullable(Type.String({ description: '已不属本单位的为 null / null: not of your unit any more' })),
    }),
    { description: '其点位 / its cameras' },
  ),
});
const Params = Type.Object({ id: Id });

const toldOf = (one: Exemption, now: Date) => ({
  id: one.id,
  unit: one.unit,
  status: statusOf(one, now),
  applicant: one.applicant,
  phone: one.phone,
  reason: { code: one.reason, zh: one.reason_zh, en: one.reason_en },
  text: one.text,
  selectedBy: one.selected_by,
  cameras: one.cameras,
  beginsAt: isoOf(one.begins_at),
  endsAt: isoOf(one.ends_at),
  submittedAt: isoOf(one.submitted_at),
  attachment: one.attachment_name === null ? null : { name: one.attachment_name, sha256: one.attachment_sha256! },
  decision:
    one.decision === null
      ? null
      : { decision: one.decision, at: isoOf(one.decided_at!), by: one.decided_by!, note: one.decision_note },
  ended: one.ended_at === null ? null : { at: isoOf(one.ended_at), by: one.ended_by! },
});

const noSuchOne = (): ApiProblem => new ApiProblem(404, 'no_such_exemption', '没有这项报备', 'No such exemption');

/** Exemptions (报备): a county submits them, the centre decides, either may end one early. */
export const exemptionRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const met = async (id: number, reach: string | null): Promise<Exemption> => {
      const found = await exemptionOf(db, id);
      if (found === null || (reach !== null && found.unit !== reach)) throw noSuchOne();
      return found;
    };
    const whole = async (exemption: Exemption, reach: string | null) => ({
      ...toldOf(exemption, new Date()),
      codes: await camerasOfExemption(db, exemption.id, reach),
    });

    app.get(
      '/exemption-reasons',
      {
        schema: {
          summary: '报备原因 / Reasons for an exemption',
          response: {
            200: Type.Array(
              Type.Object({
                code: Type.String(),
                zh: Type.String(),
                en: Type.String(),
                textNeeded: Type.Boolean({ description: '须在 text 中说明 / must be explained in text' }),
              }),
            ),
          },
        },
      },
      async () => exemptionReasons(db),
    );

    app.get(
      '/exemptions',
      {
        schema: {
          summary: '报备，新的在前 / Exemptions, newest first',
          querystring: Type.Object({
            ...listQuery(['id']),
            ...newestFirst,
            unit: Type.Optional(UnitCode),
            status: Type.Optional(oneOf(statuses)),
            reason: Type.Optional(Type.String({ pattern: '^[a-z_]{1,40}$', description: '原因代码 / reason' })),
            camera: Type.Optional(CameraCode),
          }),
          response: { 200: listOf(Listed), 400: Problem },
        },
      },
      async (request) => {
        const { limit = 50, sort = '-id', cursor, unit, status, reason, camera } = request.query;
        const wanted = {
          ...{ reach: reachOf(request), unit: unit ?? null, reason: reason ?? null },
          ...{ status: status ?? null, camera: camera ?? null },
        };
        const now = new Date();
        const after = keysIn(cursor, sort, ['number']) as [number] | null;
        const page = await exemptionPage(db, now, wanted, {
          newestFirst: sort === '-id',
          after: after?.[0] ?? null,
          limit: limit + 1,
        });
        const items = page.slice(0, limit);
        return {
          items: pick(
            Listed,
            items.map((one) => toldOf(one, now)),
            request.query.fields,
          ),
          total: await countExemptions(db, now, wanted),
          next: page.length > limit ? cursorOf(sort, [items.at(-1)!.id]) : null,
        };
      },
    );

    app.post(
      '/exemptions',
      {
        schema: {
          summary: '提交本单位的报备，待审批 / Submit an exemption of your unit; it waits for a decision',
          body: Type.Object({
            applicant: name('申请人 / who applies'),
            phone: Type.String({
              minLength: 6,
              maxLength: 21,
              pattern: '^[+0-9 -]+$',
              description: '联系电话 / phone',
            }),
            reason: Type.String({ pattern: '^[a-z_]{1,40}$', description: '原因代码 / from exemption-reasons' }),
            text: Type.Optional(text('说明 / in words')),
            beginsAt: moment('起 / from'),
            endsAt: moment('止 / until'),
            cameras: Type.Optional(
              Type.Array(CameraCode, {
                minItems: 1,
                maxItems: 2_500,
                description: '点位；与 site、wholeUnit 三者取一 / cameras; or site; or wholeUnit',
              }),
            ),
            site: Type.Optional(
              Type.String({
                pattern: '^[A-Za-z0-9_-]{1,40}$',
                description: '本单位在此站点的全部点位 / all of the unit at this site',
              }),
            ),
            wholeUnit: Type.Optional(Type.Literal(true, { description: '本单位的全部点位 / all of the unit' })),
            attachment: Type.Optional(UploadId),
          }),
          response: {
            201: Type.Object({
              ...Whole.properties,
              overlapping: Type.Array(Type.Object({ exemption: Id, cameras: Type.Integer() }), {
                description: '同期已报备部分相同点位的 / others that cover some of the same cameras',
              }),
            }),
            400: Problem,
            422: Problem,
          },
        },
      },
      async (request, reply) => {
        const { name: by, account, unit } = principalOf(request);
        const { applicant, phone, reason, text = null, beginsAt, endsAt, attachment } = request.body;
        if (unit === null) throw new Error(`${by} submits exemptions and is of no unit`);
        noteAudit(request, { kind: 'exemption', unit, why: text });
        const now = new Date();
        const { id, overlapping } = await submitExemption(db, now, {
          ...{ unit, applicant, phone, reason, text, within: true },
          selection: selectionOf(request.body),
          beginsAt: momentIn(beginsAt, 'beginsAt'),
          endsAt: momentIn(endsAt, 'endsAt'),
          attachment: await attachmentNamed(db, account, attachment, now),
        }).catch(said(422, 'exemption_refused'));
        noteAudit(request, { on: String(id) });
        await attachmentUsed(db, attachment);
        reply.header('location', `/api/v1/exemptions/${id}`);
        return reply.code(201).send({ ...(await whole(await met(id, unit), unit)), overlapping: [...overlapping] });
      },
    );

    app.get(
      '/exemptions/:id',
      {
        schema: {
          summary: '一项报备及其点位 / An exemption with its cameras',
          params: Params,
          response: { 200: Whole, 400: Problem, 404: Problem },
        },
      },
      async (request) => {
        const reach = reachOf(request);
        return whole(await met(request.params.id, reach), reach);
      },
    );

    app.get(
      '/exemptions/:id/attachment',
      {
        schema: {
          summary: '一项报备的附件 / What was attached to an exemption',
          params: Params,
          response: { 200: File('附件 / the file'), 400: Problem, 404: Problem },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        noteAudit(request, { kind: 'exemption', on: String(id) });
        const { unit, attachment_name: file } = await met(id, reachOf(request));
        noteAudit(request, { unit });
        const bytes = await attachmentOfExemption(db, id);
        if (file === null || bytes === null) {
          throw new ApiProblem(404, 'no_attachment', '这项报备没有附件', 'Nothing was attached to it');
        }
        return sendFile(reply, { name: file, type: typeOfName(file), bytes });
      },
    );

    app.post(
      '/exemptions/:id/decision',
      {
        schema: {
          summary: '批准或不予批准 / Approve or refuse an exemption',
          params: Params,
          body: Type.Object({
            decision: oneOf(['approved', 'refused']),
            note: Type.Optional(text('意见；不予批准须写明 / note; a refusal needs one')),
          }),
          response: {
            200: Type.Object({
              ...Whole.properties,
              closedWithout: Type.Array(Id, {
                description: '已结束而须更正才计入的巡检 / closed inspections that count it once they are corrected',
              }),
            }),
            400: Problem,
            404: Problem,
            409: Problem,
            422: Problem,
          },
        },
      },
      async (request) => {
        const { id } = request.params;
        const { decision, note = null } = request.body;
        noteAudit(request, { kind: 'exemption', on: String(id), why: note, detail: { decision } });
        const { unit } = await met(id, reachOf(request));
        noteAudit(request, { unit });
        if (decision === 'refused' && note === null) {
          throw new ApiProblem(
            422,
            'note_missing',
            'note：不予批准须说明理由',
            'note: a refusal needs its reason',
            'note',
          );
        }
        await decideExemption(db, id, decision, principalOf(request).name, note, new Date()).catch(
          said(409, 'decided_already'),
        );
        const closed = decision === 'approved' ? await closedWithout(db, id) : [];
        return { ...(await whole(await met(id, null), null)), closedWithout: closed };
      },
    );

    app.post(
      '/exemptions/:id/end',
      {
        schema: {
          summary: '提前结束已批准的报备 / End an approved exemption early',
          params: Params,
          response: { 200: Whole, 400: Problem, 404: Problem, 409: Problem },
        },
      },
      async (request) => {
        const { id } = request.params;
        noteAudit(request, { kind: 'exemption', on: String(id) });
        const reach = reachOf(request);
        const { unit } = await met(id, reach);
        noteAudit(request, { unit });
        await endExemption(db, id, principalOf(request).name, new Date()).catch(said(409, 'not_to_be_ended'));
        return whole(await met(id, reach), reach);
      },
    );
  };

type Selected = { readonly cameras?: string[]; readonly site?: string; readonly wholeUnit?: true };

const selectionOf = ({ cameras, site, wholeUnit }: Selected): Selection => {
  if ([cameras, site, wholeUnit].filter((one) => one !== undefined).length !== 1) {
    throw new ApiProblem(
      422,
      'selection',
      '请用 cameras、site、wholeUnit 之一给出点位',
      'Name the cameras by one of cameras, site and wholeUnit',
      'cameras',
    );
  }
  if (cameras !== undefined) return { by: 'cameras', codes: cameras };
  return site === undefined ? { by: 'unit' } : { by: 'site', site };
};
