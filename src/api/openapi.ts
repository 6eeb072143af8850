import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { jarOf } from '../account/cookie.ts';
import { accessOf } from './access.ts';
import type { ApiParts } from './parts.ts';
import { Problem } from './problem.ts';

/** The document's sections, by what a path begins with behind /api/v1. */
const sections: readonly { readonly name: string; readonly of: readonly string[]; readonly description: string }[] = [
  {
    name: 'session',
    of: ['sign-in', 'session', 'oidc'],
    description: '登录、退出、密码、二次验证 / Signing in and out',
  },
  { name: 'tokens', of: ['tokens'], description: '程序用的令牌 / Tokens for programs' },
  { name: 'users', of: ['users'], description: '账号与角色 / Accounts and roles' },
  { name: 'audit', of: ['audit'], description: '谁、何时、做了什么 / Who did what, when' },
  { name: 'units', of: ['units', 'sites'], description: '考核单位与探测站点 / Units, and the sites that probe' },
  { name: 'cameras', of: ['cameras'], description: '点位、一机一档、图像 / Cameras, their archive and pictures' },
  { name: 'credentials', of: ['credentials'], description: '弱口令 / Weak passwords of cameras' },
  { name: 'probes', of: ['probes'], description: '立即探测 / Probes on demand' },
  { name: 'inspections', of: ['inspections'], description: '巡检及其版次 / Inspections and their revisions' },
  {
    name: 'figures',
    of: ['rates', 'availability', 'outages'],
    description: '在线率、出图率、可用率、离线故障 / Rates, time online, outages',
  },
  { name: 'reports', of: ['reports'], description: '日、月、年通报 / The documents' },
  { name: 'events', of: ['incidents', 'events'], description: '事件与实时推送 / Incidents, and the stream of events' },
  {
    name: 'exemptions',
    of: ['exemptions', 'exemption-reasons', 'uploads'],
    description: '报备及其附件 / Exemptions and their attachments',
  },
  { name: 'appeals', of: ['appeals'], description: '申诉 / Appeals' },
  { name: 'policies', of: ['policies'], description: '考核口径 / Policies' },
  { name: 'health', of: [], description: '服务是否可用 / Whether the service can serve' },
];

const sectionOf = (url: string): string => {
  const [, , , first = ''] = url.split('/');
  return sections.find(({ of }) => url.startsWith('/api/v1/') && of.includes(first))?.name ?? 'health';
};

/** `GET /api/v1/cameras/:code/probes` → `getCamerasCodeProbes`, where a route names itself not. */
const operationIdOf = (method: string, url: string): string =>
  method.toLowerCase() +
  url
    .replace('/api/v1', '')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word[0]!.toUpperCase() + word.slice(1))
    .join('');

type Documented = FastifySchema & { operationId?: string; tags?: string[]; security?: object[] };

/** Of a route of the table: where it stands, how it is called, and who may ask. */
const describeRoute = ({ schema, url, route }: { schema?: unknown; url: string; route: { method: unknown } }) => {
  const method = String(route.method);
  const access = accessOf(method, url);
  const told = { ...(schema as Documented | undefined) };
  if (access === undefined) return { schema: { ...told, hide: true }, url };
  told.tags = [sectionOf(url)];
  told.operationId ??= operationIdOf(method, url);
  const who =
    access === 'public'
      ? { security: [] }
      : {
          security: [
            method === 'GET' ? { session: [] } : { session: [], csrf: [] },
            ...(access.token === null ? [] : [{ token: [] }]),
          ],
          'x-roles': access.roles,
          'x-of': access.of,
          ...(access.token === null ? {} : { 'x-scope': access.token }),
        };
  return { schema: { ...told, ...who }, url };
};

/** What any route may answer besides its own, in words. */
const refusals: Readonly<Record<string, string>> = {
  400: '请求有误：字段、取值或编码 / The request is malformed',
  401: '未登录，或会话、令牌已失效 / Nobody is signed in',
  403: '账号无此权限，或令牌权限不足 / This account, or this token, may not',
  404: '没有，或不在本账号范围内 / Not there, or of another unit',
  409: '与当前状态冲突 / In conflict with the state of things',
  412: '已被他人修改，请重新读取 / Changed by somebody else since',
  413: '请求正文过大 / The body is too large',
  415: '请求正文的类型不受支持 / The body is of a type that is not taken',
  422: '请求有效，但不合规则 / Well-formed, and refused by a rule',
  428: '须带 If-Match / If-Match is needed',
  429: '请求过于频繁，见 Retry-After / Too many requests; see Retry-After',
  500: '服务内部错误 / A fault of ours',
  503: '暂时不可用，见 Retry-After / Away or busy; see Retry-After',
};

