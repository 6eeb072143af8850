import { once } from 'node:events';
import https from 'node:https';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Held, Login, Target, Trust } from '../../../probes/index.ts';
import { authorize, parseChallenges } from '../../../probes/rtsp/digest.ts';
import { visitSnapshot } from '../../../probes/snapshot.ts';
import { type Asked, fakeCamera, type Script, type Wire } from '../../support/camera.ts';
import { certificate } from './certificates.ts';
import { guardBook } from './guard-book.ts';
import { context, login } from './scene.ts';

/** Begins and ends like one; the prober does not decode. */
const jpeg = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(3_000, 7), Buffer.from('ffd9', 'hex')]);
const picture = { 'Content-Type': 'image/jpeg' };

const offered =
  'Digest realm="cam", nonce="n1", qop="auth", algorithm=SHA-256, Digest realm="cam", nonce="n2", qop="auth"';

const isRight = (asked: Asked, challenges = offered): boolean => {
  const part = (name: string): string => new RegExp(`${name}="?([^",]*)`).exec(asked.login ?? '')?.[1] ?? '';
  const challenge = parseChallenges([challenges])[0]!;
  return asked.login === authorize(challenge, login!, 'GET', asked.url, Number(part('nc')), part('cnonce'));
};

/** Asks for digest; what it then does with the login. */
const guarded =
  (then: (wire: Wire, asked: Asked) => void, challenges = offered): Script =>
  async (wire) => {
    const asked = await wire.request();
    if (asked.login === null) wire.http(401, { 'WWW-Authenticate': challenges }, '<html>401</html>');
    else then(wire, asked);
  };

const taken = async (script: Script, more: Partial<Target> = {}, book = guardBook(), signal?: AbortSignal) => {
  await using camera = await fakeCamera(script);
  const begun = performance.now();
  const found = await visitSnapshot(
    {
      url: 'rtsp://127.0.0.1/',
      snapshotUrl: `http://127.0.0.1:${camera.port}/snap.jpg?ch=1`,
      login,
      deadlineMs: 5_000,
      ...more,
    },
    context({ guard: book.guard, ...(signal === undefined ? {} : { signal }) }),
  );
  const { logins, connections, requests } = camera;
  return {
    found,
    failure: found.failure,
    logins,
    connections,
    requests,
    told: book.told,
    took: performance.now() - begun,
  };
};

const answering =
  (status: number, headers: Readonly<Record<string, string>>, body?: Buffer | string): Script =>
  async (wire) => {
    await wire.request();
    wire.http(status, headers, body);
  };

