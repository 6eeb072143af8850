import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Database } from '../../db/pool.ts';
import { latestInspection, reportOf } from '../../report/inspection.ts';
import { policyOf } from '../../schedule/policy.ts';
import { targetsOf } from '../../verdict/targets.ts';
import { Classes, Judged, Targets } from '../figures.ts';
import { reachOf } from '../guard.ts';
import { listOf, listQuery, pageOf, pick } from '../listing.ts';
import { noSuchUnit } from '../met.ts';
import type { ApiParts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { Count, nullable, UnitCode, Verdict } from '../shapes.ts';
import { repairRoutes } from './repairs.ts';

const Listed = Type.Object({
  code: Type.String({ description: '考核单位代码' }),
  name: Type.String(),
  cameras: Type.Object(
    { skynet: Count, social: Count, household: Count },
    { description: '在用点位数 / cameras in use' },
  ),
});
const Unit = Type.Object({
  ...Listed.properties,
  newest: nullable(
    Type.Object(
      { inspection: Judged, targets: Targets, classes: Classes, verdict: Verdict },
      { description: '最近一次全市巡检中本单位的结果 / of the newest inspection of the city' },
    ),
  ),
});

type Row = { code: string; name: string; position: number; skynet: number; social: number; household: number };

/** In the order of the city's own lists. */
const unitsOf = (db: Database, reach: string | null, unit: string | null): Promise<Row[]> =>
  db.many<Row>(
    `select u.code, u.name, u.position,
       count(*) filter (where c.class = 'skynet')::integer as skynet,
       count(*) filter (where c.class = 'social')::integer as social,
       count(*) filter (where c.class = 'household')::integer as household
     from unit u left join camera c on c.unit = u.code and c.in_use
     where ($1::text is null or u.code = $1) and ($2::text is null or u.code = $2)
     group by u.code order by u.position`,
    [reach, unit],
  );

const listedOf = ({ code, name, skynet, social, household }: Row) => ({
  ...{ code, name, cameras: { skynet, social, household } },
});

export const unitRoutes =
  (parts: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db } = parts;
    app.get(
      '/units',
      {
        schema: {
          summary: '考核单位及在用点位数 / Units with their cameras in use',
          querystring: Type.Object(listQuery(['position'])),
          response: { 200: listOf(Listed), 400: Problem },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = 'position', fields } = request.query;
        const all = await unitsOf(db, reachOf(request), null);
        const { rows, ...page } = pageOf(all, ({ position }) => position, { limit, cursor, sort });
        return { items: pick(Listed, rows.map(listedOf), fields), ...page };
      },
    );
    app.get(
      '/units/:unit',
      {
        schema: {
          summary: '一个考核单位及其最近一次巡检的比率与目标 / A unit, with its newest rates and their targets',
          params: Type.Object({ unit: UnitCode }),
          response: { 200: Unit, 400: Problem, 404: Problem },
        },
      },
      async (request) => {
        const [unit] = await unitsOf(db, reachOf(request), request.params.unit);
        if (unit === undefined) throw noSuchUnit();
        const latest = await latestInspection(db);
        const report = latest === null ? null : await reportOf(db, latest);
        const own = report?.units.find(({ code }) => code === unit.code);
        if (report === null || own === undefined) return { ...listedOf(unit), newest: null };
        const { inspection } = report;
        const targets = targetsOf(await policyOf(db, inspection.policy));
        return { ...listedOf(unit), newest: { inspection, targets, classes: own.classes, verdict: own.verdict } };
      },
    );
    await app.register(repairRoutes(parts));
  };
