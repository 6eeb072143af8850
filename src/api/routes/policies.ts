import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { decidePolicy, type Policy, policies, policyAt, policyOf } from '../../schedule/policy.ts';
import { isAttempts, isPeriod, requireFuture, requireSound } from '../../schedule/policy-rules.ts';
import { classes } from '../../schedule/sweep.ts';
import { noteAudit } from '../audited.ts';
import { cursorOf, keysIn, listOf, listQuery, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem, said } from '../problem.ts';
import { Moment, nullable } from '../shapes.ts';
import { isoOf, moment, momentIn, oneOf, text } from '../written.ts';

const judged = ['total', 'skynet', 'social'] as const;
const Percent = Type.Integer({ minimum: 1, maximum: 100 });
const Target = Type.Object({ online: Percent, image: Percent });
const Every = nullable(
  Type.Integer({
    minimum: 60,
    maximum: 86_400,
    description: '秒；整分钟且能整除一天；null：不巡测 / s; whole minutes that divide a day; null: never',
  }),
);
const Periods = Type.Object({ online: Every, picture: Every });
const seconds = (maximum: number, description: string) => Type.Integer({ minimum: 0, maximum, description });

/** What a policy says, as it is shown and as it is decided. */
const says = {
  targets: Type.Object(
    { total: Target, skynet: Target, social: Target },
    { description: '达标线，百分比 / targets, percent' },
  ),
  coverage: Type.Integer({ minimum: 1, maximum: 100, description: '覆盖率低于此值则待定 / below it: undetermined' }),
  attempts: Type.Array(seconds(86_399, '秒 / s'), {
    minItems: 1,
    maxItems: 10,
    description: '每轮各次探测的时刻，从 0 起递增 / seconds after the start, rising from 0',
  }),
  cutoff: Type.Integer({ minimum: 1, maximum: 86_400, description: '每轮的截止时刻，秒 / when a round is cut off, s' }),
  dailyAt: nullable(
    Type.String({
      pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
      description: '日巡检的开始时刻，北京时间；null：不自动开始 / when the daily round begins; null: never',
    }),
  ),
  sweeps: Type.Object(
    { skynet: Periods, social: Periods, household: Periods },
    { description: '巡测间隔 / periods of the sweep' },
  ),
  exemptionLongestDays: Type.Integer({ minimum: 1, maximum: 366, description: '报备最长天数 / of an exemption' }),
  exemptionBackdating: seconds(
    2_678_400,
    '巡检开始后多久内提交的报备仍计入该次，秒 / how long after its start an exemption still counts for a round',
  ),
  downAfter: Type.Integer({ minimum: 1, maximum: 100, description: '连续几次失败算掉线 / failed probes until down' }),
  upAfter: Type.Integer({ minimum: 1, maximum: 100, description: '连续几次成功算恢复 / good probes until up' }),
  snapshotProves: Type.Boolean({ description: '快照可证明出图 / whether a snapshot proves a picture' }),
  deviceFacts: Type.Boolean({ description: '每轮询问设备型号与时钟 / ask devices who they are in each round' }),
};
const Shown = Type.Object({
  version: Type.Integer(),
  validFrom: Moment,
  status: oneOf(['past', 'in_force', 'coming']),
  note: Type.String(),
  ...says,
  deadline: Type.Integer({ description: '单次探测时限，ms / of one probe' }),
  householdPictures: Type.Boolean(),
  evidence: Type.Boolean({ description: '保留最近一帧 / the last picture is kept' }),
});

const toldOf = (policy: Policy, inForce: number, now: Date) => ({
  version: policy.version,
  validFrom: isoOf(policy.valid_from),
  status:
    policy.version === inForce
      ? ('in_force' as const)
      : policy.valid_from > now
        ? ('coming' as const)
        : ('past' as const),
  note: policy.note,
  targets: {
    total: { online: policy.total_online, image: policy.total_image },
    skynet: { online: policy.skynet_online, image: policy.skynet_image },
    social: { online: policy.social_online, image: policy.social_image },
  },
  coverage: policy.coverage,
  attempts: policy.attempts,
  cutoff: policy.cutoff,
  dailyAt: policy.daily_at?.slice(0, 5) ?? null,
  sweeps: {
    skynet: { online: policy.skynet_online_every, picture: policy.skynet_picture_every },
    social: { online: policy.social_online_every, picture: policy.social_picture_every },
    household: { online: policy.household_online_every, picture: policy.household_picture_every },
  },
  exemptionLongestDays: policy.exemption_longest_days,
  exemptionBackdating: policy.exemption_backdating,
  downAfter: policy.down_after,
  upAfter: policy.up_after,
  snapshotProves: policy.snapshot_proves,
  deviceFacts: policy.device_facts,
  deadline: policy.deadline,
  householdPictures: policy.household_pictures,
  evidence: policy.evidence,
});

const Decided = Type.Object({
  note: text('依据，例如文号 / on whose word, such as the number of a document'),
  validFrom: Type.Optional(moment('生效时间，不早于现在；默认即刻 / from when on; now where not said')),
  targets: Type.Optional(
    Type.Object({ total: Type.Optional(Target), skynet: Type.Optional(Target), social: Type.Optional(Target) }),
  ),
  sweeps: Type.Optional(
    Type.Object({
      skynet: Type.Optional(Periods),
      social: Type.Optional(Periods),
      household: Type.Optional(Periods),
    }),
  ),
  coverage: Type.Optional(says.coverage),
  attempts: Type.Optional(says.attempts),
  cutoff: Type.Optional(says.cutoff),
  dailyAt: Type.Optional(says.dailyAt),
  exemptionLongestDays: Type.Optional(says.exemptionLongestDays),
  exemptionBackdating: Type.Optional(says.exemptionBackdating),
  downAfter: Type.Optional(says.downAfter),
  upAfter: Type.Optional(says.upAfter),
  snapshotProves: Type.Optional(says.snapshotProves),
  deviceFacts: Type.Optional(says.deviceFacts),
});