describe('a snapshot', () => {
  it('is taken without a login where none is asked for', async () => {
    const { found, logins, requests, told } = await taken(answering(200, picture, jpeg));
    expect(found).toMatchObject({ failure: null, steps: [{ name: 'snapshot', ok: true }] });
    expect(found.jpeg!.equals(jpeg)).toBe(true);
    expect([logins, told, requests[0]!.url]).toEqual([0, [], '/snap.jpg?ch=1']);
  });

  it('is taken with the strongest digest that is offered', async () => {
    const { found, connections, logins, told } = await taken(
      guarded((wire, asked) => wire.http(isRight(asked) ? 200 : 401, picture, jpeg)),
    );
    expect(found.failure).toBeNull();
    expect(found.jpeg).toHaveLength(jpeg.length);
    expect([connections, logins, told]).toEqual([2, 1, ['may snapshot?', 'accepted']]);
  });

  it.each([
    ['NULs', Buffer.alloc(9)],
    ['line ends', Buffer.from('\r\n\r\n')],
  ])('with %s behind it is one', async (_, padding) => {
    const { found } = await taken(answering(200, picture, Buffer.concat([jpeg, padding])));
    expect(found.jpeg!.equals(jpeg)).toBe(true);
  });

  it('in chunks of any size is one', async () => {
    const { found } = await taken(async (wire) => {
      await wire.request();
      wire.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (const byte of jpeg)
        wire.send(Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]));
      wire.send('0\r\n\r\n');
    });
    expect(found.jpeg!.equals(jpeg)).toBe(true);
  });

  it.each([
    ['a login page with 200', answering(200, { 'Content-Type': 'text/html' }, '<html>Login</html>')],
    ['nothing', answering(200, picture, '')],
    ['three bytes', answering(200, picture, jpeg.subarray(0, 3))],
    ['a picture without its end', answering(200, picture, jpeg.subarray(0, 2_000))],
    ['a picture behind a blank', answering(200, picture, Buffer.concat([Buffer.from(' '), jpeg]))],
    ['NULs', answering(200, picture, Buffer.alloc(5_000))],
    ['a stream of pictures', answering(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=b' }, '--b\r\n')],
    [
      'no HTTP',
      async (wire: Wire) => {
        await wire.request();
        wire.send('SSH-2.0-dropbear\r\n');
      },
    ],
  ])('is none: %s', async (_, script) => {
    const { found, failure } = await taken(script);
    expect(failure).toMatchObject({ kind: 'not_jpeg', step: 'snapshot', origin: 'camera' });
    expect(found.jpeg).toBeNull();
  });

  it.each([
    [403, 'forbidden'],
    [404, 'not_found'],
    [503, 'busy'],
    [500, 'http_error'],
    [204, 'not_jpeg'],
  ])('on HTTP %s is %s', async (status, kind) => {
    const { found } = await taken(answering(status, {}));
    expect(found).toMatchObject({ failure: { kind, step: 'snapshot' }, jpeg: null });
  });

  it('that stands elsewhere is not fetched there', async () => {
    let dialled = 0;
    await using other = createServer(() => dialled++).listen(0, '127.0.0.9');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    for (const location of [`http://127.0.0.9:${port}/`, `//127.0.0.9:${port}/`, 'http://169.254.169.254/']) {
      for (const status of [301, 302, 303, 307, 308]) {
        const { failure, connections } = await taken(answering(status, { Location: location }));
        expect(failure).toMatchObject({ kind: 'redirected', detail: `HTTP ${status} to ${location}` });
        expect(connections).toBe(1);
      }
    }
    expect(dialled).toBe(0);
  });
});

