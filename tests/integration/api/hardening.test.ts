import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SharedCounts, windowMs } from '../../../src/api/limits.ts';
import type { ApiParts } from '../../../src/api/parts.ts';
import { Conflict, DatabaseAway } from '../../../src/db/errors.ts';
import { openLog } from '../../../src/log.ts';
import { openRedis } from '../../../src/queue/connection.ts';
import { type Caller, startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { certificate } from '../../unit/probes/certificates.ts';

let ground: TestGround;
let api: TestApi;
let centre: Caller;
/** Everything that `api` writes into its log. */
const lines: string[] = [];
const log = openLog('debug', { write: (line) => lines.push(line) });

beforeAll(async () => {
  ground = await startGround();
  api = await startTestApi(ground, { log });
  centre = await api.as('centre');
});
afterAll(async () => {
  await api.close();
  await ground.close();
});

/** Another API on the same ground while `work` asks it. */
const on = async <T>(changes: Partial<ApiParts>, work: (other: TestApi) => Promise<T>): Promise<T> => {
  const other = await startTestApi(ground, changes);
  try {
    return await work(other);
  } finally {
    await other.close();
  }
};

const portOf = async (app: FastifyInstance): Promise<number> => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
};

/** What a listener answers to these bytes until it hangs up. */
const answerTo = async (port: number, bytes: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  socket.write(bytes);
  await once(socket, 'close');
  return text;
};

describe('an answer', () => {
  it('may be framed, sniffed, kept or run by nobody, whether it is data, an error or of no route', async () => {
    for (const url of ['/api/v1/units', '/api/v1/cameras/nothing/probes', '/api/v1/nothing', '/health/live']) {
      const { headers } = await centre.get(url);
      expect([url, headers]).toEqual([
        url,
        expect.objectContaining({
          'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
          'referrer-policy': 'no-referrer',
          'cross-origin-resource-policy': 'same-origin',
          'cross-origin-opener-policy': 'same-origin',
          'x-request-id': expect.stringMatching(/^[\w-]{12}$/),
        }),
      ]);
      if (url.startsWith('/api/')) expect(headers['cache-control']).toMatch(/^(no-store|private, no-cache)$/);
      expect(Object.keys(headers)).not.toContain('access-control-allow-origin');
      expect(Object.keys(headers)).not.toContain('x-powered-by');
    }
  });

  it('tells browsers to come by https alone where it is reached by https, and only there', async () => {
    const hsts = (other: TestApi) =>
      other.nobody.get('/health/live').then(({ headers }) => headers['strict-transport-security']);
    expect(await hsts(api)).toBeUndefined();
    const config = { ...ground.config, publicUrl: 'https://xunjian.example' };
    expect(await on({ config }, hsts)).toBe('max-age=31536000');
  });

  it('of the page of the API runs our own scripts and asks nobody else', async () => {
    const page = await api.nobody.get('/api/docs');
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    const policy = page.headers['content-security-policy'];
    expect(policy).toMatch(/default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).not.toMatch(/unsafe|https?:/);
    const asked = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!);
    expect(asked.length).toBeGreaterThan(5);
    for (const url of asked) expect([url, (await api.nobody.get(url)).status]).toEqual([url, 200]);
    // What is written into the page is what no policy without unsafe-inline lets run.
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/);
    const start = await api.nobody.get('/api/docs/static/swagger-initializer.js');
    expect(start.text).toContain('"validatorUrl":"none"');
  });
});

