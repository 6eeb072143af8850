import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { probeAt } from '../../rollup/probes-of-camera.ts';
import { policyAt } from '../../schedule/policy.ts';
import { askProbe, mostOpen, type ProbeRequest, probeRequestOf } from '../../schedule/probe-request.ts';
import { noteAudit } from '../audited.ts';
import { principalOf, reachOf } from '../guard.ts';
import { ComeBackLater } from '../limits.ts';
import { noSuchCamera } from '../met.ts';
import { Observation, observationOf } from '../observation.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem } from '../problem.ts';
import { CameraCode, Id, Moment, nullable } from '../shapes.ts';
import { oneOf, text } from '../written.ts';

const Expired = Type.Object({
  reason: oneOf(['no_worker', 'not_queued', 'late', 'withdrawn']),
  at: Moment,
  zh: Type.String(),
  en: Type.String(),
});

const Asked = Type.Object({
  id: Id,
  camera: Type.String(),
  unit: Type.String(),
  site: Type.String({ description: '由此站点探测 / probed from this site' }),
  want: oneOf(['answer', 'picture'], { description: '只问是否在线，或取图 / whether it answers, or a picture' }),
  by: nullable(Type.String({ description: '何人请求；他单位账号为 null / whose account; null: another unit’s' })),
  why: nullable(Type.String({ description: '本单位以外所写的为 null / null: written outside your unit' })),
  askedAt: Moment,
  expiresAt: Type.String({ format: 'date-time', description: '此后不再开始 / it does not begin after it' }),
  state: oneOf(['waiting', 'queued', 'done', 'expired'], {
    description:
      '待排队、已在站点队列（或正在探测）、已有结果、已放弃 / not queued yet; on the queue of its site or under way; with a result; given up',
  }),
  observation: nullable(Observation),
  expired: nullable(Expired),
});

const words: Readonly<Record<NonNullable<ProbeRequest['expired']>, { readonly zh: string; readonly en: string }>> = {
  no_worker: {
    zh: '该站点没有运行中的探测进程；请在站点启动探测进程后再试',
    en: 'no worker serves the site; start one there and try again',
  },
  not_queued: {
    zh: '任务队列不可用，未能排队；请稍后再试',
    en: 'the queue was away; try again later',
  },
  late: {
    zh: '到时仍未轮到：同一主机的其他探测或站点带宽占满；请稍后再试',
    en: 'its turn did not come in time: its host or the line of its site was busy; try again later',
  },
  withdrawn: { zh: '点位已停用，未探测', en: 'the camera is not in use any more, and was left alone' },
};

const stateOf = ({ done_at, expired, enqueued }: ProbeRequest): 'waiting' | 'queued' | 'done' | 'expired' =>
  done_at !== null ? 'done' : expired !== null ? 'expired' : enqueued > 0 ? 'queued' : 'waiting';

const tooMany = (refused: 'account' | 'site' | 'camera', afterMs: number): ComeBackLater => {
  const [zh, en] = {
    account: [
      `您已有 ${mostOpen.account} 个探测未完成：请等其完成`,
      `${mostOpen.account} probes of yours are open: await them`,
    ],
    site: [
      `该站点已有 ${mostOpen.site} 个临时探测未完成：请稍后再试`,
      `${mostOpen.site} probes on demand of the site are open: try again later`,
    ],
    camera: ['该点位刚刚探测过：请稍后再试', 'The camera was probed a moment ago: try again later'],
  }[refused] as [string, string];
  return new ComeBackLater(429, `probe_${refused}_busy`, zh, en, Math.max(1, Math.ceil(afterMs / 1000)));
};