describe('the login for a snapshot', () => {
  it('that is refused is sent once', async () => {
    const { failure, logins, told } = await taken(guarded((wire) => wire.http(401, { 'WWW-Authenticate': offered })));
    expect(failure).toMatchObject({ kind: 'unauthorized', origin: 'login' });
    expect([logins, told]).toEqual([1, ['may snapshot?', 'unauthorized']]);
  });

  it('that is forbidden is a refusal too', async () => {
    const { failure, told } = await taken(guarded((wire) => wire.http(403)));
    expect(failure?.kind).toBe('forbidden');
    expect(told).toEqual(['may snapshot?', 'forbidden']);
  });

  it('that the guard knows as right is refused by a busy device (rroller/dahua#603)', async () => {
    const { failure } = await taken(
      guarded((wire) => wire.http(401)),
      {},
      guardBook(null, 'busy'),
    );
    expect(failure?.kind).toBe('busy');
  });

  it('with a nonce too old is renewed once', async () => {
    const stale = 'Digest realm="cam", nonce="fresh", qop="auth", stale=true';
    const { failure, logins, told } = await taken(
      guarded((wire, asked) =>
        isRight(asked, stale) ? wire.http(200, picture, jpeg) : wire.http(401, { 'WWW-Authenticate': stale }),
      ),
    );
    expect(failure).toBeNull();
    expect([logins, told]).toEqual([2, ['may snapshot?', 'accepted']]);
  });

  it('that is always stale is a refusal', async () => {
    const stale = 'Digest realm="cam", nonce="x", stale=true';
    const { failure, logins } = await taken(guarded((wire) => wire.http(401, { 'WWW-Authenticate': stale }), stale));
    expect(failure?.kind).toBe('unauthorized');
    expect(logins).toBe(2);
  });

  it('is accepted where what follows fails for another reason', async () => {
    const { failure, told } = await taken(guarded((wire) => wire.http(404)));
    expect(failure?.kind).toBe('not_found');
    expect(told).toEqual(['may snapshot?', 'accepted']);
  });

  it('is accepted where a picture comes, also one without its end', async () => {
    const { failure, told } = await taken(guarded((wire) => wire.http(200, picture, jpeg.subarray(0, 2_000))));
    expect(failure?.kind).toBe('not_jpeg');
    expect(told).toEqual(['may snapshot?', 'accepted']);
  });

  it.each([
    [200, { 'Content-Type': 'text/html' }, '<html>The account is locked</html>', 'not_jpeg'],
    [302, { Location: '/login.html' }, '', 'redirected'],
    [423, {}, '', 'http_error'],
    [500, {}, '', 'http_error'],
    [503, {}, '', 'busy'],
  ] as const)('has no answer in what a device says to anybody: HTTP %s', async (status, headers, body, kind) => {
    const { failure, logins, told } = await taken(guarded((wire) => wire.http(status, headers, body)));
    expect(failure?.kind).toBe(kind);
    expect([logins, told]).toEqual([1, ['may snapshot?', 'unanswered']]);
  });

  it('does not stand in the trace, even where the device sends it back', async () => {
    const said: string[] = [];
    const script = guarded((wire, asked) => wire.http(200, { 'Content-Type': asked.login! }, jpeg), 'Basic realm="x"');
    await using camera = await fakeCamera(script);
    const { failure } = await visitSnapshot(
      {
        url: 'rtsp://127.0.0.1/',
        snapshotUrl: `http://127.0.0.1:${camera.port}/`,
        login: { ...login!, basicAllowed: true },
        deadlineMs: 5_000,
      },
      context({ trace: (_, words) => void said.push(words) }),
    );
    expect(failure).toBeNull();
    expect(said.at(-1)).toBe(`HTTP 200 Basic ***, ${jpeg.length} bytes`);
  });

  it.each([
    ['closes', (wire: Wire) => wire.end(), 'closed'],
    ['is silent', () => {}, 'silent'],
    ['does not understand', (wire: Wire) => wire.http(400), 'http_error'],
  ])('has no answer where the device then %s', async (_, then, kind) => {
    const { failure, logins, told } = await taken(guarded(then), { deadlineMs: 300 });
    expect(failure?.kind).toBe(kind);
    expect([logins, told]).toEqual([1, ['may snapshot?', 'unanswered']]);
  });

  it('has no answer where the caller stops', async () => {
    const stop = new AbortController();
    const { failure, told } = await taken(
      guarded(() => stop.abort()),
      {},
      guardBook(),
      stop.signal,
    );
    expect(failure?.kind).toBe('aborted');
    expect(told).toEqual(['may snapshot?', 'unanswered']);
  });

  it.each([
    { kind: 'unauthorized', detail: 'refused by RTSP' },
    { kind: 'login_held', detail: 'nobody knows' },
  ] satisfies Held[])('is not sent where the guard holds it: $kind', async (held) => {
    const { failure, logins, told } = await taken(
      guarded(() => {}),
      {},
      guardBook(held),
    );
    expect(failure).toMatchObject({ ...held, step: 'snapshot' });
    expect([logins, told]).toEqual([0, ['may snapshot?']]);
  });

  it('is not sent where there is none, and Basic only where it is allowed', async () => {
    const basic = 'Basic realm="cam"';
    const none = await taken(
      guarded(() => {}),
      { login: null },
    );
    expect([none.failure?.kind, none.told]).toEqual(['no_credentials', []]);
    const clear = await taken(guarded(() => {}, basic));
    expect([clear.failure?.kind, clear.logins]).toEqual(['auth_unsupported', 0]);
    const allowed: Login = { ...login!, basicAllowed: true };
    const sent = await taken(
      guarded((wire) => wire.http(200, picture, jpeg), basic),
      { login: allowed },
    );
    expect([sent.failure, sent.logins]).toEqual([null, 1]);
  });

  it('never meets a challenge that cannot be sent back', async () => {
    const { failure, logins } = await taken(guarded(() => {}, 'Digest realm="a\u0001b", nonce="n"'));
    expect(failure?.kind).toBe('auth_unsupported');
    expect(logins).toBe(0);
  });
});

