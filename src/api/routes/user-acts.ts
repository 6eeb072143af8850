import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { dropTotp, endAll, firstPasswordMs, resetPassword } from '../../account/change.ts';
import { hashing } from '../../account/hashing.ts';
import { newFirstPassword } from '../../account/password-rules.ts';
import { principalOf } from '../guard.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem } from '../problem.ts';
import { notProvable } from '../proven.ts';
import { accountOf, FirstPassword, UserId } from '../user.ts';
import { isoOrNull } from '../written.ts';

/** What an administrator does for somebody who lost a password, a telephone, or a machine with a session open. */
export const userActRoutes =
  ({ db }: Pick<ApiParts, 'db'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/users/:id/password',
      {
        schema: {
          summary: '重置密码 / Give an account a new first password',
          description:
            '结束其会话与令牌；新的初始密码只在回答中出现一次 / Ends its sessions and tokens; the password is told this once.',
          ...{ tags: ['users'], operationId: 'resetPassword', params: UserId },
          response: { 200: FirstPassword, 400: Problem, 404: Problem, 409: Problem, 503: Problem },
        },
      },
      async (request) => {
        const { id } = request.params;
        await accountOf(db, request, id);
        if (id === principalOf(request).account) {
          throw new ApiProblem(
            409,
            'own_account',
            '修改本人密码请用 PUT /api/v1/session/password',
            'To change your own password use PUT /api/v1/session/password',
          );
        }
        const now = new Date();
        const first = newFirstPassword();
        await resetPassword(db, now, id, await hashing.hash(first).catch(notProvable));
        return { firstPassword: first, until: isoOrNull(new Date(now.getTime() + firstPasswordMs)) };
      },
    );

    const done = { 204: Type.Null({ description: '已完成 / done' }), 400: Problem, 404: Problem } as const;

    app.delete(
      '/users/:id/totp',
      {
        schema: {
          summary: '移除账号的动态验证码 / Take an account’s second factor away',
          description: '用于遗失手机；结束其会话与令牌 / For a lost telephone; ends its sessions and tokens.',
          ...{ tags: ['users'], operationId: 'removeTotp', params: UserId, response: { ...done, 409: Problem } },
        },
      },
      async (request, reply) => {
        const account = await accountOf(db, request, request.params.id);
        if (account.id === principalOf(request).account) {
          throw new ApiProblem(
            409,
            'own_account',
            '移除本人的动态验证码请用 DELETE /api/v1/session/totp',
            'To remove your own second factor use DELETE /api/v1/session/totp',
          );
        }
        if (!account.totp) {
          throw new ApiProblem(
            409,
            'no_totp',
            `${account.name} 未启用动态验证码`,
            `${account.name} has no second factor`,
          );
        }
        await dropTotp(db, account.id);
        return reply.code(204).send(null);
      },
    );

    app.delete(
      '/users/:id/sessions',
      {
        schema: {
          summary: '结束账号的所有会话与令牌 / End all sessions and tokens of an account',
          ...{ tags: ['users'], operationId: 'endSessions', params: UserId, response: done },
        },
      },
      async (request, reply) => {
        const account = await accountOf(db, request, request.params.id);
        await endAll(db, account.id);
        return reply.code(204).send(null);
      },
    );
  };