/** A camera's probe now: no free target, and nothing that protects cameras is passed by. */
export const probeRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    // What others wrote may speak of others.
    const told = async (request: ProbeRequest, reach: string | null) => {
      const isOwn = reach === null || request.asked_within === reach;
      const row = request.done_at === null ? null : await probeAt(db, request.camera, request.slot);
      return {
        id: request.id,
        camera: request.code,
        unit: request.unit,
        site: request.site,
        want: request.want,
        by: isOwn || request.asked_within === null ? request.asked_by : null,
        why: isOwn ? request.why : null,
        askedAt: request.asked_at.toISOString(),
        expiresAt: request.expires_at.toISOString(),
        state: stateOf(request),
        observation: row === null ? null : observationOf(row),
        expired:
          request.expired === null
            ? null
            : { reason: request.expired, at: request.expired_at!.toISOString(), ...words[request.expired] },
      };
    };
    const requestOf = async (id: number, reach: string | null) => {
      const found = await probeRequestOf(db, id, reach);
      if (found !== null) return told(found, reach);
      throw new ApiProblem(404, 'no_such_probe', '没有这个探测', 'No such probe');
    };

    app.post(
      '/cameras/:code/probes',
      {
        schema: {
          summary: '立即探测一个点位 / Probe a camera now',
          description:
            '由其站点的探测进程按常规限制探测；同一点位同时只有一个未完成的，再次请求得到同一个（200）。结果不计入考核与可用率。 / ' +
            'By the workers of its site within every limit. One is open of a camera at most: who asks again gets the same (200). ' +
            'No verdict and no time online depends on it.',
          params: Type.Object({ code: CameraCode }),
          body: Type.Object({
            why: Type.Optional(text('事由 / why')),
            picture: Type.Optional(
              Type.Boolean({
                description: '是否取图；默认按口径 / whether for a picture; by the policy where not said',
              }),
            ),
          }),
          response: {
            200: Asked,
            202: Asked,
            400: Problem,
            404: Problem,
            409: Problem,
            422: Problem,
            429: Problem,
          },
        },
      },
      async (request, reply) => {
        const { code } = request.params;
        const { why = null, picture } = request.body;
        noteAudit(request, { kind: 'camera', on: code, why });
        const reach = reachOf(request);
        const camera = await db.maybeOne<{ id: number; unit: string; site: string; class: string; in_use: boolean }>(
          'select id, unit, site, class, in_use from camera where code = $1 and ($2::text is null or unit = $2)',
          [code, reach],
        );
        if (camera === null) throw noSuchCamera();
        noteAudit(request, { unit: camera.unit });
        if (!camera.in_use) {
          throw new ApiProblem(
            409,
            'camera_not_in_use',
            `点位 ${code} 未在用：启用后再探测`,
            `Camera ${code} is not in use: put it to use first`,
          );
        }
        const now = new Date();
        const household = camera.class === 'household' && !(await policyAt(db, now)).household_pictures;
        if (household && picture === true) {
          throw new ApiProblem(
            422,
            'no_household_picture',
            '平安家园点位按现行口径不取图：请去掉 picture，只探测是否在线',
            'By the policy in force no picture is taken of household cameras: leave picture out',
            'picture',
          );
        }
        const asked = await askProbe(db, now, {
          camera: camera.id,
          site: camera.site,
          unit: camera.unit,
          by: principalOf(request).name,
          within: reach,
          why,
          want: (picture ?? !household) ? 'picture' : 'answer',
        });
        if ('refused' in asked) throw tooMany(asked.refused, asked.afterMs);
        noteAudit(request, { detail: { probe: asked.id } });
        reply.header('location', `/api/v1/probes/${asked.id}`);
        return reply.code(asked.isNew ? 202 : 200).send(await requestOf(asked.id, reach));
      },
    );

    app.get(
      '/probes/:id',
      {
        schema: {
          summary: '一个临时探测及其结果 / A probe on demand, with its result',
          params: Type.Object({ id: Id }),
          response: { 200: Asked, 400: Problem, 404: Problem },
        },
      },
      async (request) => requestOf(request.params.id, reachOf(request)),
    );
  };
