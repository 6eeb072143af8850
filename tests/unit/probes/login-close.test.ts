import { describe, expect, it } from 'vitest';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera, type Wire } from '../../support/camera.ts';
import { guardBook } from './guard-book.ts';
import { context, digest, h264Sdp, keyframe, serve, target, works } from './scene.ts';

const challenge = { 'WWW-Authenticate': digest };

const refuses = async (wire: Wire): Promise<void> => {
  for (;;) {
    await wire.request();
    wire.answer(401, challenge);
  }
};

const visited = async (script: (wire: Wire, nth: number) => Promise<void>) => {
  await using camera = await fakeCamera(script);
  const { guard, told } = guardBook();
  const found = await visit(target(camera), context({ guard }), 'keyframe');
  await found.left;
  const { methods, logins, connections, requests } = camera;
  return { failure: found.failure, methods, logins, connections, requests, told };
};

describe('a camera that closes TCP with its 401 (retina#45)', () => {
  const closesWith401 =
    (closing: Readonly<Record<string, string>>, then: (wire: Wire) => Promise<void>) =>
    async (wire: Wire, nth: number): Promise<void> => {
      if (nth > 1) return then(wire);
      await wire.request();
      wire.answer(401, { ...challenge, ...closing });
      wire.end();
    };

  it.each([
    ['and says so', { Connection: 'close' }],
    ['without a word', {}],
  ])('%s is dialled again once and then gets the login', async (_, closing) => {
    const { failure, methods, logins, connections } = await visited(closesWith401(closing, works));
    expect(failure).toBeNull();
    expect(methods).toEqual(['DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect([connections, logins]).toEqual([2, 4]);
  });

  it('and says it will, but leaves closing to us', async () => {
    const { failure, connections, logins } = await visited(async (wire, nth) => {
      if (nth > 1) return works(wire);
      await wire.request();
      wire.answer(401, { ...challenge, Connection: 'Close' });
    });
    expect(failure).toBeNull();
    expect([connections, logins]).toEqual([2, 4]);
  });

  it('each time, and refuses, gets exactly one login', async () => {
    const { failure, connections, logins } = await visited(
      closesWith401({}, async (wire) => {
        await wire.request();
        wire.answer(401, challenge);
        wire.end();
      }),
    );
    expect(failure?.kind).toBe('unauthorized');
    expect([connections, logins]).toEqual([2, 1]);
  });

  it('at SETUP gets no TEARDOWN, whose login would be a second one', async () => {
    const { failure, methods, logins } = await visited(async (wire, nth) => {
      if (nth === 1) {
        await serve(wire, 'SETUP');
        wire.answer(401, { ...challenge, Connection: 'close' });
        return;
      }
      await refuses(wire);
    });
    expect(failure).toMatchObject({ kind: 'unauthorized', step: 'setup' });
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'DESCRIBE']);
    expect(logins).toBe(1);
  });

  it('and closes on the login too is not given a second one', async () => {
    const { failure, connections, logins } = await visited(
      closesWith401({}, async (wire) => {
        await wire.request();
        wire.end();
      }),
    );
    expect(failure).toMatchObject({ kind: 'closed', step: 'describe' });
    expect([connections, logins]).toEqual([2, 1]);
  });
});

