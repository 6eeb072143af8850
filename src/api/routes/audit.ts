import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { type AuditRow, boundedOpen, countEntries, entries, mostCounted } from '../../audit/entries.ts';
import { outcomes } from '../../audit/record.ts';
import { broken, headOf, verify } from '../../audit/verify.ts';
import { ComeBackLater } from '../limits.ts';
import { cursorOf, keysIn, listOf, listQuery, pick } from '../listing.ts';
import type { ApiParts } from '../parts.ts';
import { Problem, said } from '../problem.ts';
import { nullable } from '../shapes.ts';
import { moment, momentIn, oneOf } from '../written.ts';

const word = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[^\\u0000-\\u001f\\u007f]{1,200}$', description }));
const text = nullable(Type.String());

const Entry = Type.Object({
  number: Type.Integer({ description: '链上的序号，从 1 起不间断 / 1, 2, 3 … without a gap' }),
  at: Type.String({ format: 'date-time' }),
  actor: Type.String({
    description: '账号、命令行的系统用户，或 xunjian 自身；- 为未登录者 / who; - for somebody who had not signed in',
  }),
  role: text,
  via: Type.String({ description: 'session、token、sign_in、command、system' }),
  address: text,
  action: Type.String({ description: '例如 exemption.decide、picture.look / such as these' }),
  kind: text,
  on: text,
  unit: text,
  why: text,
  outcome: oneOf(outcomes, {
    description:
      'begun 已开始，其后应有同一请求号的结果；replayed 重复请求，未再办理 / begun: the row of what came of it follows under the same request; replayed: nothing was done again',
  }),
  request: Type.Union([Type.String(), Type.Null()], {
    description: '请求号，与错误应答中的 request 相同 / as in the answer of an error',
  }),
  detail: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
});

const Entries = Type.Object({
  ...listOf(Entry).properties,
  total: Type.Integer({
    minimum: 0,
    description: `符合条件的总数，至多数到 ${mostCounted}；不加条件时为全部 / of all pages, counted as far as ${mostCounted}; of all there are where nothing restricts them`,
  }),
});

const Place = Type.Object({
  kind: Type.String({
    description: 'altered、rewritten、removed、moved、surplus、numberless、beyond、end、anchor',
  }),
  number: Type.Integer(),
  until: Type.Optional(Type.Integer({ description: '至第几条 / the last of several' })),
  was: Type.Optional(Type.Integer({ description: '原序号 / the number that it was made as' })),
  zh: Type.String(),
  en: Type.String(),
});

const Verification = Type.Object({
  at: Type.String({ format: 'date-time' }),
  from: Type.Integer(),
  until: Type.Integer(),
  rows: Type.Integer({ description: '核验的条数 / rows that were looked at' }),
  whole: Type.Boolean({ description: '完整，没有改动 / nothing of it was altered or removed' }),
  broken: Type.Integer({
    description: '有问题的处数，至多列出 100 处 / broken places, of which 100 at most are listed',
  }),
  breaks: Type.Array(Place),
  head: Type.Union([Type.Object({ number: Type.Integer(), hash: Type.String() }), Type.Null()], {
    description: '链的末尾，宜另行保存 / the end of the chain, to be kept elsewhere',
  }),
  next: Type.Union([Type.Integer(), Type.Null()], {
    description: '其后从第几条继续；null 为已到末尾 / go on from there; null: that was the end',
  }),
});

/** Rows that one request has looked at: some 0.2 s of this process, in pages between which others have their turn. */
const mostVerified = 10_000;
/** One at a time in this process: hashing is what it would be kept from all else by. */
let verifying = false;

