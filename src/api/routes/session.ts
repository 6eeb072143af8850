import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { type Account, accountBy } from '../../account/account.ts';
import { setOwnPassword } from '../../account/change.ts';
import { jarOf, secretIn } from '../../account/cookie.ts';
import { hashing } from '../../account/hashing.ts';
import { namePattern } from '../../account/name.ts';
import { requirePassword } from '../../account/password-rules.ts';
import { type Principal, roles } from '../../account/role.ts';
import { csrfOf, endSession, openSession, sessionEnd } from '../../account/session.ts';
import { type Refusal, type SignInOutcome, signIn } from '../../account/sign-in.ts';
import { record } from '../../audit/record.ts';
import { allowedTo } from '../allowed.ts';
import { noteAudit } from '../audited.ts';
import { giveSession, takeSession } from '../cookies.ts';
import { refuseForeign } from '../csrf.ts';
import { principalOf } from '../guard.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem, said } from '../problem.ts';
import { held, notProvable, provenByPassword } from '../proven.ts';
import { Restraint } from '../restraint.ts';
import { secondFactorRoutes } from './second-factor.ts';

const Ways = Type.Object({
  password: Type.Boolean({ description: '可用登录名与密码 / by name and password' }),
  oidc: Type.Union([Type.Object({ start: Type.String({ description: '由此前往 / where it begins' }) }), Type.Null()], {
    description: '统一身份认证；null：未配置 / an identity provider; null: none is configured',
  }),
});

const Session = Type.Object({
  name: Type.String({ description: '登录名 / the name to sign in by' }),
  shownName: Type.String({ description: '姓名 / the name shown' }),
  role: Type.Enum(roles),
  unit: Type.Union([Type.Object({ code: Type.String(), name: Type.String() }), Type.Null()], {
    description: '所属考核单位；null：全市 / all that it meets; null: the whole city',
  }),
  mustChange: Type.Boolean({ description: '须先修改初始密码 / the first password must be changed first' }),
  password: Type.Boolean({ description: '在本系统有密码 / it has a password here' }),
  totp: Type.Boolean({ description: '已启用动态验证码 / it has a second factor' }),
  csrf: Type.Union([Type.String(), Type.Null()], {
    description:
      '修改类请求须放入 x-csrf-token 请求头；null：以令牌访问，不需要 / goes into the header x-csrf-token of whatever changes something; null: by a token, which needs none',
  }),
  expiresAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: '无操作时会话何时结束；null：以令牌访问 / when the session ends if nothing is asked; null: by a token',
  }),
  may: Type.Array(Type.String(), {
    description: '此账号可用的接口，如 GET /api/v1/units / the routes that it may ask, such as GET /api/v1/units',
  }),
});

const NewPassword = Type.Object({
  current: Type.String({ minLength: 1, maxLength: 256, description: '现密码 / the password until now' }),
  password: Type.String({ minLength: 1, maxLength: 256, description: '新密码 / the new one' }),
});

const Credentials = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 128, description: '登录名 / name' }),
  password: Type.String({ minLength: 1, maxLength: 256, description: '密码 / password' }),
  code: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 40,
      description: '动态验证码或恢复码 / code of the second factor, or a recovery code',
    }),
  ),
});

/** What a refusal says. Whether the name or the password was wrong is in the audit alone. */
const wrong = ['sign_in_wrong', '登录名或密码不正确', 'The name or the password is wrong', null] as const;
const refusals: Readonly<Record<Refusal, readonly [401 | 403, string, string, string, string | null]>> = {
  unknown: [401, ...wrong],
  wrong: [401, ...wrong],
  code_wanted: [401, 'code_wanted', '请输入动态验证码', 'Give the code of your second factor', 'code'],
  code_wrong: [
    401,
    'code_wrong',
    '动态验证码不正确或已用过，请等下一个；并核对手机时间',
    'The code is wrong, or was used before: wait for the next one, and check the clock of your telephone',
    'code',
  ],
  disabled: [
    403,
    'account_disabled',
    '此账号已停用，请联系管理员',
    'This account is disabled; ask an administrator',
    null,
  ],
  first_expired: [
    403,
    'first_password_expired',
    '初始密码已过期，请管理员重新设置',
    'The first password has expired; ask an administrator for another one',
    null,
  ],
};

/**
 * As the audit tells it. What is nobody's name may be a password that somebody typed into the wrong field, and no row is
 * ever removed: two characters of it stand there, and none of what cannot be a name.
 */
const shownName = (typed: string, isKnown: boolean): string => {
  const name = typed.normalize('NFKC');
  if (isKnown) return name;
  return new RegExp(namePattern, 'u').test(name) ? `${[...name].slice(0, 2).join('')}…` : '?';
};

/** Rows a minute of those who are told to come back later: all others are bounded by how often something is tried. */
const mostHeld = { ofOne: 5, ofAll: 100 };

