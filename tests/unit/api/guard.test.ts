import Fastify, { type FastifyInstance, type HTTPMethods } from 'fastify';
import { describe, expect, it } from 'vitest';
import { guard } from '../../../src/api/guard.ts';
import { readConfig } from '../../../src/config/env.ts';

const guarded = (): FastifyInstance => {
  const app = Fastify();
  guard(app, { identify: async () => null, config: readConfig({}) });
  return app;
};
const register = (method: HTTPMethods, url: string) => guarded().route({ method, url, handler: async () => 'data' });

describe('a route', () => {
  it.each<[HTTPMethods, string]>([
    ['GET', '/api/v1/unheard-of'],
    ['DELETE', '/api/v1/units'],
    ['GET', '/api/v2/units'],
    ['GET', '/api'],
    ['GET', '/api/docs-of-somebody'],
    ['GET', '/health/secret'],
    ['POST', '/'],
    ['PUT', '/api/docs'],
  ])('that the table does not know is not registered: %s %s', (method, url) => {
    expect(() => register(method, url)).toThrow(`${method} ${url} is not in the table`);
  });

  it('that the table knows is asked by nobody who is not signed in; a page by anybody', async () => {
    const app = guarded();
    app.get('/api/v1/units', async () => 'data');
    app.get('/', async () => 'page');
    app.get('/api/docs/json', async () => 'page');
    expect((await app.inject('/api/v1/units')).body).not.toBe('data');
    expect([(await app.inject('/')).body, (await app.inject('/api/docs/json')).body]).toEqual(['page', 'page']);
    await app.close();
  });
});
