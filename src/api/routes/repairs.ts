import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { latestInspection, reportOf } from '../../report/inspection.ts';
import { type RepairTold, todoOf } from '../../report/todo/todo.ts';
import { Judged, Rates, Targets } from '../figures.ts';
import { reachOf } from '../guard.ts';
import { noSuchUnit } from '../met.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem } from '../problem.ts';
import { Count, described, Id, Moment, nullable, UnitCode, Verdict } from '../shapes.ts';

const Text = nullable(Type.String());
const Room = nullable(
  Type.Object({
    yes: Count,
    assessed: Count,
    target: Type.Integer({ description: '目标，百分比 / percent' }),
    needed: Type.Integer({ description: '达标所需 / the fewest that meet it' }),
    spare: Type.Integer({ description: '还可失去 / may still be lost' }),
    short: Type.Integer({ description: '尚缺 / must come back' }),
  }),
);
const ClassBudget = Type.Object({
  online: Room,
  image: Room,
  unanswered: Type.Integer({ description: '还须有结果的未知点位 / unknown ones that need an answer' }),
});
const Budget = Type.Object({
  total: ClassBudget,
  skynet: ClassBudget,
  social: ClassBudget,
  mayGoOffline: Type.Object({ skynet: nullable(Type.Integer()), social: nullable(Type.Integer()) }),
});
const Brings = Type.Object({ online: Count, image: Count });
const Repair = Type.Object({
  kind: Type.String({ description: '共同原因：onu、power、recorder、pole、site、carrier；camera 为点位本身' }),
  key: Type.String(),
  symptom: Type.Union([Type.Literal('offline'), Type.Literal('no_picture')]),
  brings: Type.Object({ skynet: Brings, social: Brings }),
  cameras: Type.Array(Type.Object({ code: Type.String(), name: Type.String(), failure: Text })),
  parties: Type.Array(Type.Object({ unit: Type.String(), contact: Text, phone: Text, cameras: Count }), {
    description: '运维单位 / who maintains them',
  }),
});
const After = Type.Omit(Rates, ['raw']);
const Named = Type.Object({ code: Type.String(), name: Type.String() });
const Repairs = Type.Object({
  inspection: Judged,
  targets: Targets,
  unit: Type.String(),
  name: Type.String(),
  verdict: Verdict,
  budget: Budget,
  repairs: Type.Array(Repair, {
    description: '最少修复这些即无低于目标的比率 / the fewest after which no rate is under its target',
  }),
  others: Type.Array(Repair, { description: '其余 / what is broken besides' }),
  after: Type.Object({
    verdict: Verdict,
    classes: Type.Object({ total: After, skynet: After, social: After, household: After }),
  }),
  forecast: Type.Object(
    {
      at: Moment,
      formula: Type.String(),
      policy: Type.Integer(),
      data: nullable(Type.Object({ from: Moment, until: Moment })),
      verdict: Verdict,
      classes: Type.Object({ total: Rates, skynet: Rates, social: Rates, household: Rates }),
      down: Type.Array(Named),
      flapping: Type.Array(Named),
    },
    { description: '若此刻截止 / were it cut off now' },
  ),
});

const repairOf = ({ kind, key, symptom, brings, cameras, parties }: RepairTold): Static<typeof Repair> => ({
  ...{ kind, key, symptom, brings },
  cameras: [...cameras],
  parties: [...parties],
});

export const repairRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/units/:unit/repairs',
      {
        schema: {
          summary: '一个单位最少修复什么才能达标 / The fewest repairs that bring a unit back',
          params: Type.Object({ unit: UnitCode }),
          querystring: Type.Object({
            inspection: Type.Optional(described(Id, '巡检编号，默认最近一次全市巡检 / the newest by default')),
          }),
          response: { 200: Repairs, 400: Problem, 404: Problem },
        },
      },
      async (request) => {
        const { unit } = request.params;
        const reach = reachOf(request);
        const known = await db.maybeOne('select from unit where code = $1 and ($2::text is null or code = $2)', [
          ...[unit, reach],
        ]);
        if (known === null) throw noSuchUnit();
        const id = request.query.inspection ?? (await latestInspection(db));
        const report = id === null ? null : await reportOf(db, id);
        // One of another unit alone, one that runs, and none at all are the same to whoever asks about this unit.
        if (id === null || report === null || !report.units.some(({ code }) => code === unit)) {
          throw new ApiProblem(
            404,
            'no_such_inspection',
            '没有已结束且含该单位点位的巡检',
            'No completed inspection that holds cameras of this unit',
            'inspection',
          );
        }
        const { inspection, targets, units } = await todoOf(db, id, unit, new Date());
        const { code, name, verdict, budget, repairs, others, after, forecast } = units[0]!;
        const { data } = forecast;
        return {
          ...{ inspection, targets, unit: code, name, verdict, budget, after },
          repairs: repairs.map(repairOf),
          others: others.map(repairOf),
          forecast: {
            ...forecast,
            at: forecast.at.toISOString(),
            data: data === null ? null : { from: data.from.toISOString(), until: data.until.toISOString() },
            down: [...forecast.down],
            flapping: [...forecast.flapping],
          },
        };
      },
    );
  };
