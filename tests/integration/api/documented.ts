import type { FastifyInstance } from 'fastify';
import Schema from 'typebox/schema';
import type { Route } from '../../../src/api/access.ts';
import type { Told } from './asking.ts';

/** A schema as OpenAPI 3.1 has it, as far as it is looked into here. */
export type Node = {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly const?: unknown;
  readonly enum?: unknown;
  readonly type?: string;
};
type Content = Readonly<Record<string, { readonly schema?: Node }>>;
export type Operation = {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: 'path' | 'query' | 'header';
    readonly schema: Node;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
};
export type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Node>> };
};

/** The document that an API gives of itself. */
export const documentOf = async (app: FastifyInstance): Promise<Document> =>
  JSON.parse((await app.inject('/api/docs/json')).body) as Document;

export const operationOf = (document: Document, route: Route): Operation => {
  const [method, path] = route.split(' ') as [string, string];
  return document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]![method.toLowerCase()]!;
};

/** What came before any route was met: no operation can document it. */
const unmet = ['not_found', 'method_not_allowed', 'too_long'];

/** What is wrong with an answer; null: it is as the document says, and no fault of ours. */
export const faultOf = (document: Document, route: Route, { status, headers, text }: Told): string | null => {
  const problem = document.components.schemas.Problem as object;
  const type = String(headers['content-type'] ?? '').split(';', 1)[0]!;
  const said = type.endsWith('json') ? (JSON.parse(text) as { code?: string; status?: number }) : {};
  if (status >= 400 && route !== 'GET /health/ready') {
    if (type !== 'application/problem+json') return `${status} as ${type}: ${text.slice(0, 200)}`;
    const [, errors] = Schema.Errors(problem, said);
    if (errors.length > 0 || said.status !== status) return `${status} is no problem: ${text.slice(0, 300)}`;
    if (status === 503 && headers['retry-after'] === undefined) return '503 without Retry-After';
    if (unmet.includes(said.code!)) return null;
  }
  if (status >= 500 && status !== 503) return `${status} ${text.slice(0, 300)}`;
  const documented = operationOf(document, route).responses[status];
  if (documented === undefined) return `${status} is not documented: ${text.slice(0, 200)}`;
  const content = documented.content ?? {};
  if (text === '' && Object.keys(content).length === 0) return null;
  const types = [type, `${type.split('/', 1)[0]}/*`, '*/*', 'application/octet-stream'];
  if (!types.some((one) => one in content)) {
    return `${status} as ${type || 'nothing'}, not as ${Object.keys(content).join(', ') || 'nothing'}`;
  }
  const schema = content[type]?.schema;
  if (schema === undefined || !type.endsWith('json')) return null;
  const [, errors] = Schema.Errors(schema.$ref === undefined ? (schema as object) : problem, said);
  if (errors.length === 0) return null;
  return `${status} is not as documented: ${errors[0]!.instancePath} ${errors[0]!.message} ${text.slice(0, 200)}`;
};
