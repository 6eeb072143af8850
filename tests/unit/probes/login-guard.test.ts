import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Held, type LoginGuard, memoryGuard } from '../../../probes/index.ts';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera, type Script, type Wire } from '../../support/camera.ts';
import { context, digest, h264Sdp, serve, target, works } from './scene.ts';

const challenge = { 'WWW-Authenticate': digest };

/** A guard that keeps what it was told, in order; each call takes `takes` to answer. */
const diary = (more: { held?: Held; busy?: true; takes?: () => Promise<void> } = {}) => {
  const said: string[] = [];
  const say = async (words: string): Promise<void> => {
    said.push(words);
    await more.takes?.();
    said.push(`${words} written`);
  };
  const guard: LoginGuard = {
    async mayTry(service) {
      await say(`may ${service}`);
      return more.held ?? null;
    },
    accepted: (service) => say(`${service} accepted`),
    async refused(service, kind, detail) {
      await say(`${service} refused ${kind} ${detail}`);
      return more.busy ? 'busy' : 'refused';
    },
    unanswered: (service) => say(`${service} unanswered`),
    withdrawn: (service) => say(`${service} withdrawn`),
  };
  return { guard, said, asked: () => said.filter((words) => !words.endsWith('written')) };
};

const visited = async (script: Script, book = diary(), deadlineMs = 5_000, stop = new AbortController()) => {
  await using camera = await fakeCamera(script);
  const given = context({ guard: book.guard, signal: stop.signal });
  const found = await visit(target(camera, { deadlineMs }), given, 'keyframe');
  const atOnce = [...book.said];
  await found.left;
  return { found, failure: found.failure, methods: camera.methods, logins: camera.logins, atOnce, asked: book.asked() };
};

/** A 401, and then what `then` does with the request that carries the login. */
const afterChallenge =
  (then: (wire: Wire) => Promise<void> | void): Script =>
  async (wire) => {
    await wire.request();
    wire.answer(401, challenge);
    await wire.request();
    await then(wire);
  };

const closesInAnswer = (wire: Wire): void => {
  wire.send('RTSP/1.');
  wire.end();
};

describe('the guard is asked before a login and told one thing after it', () => {
  it('that it was accepted', async () => {
    const { failure, asked } = await visited(async (wire) => {
      await wire.request();
      wire.answer(401, challenge);
      await works(wire);
    });
    expect(failure).toBeNull();
    expect(asked).toEqual(['may rtsp', 'rtsp accepted']);
  });

  it.each([
    [404, 'not_found'],
    [454, 'rtsp_error'],
    [455, 'rtsp_error'],
    [457, 'rtsp_error'],
    [459, 'rtsp_error'],
    [461, 'transport_refused'],
  ] as const)('that it was accepted, by a %s that only who is logged in gets', async (status, kind) => {
    const { failure, asked } = await visited(afterChallenge((wire) => wire.answer(status)));
    expect(failure?.kind).toBe(kind);
    expect(asked).toEqual(['may rtsp', 'rtsp accepted']);
  });

  it.each([
    [453, 'busy'],
    [503, 'busy'],
    [500, 'rtsp_error'],
    [551, 'rtsp_error'],
    [302, 'redirected'],
  ] as const)('that nothing is known by a %s, which may come before a login is looked at', async (status, kind) => {
    const { failure, asked, logins } = await visited(afterChallenge((wire) => wire.answer(status)));
    expect(failure?.kind).toBe(kind);
    expect(asked).toEqual(['may rtsp', 'rtsp unanswered']);
    expect(logins).toBe(1);
  });

  it.each([
    [401, 'unauthorized', 'rtsp refused unauthorized DESCRIBE: 401 Unauthorized'],
    [403, 'forbidden', 'rtsp refused forbidden DESCRIBE: 403 Forbidden'],
  ] as const)('that it was refused (%s), and that is written before the probe ends', async (status, kind, words) => {
    const { failure, asked, atOnce, logins } = await visited(
      afterChallenge((wire) => wire.answer(status, challenge)),
      diary({ takes: () => new Promise((resolve) => setImmediate(resolve)) }),
    );
    expect(failure).toMatchObject({ kind, origin: 'login' });
    expect(asked).toEqual(['may rtsp', words]);
    expect(atOnce.at(-1)).toBe(`${words} written`);
    expect(logins).toBe(1);
  });

  it.each([
    ['the device says nothing', (_: Wire) => {}, 'silent'],
    ['the device closes in its answer', closesInAnswer, 'closed'],
    ['the device says that it did not understand (400)', (wire: Wire) => wire.answer(400), 'rtsp_error'],
  ] as const)('that nothing is known, where %s', async (_, then, kind) => {
    const { failure, asked, atOnce } = await visited(afterChallenge(then), diary(), 300);
    expect(failure?.kind).toBe(kind);
    expect(asked).toEqual(['may rtsp', 'rtsp unanswered']);
    expect(atOnce.at(-1)).toBe('rtsp unanswered written');
  });

  it('that nothing is known, where the caller stops the probe', async () => {
    const stop = new AbortController();
    const { failure, asked, atOnce } = await visited(
      afterChallenge(() => stop.abort()),
      diary(),
      5_000,
      stop,
    );
    expect(failure?.kind).toBe('aborted');
    expect(asked).toEqual(['may rtsp', 'rtsp unanswered']);
    expect(atOnce.at(-1)).toBe('rtsp unanswered written');
  });

  it('that nothing is known, once, where the device closes on each login', async () => {
    const { failure, asked, logins } = await visited(async (wire, nth) => {
      if (nth === 1) {
        await wire.request();
        wire.answer(401, challenge);
      }
      await wire.request();
      wire.end();
    });
    expect(failure?.kind).toBe('closed');
    expect(asked).toEqual(['may rtsp', 'rtsp unanswered']);
    expect(logins).toBe(2);
  });

  it('not of a description that is free to everybody: what SETUP says counts', async () => {
    const { failure, asked } = await visited(async (wire) => {
      await serve(wire, 'SETUP');
      wire.answer(401, challenge);
      await wire.request();
      wire.answer(200, {}, h264Sdp);
      await wire.request();
      wire.answer(401, challenge);
    });
    expect(failure?.kind).toBe('unauthorized');
    expect(asked).toEqual(['may rtsp', 'rtsp refused unauthorized SETUP: 401 Unauthorized']);
  });

  it('nothing at all, where no login is asked for or none is there', async () => {
    expect((await visited(works)).asked).toEqual([]);
    const forbidden: Script = async (wire) => {
      await wire.request();
      wire.answer(403);
    };
    const { failure, asked } = await visited(forbidden);
    expect(failure).toMatchObject({ kind: 'forbidden', origin: 'login' });
    expect(asked).toEqual([]);
  });
});

