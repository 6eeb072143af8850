import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ApiProblem } from './problem.ts';

type Node = {
  type?: string;
  properties?: Record<string, Node>;
  patternProperties?: unknown;
  additionalProperties?: unknown;
  items?: Node;
  anyOf?: Node[];
};

/** An object of a schema, and every one inside it, takes no more than the properties it names; what says so itself stays. */
const close = (node: Node): void => {
  if (node.properties !== undefined && node.patternProperties === undefined) node.additionalProperties ??= false;
  for (const inner of Object.values(node.properties ?? {})) close(inner);
  for (const inner of node.anyOf ?? []) close(inner);
  if (node.items !== undefined) close(node.items);
};

/**
 * Refuses what no route asked for, so that none can forget to: unknown query parameters and properties, a body where none
 * is taken, and texts that are none (NUL, which PostgreSQL refuses; half a character, which it would be given as another
 * one; %-escapes that are not UTF-8).
 */
export const closeSchemas = (app: FastifyInstance): void => {
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/api/v1/')) return;
    route.schema ??= {};
    route.schema.querystring ??= Type.Object({});
    for (const part of [route.schema.querystring, route.schema.params, route.schema.body]) {
      if (part !== undefined) close(part as Node);
    }
  });
  app.addHook('preValidation', async (request: FastifyRequest) => {
    const { body, params, query, routeOptions } = request;
    const asked = request.raw.url?.indexOf('?') ?? -1;
    if (asked !== -1) requireUtf8(request.raw.url!.slice(asked + 1));
    if (routeOptions.schema?.body === undefined && !isEmpty(body)) {
      throw new ApiProblem(400, 'invalid', '此接口不接受请求正文', 'This route takes no body');
    }
    for (const part of [params, query, body]) requireTexts(part);
  });
};

/** Nothing, or `{}`: what clients send that always send JSON. */
const isEmpty = (body: unknown): boolean =>
  body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0);

const requireUtf8 = (query: string): void => {
  if (!query.includes('%')) return;
  try {
    decodeURIComponent(query);
  } catch {
    throw new ApiProblem(
      400,
      'invalid',
      '地址中 ? 之后的 % 转义不是 UTF-8，请按 UTF-8 编码',
      'The %-escapes behind the ? are not UTF-8: encode them so',
    );
  }
};

const isText = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();

/** Looks at each text of what was sent, names of properties as well; without recursion: who sends it says how deep it is. */
const requireTexts = (part: unknown): void => {
  const left: [name: string, value: unknown][] = [['', part]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [name, value] = next;
    if (typeof value === 'string' && !isText(value)) throw notText(name);
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (!isText(key)) throw notText(name);
      left.push([Array.isArray(value) || name === '' ? (Array.isArray(value) ? name : key) : `${name}.${key}`, inner]);
    }
  }
};

const notText = (name: string): ApiProblem => {
  // A path of ten thousand steps says no more than its beginning.
  const field = name.slice(0, 100);
  return new ApiProblem(
    400,
    'invalid',
    `${field}：含有空字符（NUL）或残缺的字符，请删去`,
    `${field}: holds a NUL or half a character; remove it`,
    field === '' ? null : field,
  );
};
