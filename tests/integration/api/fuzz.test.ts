import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../../src/account/role.ts';
import { type Access, access, type Route } from '../../../src/api/access.ts';
import { openLog } from '../../../src/log.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { askApp, type Bearing, somebodyNew, type Told } from './asking.ts';
import { type Document, documentOf, faultOf, type Node, operationOf } from './documented.ts';
import { formOf, putWorld, recipes, type World } from './recipes.ts';

let ground: TestGround;
let api: TestApi;
let world: World;
let document: Document;

/** What was our fault, by the request's id: so that a fault found here says where it lies. */
const causes = new Map<string, string>();
const log = openLog('error', {
  write: (line) => {
    const { request, error, stack } = JSON.parse(line) as Record<string, string>;
    causes.set(request!, `${error} ${stack?.split('\n').find((step) => step.includes('/src/')) ?? ''}`);
  },
});
const causeOf = ({ headers }: Told): string => causes.get(headers['x-request-id'] ?? '') ?? '';

beforeAll(async () => {
  ground = await startGround();
  const { db } = ground;
  world = await putWorld(db, new Date());
  api = await startTestApi(ground, { bounds: { byAddress: 1e9, byAccount: 1e9 }, log });
  document = await documentOf(api.app);
});
afterAll(async () => {
  await api.close();
  await ground.close();
});

const sql = [`' or 1=1 --`, `"; drop table camera; --`, '\\', `%' or '%'='`];
/** What a place in a request may be, whatever it should be; where it should be a number; where it should be text. */
type Values<T> = { readonly any: readonly T[]; readonly number: readonly T[]; readonly text: readonly T[] };

/** As it stands in an address. Some fit, most do not. */
const inAddress: Values<string> = {
  any: ['', 'null', 'true', '[]', '%00', '%ff', '%ED%A0%80', '%', 'a'.repeat(5_000), ...sql.map(encodeURIComponent)],
  number: ['0', '-1', '1.5', '1e308', 'NaN', 'Infinity', '0x10', '2147483648', '9007199254740993', '9'.repeat(20)],
  text: [
    ...[
      '0',
      '%C0%80',
      '%F0%9F%98%80',
      '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
      encodeURIComponent('柳'.repeat(300)),
      '%1b%5b2J',
    ],
    ...['2026-02-30', '0000-00-00', '275760-09-14T00:00:00Z', '2026-11-23T25:00:00Z', '9999-12-31T23:59:59Z'],
  ],
};

const deep = (levels: number): unknown => {
  let inner: unknown = 1;
  for (let level = 0; level < levels; level += 1) inner = [inner];
  return inner;
};
/** As a field of a body. */
const inBody: Values<unknown> = {
  any: [null, true, '', [], [null], {}, { a: 1 }, deep(1_000), 1, 'a\u0000b', '\ud800'],
  number: [0, -1, 1.5, 1e308, 2 ** 31, 2 ** 53, '1', 'NaN', 1e-9],
  text: [
    ...[' ', '\u001b[2J\n', '\u202e', 'a'.repeat(40_000), '柳'.repeat(4_000), '../../etc/passwd', 'http://[', ...sql],
    ...[
      '2026-02-30',
      '275760-09-14T00:00:00Z',
      '-271821-04-20T00:00:00Z',
      '9999-12-31T23:59:59Z',
      '0001-01-01T00:00:00Z',
    ],
    ...['00000000-0000-0000-0000-000000000000', [''], Array.from({ length: 2_000 }, () => 'a')],
  ],
};

/** What is tried in a place of this schema. */
const valuesOf = <T>({ any, number, text }: Values<T>, schema: Node | undefined): readonly T[] => {
  const types = new Set<string | undefined>();
  const look = (node: Node | undefined): void => {
    if (node?.const === undefined && node?.enum === undefined) types.add(node?.type);
    for (const one of node?.anyOf ?? []) look(one);
    if (node?.items !== undefined) look(node.items);
  };
  look(schema);
  const isNumber = types.has('integer') || types.has('number');
  return [...any, ...(isNumber ? number : []), ...(types.has('string') ? text : [])];
};