describe('a request', () => {
  it('to a route by HEAD is guarded as by GET, and tells no more than that it is there', async () => {
    const ask = (cookie: Record<string, string>) =>
      api.app.inject({ method: 'HEAD', url: '/api/v1/units', headers: cookie });
    expect((await ask({})).statusCode).toBe(401);
    const county = await api.as('county', '450202');
    const answer = await county.send('HEAD' as never, '/api/v1/units');
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect((await county.send('HEAD' as never, '/api/v1/users')).status).toBe(403);
  });

  it('by a method that an address does not take is told which it takes; a preflight gets no leave', async () => {
    const answer = await centre.send('PATCH', '/api/v1/units');
    expect(answer).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
      body: { code: 'method_not_allowed' },
    });
    expect((await centre.send('DELETE', '/api/v1/nothing')).status).toBe(404);
    const preflight = await api.app.inject({
      ...{ method: 'OPTIONS', url: '/api/v1/units' },
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    });
    expect(preflight.statusCode).toBe(405);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each<[what: string, status: number, code: string, type: string | null, body: string | Buffer]>([
    ['is no JSON', 400, 'invalid', 'application/json', '{"name":'],
    ['is empty', 400, 'invalid', 'application/json', ''],
    ['would change what objects are', 400, 'invalid', 'application/json', '{"__proto__":{"role":"administrator"}}'],
    ['would change it by the constructor', 400, 'invalid', 'application/json', '{"constructor":{"prototype":{"a":1}}}'],
    ['is no UTF-8', 400, 'invalid', 'application/json', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['holds a NUL', 400, 'invalid', 'application/json', '{"name":"a\\u0000b"}'],
    ['holds half a character', 400, 'invalid', 'application/json', '{"name":"\\ud83d"}'],
    ['has a field that nobody asked for', 400, 'invalid', 'application/json', '{"admin":true}'],
    ['is nested ten thousand deep', 400, 'invalid', 'application/json', '['.repeat(10_000) + ']'.repeat(10_000)],
    ['is text', 415, 'unsupported_media_type', 'text/plain', 'name=a'],
    [
      'is a form, as another site can send it',
      415,
      'unsupported_media_type',
      'application/x-www-form-urlencoded',
      'a=1',
    ],
    ['is of no type', 415, 'unsupported_media_type', null, '{}'],
    ['is too large', 413, 'too_large', 'application/json', `{"name":"${'a'.repeat(70_000)}"}`],
  ])('whose body %s is told so as a problem', async (_, status, code, type, body) => {
    const answer = await centre.send('POST', '/api/v1/tokens', body, type === null ? {} : { 'content-type': type });
    expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json; charset=utf-8' } });
    expect(answer.body).toMatchObject({ status, code, title: expect.stringMatching(/\p{Script=Han}/u) });
  });

  it.each([
    [
      '/api/v1/inspections?limit=501',
      'limit',
      'limit=501：应为 1 至 500 的整数',
      'limit=501: must be a whole number, 1 to 500',
    ],
    [
      '/api/v1/inspections?colour=red',
      'colour',
      /^colour：没有这个字段；可用：limit, /,
      /^colour: no such field; one of: limit, /,
    ],
    ['/api/v1/cameras/12/probes', 'code', /^code=12：应为符合 .* 的文本$/, /^code=12: must be text that matches /],
    ['/api/v1/units?__proto__=1', '__proto__', /^__proto__：没有这个字段/, /^__proto__: no such field/],
    ['/api/v1/units?q=%FF', undefined, /UTF-8/, /UTF-8/],
    ['/api/v1/inspections?limit=1%00', 'limit', /^limit：含有空字符/, /^limit: holds a NUL/],
  ])('%s is told what is wrong in the language of whoever asks', async (url, field, zh, en) => {
    const told = async (language: string) => {
      const { status, body } = await centre.get(url, { 'accept-language': language });
      return { status, ...(body as { title: string; field?: string }) };
    };
    expect(await told('zh-CN')).toMatchObject({
      status: 400,
      title: typeof zh === 'string' ? zh : expect.stringMatching(zh),
    });
    expect(await told('en-GB, zh;q=0.5')).toMatchObject({
      title: typeof en === 'string' ? en : expect.stringMatching(en),
    });
    expect((await told('')).field).toBe(field);
  });

  it('with a field that is missing or wrong is told what it must be, and never again what it said', async () => {
    const told = async (body: object) => {
      const { status, body: problem } = await centre.send('POST', '/api/v1/tokens', body, { 'accept-language': 'en' });
      return [status, (problem as { title: string }).title] as const;
    };
    expect(await told({})).toEqual([400, expect.stringMatching(/^\w+ is missing: must be /)]);
    const [status, title] = await told({ name: ['Hunter2'], scope: 'Hunter2', days: 'Hunter2' });
    expect(status).toBe(400);
    expect(title).toMatch(/^\w+: must be /);
    expect(title).not.toContain('Hunter2');
  });
});

describe('bytes that are no request', () => {
  it.each([
    ['what is not HTTP', 'HELO mail.example\r\n\r\n', '400', 'unreadable'],
    [
      'a head past 16 KiB',
      `GET / HTTP/1.1\r\nhost: a\r\nx-a: ${'a'.repeat(20_000)}\r\n\r\n`,
      '431',
      'headers_too_large',
    ],
    [
      'a request within a request',
      'POST /api/v1/units HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      '400',
      'unreadable',
    ],
  ])('%s is told so as a problem', async (_, bytes, status, code) => {
    await on({}, async ({ app }) => {
      const text = await answerTo(await portOf(app), bytes);
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(text).toContain('application/problem+json');
      expect(text).toContain(`"code":"${code}"`);
    });
  });

  it.each([
    ['a head that drips', 'GET /health/live HTTP/1.1\r\nhost: a\r\nx-a: '],
    [
      'a body that drips',
      'POST /api/v1/session HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{',
    ],
  ])('%s is cut off, however steadily it drips', async (_, head) => {
    await on({ bounds: { headersWithin: 100, requestWithin: 200 } }, async ({ app }) => {
      const socket = connect(await portOf(app), '127.0.0.1');
      // What is written to it after it was cut.
      socket.on('error', () => {});
      socket.write(head);
      const drip = setInterval(() => socket.write('a'), 20);
      let text = '';
      socket.on('data', (more) => {
        text += String(more);
      });
      await once(socket, 'close');
      clearInterval(drip);
      expect(text).toMatch(/^HTTP\/1.1 408 .*"code":"too_slow"/s);
    });
  });
});

describe('whoever asks too often', () => {
  const tooMany = {
    status: 429,
    headers: { 'retry-after': expect.stringMatching(/^([1-9]|10)$/) },
    body: { code: 'too_many_requests' },
  };
  /** Of twelve where five are allowed: whenever the window ends between them, one side of it has six. */
  const refused = <T extends { status: number }>(answers: readonly T[]): T | undefined =>
    answers.find(({ status }) => status === 429);
  const from = (app: FastifyInstance, remoteAddress: string, headers: Record<string, string> = {}) =>
    app.inject({ method: 'GET', url: '/api/v1/units', remoteAddress, headers });

  it('is refused by address, signed in or not, and others go on', async () => {
    await on({ bounds: { byAddress: 5 } }, async ({ app, nobody }) => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => nobody.get('/api/v1/units')));
      expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(10);
      expect(refused(answers)).toMatchObject(tooMany);
      expect((await from(app, '10.9.8.7')).statusCode).toBe(401);
      // One network of IPv6 is one caller: it holds 2^64 addresses.
      const six = await Promise.all(Array.from({ length: 12 }, (_, nth) => from(app, `2001:db8:0:1::${nth + 1}`)));
      expect(six.map(({ statusCode }) => statusCode)).toContain(429);
      expect((await from(app, '2001:db8:0:2::1')).statusCode).toBe(401);
      expect((await nobody.get('/health/live')).status).toBe(200);
    });
  });

  it('is refused by account, from however many addresses', async () => {
    await on({ bounds: { byAccount: 5 } }, async (other) => {
      const [maintainer, viewer] = [await other.as('maintainer'), await other.as('viewer')];
      const answers = await Promise.all(Array.from({ length: 12 }, () => maintainer.get('/api/v1/units')));
      expect(refused(answers)).toMatchObject(tooMany);
      expect((await viewer.get('/api/v1/units')).status).toBe(200);
    });
  });

  it('cannot go round it by another process of the API', async () => {
    const [one, other] = [new SharedCounts(), new SharedCounts()];
    const now = windowMs * 1_000;
    for (let nth = 0; nth < 7; nth += 1) one.count('address:a', now);
    await one.share(ground.redis, now);
    other.count('address:a', now);
    await other.share(ground.redis, now);
    expect(other.count('address:a', now)).toBe(9);
    // What is told twice is counted once.
    await one.share(ground.redis, now);
    one.count('address:a', now);
    await one.share(ground.redis, now);
    expect(one.count('address:a', now)).toBe(10);
    expect(one.count('address:b', now)).toBe(1);
    expect(one.count('address:a', now + windowMs)).toBe(1);
  });

  it('is held without Redis as well, and nobody waits for it', async () => {
    const redis = openRedis(`unix://${ground.pair.folder}/nothing.sock`);
    await on({ redis, bounds: { byAccount: 5 } }, async (other) => {
      const auditor = await other.as('auditor');
      const answers = await Promise.all(Array.from({ length: 12 }, () => auditor.get('/api/v1/units')));
      expect(answers[0]!.status).toBe(200);
      expect(refused(answers)).toMatchObject(tooMany);
    });
    redis.disconnect();
  });
});

