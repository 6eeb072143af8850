import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { access } from '../../src/api/access.ts';
import { buildApi } from '../../src/api/app.ts';
import type { ApiParts } from '../../src/api/parts.ts';
import { readConfig } from '../../src/config/env.ts';

type Operation = {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly 'x-roles'?: readonly string[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
};
type Document = {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

let app: FastifyInstance;
let text: string;
let document: Document;
const operations = (): [route: string, operation: Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
      operation,
    ]),
  );

beforeAll(async () => {
  // The document needs no neighbour: what is asked of one here would throw.
  const nobody = {} as never;
  const parts: Partial<ApiParts> = { log: console as never, config: readConfig({}), identify: async () => null };
  app = await buildApi({ db: nobody, redis: nobody, vault: nobody, ...parts } as ApiParts);
  text = (await app.inject('/api/docs/json')).body;
  document = JSON.parse(text) as Document;
});
afterAll(() => app.close());

describe('the document of the API', () => {
  it('passes a public linter without an error or a warning', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'xunjian-openapi-'));
    await writeFile(join(folder, 'openapi.json'), text);
    // `latest` beside {id} is told apart by OpenAPI itself; signing in elsewhere answers with a redirect alone.
    await writeFile(
      join(folder, 'redocly.yaml'),
      'extends: [recommended]\nrules:\n  no-ambiguous-paths: off\n  operation-2xx-response: off\n',
    );
    const redocly = new URL('../../node_modules/@redocly/cli/bin/cli.js', import.meta.url).pathname;
    const asked = ['lint', 'openapi.json', '--config', 'redocly.yaml', '--format', 'json'];
    // Without a network: it would send statistics and look for a newer version of itself.
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', CI: 'true' };
    const run = promisify(execFile)(process.execPath, [redocly, ...asked], { cwd: folder, env, maxBuffer: 1 << 26 });
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    await rm(folder, { recursive: true });
    const { totals, problems } = JSON.parse(stdout) as {
      totals: object;
      problems: { ruleId: string; message: string; location: { pointer: string }[] }[];
    };
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
    expect(totals).toMatchObject({ errors: 0, warnings: 0 });
  });

  it('holds every route of the table of access and no other', () => {
    expect(
      operations()
        .map(([route]) => route)
        .sort(),
    ).toEqual(Object.keys(access).sort());
  });

  it('says of each who may ask, as the table does', () => {
    for (const [route, operation] of operations()) {
      const known = access[route as keyof typeof access];
      const roles = known === 'public' ? undefined : known.roles;
      expect([route, operation['x-roles']]).toEqual([route, roles]);
      const ways = operation.security.flatMap((one) => Object.keys(one));
      const proof = route.startsWith('GET') ? [] : ['csrf'];
      const wanted = known === 'public' ? [] : ['session', ...proof, ...(known.token === null ? [] : ['token'])];
      expect([route, ways]).toEqual([route, wanted]);
    }
  });

  it('has a summary in both languages, a name of its own and a section for each', () => {
    const names = operations().map(([, { operationId }]) => operationId);
    expect(new Set(names).size).toBe(names.length);
    const sections = document.tags.map(({ name }) => name);
    for (const [route, { summary, tags }] of operations()) {
      expect([route, summary]).toEqual([route, expect.stringMatching(/\p{Script=Han}.* \/ [A-Z]/u)]);
      expect(sections).toEqual(expect.arrayContaining([...tags]));
    }
  });

  it('says of every error that it is a problem, and that any route may answer 429, 500 and 503', () => {
    for (const [route, { responses }] of operations()) {
      expect([route, Object.keys(responses)]).toEqual([route, expect.arrayContaining(['429', '500', '503'])]);
      for (const [status, { content = {} }] of Object.entries(responses)) {
        if (Number(status) < 400 || (route === 'GET /health/ready' && status === '503')) continue;
        expect([route, status, Object.keys(content)]).toEqual([route, status, ['application/problem+json']]);
      }
    }
  });
});