type Changes = Parameters<typeof decidePolicy>[3];

/** What is decided, by the names of the columns; of what is not said nothing changes. */
const changesOf = (body: Static<typeof Decided>): Changes => {
  const columns = {
    coverage: body.coverage,
    attempts: body.attempts,
    cutoff: body.cutoff,
    daily_at: body.dailyAt,
    exemption_longest_days: body.exemptionLongestDays,
    exemption_backdating: body.exemptionBackdating,
    down_after: body.downAfter,
    up_after: body.upAfter,
    snapshot_proves: body.snapshotProves,
    device_facts: body.deviceFacts,
    ...Object.fromEntries(
      judged.flatMap((name) => [
        [`${name}_online`, body.targets?.[name]?.online],
        [`${name}_image`, body.targets?.[name]?.image],
      ]),
    ),
    ...Object.fromEntries(
      classes.flatMap((name) => [
        [`${name}_online_every`, body.sweeps?.[name]?.online],
        [`${name}_picture_every`, body.sweeps?.[name]?.picture],
      ]),
    ),
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
};

const requireEach = ({ attempts, sweeps }: Static<typeof Decided>): void => {
  if (attempts !== undefined && !isAttempts(attempts)) {
    throw new ApiProblem(
      422,
      'attempts',
      'attempts：应为从 0 起递增的秒数，例如 [0, 300, 900]',
      'attempts: must be rising seconds from 0 on, such as [0, 300, 900]',
      'attempts',
    );
  }
  for (const name of classes) {
    for (const what of ['online', 'picture'] as const) {
      const every = sweeps?.[name]?.[what] ?? null;
      if (every === null || isPeriod(every)) continue;
      const field = `sweeps.${name}.${what}`;
      throw new ApiProblem(
        422,
        'sweeps',
        `${field} ${every}：应为能整除一天（86400）的整分钟秒数，例如 300`,
        `${field} ${every}: must be seconds in whole minutes that divide a day (86400), such as 300`,
        field,
      );
    }
  }
};

const noSuchPolicy = (): ApiProblem => new ApiProblem(404, 'no_such_policy', '没有这个版次的口径', 'No such policy');

/** What the city decided to judge by: versions, each kept for ever. */
export const policyRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/policies',
      {
        schema: {
          summary: '考核口径各版次，新的在前 / Policies, the newest version first',
          querystring: Type.Object({
            ...listQuery(['version']),
            sort: Type.Optional(oneOf(['-version', 'version'], { default: '-version', description: '排序 / order' })),
          }),
          response: { 200: listOf(Shown), 400: Problem },
        },
      },
      async ({ query }) => {
        const { limit = 50, sort = '-version', cursor, fields } = query;
        const after = keysIn(cursor, sort, ['number']) as [number] | null;
        const now = new Date();
        const { page, total } = await policies(db, {
          newestFirst: sort === '-version',
          after: after?.[0] ?? null,
          limit: limit + 1,
        });
        const { version } = await policyAt(db, now);
        const items = page.slice(0, limit);
        return {
          items: pick(
            Shown,
            items.map((one) => toldOf(one, version, now)),
            fields,
          ),
          total,
          next: page.length > limit ? cursorOf(sort, [items.at(-1)!.version]) : null,
        };
      },
    );

    app.get(
      '/policies/:version',
      {
        schema: {
          summary: '一个版次的考核口径 / A policy',
          params: Type.Object({ version: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) }),
          response: { 200: Shown, 400: Problem, 404: Problem },
        },
      },
      async ({ params }) => {
        const found = (await policies(db, { newestFirst: true, after: params.version + 1, limit: 1 })).page[0];
        if (found?.version !== params.version) throw noSuchPolicy();
        const now = new Date();
        return toldOf(found, (await policyAt(db, now)).version, now);
      },
    );

    app.post(
      '/policies',
      {
        schema: {
          summary: '定新版考核口径：已考核的沿用当时的 / Decide a new policy; what was judged keeps its own',
          body: Decided,
          response: { 201: Shown, 400: Problem, 422: Problem },
        },
      },
      async (request, reply) => {
        const { note, validFrom } = request.body;
        const changes = changesOf(request.body);
        noteAudit(request, { kind: 'policy', why: note, detail: changes });
        const now = new Date();
        const from = validFrom === undefined ? now : momentIn(validFrom, 'validFrom');
        if (Object.keys(changes).length === 0) {
          throw new ApiProblem(
            422,
            'nothing_decided',
            '没有要改的内容：请给出至少一项，例如 targets',
            'Nothing is to change: give one thing at least, such as targets',
          );
        }
        requireEach(request.body);
        const decide = async (): Promise<number> => {
          requireFuture(from, now);
          requireSound({ ...(await policyAt(db, from)), ...changes });
          return decidePolicy(db, from, note, changes);
        };
        const version = await decide().catch(said(422, 'policy_refused'));
        noteAudit(request, { on: String(version) });
        reply.header('location', `/api/v1/policies/${version}`);
        return reply
          .code(201)
          .send(toldOf(await policyOf(db, version), (await policyAt(db, new Date())).version, new Date()));
      },
    );
  };
