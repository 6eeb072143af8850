import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { cookieLine, jarOf, secretIn } from '../../account/cookie.ts';
import { accountOf, Stranger } from '../../account/identity.ts';
import { type Oidc, OidcFault, type OidcReason, openOidc } from '../../account/oidc.ts';
import { keptIn, keptText, ownPath } from '../../account/oidc-cookie.ts';
import { endSession, openSession } from '../../account/session.ts';
import { type AuditEntry, record } from '../../audit/record.ts';
import type { Config } from '../../config/env.ts';
import { readOidcSecret } from '../../config/secrets.ts';
import { giveSession } from '../cookies.ts';
import { ComeBackLater } from '../limits.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem } from '../problem.ts';
import { answerPage } from '../problem-page.ts';
import { Restraint } from '../restraint.ts';

/** Seconds that a person may take at the provider. */
const patience = 600;

/** Rows a minute of refusals that come in a provider's name. */
const mostRefused = { ofOne: 5, ofAll: 100 };

const statusOf: Readonly<Record<OidcReason, number>> = { away: 503, misset: 503, unasked: 400, refused: 403 };

/** Signing in at the identity provider that the configuration names; without one, both routes answer 404. */
export const oidcRoutes =
  (parts: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db, config, identify } = parts;
    const oidc = await oidcOf(config);
    const jar = jarOf(config);
    const cookie = `${jar.session}-oidc`;
    const restraint = new Restraint(mostRefused);

    app.get(
      '/oidc/start',
      {
        schema: {
          summary: '前往统一身份认证登录 / Sign in at the identity provider',
          description: '供浏览器访问：转到身份提供方 / For a browser: sends it on to the provider.',
          tags: ['session'],
          operationId: 'startOidc',
          querystring: Type.Object({
            to: Type.Optional(
              Type.String({
                ...{ maxLength: 500, pattern: ownPath },
                description: '登录后打开的本站路径，默认 / ；a path of this site, opened afterwards; / by default',
              }),
            ),
          }),
          response: {
            302: Type.Null({ description: '转到身份提供方 / on to the provider' }),
            ...{ 400: Problem, 404: Problem, 503: Problem },
          },
        },
        errorHandler: asPage,
      },
      async (request, reply) => {
        const { url, begun } = await required(oidc).begin().catch(telling(parts, request));
        const kept = keptText({ ...begun, to: request.query.to ?? '/' });
        return reply
          .header('set-cookie', cookieLine(jar, cookie, kept, patience))
          .header('cache-control', 'no-store')
          .redirect(url, 302);
      },
    );

    app.get(
      '/oidc/callback',
      {
        schema: {
          summary: '从统一身份认证返回 / Back from the identity provider',
          description:
            '由身份提供方转来；首次登录按登录名匹配已有账号，此后只认提供方的标识；一直用密码登录的账号须在其会话中绑定 / The provider sends people here. The first time an account is found by its name, later by the provider’s subject alone; one that signs in by its password is bound in a session of its own.',
          tags: ['session'],
          operationId: 'finishOidc',
          // Whatever else a provider adds (such as session_state) is passed over.
          querystring: Type.Object(
            {
              code: Type.Optional(Type.String({ maxLength: 4_000, description: '授权码 / the authorization code' })),
              state: Type.Optional(Type.String({ maxLength: 200, description: '哪一次登录 / which sign-in it is' })),
              iss: Type.Optional(Type.String({ maxLength: 1_000, description: '身份提供方 / the provider' })),
              error: Type.Optional(Type.String({ maxLength: 200, description: '为何拒绝 / why it refused' })),
            },
            { additionalProperties: true },
          ),
          response: {
            302: Type.Null({ description: '已登录，转到所要的页面 / signed in, on to the page that was asked for' }),
            ...{ 400: Problem, 403: Problem, 404: Problem, 503: Problem },
          },
        },
        errorHandler: asPage,
      },
      async (request, reply) => {
        const provider = required(oidc);
        const { cookie: header } = request.headers;
        // It serves once, whatever comes of it.
        reply.header('set-cookie', cookieLine(jar, cookie, '', 0)).header('cache-control', 'no-store');
        const kept = keptIn(header, cookie);
        if (kept === null) throw unasked();
        const now = new Date();
        const { search } = new URL(request.url, 'http://own.invalid');
        const person = await provider.finish(search, kept).catch(async (error) => {
          if (error instanceof OidcFault && error.reason === 'refused') {
            // Anybody can come with a refusal that no provider wrote: of those there are so many rows, and no more.
            const passedOver = restraint.admits(normalizeIP(request.ip), now.getTime());
            const detail = { by: 'oidc', reason: 'provider', passedOver };
            if (passedOver !== null) await record(db, entry(request, 'refused', nobody, detail));
          }
          return telling(parts, request)(error);
        });
        const detail = { by: 'oidc', issuer: person.issuer, subject: person.subject };
        const who = await identify(request);
        const signedIn = who === null || who.token !== null || who.mustChange ? null : who.account;
        const account = await accountOf(db, now, person, signedIn).catch(async (error) => {
          if (!(error instanceof Stranger)) throw error;
          const about = error.account ?? { ...nobody, name: person.subject };
          await record(db, entry(request, 'refused', about, { ...detail, reason: error.reason }));
          throw new ApiProblem(403, `oidc_${error.reason}`, error.zh, error.en);
        });
        const former = secretIn(header, jar.session);
        if (former !== null) await endSession(db, former);
        const { secret } = await openSession(db, now, {
          account: account.id,
          epoch: account.epoch,
          by: 'oidc',
          address: request.ip,
        });
        await record(db, entry(request, 'done', account, detail));
        giveSession(reply, jar, secret, null);
        return reply.redirect(kept.to, 302);
      },
    );
  };

