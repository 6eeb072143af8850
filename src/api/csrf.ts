import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { jarOf, secretIn } from '../account/cookie.ts';
import { csrfOf } from '../account/session.ts';
import type { Config } from '../config/env.ts';
import { ApiProblem } from './problem.ts';

type Asked = Pick<FastifyRequest, 'method' | 'headers' | 'host'>;

/** What changes nothing needs no proof of where it comes from. */
export const isSafe = ({ method }: Pick<FastifyRequest, 'method'>): boolean =>
  ['GET', 'HEAD', 'OPTIONS'].includes(method);

const refused = (zh: string, en: string): ApiProblem => new ApiProblem(403, 'forged', zh, en);

/** Refuses what another site made a browser send, as far as the browser says so. */
export const refuseForeign = (request: Asked, { publicUrl }: Pick<Config, 'publicUrl'>): void => {
  if (isSafe(request)) return;
  const { headers, host } = request;
  const { origin } = headers;
  const own = origin === undefined || origin === publicUrl || URL.parse(origin)?.host === host;
  if (own && headers['sec-fetch-site'] !== 'cross-site') return;
  throw refused('请求来自其他网站，已拒绝', 'The request comes from another site');
};

/**
 * Refuses what changes something in a session without the proof that a page of ours sent it. A token needs none: no browser
 * sends it of its own accord.
 */
export const csrfWith = (config: Pick<Config, 'publicUrl' | 'tlsCertFile'>): ((request: Asked) => void) => {
  const jar = jarOf(config);
  return (request) => {
    if (isSafe(request)) return;
    refuseForeign(request, config);
    const secret = secretIn(request.headers.cookie, jar.session);
    const given = Buffer.from(String(request.headers['x-csrf-token'] ?? ''));
    const wanted = Buffer.from(secret === null ? '' : csrfOf(secret));
    if (wanted.length > 0 && given.length === wanted.length && timingSafeEqual(given, wanted)) return;
    throw refused(
      '缺少 x-csrf-token 请求头，或与当前会话不符：请先取 GET /api/v1/session 中的 csrf',
      'The header x-csrf-token is missing, or not of this session: take csrf of GET /api/v1/session',
    );
  };
};