describe('the guard decides', () => {
  it.each(['unauthorized', 'forbidden', 'busy', 'login_held'] as const)(
    'that no login is sent: %s, in its words',
    async (kind) => {
      const { failure, asked, logins, methods } = await visited(
        afterChallenge(() => {}),
        diary({ held: { kind, detail: 'since Monday' } }),
      );
      expect(failure).toMatchObject({ kind, detail: 'since Monday', step: 'describe' });
      expect([asked, logins, methods]).toEqual([['may rtsp'], 0, ['DESCRIBE']]);
    },
  );

  it('that no login is sent, also not with TEARDOWN', async () => {
    const { failure, logins, methods } = await visited(
      async (wire) => {
        await serve(wire, 'PLAY');
        wire.answer(401, challenge);
      },
      diary({ held: { kind: 'login_held', detail: 'x' } }),
    );
    expect(failure?.kind).toBe('login_held');
    expect([methods.at(-1), logins]).toEqual(['TEARDOWN', 0]);
  });

  it('that a refusal is a busy device, and then the picture is unknown', async () => {
    const { failure } = await visited(
      afterChallenge((wire) => wire.answer(401, challenge)),
      diary({ busy: true }),
    );
    expect(failure).toMatchObject({ kind: 'busy', origin: 'camera' });
  });

  it('over several visits, where it outlives them', async () => {
    const guard = memoryGuard();
    await using camera = await fakeCamera(async (wire) => {
      for (;;) {
        await wire.request();
        wire.answer(401, challenge);
      }
    });
    for (const detail of [/to a login/, /not tried again/]) {
      const { failure } = await visit(target(camera), context({ guard }), 'keyframe');
      expect(failure).toMatchObject({ kind: 'unauthorized', detail: expect.stringMatching(detail) });
    }
    expect(camera.logins).toBe(1);
  });
});

describe('the guard takes its time', () => {
  /** Longer than the whole deadline of the probes here. */
  const slow = (ms: number) => () => new Promise<void>((resolve) => setTimeout(resolve, ms));

  it('which is not laid to the camera', async () => {
    const { failure, asked } = await visited(
      async (wire) => {
        await wire.request();
        wire.answer(401, challenge);
        await works(wire);
      },
      diary({ takes: slow(700) }),
      600,
    );
    expect(failure).toBeNull();
    expect(asked).toEqual(['may rtsp', 'rtsp accepted']);
  });

  it('in which a device may hang up: it is dialled again and gets the login once', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const { failure, logins, asked } = await visited(
      async (wire, nth) => {
        if (nth > 1) return works(wire);
        ({ closed } = wire);
        await wire.request();
        wire.answer(401, challenge);
        setTimeout(() => wire.end(), 50);
      },
      diary({ takes: () => closed.then(() => undefined) }),
    );
    expect(failure).toBeNull();
    expect(logins).toBe(4);
    expect(asked).toEqual(['may rtsp', 'rtsp accepted']);
  });

  it('but the caller’s signal ends the wait; a permission that comes too late is given back', async () => {
    const stop = new AbortController();
    let answer = (): void => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const book = diary({
      takes: () => {
        stop.abort();
        return answered;
      },
    });
    await using camera = await fakeCamera(afterChallenge(() => {}));
    const given = context({ guard: book.guard, signal: stop.signal });
    const found = await visit(target(camera), given, 'keyframe');
    expect(found.failure?.kind).toBe('aborted');
    expect(book.asked()).toEqual(['may rtsp']);
    answer();
    await found.left;
    expect(book.said).toEqual(['may rtsp', 'may rtsp written', 'rtsp withdrawn', 'rtsp withdrawn written']);
    expect(camera.logins).toBe(0);
  });

  it('or fails, which is the caller’s to know; the device is left all the same', async () => {
    let closed: Promise<unknown> | null = null;
    await using camera = await fakeCamera(async (wire) => {
      ({ closed } = wire);
      await wire.request();
      wire.answer(401, challenge);
    });
    const guard = { ...diary().guard, mayTry: () => Promise.reject(new Error('no database')) };
    const { signal } = new AbortController();
    await expect(visit(target(camera), context({ guard, signal }), 'keyframe')).rejects.toThrow('no database');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await closed;
    expect(camera.logins).toBe(0);
  });
});
