import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { Gather } from '../../db/gather.ts';
import { type Added, type CameraPage, cameraPages, type ExemptNow } from '../../rollup/camera-page.ts';
import { directoryOf } from '../directory.ts';
import { failureOf } from '../failure.ts';
import { reachOf } from '../guard.ts';
import { noSuchCamera } from '../met.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { Answer, CameraClass, CameraCode, Count, Day, Failure, Moment, nullable } from '../shapes.ts';

const Text = nullable(Type.String());
const AddedUp = Type.Object(
  {
    from: nullable(Moment),
    until: nullable(Moment),
    online: Type.Integer({ description: '在线秒数；可用率的分子 / the numerator' }),
    offline: Type.Integer({ description: '离线秒数；与在线秒数之和为分母 / with `online` the denominator' }),
    unknown: Type.Integer({ description: '未知秒数，不在分子与分母中 / in neither' }),
    formula: Type.String(),
  },
  { description: '已汇总的整小时或整日 / whole hours or local days that are added up' },
);
const Page = Type.Object({
  code: Type.String(),
  name: Type.String(),
  unit: Type.String(),
  class: CameraClass,
  site: Type.String(),
  state: Type.Union([Type.Literal('in_use'), Type.Literal('suspended'), Type.Literal('removed')]),
  changedAt: Moment,
  login: Type.Boolean({ description: '是否存有登录口令 / whether a login is stored' }),
  rtspUrl: Type.String(),
  onvifUrl: Text,
  snapshotUrl: Text,
  transport: Type.Union([Type.Literal('tcp'), Type.Literal('udp')]),
  certificate: Text,
  deadline: nullable(Type.Integer({ description: 'ms' })),
  archive: Type.Object(
    {
      kind: Text,
      manufacturer: Text,
      model: Text,
      serial: Text,
      mac: Text,
      address: Text,
      longitude: nullable(Type.Number()),
      latitude: nullable(Type.Number()),
      facing: Text,
      power: Text,
      carrier: Text,
      onu: Text,
      recorder: Text,
      pole: Text,
      box: Text,
      managingUnit: Text,
      managingContact: Text,
      managingPhone: Text,
      maintainingUnit: Text,
      maintainingContact: Text,
      maintainingPhone: Text,
      project: Text,
      builtOn: nullable(Day),
      retentionDays: nullable(Type.Integer()),
    },
    { description: '一机一档' },
  ),
  photos: Count,
  now: Type.Object({
    online: Answer,
    onlineAt: nullable(Moment),
    image: Answer,
    imageAt: nullable(Moment),
    failure: nullable(Failure),
  }),
  outage: nullable(
    Type.Object({ beganAt: Moment, failure: Failure }, { description: '未恢复的离线故障 / an outage that goes on' }),
  ),
  exemption: nullable(
    Type.Object(
      { id: nullable(Type.Integer()), reason: Type.String(), beginsAt: Moment, endsAt: Moment },
      {
        description:
          '生效中的报备；点位划入前由他单位提交的不显示编号与说明 / an exemption in force; of one that another unit submitted before the camera came, neither number nor text',
      },
    ),
  ),
  heldLogin: nullable(
    Type.Object(
      { service: Type.String(), kind: Type.String(), at: Moment },
      { description: '口令被拒，不再尝试 / refused, and not tried any more' },
    ),
  ),
  availability: Type.Object({ hours24: AddedUp, days30: AddedUp }),
});

const formula = 'xunjian-period/1';
/** Of the time in which it was another unit's, that unit alone is told. */
const addedOf = ({ from, until, own, ...whole }: Added, reach: string | null): Static<typeof AddedUp> => ({
  ...(reach === null ? whole : own),
  from: from?.toISOString() ?? null,
  until: until?.toISOString() ?? null,
  formula,
});
const exemptionTold = ({ id, unit, reason, text }: ExemptNow, reach: string | null) => {
  if (reach !== null && unit !== reach) return { id: null, reason };
  return { id, reason: text === null ? reason : `${reason}：${text}` };
};
const numberOf = (text: string | null): number | null => (text === null ? null : Number(text));

const archiveOf = (page: CameraPage): Static<typeof Page>['archive'] => ({
  kind: page.kind,
  manufacturer: page.manufacturer,
  model: page.model,
  serial: page.serial,
  mac: page.mac,
  address: page.address,
  longitude: numberOf(page.longitude),
  latitude: numberOf(page.latitude),
  facing: page.facing,
  power: page.power,
  carrier: page.carrier,
  onu: page.onu,
  recorder: page.recorder,
  pole: page.pole,
  box: page.box,
  managingUnit: page.managingUnit,
  managingContact: page.managingContact,
  managingPhone: page.managingPhone,
  maintainingUnit: page.maintainingUnit,
  maintainingContact: page.maintainingContact,
  maintainingPhone: page.maintainingPhone,
  project: page.project,
  builtOn: page.builtOn,
  retentionDays: page.retentionDays,
});

/** Pages to one statement, and how long the first of them waits for company, ms. */
const most = 100;
const gatherMs = 1;

export const cameraPageRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const directory = directoryOf(db);
    const pages = new Gather<string, CameraPage | null>(
      async (codes) => {
        const found = await cameraPages(db, [...new Set(codes)], new Date());
        return codes.map((code) => found.get(code) ?? null);
      },
      most,
      gatherMs,
    );
    app.get(
      '/cameras/:code',
      {
        schema: {
          summary: '一个点位的档案与现状 / A camera: its archive, and how it is',
          params: Type.Object({ code: CameraCode }),
          response: { 200: Page, 400: Problem, 404: Problem },
        },
      },
      async (request, reply) => {
        const [page, { table, now }] = await Promise.all([pages.ask(request.params.code), directory.fresh()]);
        const reach = reachOf(request);
        if (page === null || (reach !== null && page.unit !== reach)) throw noSuchCamera();
        const state = table.stateOfId(page.id, now.getTime());
        const { outage, exemption, held } = page;
        const body: Static<typeof Page> = {
          code: page.code,
          name: page.name,
          unit: page.unit,
          class: page.class,
          site: page.site,
          state: page.state,
          changedAt: page.changedAt.toISOString(),
          login: page.login,
          rtspUrl: page.rtspUrl,
          onvifUrl: page.onvifUrl,
          snapshotUrl: page.snapshotUrl,
          transport: page.transport,
          certificate: page.certificate,
          deadline: page.deadline,
          archive: archiveOf(page),
          photos: page.photos,
          now: {
            online: state.online,
            onlineAt: state.onlineAt?.toISOString() ?? null,
            image: state.image,
            imageAt: state.imageAt?.toISOString() ?? null,
            failure: state.failure === null ? null : failureOf(state.failure, state.step, state.detail),
          },
          outage:
            outage === null || (reach !== null && outage.unit !== reach)
              ? null
              : {
                  beganAt: outage.began_at.toISOString(),
                  failure: failureOf(outage.kind, outage.step, outage.detail),
                },
          exemption:
            exemption === null
              ? null
              : {
                  ...exemptionTold(exemption, reach),
                  beginsAt: exemption.begins_at.toISOString(),
                  endsAt: exemption.ends_at.toISOString(),
                },
          heldLogin: held === null ? null : { ...held, at: held.at.toISOString() },
          availability: { hours24: addedOf(page.day, reach), days30: addedOf(page.month, reach) },
        };
        // Of the schema's type already: it is not written out by the schema, which would go through every field once more.
        return reply.type('application/json; charset=utf-8').send(JSON.stringify(body) as never);
      },
    );
  };
