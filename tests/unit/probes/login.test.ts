import { describe, expect, it } from 'vitest';
import type { Login } from '../../../probes/index.ts';
import { authorize, parseChallenges } from '../../../probes/rtsp/digest.ts';
import { visit } from '../../../probes/rtsp.ts';
import { type Asked, fakeCamera, type Wire } from '../../support/camera.ts';
import { context, digest, h264Sdp, keyframe, login, serve, target } from './scene.ts';

const challenge = { 'WWW-Authenticate': digest };

/** Whether a request answers `digest` with the right password; by the same rules, which RFC vectors check elsewhere. */
const isRight = (asked: Asked): boolean => {
  const credentials = login as { user: string; password: string };
  return asked.login === authorize(parseChallenges([digest])[0]!, credentials, asked.method, asked.url, 1, '');
};

/** A camera that asks each request for the right login. */
const guarded = async (wire: Wire): Promise<void> => {
  for (;;) {
    const asked = await wire.request();
    if (asked.login === null || !isRight(asked)) wire.answer(401, challenge);
    else if (asked.method === 'DESCRIBE') wire.answer(200, {}, h264Sdp);
    else wire.answer(200, { Session: '5' });
    if (asked.method === 'PLAY') for (const packet of keyframe()) wire.frame(0, packet);
  }
};

const refuses = async (wire: Wire): Promise<void> => {
  for (;;) {
    await wire.request();
    wire.answer(401, challenge);
  }
};

const visited = async (script: (wire: Wire, nth: number) => Promise<void>, given: Login = login) => {
  await using camera = await fakeCamera(script);
  const found = await visit(target(camera, { login: given }), context(), 'keyframe');
  await found.left;
  const { methods, logins, connections, requests } = camera;
  return { found, failure: found.failure, methods, logins, connections, requests };
};

describe('a camera that asks for a login', () => {
  it('is logged in to once, and each further request carries the login', async () => {
    const { found, methods, logins, connections } = await visited(guarded);
    expect(found.failure).toBeNull();
    expect(methods).toEqual(['DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect([logins, connections]).toEqual([4, 1]);
  });

  it('and refuses it gets exactly one login', async () => {
    const { found, methods, logins } = await visited(refuses);
    expect(found).toMatchObject({
      heard: true,
      failure: { kind: 'unauthorized', origin: 'login', step: 'describe' },
    });
    expect(methods).toEqual(['DESCRIBE', 'DESCRIBE']);
    expect(logins).toBe(1);
  });

  it('and whose password is not in the inventory gets none', async () => {
    const { failure, methods, logins } = await visited(refuses, null);
    expect(failure).toMatchObject({ kind: 'no_credentials', origin: 'login' });
    expect([methods, logins]).toEqual([['DESCRIBE'], 0]);
  });

  it('does not learn the password from a request line', async () => {
    const url = 'rtsp://admin:right%20horse@127.0.0.1';
    await using camera = await fakeCamera(guarded);
    await visit(target(camera, { url: `${url}:${camera.port}/live` }), context(), 'keyframe');
    expect(camera.requests.every(({ text }) => !text.includes('horse') && !text.includes('admin:'))).toBe(true);
  });

  it('only at SETUP is asked from DESCRIBE on, and gets one login where it refuses that', async () => {
    const { failure, methods, logins } = await visited(async (wire) => {
      await wire.request();
      wire.answer(200, {}, h264Sdp);
      await refuses(wire);
    });
    expect(failure).toMatchObject({ kind: 'unauthorized', step: 'setup' });
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'DESCRIBE']);
    expect(logins).toBe(1);
  });

  it('only at SETUP, and then wants the login from DESCRIBE on, gets it', async () => {
    const { failure, methods, requests } = await visited(async (wire) => {
      await serve(wire, 'SETUP');
      wire.answer(401, challenge);
      await guarded(wire);
    });
    expect(failure).toBeNull();
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(requests.slice(2).every(({ login: sent }) => sent !== null)).toBe(true);
  });

  it('only at PLAY and refuses gets one login, and a TEARDOWN without', async () => {
    const { failure, methods, logins } = await visited(async (wire) => {
      await serve(wire, 'PLAY');
      wire.answer(401, challenge);
      await refuses(wire);
    });
    expect(failure).toMatchObject({ kind: 'unauthorized', step: 'play' });
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'PLAY', 'TEARDOWN']);
    expect(logins).toBe(1);
  });

  it('only at SETUP and then says nothing is torn down without the login', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire, 'SETUP');
      wire.answer(401, challenge);
      await wire.request();
      wire.answer(200, {}, h264Sdp);
      await wire.request();
    });
    const found = await visit(target(camera, { deadlineMs: 300 }), context(), 'keyframe');
    await found.left;
    expect(found.failure).toMatchObject({ kind: 'silent', step: 'setup' });
    expect(camera.methods).toEqual(['DESCRIBE', 'SETUP', 'DESCRIBE', 'SETUP', 'TEARDOWN']);
    expect(camera.logins).toBe(2);
  });
});

