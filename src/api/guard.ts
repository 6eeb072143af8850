import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../account/role.ts';
import { type Access, accessOf } from './access.ts';
import { refusalOf } from './allowed.ts';
import { csrfWith, isSafe } from './csrf.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem, Problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; of a public route nobody. */
    principal: Principal | null;
    /** Finds out again who asks and whether they may, and throws where not; null: of a public route. */
    admitAgain: (() => Promise<void>) | null;
  }
  interface FastifyContextConfig {
    access?: Access | 'public';
  }
}

/** Who asks. Of a route that the table says is not public there is always somebody. */
export const principalOf = (request: FastifyRequest): Principal => {
  if (request.principal !== null) return request.principal;
  throw new Error(`${request.method} ${request.url} is public and asks who calls`);
};

/** All that whoever asks meets: a unit's code; null: the whole city. */
export const reachOf = (request: FastifyRequest): string | null => principalOf(request).unit;

export const signedOut = (): ApiProblem => new ApiProblem(401, 'signed_out', '请先登录', 'Sign in first');

/** The pages of the console and of the API's document hold no data. */
const isPage = (method: string, url: string): boolean =>
  ['GET', 'HEAD'].includes(method) && !/^\/(api(?!\/docs(\/|$))|health)(\/|$)/.test(url);

/**
 * Holds every route to the table: one that is not in it is not registered. Who asks is found before anything of the
 * request's body is read, and of what changes something found again when it is there: a body may take two minutes, in which
 * whoever sent its beginning may have lost the right to it.
 */
export const guard = (app: FastifyInstance, { identify, config }: Pick<ApiParts, 'identify' | 'config'>): void => {
  const refuseForgery = csrfWith(config);
  app.decorateRequest('principal', null);
  app.decorateRequest('admitAgain', null);
  const admit = async (request: FastifyRequest, asked: Access): Promise<void> => {
    const principal = await identify(request);
    if (principal === null) throw signedOut();
    request.principal = principal;
    if (principal.token === null) refuseForgery(request);
    const refusal = refusalOf(asked, principal);
    if (refusal !== null) throw refusal;
  };
  app.addHook('onRoute', (route) => {
    for (const method of [route.method].flat()) {
      // Fastify makes a HEAD of every GET, a route of its own: it tells whether a thing is there, and how long it is.
      const known = isPage(method, route.url) ? 'public' : accessOf(method === 'HEAD' ? 'GET' : method, route.url);
      if (known === undefined) throw new Error(`${method} ${route.url} is not in the table of api/access.ts`);
      route.config = { ...route.config, access: known };
      if (known === 'public' || route.schema === undefined) continue;
      route.schema.response = { 401: Problem, 403: Problem, ...(route.schema.response as object) };
    }
  });
  app.addHook('onRequest', async (request: FastifyRequest, _reply: FastifyReply) => {
    const asked = request.routeOptions.config.access;
    if (request.is404 || asked === 'public') return;
    if (asked === undefined) throw new Error(`${request.method} ${request.routeOptions.url} came by the guard`);
    request.admitAgain = () => admit(request, asked);
    await request.admitAgain();
  });
  app.addHook('preValidation', async (request: FastifyRequest) => {
    if (!isSafe(request)) await request.admitAgain?.();
  });
};