describe('a snapshot ends', () => {
  it('at 8 MiB', async () => {
    const { failure } = await taken(async (wire) => {
      await wire.request();
      wire.send('HTTP/1.1 200 OK\r\n\r\n');
      wire.send(Buffer.alloc(9 * 1024 * 1024));
    });
    expect(failure).toMatchObject({ kind: 'unsafe_answer', step: 'snapshot' });
  });

  it('at its deadline, in silence and in drips', async () => {
    const silent = await taken(async (wire) => void (await wire.request()), { deadlineMs: 200 });
    expect(silent.failure?.kind).toBe('silent');
    const dripping = await taken(
      async (wire) => {
        await wire.request();
        wire.send('HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n');
        const drip = setInterval(() => wire.send(jpeg.subarray(0, 1)), 10);
        await wire.closed;
        clearInterval(drip);
      },
      { deadlineMs: 200 },
    );
    expect(dripping.failure?.kind).toBe('dripping');
    expect(dripping.took).toBeLessThan(1_700);
  });

  it('before it begins outside the allowed networks, or without a URL of HTTP', async () => {
    const outside = await taken(answering(200, picture, jpeg), { allow: () => false });
    expect([outside.failure?.kind, outside.connections]).toEqual(['address_not_allowed', 0]);
    let nth = 0;
    const elsewhere = await taken(answering(200, picture, jpeg), { allow: () => nth++ === 0 });
    expect([elsewhere.failure?.kind, elsewhere.requests.length]).toEqual(['address_not_allowed', 0]);
    const other = await taken(answering(200, picture, jpeg), { snapshotUrl: 'file:///etc/passwd' });
    expect([other.failure?.kind, other.connections]).toEqual(['internal', 0]);
  });

  it('where nobody listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const { found } = await taken(answering(200, {}), { snapshotUrl: `http://127.0.0.1:${port}/` });
    expect(found).toMatchObject({ failure: { kind: 'refused', origin: 'path' } });
  });
});

describe('over TLS', () => {
  const ours = certificate('Model 1');

  /** A camera that asks for Basic, inside TLS. */
  const visited = async (trust?: Trust) => {
    const asked: (string | undefined)[] = [];
    const server = https.createServer({ key: ours.key, cert: ours.cert }, (request, response) => {
      asked.push(request.headers.authorization);
      if (request.headers.authorization !== undefined) response.end(jpeg);
      else response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="cam"' }).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as { port: number };
    const found = await visitSnapshot(
      {
        url: 'rtsp://127.0.0.1/',
        snapshotUrl: `https://127.0.0.1:${port}/snap`,
        login,
        deadlineMs: 5_000,
        ...(trust === undefined ? {} : { trust }),
      },
      context(),
    );
    server.close();
    return { found, asked };
  };

  it.each([
    ['registered by its fingerprint', { by: 'pin', sha256: ours.sha256 }],
    ['signed by our authority', { by: 'ca', pem: ours.cert }],
  ] satisfies [string, Trust][])('a snapshot is taken by a certificate %s, with Basic', async (_, trust) => {
    const { found, asked } = await visited(trust);
    expect(found.failure).toBeNull();
    expect(found.jpeg!.equals(jpeg)).toBe(true);
    expect(asked).toEqual([undefined, expect.stringMatching(/^Basic /)]);
  });

  it('a certificate that nobody asks for may be anybody’s: he gets no password in clear', async () => {
    const { found, asked } = await visited({ by: 'nothing' });
    expect(found).toMatchObject({ failure: { kind: 'auth_unsupported', origin: 'login' } });
    expect(asked).toEqual([undefined]);
  });

  it.each([
    ['another fingerprint', { by: 'pin', sha256: '0'.repeat(64) }],
    ['another authority', { by: 'ca', pem: certificate('other').cert }],
    ['no word of it', undefined],
  ] satisfies [string, Trust | undefined][])('nothing is said to one of %s', async (_, trust) => {
    const { found, asked } = await visited(trust);
    expect(found).toMatchObject({ failure: { kind: 'certificate_refused', step: 'snapshot' } });
    expect(asked).toEqual([]);
  });

  it.each([
    ['speaks no TLS', (wire: Wire) => wire.send('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['closes', (wire: Wire) => wire.end()],
    ['is silent', () => {}],
  ])('a server that %s fails by it', async (_, script) => {
    await using camera = await fakeCamera(script);
    const snapshotUrl = `https://127.0.0.1:${camera.port}/`;
    const found = await visitSnapshot({ url: 'rtsp://127.0.0.1/', snapshotUrl, login, deadlineMs: 300 }, context());
    expect(found).toMatchObject({ failure: { kind: 'tls_failed', origin: 'camera' } });
  });
});