const oidcOf = async ({ oidc, publicUrl, secrets }: Config): Promise<Oidc | null> => {
  if (oidc === null) return null;
  const clientSecret = secrets.oidcSecretFile === null ? null : await readOidcSecret(secrets.oidcSecretFile);
  return openOidc({ ...oidc, clientSecret, redirectUri: `${publicUrl}/api/v1/oidc/callback` });
};

const required = (oidc: Oidc | null): Oidc => {
  if (oidc !== null) return oidc;
  throw new ApiProblem(
    404,
    'oidc_not_set',
    '未设置统一身份认证（XUNJIAN_OIDC_ISSUER）：请用密码登录',
    'No identity provider is set (XUNJIAN_OIDC_ISSUER): sign in with a password',
  );
};

const unasked = (): ApiProblem =>
  new ApiProblem(
    400,
    'oidc_unasked',
    '此次登录已过期、已用过，或不是从本浏览器发起：请重新登录',
    'This sign-in has expired, was used already, or was not begun in this browser: sign in again',
  );

type Who = Pick<AuditEntry, 'role' | 'unit'> & { readonly name: string };
const nobody: Who = { name: '-', role: null, unit: null };

const entry = (
  request: FastifyRequest,
  outcome: AuditEntry['outcome'],
  { name, role, unit }: Who,
  detail: AuditEntry['detail'],
): AuditEntry => ({
  ...{ actor: name, role, via: 'sign_in', address: request.ip, action: 'session.begin' },
  ...{ kind: 'account', on: name, unit, why: null, outcome, request: request.id, detail },
});

/** A fault becomes a problem; what the provider said of it is in the log. */
const telling =
  ({ log }: ApiParts, request: FastifyRequest) =>
  (error: unknown): never => {
    if (!(error instanceof OidcFault)) throw error;
    const { reason, zh, en, cause } = error;
    const { message, code } = (cause ?? {}) as { message?: string; code?: string };
    const ours = statusOf[reason] === 503;
    log[ours ? 'warn' : 'info']({ request: request.id, reason, error: message, code }, 'not signed in at the provider');
    if (ours) throw new ComeBackLater(503, `oidc_${reason}`, zh, en, 30);
    throw new ApiProblem(statusOf[reason], `oidc_${reason}`, zh, en);
  };

/** A person who was sent here by another page gets a page; a program gets the problem as everywhere. */
function asPage(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof ApiProblem && (request.headers.accept ?? '').includes('text/html')) {
    if (error instanceof ComeBackLater) reply.header('retry-after', String(error.seconds));
    return answerPage(reply, error);
  }
  throw error;
}