type Content = Record<string, { schema?: { properties?: object; $ref?: string } }>;
type Operation = {
  requestBody?: object;
  security?: readonly object[];
  responses: Record<string, { description: string; content?: Content; headers?: object }>;
};

const asProblem = (status: string) => ({
  description: refusals[status] ?? '见 code 与 title / See code and title',
  ...(status === '429' || status === '503'
    ? { headers: { 'Retry-After': { description: '秒 / s', schema: { type: 'integer', minimum: 0 } } } }
    : {}),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const isProblem = (content: Content | undefined): boolean =>
  Object.values(content ?? {}).some(({ schema }) => schema?.properties !== undefined && 'title' in schema.properties);

/** Errors are told as what they are sent as, and every one that any route may answer is told. */
const tellErrors = (method: string, operation: Operation): void => {
  const { responses, requestBody, security = [] } = operation;
  for (const [status, { content }] of Object.entries(responses)) {
    if (Number(status) >= 400 && isProblem(content)) responses[status] = asProblem(status);
    // No content is no document of the type `null`.
    if (status === '204' || status === '304') delete responses[status]!.content;
  }
  const always = [
    ...['400', '429', '500', '503'],
    ...(security.length > 0 ? ['401', '403'] : []),
    ...(requestBody === undefined && method === 'get' ? [] : ['413', '415']),
  ];
  for (const status of always) responses[status] ??= asProblem(status);
};

const description = `公共安全视频点位巡检：每天知道全市每个点位能否在线、能否出图。
错误一律为 application/problem+json（RFC 9457），\`title\` 按 Accept-Language 用中文或英文。
列表：\`limit\`、\`cursor\`（上一页的 \`next\`）、\`sort\`、\`fields\`。未知的参数与字段一律拒绝。
会话中的写操作须带 \`x-csrf-token\`（取自 GET /api/v1/session）；令牌不需要。

Inspection of a city’s cameras. Errors are application/problem+json (RFC 9457); \`title\` follows Accept-Language.
Lists take \`limit\`, \`cursor\` (\`next\` of the page before), \`sort\`, \`fields\`. Unknown parameters and fields are refused.
What changes something in a session needs \`x-csrf-token\` (of GET /api/v1/session); with a token it does not.
\`x-roles\`, \`x-of\` and \`x-scope\` say who may ask: of a unit's things, an account of a unit meets its own only.`;

const example = {
  ...{ type: 'about:blank', status: 400, code: 'invalid', title: 'limit=501：应为 1 至 500 的整数' },
  ...{ field: 'limit', request: 'x_xsrhrMSMGC' },
};

/** What the page needs and nothing more: its files are ours, and it asks nobody else. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The document of the API (OpenAPI 3.1), made from the routes' schemas and the table of access, and a page to try it. */
export const describeApi = async (app: FastifyInstance, { config }: Pick<ApiParts, 'config'>): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: '巡检 xunjian',
        version: '1',
        description,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: '本服务 / this service' }],
      tags: sections.map(({ name, description }) => ({ name, description })),
      components: {
        schemas: { Problem: { ...Problem, examples: [example] } as never },
        securitySchemes: {
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: jarOf(config).session,
            description: '登录后的会话 / A session',
          },
          csrf: {
            ...{ type: 'apiKey', in: 'header', name: 'x-csrf-token' },
            description: '会话中的写操作须带，取自 GET /api/v1/session / With a session, where something is changed',
          },
          token: { type: 'http', scheme: 'bearer', description: '程序用的令牌 / A token for programs' },
        },
      },
    },
    convertConstToEnum: false,
    transform: describeRoute as never,
    transformObject: (document) => {
      const { openapiObject } = document as { openapiObject: { paths: Record<string, Record<string, Operation>> } };
      for (const path of Object.values(openapiObject.paths)) {
        for (const [method, operation] of Object.entries(path)) tellErrors(method, operation);
      }
      return openapiObject as never;
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/api/docs',
    staticCSP: pagePolicy,
    // By default the page sends the document to validator.swagger.io.
    uiConfig: { validatorUrl: 'none' },
  });
};