describe('what is the matter with us', () => {
  it('under pressure is told as 503 with the time to come back, and the health still answers', async () => {
    // Any heap is more than one byte.
    await on({ bounds: { heap: 1 } }, async ({ nobody }) => {
      // It looks once a second.
      let answer = await nobody.get('/api/v1/units');
      while (answer.status !== 503) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        answer = await nobody.get('/api/v1/units');
      }
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '10' }, body: { code: 'overloaded' } });
      expect((await nobody.get('/health/live')).status).toBe(200);
    });
  });

  it.each([
    [new DatabaseAway('password authentication of Hunter2 failed'), 'database_away', '5'],
    [new Conflict('could not serialize access of Hunter2', '40001'), 'busy', '1'],
  ])('%s is 503 with the time to come back, and says nothing of its inside', async (error, code, seconds) => {
    await on({ identify: () => Promise.reject(error) }, async ({ nobody }) => {
      const answer = await nobody.get('/api/v1/units');
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': seconds }, body: { code } });
      expect(answer.text).not.toContain('Hunter2');
    });
  });
});

describe('a request’s id and address', () => {
  const told: { request: string; address: string }[] = [];
  const hear = openLog('debug', { write: (line) => told.push(JSON.parse(line)) });
  const ask = async (trustedProxies: string[], remoteAddress: string, headers: Record<string, string>) => {
    const config = { ...ground.config, trustedProxies };
    await on({ config, log: hear }, ({ app }) => app.inject({ url: '/health/live', remoteAddress, headers }));
    return told.at(-1)!;
  };
  const forwarded = { 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'from-the-proxy-1' };

  it('are its own where no proxy is trusted', async () => {
    expect(await ask([], '10.20.0.1', forwarded)).toMatchObject({
      address: '10.20.0.1',
      request: expect.stringMatching(/^[\w-]{12}$/),
    });
  });

  it('are those that a trusted proxy tells, and nobody else', async () => {
    const networks = ['10.20.0.0/16', '2001:db8::/32'];
    expect(await ask(networks, '10.20.0.1', forwarded)).toEqual(
      expect.objectContaining({ address: '203.0.113.9', request: 'from-the-proxy-1' }),
    );
    expect(await ask(networks, '2001:db8::7', forwarded)).toMatchObject({ address: '203.0.113.9' });
    expect(await ask(networks, '10.21.0.1', forwarded)).toMatchObject({ address: '10.21.0.1' });
    // What the caller wrote in front of what the proxy added is not believed.
    const chain = { 'x-forwarded-for': '127.0.0.1, 203.0.113.9', 'x-request-id': 'a\nb' };
    expect(await ask(networks, '10.20.0.1', chain)).toMatchObject({
      address: '203.0.113.9',
      request: expect.stringMatching(/^[\w-]{12}$/),
    });
  });
});

