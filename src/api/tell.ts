import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { KeyUnavailable } from '../inventory/master-keys.ts';
import type { Log } from '../log.ts';
import { tellInvalid } from './invalid.ts';
import { ComeBackLater } from './limits.ts';
import { ApiProblem } from './problem.ts';

/** The language of whoever asks: English only where they prefer it to Chinese (RFC 9110, 12.5.4). */
const english = (request: FastifyRequest): boolean => {
  const wanted = request.headers['accept-language'] ?? '';
  const ranked = wanted
    .slice(0, 200)
    .split(',')
    .map((one) => {
      const [tag = '', weight] = one.trim().toLowerCase().split(';q=');
      return { tag, weight: weight === undefined ? 1 : Number(weight) || 0 };
    })
    .filter(({ tag, weight }) => weight > 0 && /^(zh|en)\b/.test(tag))
    .sort((a, b) => b.weight - a.weight);
  return ranked[0]?.tag.startsWith('en') ?? false;
};

type Told = {
  readonly code: string;
  readonly zh: string;
  readonly en: string;
  readonly field?: string | null;
};
type ToldWith = Told & { readonly status: number; readonly seconds?: number };

const answer = (request: FastifyRequest, reply: FastifyReply, { status, code, zh, en, field, seconds }: ToldWith) => {
  reply
    .code(status)
    .type('application/problem+json; charset=utf-8')
    .header('vary', 'accept-language')
    .header('cache-control', 'no-store')
    // What never came to a route has none of the headers that all the others have.
    .header('x-content-type-options', 'nosniff')
    .header('x-request-id', request.id);
  if (seconds !== undefined && !reply.hasHeader('retry-after')) reply.header('retry-after', String(seconds));
  return reply.send({
    type: 'about:blank',
    status,
    code,
    title: english(request) ? en : zh,
    ...(field ? { field } : {}),
    request: request.id,
  });
};

/** Tells every error as a Problem; what was our fault is in the log, and the caller gets its number. */
export const tellWith =
  (log: Pick<Log, 'error'>) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const said = told(error, request);
    if (said.status >= 500 && !(error instanceof ApiProblem)) {
      // The pattern of the route, not its address: that may hold what is searched for.
      const route = `${request.method} ${request.routeOptions.url ?? ''}`;
      log.error({ request: request.id, route, error: error.message, stack: error.stack }, 'request failed');
    }
    return answer(request, reply, said);
  };

/** How long to wait for a neighbour that is away, s. */
const comeBackSeconds = 5;

/** What the framework and our neighbours throw, by code or name. */
const known: Readonly<Record<string, ToldWith>> = {
  DatabaseAway: {
    status: 503,
    code: 'database_away',
    zh: '数据库暂时不可用，请稍后再试',
    en: 'The database is away; try again in a moment',
    seconds: comeBackSeconds,
  },
  Conflict: {
    status: 503,
    code: 'busy',
    zh: '与另一操作同时进行而未完成，请重试',
    en: 'Another operation was in the way and nothing was done; try again',
    seconds: 1,
  },
  FST_ERR_CTP_BODY_TOO_LARGE: {
    status: 413,
    code: 'too_large',
    zh: '请求正文过大：JSON 至多 64 KiB，请分批提交',
    en: 'The body is too large: 64 KiB of JSON at most; send it in parts',
  },
  FST_REQ_FILE_TOO_LARGE: {
    status: 413,
    code: 'too_large',
    zh: '文件过大，请压缩或分开上传',
    en: 'The file is too large; compress or split it',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    code: 'unsupported_media_type',
    zh: '请求正文的类型不受支持：请使用 Content-Type: application/json（上传文件用 multipart/form-data）',
    en: 'This type of body is not taken: use Content-Type: application/json (multipart/form-data to upload)',
  },
  FST_INVALID_MULTIPART_CONTENT_TYPE: {
    status: 415,
    code: 'unsupported_media_type',
    zh: '请用 Content-Type: multipart/form-data 上传',
    en: 'Upload with Content-Type: multipart/form-data',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    status: 400,
    code: 'invalid',
    zh: '声明为 JSON 的请求正文是空的：请写入内容，或去掉 Content-Type',
    en: 'The body is empty and said to be JSON: fill it, or leave Content-Type out',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: {
    status: 400,
    code: 'invalid',
    zh: '请求正文不是合法的 JSON',
    en: 'The body is no valid JSON',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    status: 400,
    code: 'invalid',
    zh: '请求正文的长度与 Content-Length 不符',
    en: 'The body is not as long as Content-Length says',
  },
  FST_ERR_BAD_URL: {
    status: 400,
    code: 'invalid',
    zh: '地址中的 % 转义有误：请按 UTF-8 编码',
    en: 'The %-escapes in the address are wrong: encode it as UTF-8',
  },
  FST_ERR_MAX_PARAM_LENGTH: {
    status: 414,
    code: 'too_long',
    zh: '地址中有一段过长',
    en: 'A part of the address is too long',
  },
};

const told = (error: FastifyError, request: FastifyRequest): ToldWith => {
  if (error instanceof ComeBackLater) return error;
  if (error instanceof ApiProblem) {
    return { ...pick(error), ...(error.status === 503 ? { seconds: comeBackSeconds } : {}) };
  }
  if (error.validation !== undefined) return { status: 400, code: 'invalid', ...tellInvalid(error, request) };
  if ((error as unknown) instanceof KeyUnavailable) {
    const { zh, en } = error as unknown as KeyUnavailable;
    return { status: 503, code: 'key_unavailable', zh, en, seconds: comeBackSeconds };
  }
  const met = known[error.code] ?? known[error.name];
  if (met !== undefined) return met;
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) {
    return { status, code: 'refused', zh: '无法理解的请求，请对照 /api/docs', en: 'Refused: see /api/docs' };
  }
  return {
    status: 500,
    code: 'internal',
    zh: `服务内部错误；请将请求号 ${request.id} 告知管理员`,
    en: `Internal error; tell the administrator the request's number, ${request.id}`,
  };
};

const pick = ({ status, code, zh, en, field }: ApiProblem): ToldWith => ({ status, code, zh, en, field });

/** No such address; or, where it takes other methods (`allowed`), a 405 that names them. */
export const answerNotFound =
  (allowed: (path: string) => readonly string[]) =>
  (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const methods = allowed(request.url.split('?', 1)[0]!);
    if (methods.length === 0) {
      return answer(request, reply, { status: 404, code: 'not_found', zh: '没有这个地址', en: 'No such address' });
    }
    const list = methods.join(', ');
    return answer(request, reply.header('allow', list), {
      status: 405,
      code: 'method_not_allowed',
      zh: `此地址不接受 ${request.method}；可用：${list}`,
      en: `This address takes no ${request.method}; it takes ${list}`,
    });
  };
