import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type TObject, Type } from 'typebox';
import type { Access } from './access.ts';
import { principalOf } from './guard.ts';
import { begin, finish, type KeptAnswer, type KeyedRequest, release } from './idempotency-book.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem, Problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What is noted as begun under its Idempotency-Key; null: it bears none. */
    keyed: KeyedRequest | null;
    /** It was answered with what had been answered before, and nothing was done. */
    replayed: boolean;
    /** Nothing was done: it was refused on purpose, and did not fail on the way. */
    surelyUndone: boolean;
  }
}

/** Of an answer, what is kept beside its body. */
const keptHeaders = ['content-type', 'location', 'etag', 'last-modified', 'cache-control'];

const keyPattern = /^[!-~]{1,64}$/;
const Key = Type.String({
  pattern: keyPattern.source,
  description:
    '同一键的同一请求一日内只办理一次，重发得到相同的应答 / under one key the same request is done once in a day, and answered the same again',
});

/** Larger answers are not kept; the longest of a write is the changes of a revision. */
const mostBytes = 256 * 1024;

/**
 * The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): whoever does not know whether a write has reached
 * us sends it again under the same key, and it is done once. For a day the same request is given the same answer again,
 * with `Idempotency-Replayed: true`. Keys are an account's own; one whose role or unit has changed since has asked
 * otherwise. Nothing is kept of a request that was refused before it began (429, 503), so that it may be tried again; of
 * one that failed on the way, or was killed, the next is told that nobody knows what came of it.
 */
export const idempotent = (app: FastifyInstance, { db, log }: Pick<ApiParts, 'db' | 'log'>): void => {
  app.decorateRequest('keyed', null);
  app.decorateRequest('replayed', false);
  app.decorateRequest('surelyUndone', false);

  app.addHook('onRoute', (route) => {
    const { schema } = route;
    const access = route.config?.access;
    if (access === undefined || !takesKeys(access) || !isWrite(String(route.method)) || schema === undefined) return;
    if (schema.consumes?.some((type) => type.startsWith('multipart/'))) return;
    const { properties } = (schema.headers ?? {}) as Partial<TObject>;
    schema.headers = Type.Object({ ...properties, 'idempotency-key': Type.Optional(Key) });
    schema.response = { 409: Problem, 422: Problem, ...(schema.response as object) };
  });

  // With its body, and before its schema fills in what it left out.
  app.addHook('preValidation', async (request, reply) => {
    const { access } = request.routeOptions.config;
    if (access === undefined || !isWrite(request.method) || request.headers['idempotency-key'] === undefined) return;
    const key = keyOf(request.headers['idempotency-key']);
    if (!takesKeys(access) || isMultipart(request)) throw notTaken();
    const keyed = { account: principalOf(request).account, key, request: askedBy(request) };
    const standing = await begin(db, keyed);
    if (standing.is === 'new') {
      request.keyed = keyed;
      return;
    }
    if (standing.is !== 'kept') throw refusals[standing.is](reply);
    request.replayed = true;
    const { status, headers, body } = standing.answer;
    reply.code(status).headers(headers).header('idempotency-replayed', 'true');
    return reply.send(body.length === 0 ? undefined : body);
  });

  app.addHook('onError', async (request, _reply, error) => {
    request.surelyUndone = error instanceof ApiProblem && request.auditRow !== 'unwritten';
  });

  // After the audit's: what is kept has left its row.
  app.addHook('onSend', async (request, reply, payload) => {
    const { keyed } = request;
    if (keyed === null) return payload;
    request.keyed = null;
    const { statusCode } = reply;
    const unanswered = statusCode >= 500 || statusCode === 429;
    const noted =
      unanswered && request.surelyUndone
        ? release(db, keyed)
        : finish(db, keyed, unanswered ? null : answerOf(reply, payload));
    // What was done is done, and is answered; the next under this key is told that it is not known.
    await noted.catch((error: Error) => {
      log.warn({ request: request.id, error: error.message }, 'an answer is not kept under its Idempotency-Key');
    });
    return payload;
  });
};

