import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { sitesInUse } from '../../inventory/site.ts';
import { workersOf } from '../../probing/presence.ts';
import { revise } from '../../report/correction.ts';
import { publish } from '../../report/revision.ts';
import { inspectionOf, requireUnit, startInspection } from '../../schedule/inspection.ts';
import { noteAudit } from '../audited.ts';
import { principalOf, reachOf } from '../guard.ts';
import { ComeBackLater } from '../limits.ts';
import type { ApiParts } from '../parts.ts';
import { answeredByRedis } from '../patience.ts';
import { ApiProblem, Problem, said } from '../problem.ts';
import { Revised, revisedOf } from '../revised.ts';
import { Id, Moment, nullable, UnitCode } from '../shapes.ts';
import { text } from '../written.ts';

const Started = Type.Object({
  id: Id,
  unit: nullable(Type.String()),
  startedAt: Moment,
  cutoffAt: Type.String({ format: 'date-time', description: '最迟此时截止 / cut off then at the latest' }),
  policy: Type.Integer({ description: '口径版次 / version of the policy' }),
});
const Params = Type.Object({ id: Id });

/** What a person does with inspections: starts one, corrects it, publishes it. */
export const inspectionActRoutes =
  ({ db, redis }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    /** Without a worker a site's cameras would only wait for the cut-off and be unknown. */
    const requireWorkers = async (unit: string | null): Promise<void> => {
      const sites = await sitesInUse(db, unit);
      const workers = await answeredByRedis(redis, () => workersOf(redis, sites)).catch(() => null);
      if (workers === null) {
        throw new ComeBackLater(
          503,
          'queue_away',
          '任务队列（Redis）暂不可用，无法巡检；请稍后再试',
          'The queue (Redis) is away and nothing can be probed; try again later',
          10,
        );
      }
      const idle = sites.filter((site) => workers.get(site) === 0);
      if (idle.length === 0) return;
      throw new ApiProblem(
        409,
        'no_worker',
        `探测站点 ${idle.join('、')} 没有运行中的探测进程：请先启动，否则其点位均为未知`,
        `No worker runs for site ${idle.join(', ')}: start one first, or its cameras would all be unknown`,
      );
    };
    const requireInspection = async (id: number): Promise<void> => {
      const inspection = await inspectionOf(db, id);
      if (inspection === null) {
        throw new ApiProblem(404, 'no_such_inspection', '没有这次巡检', 'No such inspection');
      }
      if (inspection.completed_at !== null) return;
      throw new ApiProblem(
        409,
        'inspection_running',
        `第 ${id} 次巡检尚未结束：结束后再进行`,
        `Inspection ${id} is under way: wait for its end`,
      );
    };

    app.post(
      '/inspections',
      {
        schema: {
          summary: '立即巡检 / Start an inspection now',
          description:
            '考核单位的账号只巡检本单位。同一范围同时只有一次，每小时至多 4 次。 / ' +
            'An account of a unit inspects its own. One of a scope at a time, four an hour.',
          body: Type.Object({
            unit: Type.Optional(UnitCode),
            why: text('事由 / why'),
          }),
          response: { 201: Started, 400: Problem, 409: Problem, 422: Problem, 429: Problem, 503: Problem },
        },
      },
      async (request, reply) => {
        const { why } = request.body;
        const reach = reachOf(request);
        const unit = request.body.unit ?? reach;
        noteAudit(request, { kind: 'inspection', unit, why });
        if (unit !== null && reach !== null && unit !== reach) {
          throw new ApiProblem(
            422,
            'no_such_unit',
            `考核单位 ${unit}：没有这个代码；可选：${reach}`,
            `unit ${unit}: no such unit; one of: ${reach}`,
            'unit',
          );
        }
        if (unit !== null) await requireUnit(db, unit).catch(said(422, 'no_such_unit', 'unit'));
        await requireWorkers(unit);
        const started = await startInspection(db, new Date(), unit).catch(said(422, 'nothing_to_inspect'));
        if ('running' in started) {
          throw new ApiProblem(
            409,
            'inspection_running',
            `同一范围的第 ${started.running} 次巡检正在进行：请等其结束`,
            `Inspection ${started.running} of the same scope is under way: wait for its end`,
          );
        }
        if ('afterMs' in started) {
          throw new ComeBackLater(
            429,
            'too_many_inspections',
            '一小时内已巡检 4 次：请稍后再试，或只探测有关点位',
            'Four were begun within the hour: try again later, or probe the cameras in question',
            Math.max(1, Math.ceil(started.afterMs / 1000)),
          );
        }
        const { inspection } = started;
        noteAudit(request, { on: String(inspection.id) });
        reply.header('location', `/api/v1/inspections/${inspection.id}`);
        return reply.code(201).send({
          id: inspection.id,
          unit: inspection.unit,
          startedAt: inspection.started_at.toISOString(),
          cutoffAt: inspection.cutoff_at.toISOString(),
          policy: inspection.policy,
        });
      },
    );

    app.post(
      '/inspections/:id/revisions',
      {
        schema: {
          summary: '更正：按已批准的报备与成立的申诉另出一版 / Correct an inspection by a new revision',
          params: Params,
          body: Type.Object({ why: text('更正理由 / why') }),
          response: { 201: Revised, 400: Problem, 404: Problem, 409: Problem },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { why } = request.body;
        noteAudit(request, { kind: 'inspection', on: String(id), why });
        await requireInspection(id);
        const made = await revise(db, id, principalOf(request).name, why, new Date()).catch(
          said(409, 'nothing_to_revise'),
        );
        noteAudit(request, { detail: { revision: made.revision } });
        return reply.code(201).send(revisedOf(made));
      },
    );

    app.post(
      '/inspections/:id/publication',
      {
        schema: {
          summary: '发布最新版次 / Publish the newest revision',
          params: Params,
          body: Type.Object({
            revision: Type.Integer({
              minimum: 1,
              maximum: 2_147_483_647,
              description:
                '核对过的版次；已有更新的则不发布 / the one that was looked at; refused where there is a newer one',
            }),
          }),
          response: {
            201: Type.Object({ inspection: Id, revision: Type.Integer(), sha256: Type.String() }),
            400: Problem,
            404: Problem,
            409: Problem,
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { revision } = request.body;
        noteAudit(request, { kind: 'inspection', on: String(id), detail: { revision } });
        await requireInspection(id);
        const published = await publish(db, id, principalOf(request).name, new Date(), revision).catch(
          said(409, 'not_to_be_published'),
        );
        return reply.code(201).send(published);
      },
    );
  };