describe('a stale nonce', () => {
  const stale = { 'WWW-Authenticate': 'Digest realm="camera", nonce="fresh", stale=TRUE' };

  it('is renewed once', async () => {
    const { failure, logins, requests } = await visited(async (wire) => {
      await wire.request();
      wire.answer(401, challenge);
      await wire.request();
      wire.answer(401, stale);
      await wire.request();
      wire.answer(200, {}, h264Sdp);
      await wire.request();
      wire.answer(200, { Session: '1' });
      await wire.request();
      wire.answer(200);
      for (const packet of keyframe()) wire.frame(0, packet);
    });
    expect(failure).toBeNull();
    expect(requests[2]!.login).toContain('nonce="fresh"');
    expect(logins).toBe(5);
  });

  it.each([
    ['is torn down with the fresh one', stale, ['0f1e2d', 'fresh']],
    ['that is said again is not answered again', { 'WWW-Authenticate': `${digest}, stale=true` }, ['0f1e2d']],
  ] as const)('at TEARDOWN: a session %s', async (_, refusal, expected) => {
    const { failure, requests } = await visited(async (wire) => {
      await wire.request();
      wire.answer(401, challenge);
      await wire.request();
      wire.answer(200, {}, h264Sdp);
      await wire.request();
      wire.answer(200, { Session: '1' });
      await wire.request();
      wire.answer(200);
      for (const packet of keyframe()) wire.frame(0, packet);
      for (;;) {
        await wire.request();
        wire.answer(401, refusal);
      }
    });
    expect(failure).toBeNull();
    const teardowns = requests.filter(({ method }) => method === 'TEARDOWN');
    expect(teardowns.map(({ login: sent }) => /nonce="(\w+)"/.exec(sent ?? '')?.[1])).toEqual(expected);
    expect(teardowns.every(({ headers }) => headers.get('session') === '1')).toBe(true);
  });

  it('that is always stale is a refusal', async () => {
    const { failure, logins } = await visited(async (wire) => {
      await wire.request();
      wire.answer(401, challenge);
      for (;;) {
        await wire.request();
        wire.answer(401, stale);
      }
    });
    expect(failure?.kind).toBe('unauthorized');
    expect(logins).toBe(2);
  });
});

describe('of the ways to log in', () => {
  const offers = (offered: Readonly<Record<string, string>>) => async (wire: Wire) => {
    await wire.request();
    wire.answer(401, offered);
    await wire.request();
    wire.answer(404);
  };

  it('Basic is refused, because it would send the password in clear', async () => {
    const { failure, logins } = await visited(offers({ 'WWW-Authenticate': 'Basic realm="camera"' }));
    expect(failure).toMatchObject({ kind: 'auth_unsupported', origin: 'login', detail: 'offered: Basic' });
    expect(logins).toBe(0);
  });

  it('Basic is taken where the camera is marked for it', async () => {
    const allowed = { ...(login as { user: string; password: string }), basicAllowed: true };
    const { failure, requests } = await visited(offers({ 'WWW-Authenticate': 'Basic realm="camera"' }), allowed);
    expect(failure?.kind).toBe('not_found');
    expect(requests[1]!.login).toBe(`Basic ${Buffer.from('admin:right horse').toString('base64')}`);
  });

  it.each([
    ['MD5-sess', 'Digest realm="r", nonce="n", algorithm=MD5-sess'],
    ['a scheme that nobody knows', 'Hikdigest realm="r"'],
  ])('%s is not supported, and nothing is sent', async (_, offered) => {
    const { failure, logins } = await visited(offers({ 'WWW-Authenticate': offered }));
    expect(failure?.kind).toBe('auth_unsupported');
    expect(logins).toBe(0);
  });

  it('a 401 that offers nothing leaves nothing to send', async () => {
    const { failure, logins } = await visited(offers({}));
    expect(failure).toMatchObject({ kind: 'auth_unsupported', detail: 'offered: nothing' });
    expect(logins).toBe(0);
  });

  it('SHA-256 is taken before MD5, and MD5 before Basic', async () => {
    const { requests } = await visited(async (wire) => {
      await wire.request();
      wire.send(
        'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="r"\r\n' +
          'WWW-Authenticate: Digest realm="r", nonce="m"\r\n' +
          'WWW-Authenticate: Digest realm="r", nonce="s", algorithm=SHA-256, qop="auth"\r\n\r\n',
      );
      await wire.request();
      wire.answer(404);
    });
    expect(requests[1]!.login).toMatch(/nonce="s".*algorithm=SHA-256.*qop=auth, nc=00000001, cnonce="[0-9a-f]{16}"/);
  });
});

describe('a camera that accepted the login', () => {
  it('and asks again with another nonce, for its nonces live for one request, is answered', async () => {
    const { failure, methods } = await visited(async (wire) => {
      for (let nth = 1; ; nth++) {
        const asked = await wire.request();
        const nonce = `n${nth}`;
        if (asked.method === 'TEARDOWN' || asked.login?.includes(`nonce="n${nth - 1}"`)) {
          if (asked.method === 'DESCRIBE') wire.answer(200, {}, h264Sdp);
          else wire.answer(200, { Session: '5' });
          if (asked.method === 'PLAY') for (const packet of keyframe()) wire.frame(0, packet);
        } else wire.answer(401, { 'WWW-Authenticate': `Digest realm="camera", nonce="${nonce}"` });
      }
    });
    expect(failure).toBeNull();
    expect(methods).toEqual(['DESCRIBE', 'DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'PLAY', 'TEARDOWN']);
  });

  it('and refuses it with the same nonce is busy: it is not sent again', async () => {
    const { failure, methods } = await visited(async (wire) => {
      await wire.request();
      wire.answer(401, challenge);
      await wire.request();
      wire.answer(200, {}, h264Sdp);
      await refuses(wire);
    });
    expect(failure).toMatchObject({ kind: 'busy', step: 'setup' });
    expect(methods).toEqual(['DESCRIBE', 'DESCRIBE', 'SETUP']);
  });
});