describe('the log', () => {
  it('has a line for each request: who, which route, what came of it, and no address that may say what was searched', async () => {
    lines.length = 0;
    const read = await centre.get('/api/v1/inspections?limit=7');
    const refused = await centre.get('/api/v1/inspections?limit=Hunter2');
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told).toEqual([
      expect.objectContaining({ level: 20, request: read.headers['x-request-id'], status: 200 }),
      expect.objectContaining({ level: 30, request: refused.headers['x-request-id'], status: 400 }),
    ]);
    expect(told[0]).toMatchObject({
      method: 'GET',
      route: '/api/v1/inspections',
      ms: expect.any(Number),
      account: expect.any(Number),
      address: '127.0.0.1',
      token: null,
    });
    expect(lines.join('')).not.toContain('Hunter2');
  });

  it('holds nothing of what is secret in a request, whatever comes of it', async () => {
    lines.length = 0;
    const headers = {
      cookie: 'xunjian=Hunter2-cookie',
      authorization: 'Bearer xj_Hunter2_token',
      'x-csrf-token': 'Hunter2-csrf',
    };
    const body = { name: 'Hunter2-name', password: 'Hunter2-password', code: 'Hunter2' };
    for (const url of [
      '/api/v1/session',
      '/api/v1/tokens',
      '/api/v1/nothing?password=Hunter2',
      '/api/v1/%zz?token=Hunter2',
    ]) {
      await api.nobody.send('POST', url, body, headers);
      await api.nobody.send('POST', url, '{"password":"Hunter2', { ...headers, 'content-type': 'application/json' });
    }
    const failing = () => Promise.reject(new Error('connect rtsp://admin:Hunter2@10.0.0.1/ failed'));
    await on({ log, identify: failing }, async ({ nobody }) => {
      const answer = await nobody.get('/api/v1/units');
      expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } });
      expect(answer.text).not.toContain('Hunter2');
    });
    expect(lines.join('')).toContain('request failed');
    expect(lines.join('')).not.toContain('Hunter2');
  });
});