describe('a nonce of the connection that was closed with the 401 (retina#45), which the next one does not know (#647)', () => {
  const fresh = { 'WWW-Authenticate': 'Digest realm="camera", nonce="fresh"' };

  /** Closes with its first 401; then `onLogin` is what it does with a login that does not bear the fresh nonce. */
  const forgets =
    (onLogin: (wire: Wire) => Promise<void> | void, onFresh: 200 | 401 | 403 = 200) =>
    async (wire: Wire, nth: number): Promise<void> => {
      for (;;) {
        const { login, method } = await wire.request();
        if (nth === 1) {
          wire.answer(401, challenge);
          return wire.end();
        }
        if (login === null) wire.answer(401, fresh);
        else if (!login.includes('nonce="fresh"')) await onLogin(wire);
        else if (onFresh !== 200) wire.answer(onFresh, fresh);
        else wire.answer(200, { Session: '1' }, method === 'DESCRIBE' ? h264Sdp : '');
        if (method === 'PLAY') for (const packet of keyframe()) wire.frame(0, packet);
      }
    };
  const nonces = (requests: readonly { login: string | null }[]): (string | null)[] =>
    requests.map(({ login }) => /nonce="(\w+)"/.exec(login ?? '')?.[1] ?? null);

  it('and gets 403: it is dropped, another is asked for without a login, and the right password is accepted', async () => {
    const { failure, requests, connections, told } = await visited(forgets((wire) => wire.answer(403)));
    expect(failure).toBeNull();
    expect(connections).toBe(2);
    expect(nonces(requests)).toEqual([null, '0f1e2d', null, 'fresh', 'fresh', 'fresh', 'fresh']);
    expect(told).toEqual(['may rtsp?', 'accepted']);
  });

  it('and gets 401 with another: that is answered', async () => {
    const { failure, requests, told } = await visited(forgets((wire) => wire.answer(401, fresh)));
    expect(failure).toBeNull();
    expect(nonces(requests)).toEqual([null, '0f1e2d', 'fresh', 'fresh', 'fresh', 'fresh']);
    expect(told).toEqual(['may rtsp?', 'accepted']);
  });

  it.each([
    [403, 401, 'unauthorized'],
    [403, 403, 'forbidden'],
    [401, 401, 'unauthorized'],
    [401, 403, 'forbidden'],
  ] as const)('and gets %s: a %s to the answer of the fresh one is the refusal', async (first, second, kind) => {
    const { failure, logins, told } = await visited(forgets((wire) => wire.answer(first, fresh), second));
    expect(failure).toMatchObject({ kind, step: 'describe' });
    expect(logins).toBe(2);
    expect(told).toEqual(['may rtsp?', kind]);
  });

  it('and gets 403, as does the question without a login: that is the refusal', async () => {
    const { failure, logins, told } = await visited(
      forgets(async (wire) => {
        wire.answer(403);
        await wire.request();
        wire.answer(403);
      }),
    );
    expect(failure).toMatchObject({ kind: 'forbidden', step: 'describe' });
    expect(logins).toBe(1);
    expect(told).toEqual(['may rtsp?', 'forbidden']);
  });

  it.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
  ] as const)('and gets %s from a device that closes again: that is the refusal', async (status, kind) => {
    const { failure, connections, logins, told } = await visited(
      forgets((wire) => {
        wire.answer(status, fresh);
        wire.end();
      }),
    );
    expect(failure).toMatchObject({ kind, step: 'describe' });
    expect([connections, logins]).toEqual([2, 1]);
    expect(told).toEqual(['may rtsp?', kind]);
  });
});

describe('a camera that closes TCP on the login, without an answer (retina#45)', () => {
  const closesOnLogin =
    (then: (wire: Wire) => Promise<void>) =>
    async (wire: Wire, nth: number): Promise<void> => {
      if (nth > 1) return then(wire);
      await wire.request();
      wire.answer(401, challenge);
      await wire.request();
      wire.end();
    };

  it('is dialled again once and gets the same login', async () => {
    const { failure, methods, connections, requests } = await visited(closesOnLogin(works));
    expect(failure).toBeNull();
    expect(methods).toEqual(['DESCRIBE', 'DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(connections).toBe(2);
    expect(requests[2]!.login).toBe(requests[1]!.login);
  });

  it('each time, gets no third', async () => {
    const { failure, connections, logins } = await visited(
      closesOnLogin(async (wire) => {
        await wire.request();
        wire.end();
      }),
    );
    expect(failure).toMatchObject({ kind: 'closed', step: 'describe' });
    expect([connections, logins]).toEqual([2, 2]);
  });

  it('after the beginning of an answer is not dialled again: that may have been a refusal', async () => {
    const { failure, connections, logins } = await visited(async (wire) => {
      await wire.request();
      wire.answer(401, challenge);
      await wire.request();
      wire.send('RTSP/1.0 4');
      wire.end();
    });
    expect(failure).toMatchObject({ kind: 'closed', step: 'describe' });
    expect([connections, logins]).toEqual([1, 1]);
  });
});