const json = { 'content-type': 'application/json' };
type Raw = readonly [what: string, headers: Bearing, payload: Buffer | string];
/** Bodies that are of no schema, for every route that changes something. */
const rawBodies: readonly Raw[] = [
  ['none', {}, ''],
  ['of no type', {}, '{"a":1}'],
  ['cut off', json, '{"a":'],
  ['not UTF-8', json, Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
  ['with __proto__', json, '{"__proto__":{"role":"administrator"},"why":"a"}'],
  ['with a constructor', json, '{"constructor":{"prototype":{"role":"administrator"}}}'],
  ['with a field twice', json, '{"why":"a","why":1}'],
  ['an unknown field', json, '{"unheardOf":1}'],
  ['a number', json, '1'],
  ['null', json, 'null'],
  ['a number past any', json, '{"revision":1e999,"limit":123456789012345678901234567890}'],
  ['ten thousand deep', json, `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
  ['ten thousand deep in a field', json, `{"why":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`],
  ['a hundred thousand items', json, `[${'1,'.repeat(100_000)}1]`],
  ['ten megabytes', json, Buffer.alloc(10 << 20, 0x20)],
  ['text', { 'content-type': 'text/plain' }, 'a'],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'a=1'],
  ['XML', { 'content-type': 'application/xml' }, '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
  ['of a type that is none', { 'content-type': '\u00ff;;=' }, 'a'],
  ['of another charset', { 'content-type': 'application/json; charset=utf-16' }, Buffer.from('{}', 'utf16le')],
  ['a form without a boundary', { 'content-type': 'multipart/form-data' }, 'a'],
  [
    'a form that is cut off',
    { 'content-type': 'multipart/form-data; boundary=a' },
    '--a\r\ncontent-disposition: form-',
  ],
  ['a form without a file', { 'content-type': 'multipart/form-data; boundary=a' }, '--a--\r\n'],
  [
    'a form of fields',
    { 'content-type': 'multipart/form-data; boundary=a' },
    `--a\r\ncontent-disposition: form-data; name="__proto__"\r\n\r\n${'b'.repeat(2_000)}\r\n--a--\r\n`,
  ],
  ...(['', '../../etc/passwd', '\u0000.pdf', 'a'.repeat(4_000), '"; drop table upload'] as const).map((name): Raw => {
    const { headers, body } = formOf(name, 'application/pdf', Buffer.from('%PDF-1.4\n%%EOF\n'));
    return [`a file named ${name.slice(0, 20)}`, headers!, body as Buffer];
  }),
  ...(['', 'PK\u0003\u0004', 'GIF89a', '%PDF-', '\u00ff\u00d8\u00ff'] as const).map((content): Raw => {
    const { headers, body } = formOf('a.pdf', 'application/pdf', Buffer.from(content, 'latin1'));
    return [`a file that begins with ${JSON.stringify(content)}`, headers!, body as Buffer];
  }),
];

/** As the role that may most of those that may ask. */
const most: readonly Role[] = ['administrator', 'centre', 'county', 'maintainer', 'auditor', 'viewer'];
const bearings = new Map<string, Promise<Bearing>>();
const bearingFor = async (route: Route): Promise<Bearing> => {
  const row = access[route] as Access | 'public';
  if (row === 'public') return {};
  const role = most.find((one) => row.roles.includes(one))!;
  const add = () => somebodyNew(ground.db, role, role === 'county' ? '450202' : null, 'session');
  if (recipes[route].fresh && recipes[route].never === undefined) return add();
  if (!bearings.has(role)) bearings.set(role, add());
  return bearings.get(role)!;
};

type Try = { readonly what: string; readonly url: string; readonly headers?: Bearing; readonly payload?: unknown };

/** Every way in which a route is asked wrongly, one thing at a time; the rest of the request is sound. */
const triesOf = (route: Route): Try[] => {
  const { url, body, headers = {} } = recipes[route].ask(world.mine, world);
  const { parameters = [], requestBody } = operationOf(document, route);
  const [path, query = ''] = url.split('?') as [string, string?];
  const tries: Try[] = [{ what: 'soundly', url, headers, payload: body }];
  const steps = route.split(' ')[1]!.split('/');
  for (const { name, in: where, schema } of parameters) {
    for (const value of valuesOf(inAddress, schema)) {
      const what = `${where} ${name}=${value.slice(0, 40)}`;
      if (where === 'path') {
        const parts = path.split('/');
        parts[steps.indexOf(`:${name}`)] = value;
        tries.push({ what, url: `${parts.join('/')}${query && '?'}${query}`, headers, payload: body });
      } else if (where === 'query') {
        const others = query.split('&').filter((pair) => pair !== '' && !pair.startsWith(`${name}=`));
        tries.push({ what, url: `${path}?${[...others, `${name}=${value}`].join('&')}`, headers, payload: body });
      }
    }
    const twice = `${path}?${query}&${name}=1&${name}=2&${name}[a]=1`;
    if (where === 'query') tries.push({ what: `query ${name} twice`, url: twice, headers, payload: body });
  }
  for (const more of [
    'unheardOf=1',
    '__proto__=1',
    'constructor[prototype][a]=1',
    '%00=1',
    '%ff',
    '&&&===',
    'a'.repeat(9_000),
  ]) {
    tries.push({ what: `query ${more.slice(0, 30)}`, url: `${path}?${query}&${more}`, headers, payload: body });
  }
  if (route.startsWith('GET')) return tries;
  for (const [what, type, payload] of rawBodies) tries.push({ what: `body ${what}`, url, headers: type, payload });
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
  if (schema?.properties === undefined) return tries;
  const sound = (body ?? {}) as Record<string, unknown>;
  const send = (what: string, changed: unknown): void => {
    tries.push({ what, url, headers: json, payload: JSON.stringify(changed) });
  };
  for (const [name, node] of Object.entries(schema.properties)) {
    for (const value of valuesOf(inBody, node))
      send(`${name}: ${JSON.stringify(value).slice(0, 40)}`, { ...sound, [name]: value });
    const { [name]: _, ...without } = sound;
    send(`without ${name}`, without);
    for (const [inner, part] of Object.entries(node.items?.properties ?? node.properties ?? {})) {
      for (const value of valuesOf(inBody, part)) {
        const one = { [inner]: value };
        send(`${name}.${inner}: ${JSON.stringify(value).slice(0, 40)}`, { ...sound, [name]: node.items ? [one] : one });
      }
    }
  }
  return tries;
};

const tried = new Map<Route, number>();
/** Some at once, as people ask: statements of several requests then go together. */
const atOnce = 16;
const fuzz = async (app: FastifyInstance, route: Route, tries: readonly Try[]): Promise<string[]> => {
  const faults: string[] = [];
  const left = tries.values();
  const askOn = async (): Promise<void> => {
    for (const { what, url, headers = {}, payload } of left) {
      const bearing = await bearingFor(route);
      const answer = await askApp(app, route.split(' ', 1)[0]!, url, { ...bearing, ...headers }, payload);
      const fault = faultOf(document, route, answer);
      if (fault !== null) faults.push(`${what} → ${fault} ${causeOf(answer)}`);
    }
  };
  await Promise.all(Array.from({ length: recipes[route].alone ? 1 : atOnce }, askOn));
  tried.set(route, tries.length);
  return faults;
};

const tables = (): Promise<{ name: string }[]> =>
  ground.db.many(
    `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
  );

describe('whatever is asked', () => {
  let before: { name: string }[];
  beforeAll(async () => {
    before = await tables();
  });

  it.each(Object.keys(access) as Route[])('%s answers as documented, and never with a fault of ours', async (route) => {
    expect(await fuzz(api.app, route, triesOf(route))).toEqual([]);
  });

  it('was thousands of things, and every table still stands', async () => {
    expect([...tried.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(4_000);
    expect(await tables()).toEqual(before);
    const { cameras } = await ground.db.one<{ cameras: number }>('select count(*)::integer as cameras from camera');
    expect(cameras).toBe(12);
  });

  it('is seen where it is a fault: a 500, an answer that is not documented, one of another shape', () => {
    const headers = { 'content-type': 'application/problem+json' };
    const told = (status: number): string =>
      JSON.stringify({ type: 'about:blank', status, code: 'a', title: 'a', request: 'a' });
    expect(faultOf(document, 'GET /api/v1/units', { status: 400, headers, text: told(400) })).toBeNull();
    expect(faultOf(document, 'GET /api/v1/units', { status: 500, headers, text: told(500) })).toMatch(/^500/);
    expect(faultOf(document, 'GET /api/v1/units', { status: 418, headers, text: told(418) })).toMatch(/not documented/);
    expect(faultOf(document, 'GET /api/v1/units', { status: 400, headers, text: told(401) })).toMatch(/is no problem/);
    const other = { 'content-type': 'application/json' };
    expect(faultOf(document, 'GET /api/v1/units', { status: 200, headers: other, text: '[{"code":1}]' })).toMatch(
      /not as documented/,
    );
    expect(faultOf(document, 'GET /api/v1/units', { status: 400, headers: other, text: told(400) })).toMatch(
      /as application\/json/,
    );
  });
});
