import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { workersOf } from '../../probing/presence.ts';
import { sitesNow } from '../../rollup/sites.ts';
import { reachOf } from '../guard.ts';
import { listOf, listQuery, pageOf, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { answeredByRedis } from '../patience.ts';
import { Problem } from '../problem.ts';
import { described, Moment, nullable } from '../shapes.ts';

const Site = Type.Object({
  code: Type.String(),
  name: Type.String(),
  cameras: Type.Integer({ description: '在用点位数 / cameras in use' }),
  workers: nullable(
    Type.Integer({
      description:
        '运行中的探测进程数；0 时该站点的点位均为未知；null 为无从得知 / workers that serve it now; null: not known',
    }),
  ),
  unknown: Type.Integer({
    description:
      '两个间隔内没有结果的点位数：此刻状态未知，不算离线 / cameras without a result in two intervals: unknown, not offline',
  }),
  sockets: nullable(Type.Integer({ description: '同时探测数上限 / probes at once, at most' })),
  megabits: nullable(Type.Integer({ description: '取图带宽上限 / Mbit/s of pictures, at most' })),
  newest: nullable(
    described(Moment, '最近一个结果齐全的巡测时刻 / the newest slot of a sweep whose results are all there'),
  ),
  open: Type.Integer({ description: '已安排而尚无结果的探测数 / probes planned and not done' }),
  skipped: nullable(
    Type.Record(Type.String(), Type.Integer(), {
      description:
        '今日未作的探测数，按原因；不分单位，本单位账号为 null / probes of today that were not made, by reason; not told apart by unit: null to an account of one',
    }),
  ),
});

export const siteRoutes =
  ({ db, redis }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/sites',
      {
        schema: {
          summary: '各探测站点：进程、积压与未作的探测 / Sites: workers, backlog, probes not made',
          querystring: Type.Object(listQuery(['code'])),
          response: { 200: listOf(Site), 400: Problem },
        },
      },
      async (request) => {
        const { limit = 50, cursor, sort = 'code', fields } = request.query;
        const sites = await sitesNow(db, new Date(), reachOf(request));
        const { rows, ...page } = pageOf(sites, ({ code }) => code, { limit, cursor, sort });
        const codes = rows.map(({ code }) => code);
        const workers = await answeredByRedis(redis, () => workersOf(redis, codes)).catch(() => null);
        const items = rows.map(({ newest, skipped, ...site }) => ({
          ...site,
          workers: workers === null ? null : (workers.get(site.code) ?? 0),
          newest: newest?.toISOString() ?? null,
          skipped: skipped === null ? null : { ...skipped },
        }));
        return { items: pick(Site, items, fields), ...page };
      },
    );
  };