const keyOf = (key: string | string[]): string => {
  if (typeof key === 'string' && keyPattern.test(key)) return key;
  throw new ApiProblem(
    400,
    'idempotency_key_invalid',
    'Idempotency-Key：应为 1 至 64 个可见 ASCII 字符，例如 UUID',
    'Idempotency-Key: 1 to 64 visible ASCII characters, such as a UUID',
    'Idempotency-Key',
  );
};

const isWrite = (method: string): boolean => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method);

/**
 * What is done in a session alone takes or answers passwords, codes and tokens, and so does whatever is about the cameras'
 * logins: no answer of theirs is kept, and no hash of what they were sent, from which a short password could be guessed.
 */
const takesKeys = (access: Access | 'public'): boolean =>
  access !== 'public' && access.token !== null && access.audit?.startsWith('credential.') !== true;

/** A file's bytes come past us: the same file again is stored once, without a key. */
const isMultipart = ({ headers }: FastifyRequest): boolean =>
  headers['content-type']?.startsWith('multipart/') === true;

const notTaken = (): ApiProblem =>
  new ApiProblem(
    400,
    'idempotency_key_refused',
    'Idempotency-Key：此地址不接受，因其涉及密码、令牌或上传的文件，不留存应答；请去掉后重试',
    'Idempotency-Key: is not taken here, where passwords, tokens or files come by and no answer is kept; send it without',
    'Idempotency-Key',
  );

/** The body as it was understood, its keys in the order in which they came; a 400 for one that is too deep to be written. */
const textOf = (body: unknown): string => {
  try {
    return JSON.stringify(body) ?? '';
  } catch {
    throw new ApiProblem(400, 'invalid', '请求正文嵌套过深', 'The body is nested too deeply');
  }
};

/** SHA-256 of what is asked. */
const askedBy = (request: FastifyRequest): Buffer => {
  const { role, unit } = principalOf(request);
  const asked = [request.method, request.url, role, unit, request.headers['if-match'] ?? null];
  const { body } = request;
  return createHash('sha256')
    .update(JSON.stringify(asked))
    .update(Buffer.isBuffer(body) ? body : textOf(body))
    .digest();
};

const answerOf = (reply: FastifyReply, payload: unknown): KeptAnswer | null => {
  if (payload != null && typeof payload !== 'string' && !Buffer.isBuffer(payload)) return null;
  const body = Buffer.from((payload as string | Buffer | null | undefined) ?? '');
  if (body.length > mostBytes) return null;
  const headers = keptHeaders.flatMap((name) => {
    const value = reply.getHeader(name);
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  return { status: reply.statusCode, headers: Object.fromEntries(headers), body };
};

const refusals = {
  other: () =>
    new ApiProblem(
      422,
      'idempotency_key_reused',
      'Idempotency-Key：此键已用于另一个请求；新的请求请用新的键',
      'Idempotency-Key: was used for another request; a new request takes a new key',
      'Idempotency-Key',
    ),
  running: (reply: FastifyReply) => {
    reply.header('retry-after', '2');
    return new ApiProblem(
      409,
      'idempotency_in_progress',
      'Idempotency-Key：同一请求正在办理，请稍后用同一键再取结果',
      'Idempotency-Key: the same request is under way; ask again under the same key for its answer',
      'Idempotency-Key',
    );
  },
  unknown: () =>
    new ApiProblem(
      409,
      'idempotency_unknown',
      'Idempotency-Key：同一请求曾经开始，结果不明；请先查看现状，再决定是否用新的键重做',
      'Idempotency-Key: the same request was begun, and what came of it is not known; look at the state of things before you do it again under a new key',
      'Idempotency-Key',
    ),
} as const satisfies Record<string, (reply: FastifyReply) => ApiProblem>;