describe('TLS', () => {
  it('is spoken where a certificate is given, not in its old versions, and a wrong pair is told at the start', async () => {
    const { folder } = ground.pair;
    const [mine, other] = [certificate('xunjian.example'), certificate('other.example')];
    const [cert, key, wrong] = [join(folder, 'cert.pem'), join(folder, 'key.pem'), join(folder, 'wrong.pem')];
    await Promise.all([writeFile(cert, mine.cert), writeFile(key, mine.key), writeFile(wrong, other.key)]);
    const withKey = (tlsKeyFile: string) => ({
      ...ground.config,
      tlsCertFile: cert,
      secrets: { ...ground.config.secrets, tlsKeyFile },
    });
    await expect(startTestApi(ground, { config: withKey(wrong) })).rejects.toThrow(
      /XUNJIAN_TLS_KEY_FILE.*no PEM certificate/s,
    );
    await expect(startTestApi(ground, { config: withKey(`${key}.gone`) })).rejects.toThrow(/key\.pem\.gone.*ENOENT/s);
    await on({ config: withKey(key) }, async ({ app }) => {
      const port = await portOf(app);
      const shake = async (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string> => {
        const legacy = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
        const socket = connectTls({
          port,
          host: '127.0.0.1',
          ca: mine.cert,
          checkServerIdentity: () => undefined,
          maxVersion,
          ...legacy,
        });
        return new Promise((resolve) => {
          socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? 'refused'));
          socket.on('secureConnect', () => {
            resolve(socket.getProtocol() ?? '');
            socket.destroy();
          });
        });
      };
      expect(await shake('TLSv1.3')).toBe('TLSv1.3');
      expect(await shake('TLSv1.2')).toBe('TLSv1.2');
      expect(await shake('TLSv1.1')).toMatch(/^E/);
      expect(await answerTo(port, 'GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n')).not.toContain('200');
    });
  });
});