/** Signing in and out, and one's own password. */
export const sessionRoutes =
  (parts: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db, vault, config } = parts;
    const jar = jarOf(config);
    const restraint = new Restraint(mostHeld);

    const tell = async (principal: Principal, secret: string | null): Promise<Static<typeof Session>> => {
      const account = (await accountBy(db, principal.account))!;
      const unit = await unitOf(account);
      const ends = secret === null ? null : await sessionEnd(db, secret);
      return {
        ...{ name: account.name, shownName: account.shown_name, role: account.role, unit },
        ...{ mustChange: principal.mustChange, password: account.has_password, totp: account.totp },
        csrf: secret === null ? null : csrfOf(secret),
        expiresAt: ends?.toISOString() ?? null,
        may: allowedTo(principal),
      };
    };

    const unitOf = async ({ unit }: Account): Promise<{ code: string; name: string } | null> =>
      unit === null
        ? null
        : db.one<{ code: string; name: string }>('select code, name from unit where code = $1', [unit]);

    const audit = async (request: FastifyRequest, name: string, outcome: SignInOutcome, now: Date): Promise<void> => {
      const passedOver = outcome.is === 'held' ? restraint.admits(normalizeIP(request.ip), now.getTime()) : 0;
      if (passedOver === null) return;
      const account = outcome.is === 'signed in' ? outcome.account : null;
      const told = shownName(name, outcome.account !== null);
      const reason = outcome.is === 'refused' ? outcome.why : outcome.is === 'held' ? 'held' : null;
      await record(db, {
        ...{ actor: told, role: account?.role ?? null, via: 'sign_in', address: request.ip },
        ...{ action: 'session.begin', kind: 'account', on: told, unit: account?.unit ?? null, why: null },
        ...{ outcome: outcome.is === 'signed in' ? 'done' : 'refused', request: request.id },
        detail: { by: 'password', ...(reason === null ? {} : { reason }), ...(passedOver > 0 ? { passedOver } : {}) },
      });
    };

    app.get(
      '/sign-in',
      {
        schema: {
          summary: '登录方式 / Ways to sign in',
          ...{ tags: ['session'], operationId: 'getWaysToSignIn', response: { 200: Ways } },
        },
      },
      async () => ({ password: true, oidc: config.oidc === null ? null : { start: '/api/v1/oidc/start' } }),
    );

    app.post(
      '/session',
      {
        schema: {
          summary: '登录 / Sign in',
          description:
            '会话在 http-only Cookie 中。多次失败后须等待；曾登录过的浏览器有单独的次数 / The session is in an http-only cookie. After some failures one has to wait; a browser that was signed in from before has tries of its own.',
          ...{ tags: ['session'], operationId: 'signIn', body: Credentials },
          response: { 200: Session, 400: Problem, 401: Problem, 403: Problem, 429: Problem, 503: Problem },
        },
      },
      async (request, reply) => {
        refuseForeign(request, config);
        const now = new Date();
        const { name, password, code = null } = request.body;
        const former = secretIn(request.headers.cookie, jar.session);
        const browser = secretIn(request.headers.cookie, jar.browser);
        const asked = { name, password, code, address: request.ip, network: normalizeIP(request.ip), browser };
        const outcome = await signIn(db, vault, now, asked).catch(notProvable);
        await audit(request, name, outcome, now);
        if (outcome.is === 'held') throw held(outcome.until, now);
        if (outcome.is === 'refused') throw new ApiProblem(...refusals[outcome.why]);
        // Whose it was: a browser has one session, and the one before it is not left to lie about.
        if (former !== null) await endSession(db, former);
        const { account, session } = outcome;
        giveSession(reply, jar, session.secret, outcome.browser);
        const { id, name: known, epoch, role, unit, must_change: mustChange } = account;
        return tell({ account: id, name: known, epoch, role, unit, token: null, mustChange }, session.secret);
      },
    );

    app.get(
      '/session',
      {
        schema: {
          summary: '当前账号 / Who is signed in',
          ...{ tags: ['session'], operationId: 'getSession', response: { 200: Session } },
        },
      },
      async (request) => {
        const principal = principalOf(request);
        return tell(principal, principal.token === null ? secretIn(request.headers.cookie, jar.session) : null);
      },
    );

    app.delete(
      '/session',
      {
        schema: {
          summary: '退出登录 / Sign out',
          ...{ tags: ['session'], operationId: 'signOut' },
          response: { 204: Type.Null({ description: '已退出 / signed out' }) },
        },
      },
      async (request, reply) => {
        const secret = secretIn(request.headers.cookie, jar.session);
        if (secret !== null) await endSession(db, secret);
        takeSession(reply, jar);
        return reply.code(204).send(null);
      },
    );

    app.put(
      '/session/password',
      {
        schema: {
          summary: '修改本人密码 / Change one’s own password',
          description:
            '结束此账号的所有会话与令牌；回答中是新的会话 / Ends all sessions and tokens of the account; the answer brings a new session.',
          ...{ tags: ['session'], operationId: 'changePassword', body: NewPassword },
          response: { 200: Session, 400: Problem, 409: Problem, 422: Problem, 429: Problem, 503: Problem },
        },
      },
      async (request, reply) => {
        const now = new Date();
        const { account: id } = principalOf(request);
        const { current, password } = request.body;
        const account = (await accountBy(db, id))!;
        noteAudit(request, { kind: 'account', on: account.name, unit: account.unit });
        const unit = await unitOf(account);
        await Promise.resolve()
          .then(() => requirePassword(password, { name: account.name, unit }))
          .catch(said(422, 'password_weak', 'password'));
        const { password: former } = await provenByPassword(parts, now, request, 'current', current);
        if (await hashing.verify(former, password).catch(notProvable)) {
          throw new ApiProblem(
            422,
            'password_weak',
            '新密码与现密码相同',
            'The new password is the one until now',
            'password',
          );
        }
        const hash = await hashing.hash(password).catch(notProvable);
        const browser = secretIn(request.headers.cookie, jar.browser);
        const epoch = await setOwnPassword(db, id, former, hash, browser);
        if (epoch === null) {
          throw new ApiProblem(
            409,
            'password_changed',
            '密码刚刚已被修改，请重新登录',
            'The password was just changed: sign in again',
          );
        }
        const { secret } = await openSession(db, now, { account: id, epoch, by: 'password', address: request.ip });
        giveSession(reply, jar, secret, null);
        return tell({ ...principalOf(request), mustChange: false }, secret);
      },
    );

    await app.register(secondFactorRoutes(parts));
  };
