import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { makeToken, mostDays, revokeToken, type Token, tokensOf } from '../../account/token.ts';
import { noteAudit } from '../audited.ts';
import { principalOf, signedOut } from '../guard.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem, said } from '../problem.ts';
import { name as line } from '../written.ts';

const Scope = Type.Union([Type.Literal('read'), Type.Literal('write')], {
  description: 'read 只读，write 可修改 / whether it reads only',
});

const TokenItem = Type.Object({
  id: Type.Integer(),
  name: Type.String({ description: '用途 / what it is for' }),
  scope: Scope,
  label: Type.String({ description: '令牌的开头，用于辨认 / its first characters, to tell it by' }),
  madeAt: Type.String({ format: 'date-time' }),
  expiresAt: Type.String({ format: 'date-time' }),
  usedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: '最近使用，精确到一小时 / when it was last used, within an hour',
  }),
});

const itemOf = ({ id, name, scope, label, made_at, expires_at, used_at }: Token) => ({
  ...{ id, name, scope, label, madeAt: made_at.toISOString(), expiresAt: expires_at.toISOString() },
  usedAt: used_at?.toISOString() ?? null,
});

/** One's own tokens, for programs that act as oneself: with one's role and unit, and no more than their scope. */
export const tokenRoutes =
  ({ db }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/tokens',
      {
        schema: {
          summary: '本人的有效令牌 / One’s own tokens that live',
          description: '至多 50 个 / 50 at most',
          ...{ tags: ['tokens'], operationId: 'listTokens' },
          response: { 200: Type.Object({ items: Type.Array(TokenItem) }) },
        },
      },
      async (request) => {
        const tokens = await tokensOf(db, new Date(), principalOf(request).account);
        return { items: tokens.map(itemOf) };
      },
    );

    app.post(
      '/tokens',
      {
        schema: {
          summary: '新建令牌 / Make a token',
          description:
            '令牌只在回答中出现一次，用于 Authorization: Bearer 请求头；修改密码、角色或单位即失效 / Told this once; goes into the header Authorization: Bearer. A change of password, role or unit ends it.',
          ...{ tags: ['tokens'], operationId: 'makeToken' },
          body: Type.Object({
            name: line('用途 / what it is for'),
            scope: Scope,
            days: Type.Integer({
              minimum: 1,
              maximum: mostDays,
              description: '有效天数 / for how many days it is good',
            }),
          }),
          response: {
            201: Type.Object({
              ...TokenItem.properties,
              token: Type.String({ description: '令牌，仅此一次 / the token, told this once' }),
            }),
            ...{ 400: Problem, 422: Problem },
          },
        },
      },
      async (request, reply) => {
        const now = new Date();
        const { name, scope, days } = request.body;
        noteAudit(request, { kind: 'token', detail: { name, scope, days } });
        const expiresAt = new Date(now.getTime() + days * 86_400_000);
        const { account, epoch } = principalOf(request);
        const asked = { account, epoch, name, scope, expiresAt };
        const made = await makeToken(db, now, asked).catch(said(422, 'too_many_tokens'));
        if (made === null) throw signedOut();
        noteAudit(request, { on: String(made.id) });
        return reply.code(201).send({ ...itemOf(made), token: made.text });
      },
    );

    app.delete(
      '/tokens/:id',
      {
        schema: {
          summary: '撤销令牌 / Revoke a token',
          ...{ tags: ['tokens'], operationId: 'revokeToken' },
          params: Type.Object({
            id: Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: '令牌编号 / its number' }),
          }),
          response: { 204: Type.Null({ description: '已撤销 / revoked' }), 400: Problem, 404: Problem },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        noteAudit(request, { kind: 'token', on: String(id) });
        if (!(await revokeToken(db, new Date(), id, principalOf(request).account))) {
          throw new ApiProblem(404, 'not_found', `没有有效的令牌 ${id}`, `There is no token ${id} that lives`);
        }
        return reply.code(204).send(null);
      },
    );
  };
