import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { provable, prove } from '../../account/prove.ts';
import { beginTotp, confirmTotp, removeTotp } from '../../account/second-factor.ts';
import { noteAudit } from '../audited.ts';
import { principalOf } from '../guard.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem } from '../problem.ts';
import { held, notProvable, provenByCode, provenByPassword, wrongCode } from '../proven.ts';

const Begun = Type.Object({
  secret: Type.String({ description: '密钥，仅此一次；手工输入用 / the secret, told this once, to be typed in' }),
  uri: Type.String({ description: 'otpauth 地址，可画成二维码 / to be drawn as a QR code' }),
});

const Recovery = Type.Object({
  recoveryCodes: Type.Array(Type.String(), {
    description: '恢复码，仅此一次，每个可用一次 / recovery codes, told this once, each good for once',
  }),
});

const Code = Type.Object({
  code: Type.String({ minLength: 1, maxLength: 40, description: '动态验证码 / a code of the authenticator' }),
});

/** One's own second factor (TOTP): begun, confirmed, removed. */
export const secondFactorRoutes =
  (parts: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db, vault } = parts;

    app.post(
      '/session/totp',
      {
        schema: {
          summary: '开始启用动态验证码 / Begin a second factor',
          description:
            '须再次输入密码；用 PUT 以一个验证码确认后才生效 / Takes the password once more; nothing is asked for before it is confirmed by PUT with a code.',
          ...{ tags: ['session'], operationId: 'beginTotp' },
          body: Type.Object({
            password: Type.String({ minLength: 1, maxLength: 256, description: '现密码 / the password' }),
          }),
          response: { 200: Begun, 400: Problem, 409: Problem, 422: Problem, 429: Problem, 503: Problem },
        },
      },
      async (request) => {
        noteAudit(request, { kind: 'account', on: principalOf(request).name });
        const who = await provenByPassword(parts, new Date(), request, 'password', request.body.password);
        if (who.totp !== null) {
          throw new ApiProblem(
            409,
            'totp_on',
            '已启用动态验证码：更换前请先移除',
            'There is a second factor already: remove it first',
          );
        }
        return beginTotp(db, vault, who).catch(notProvable);
      },
    );

    app.put(
      '/session/totp',
      {
        schema: {
          summary: '确认启用动态验证码 / Confirm the second factor',
          ...{ tags: ['session'], operationId: 'confirmTotp', body: Code },
          response: { 200: Recovery, 400: Problem, 409: Problem, 422: Problem, 429: Problem, 503: Problem },
        },
      },
      async (request) => {
        const now = new Date();
        const { account } = principalOf(request);
        noteAudit(request, { kind: 'account', on: principalOf(request).name });
        const { id } = await provable(db, account);
        let confirmed: Awaited<ReturnType<typeof confirmTotp>> = null;
        const outcome = await prove(db, now, id, async () => {
          confirmed = await confirmTotp(db, vault, now, id, request.body.code);
          // No proof: what failed before must not be forgotten for it.
          if (confirmed === 'not begun') throw notBegun();
          return confirmed !== null;
        }).catch(notProvable);
        if (outcome instanceof Date) throw held(outcome, now);
        if (confirmed === null) throw wrongCode();
        return { recoveryCodes: [...(confirmed as readonly string[])] };
      },
    );

    app.delete(
      '/session/totp',
      {
        schema: {
          summary: '移除本人的动态验证码 / Remove one’s own second factor',
          description:
            '须有一个验证码或恢复码；都没有时由管理员移除 / Takes a code or a recovery code; whoever has neither asks an administrator.',
          ...{ tags: ['session'], operationId: 'removeOwnTotp', body: Code },
          response: {
            204: Type.Null({ description: '已移除 / removed' }),
            ...{ 400: Problem, 409: Problem, 422: Problem, 429: Problem, 503: Problem },
          },
        },
      },
      async (request, reply) => {
        noteAudit(request, { kind: 'account', on: principalOf(request).name });
        const { id } = await provenByCode(parts, new Date(), request, request.body.code);
        await removeTotp(db, id);
        return reply.code(204).send(null);
      },
    );
  };

const notBegun = (): ApiProblem =>
  new ApiProblem(409, 'totp_not_begun', '请先用 POST 开始启用', 'Begin it first, by POST');