export const auditRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/audit',
      {
        schema: {
          summary: '审计：谁、何时、从何处、对何物、做了什么、为何、结果如何 / The audit: who did what, on which, why',
          operationId: 'listAudit',
          querystring: Type.Object(
            {
              ...listQuery(['number'], '-number'),
              actor: word('何人 / who'),
              action: word('何事，例如 picture.look / what'),
              kind: word('何类对象，例如 camera / what kind of thing'),
              on: word('何物，例如点位编码 / which of them'),
              unit: word('何单位 / whose'),
              outcome: Type.Optional(oneOf(outcomes)),
              open: Type.Optional(
                Type.Boolean({
                  description:
                    '已开始而无结果；不给 from 时为最近 31 天 / begun, and without a row of what came of it; without `from` of the last 31 days',
                }),
              ),
              request: word('请求号 / the number of a request'),
              from: Type.Optional(moment('自何时起 / from when on')),
              until: Type.Optional(moment('至何时止，不含 / until when, exclusive')),
            },
            { additionalProperties: false },
          ),
          response: { 200: Entries },
        },
      },
      async ({ query }) => {
        const { limit = 50, cursor, fields, from, until, sort: wanted, ...words } = query;
        const sort: string = wanted ?? '-number';
        const [after = null] = (keysIn(cursor, sort, ['number']) ?? []) as number[];
        const filter = boundedOpen(
          {
            ...words,
            from: from === undefined ? undefined : momentIn(from, 'from'),
            until: until === undefined ? undefined : momentIn(until, 'until'),
          },
          new Date(),
        );
        const page = { after, oldestFirst: sort === 'number', limit: limit + 1 };
        const [found, total] = await Promise.all([entries(db, filter, page), countEntries(db, filter)]);
        const rows = found.slice(0, limit);
        const next = found.length > limit ? cursorOf(sort, [rows.at(-1)!.number]) : null;
        return { items: pick(Entry, rows.map(shown), fields), total, next };
      },
    );

    app.get(
      '/audit/verification',
      {
        schema: {
          summary: '核验审计链：逐条重算哈希 / Verify the chain of the audit: every hash is computed anew',
          description: `一次至多 ${mostVerified} 条；全链可用 xunjian audit verify / ${mostVerified} rows at a time; the whole chain by xunjian audit verify`,
          operationId: 'verifyAudit',
          querystring: Type.Object(
            {
              from: Type.Optional(
                Type.Integer({
                  ...{ minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
                  description: `从第几条起，默认最后 ${mostVerified} 条 / the first row; by default the last ${mostVerified}`,
                }),
              ),
              anchor: Type.Optional(
                Type.String({
                  pattern: '^[1-9][0-9]{0,14}:[0-9a-f]{64}$',
                  description: '另行保存的末尾 NUMBER:HASH / an end of the chain that was kept elsewhere',
                }),
              ),
            },
            { additionalProperties: false },
          ),
          response: { 200: Verification, 422: Problem, 503: Problem },
        },
      },
      async ({ query }) => {
        const [number, hash] = query.anchor?.split(':') ?? [];
        const anchor = number === undefined ? null : { number: Number(number), hash: hash! };
        if (verifying) throw busy();
        verifying = true;
        try {
          const newest = await headOf(db);
          const last = Math.max(1, (newest?.number ?? 0) - mostVerified + 1);
          const from = query.from ?? (anchor === null ? last : anchor.number);
          const verified = await verify(db, { from, most: mostVerified, anchor }).catch(said(422, 'not_verifiable'));
          const { until, head, breaks } = verified;
          return {
            ...verified,
            at: new Date().toISOString(),
            breaks: breaks.map((one) => ({ ...one, ...broken(one) })),
            next: head !== null && until < head.number ? until + 1 : null,
          };
        } finally {
          verifying = false;
        }
      },
    );
  };

const busy = (): ComeBackLater =>
  new ComeBackLater(
    503,
    'busy',
    '另一次核验正在进行，请稍后再试',
    'Another verification is under way; try again in a moment',
    1,
  );

const shown = ({ at, ...row }: AuditRow): Static<typeof Entry> => ({ ...row, at: at.toISOString() });
