import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { FailureKind } from '../../../probes/index.ts';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera, type Wire } from '../../support/camera.ts';
import { context, h264Sdp, interFrames, keyframe, serve, target, works } from './scene.ts';

const stepsOf = (visited: { steps: readonly { name: string; ok: boolean }[] }): string[] =>
  visited.steps.map(({ name, ok }) => (ok ? name : `${name} failed`));

/** Far more than any step takes by itself, far less than what a broken deadline would take. */
const slack = 1_500;
const deadlineMs = 250;

const timed = async (script: (wire: Wire) => Promise<void> | void) => {
  await using camera = await fakeCamera(script);
  const begun = performance.now();
  const visited = await visit(target(camera, { deadlineMs }), context(), 'keyframe');
  const took = performance.now() - begun;
  await visited.left;
  const spent = visited.steps.reduce((sum, { ms }) => sum + ms, 0);
  return { visited, took, spent, teardowns: camera.teardowns, leaving: performance.now() - begun - took };
};

const quiet = () => {};
const until = (to: 'DESCRIBE' | 'SETUP' | 'PLAY') => (wire: Wire) => serve(wire, to);
const begins = (to: 'DESCRIBE' | 'SETUP' | 'PLAY') => async (wire: Wire) => {
  await serve(wire, to);
  wire.send('RTSP/1.0 200 OK\r\nCSe');
};

// Side by side: nearly all of it is waiting.
describe.concurrent('a probe ends at its deadline', () => {
  it.each([
    ['a camera that says nothing', quiet, 'silent', 'describe'],
    ['silence after DESCRIBE', until('DESCRIBE'), 'silent', 'describe'],
    ['silence after SETUP', until('SETUP'), 'silent', 'setup'],
    ['silence after PLAY', until('PLAY'), 'silent', 'play'],
    ['half an answer to DESCRIBE', begins('DESCRIBE'), 'dripping', 'describe'],
    ['half an answer to SETUP', begins('SETUP'), 'dripping', 'setup'],
    ['half an answer to PLAY', begins('PLAY'), 'dripping', 'play'],
    ['PLAY without any video', (wire) => serve(wire), 'no_media', 'keyframe'],
  ] as [string, (wire: Wire) => Promise<void>, FailureKind, string][])('%s', async (_, script, kind, step) => {
    const { visited, took, spent, teardowns } = await timed(script);
    expect(visited.failure).toMatchObject({ kind, step, origin: 'camera' });
    expect(stepsOf(visited).at(-1)).toBe(`${step} failed`);
    expect(spent).toBeGreaterThan(deadlineMs - 20);
    expect(took).toBeLessThan(deadlineMs + slack);
    expect(teardowns).toBe(step === 'describe' ? 0 : 1);
    expect(visited.heard).toBe(step !== 'describe');
  });

  it('whoever drips a header a byte at a time', async () => {
    const { visited, took } = await timed(async (wire) => {
      await wire.request();
      const drip = setInterval(() => wire.send('X'), 5);
      wire.send('RTSP/1.0 200 OK\r\nX-Drop: ');
      await wire.closed;
      clearInterval(drip);
    });
    expect(visited.failure).toMatchObject({ kind: 'dripping', step: 'describe' });
    expect(took).toBeLessThan(deadlineMs + slack);
  });

  it('whoever sends provisional answers without end', async () => {
    const { visited, took } = await timed(async (wire) => {
      await wire.request();
      const trying = setInterval(() => wire.send('RTSP/1.0 100 Trying\r\nCSeq: 1\r\n\r\n'), 5);
      await wire.closed;
      clearInterval(trying);
    });
    expect(visited).toMatchObject({ heard: true, failure: { kind: 'silent', step: 'describe' } });
    expect(took).toBeLessThan(deadlineMs + slack);
  });

  it('whoever streams without end before the answer to PLAY', async () => {
    const { visited, took } = await timed(async (wire) => {
      await serve(wire, 'PLAY');
      const stream = setInterval(() => {
        for (const packet of interFrames(20)) wire.frame(0, packet);
      }, 2);
      await wire.closed;
      clearInterval(stream);
    });
    expect(visited.failure).toMatchObject({ kind: 'silent', step: 'play' });
    expect(took).toBeLessThan(deadlineMs + slack);
  });

  it('whoever streams without a key frame', async () => {
    const { visited, took, teardowns } = await timed(async (wire) => {
      await serve(wire);
      for (const packet of interFrames(300)) wire.frame(0, packet);
    });
    expect(visited).toMatchObject({ keyframe: null, failure: { kind: 'no_keyframe', step: 'keyframe' } });
    expect(visited.failure!.detail).toMatch(/^300 packets, 0 gaps, 0 spoilt key frames/);
    expect(took).toBeLessThan(deadlineMs + slack);
    expect(teardowns).toBe(1);
  });

  it('and says how much of the video was lost', async () => {
    const { visited } = await timed(async (wire) => {
      await serve(wire);
      const packets = keyframe('slices.h264');
      for (const packet of packets.filter((_, at) => at !== 4)) wire.frame(0, packet);
    });
    expect(visited.failure).toMatchObject({ kind: 'no_keyframe' });
    expect(visited.failure!.detail).toMatch(/1 gaps, 1 spoilt/);
  });

  it('a device that does not answer TEARDOWN is left after a second', async () => {
    const { visited, leaving } = await timed(async (wire) => {
      await works(wire);
      await wire.request();
      await wire.closed;
    });
    expect(visited.failure).toBeNull();
    expect(leaving).toBeGreaterThan(900);
    expect(leaving).toBeLessThan(1_000 + slack);
  });
});

describe('a probe ends at its deadline, also with a device that answers without end, as fast as it can write', () => {
  const endless = (wire: Wire, words: string): void => {
    let over = false;
    void wire.closed.then(() => {
      over = true;
    });
    const next = (): void => {
      if (over) return;
      wire.send(words);
      setImmediate(next);
    };
    next();
  };

  it('100 to DESCRIBE', async () => {
    const { visited, took } = await timed(async (wire) => {
      await wire.request();
      endless(wire, 'RTSP/1.0 100 Continue\r\n\r\n');
    });
    expect(visited.heard).toBe(true);
    expect(visited.failure!.kind).toMatch(/^(silent|dripping)$/);
    expect(took).toBeLessThan(deadlineMs + slack);
  });

  it('200 after PLAY', async () => {
    const { visited, took } = await timed(async (wire) => {
      await serve(wire);
      endless(wire, 'RTSP/1.0 200 OK\r\n\r\n');
    });
    expect(visited.failure).toMatchObject({ kind: 'no_media', step: 'keyframe' });
    expect(took).toBeLessThan(deadlineMs + slack);
  });

  it('but where the pause was ours, an answer that is heard after it does not make the silence the device’s', async () => {
    let played = (): void => {};
    const playing = new Promise<void>((resolve) => {
      played = resolve;
    });
    let stray = (): void => {};
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire);
      stray = () => wire.send('RTSP/1.0 200 OK\r\n\r\n');
    });
    let answers = 0;
    const trace = (direction: string): void => {
      if (direction === '<' && ++answers === 3) setImmediate(played);
    };
    const visiting = visit(target(camera, { deadlineMs: 600 }), context({ trace }), 'keyframe');
    await playing;
    stray();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
    expect((await visiting).failure).toMatchObject({ kind: 'overloaded', origin: 'ours' });
  });
});

describe('bytes that are no RTSP, in a stream', () => {
  it('end it with themselves as the evidence; the session is torn down', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire);
      for (const packet of interFrames(3)) wire.frame(0, packet);
      wire.send(Buffer.from([0x80, 0x60, 0, 1]));
      await wire.request();
      wire.end();
    });
    const visited = await visit(target(camera), context(), 'keyframe');
    expect(visited).toMatchObject({ heard: true, failure: { kind: 'rtsp_error', step: 'keyframe' } });
    expect(visited.failure!.detail).toBe('".`.." (80600001); 3 packets, 0 gaps, 0 spoilt key frames');
    await visited.left;
    expect(camera.methods).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
  });
});

describe('a device that closes', () => {
  it.each([
    ['at once', (wire: Wire) => wire.end(), 'describe', false],
    [
      'after DESCRIBE',
      async (wire: Wire) => {
        await serve(wire, 'DESCRIBE');
        wire.end();
      },
      'describe',
      false,
    ],
    [
      'with its answer to DESCRIBE',
      async (wire: Wire) => {
        await wire.request();
        wire.answer(200, {}, h264Sdp);
        wire.end();
      },
      'setup',
      true,
    ],
    [
      'after SETUP',
      async (wire: Wire) => {
        await serve(wire, 'SETUP');
        wire.end();
      },
      'setup',
      true,
    ],
    [
      'after PLAY',
      async (wire: Wire) => {
        await serve(wire, 'PLAY');
        wire.end();
      },
      'play',
      true,
    ],
    [
      'in the middle of an answer',
      async (wire: Wire) => {
        await serve(wire, 'SETUP');
        wire.send('RTSP/1.0 200 O');
        wire.end();
      },
      'setup',
      true,
    ],
    [
      'while it streams',
      async (wire: Wire) => {
        await serve(wire);
        for (const packet of interFrames(3)) wire.frame(0, packet);
        wire.end();
      },
      'keyframe',
      true,
    ],
  ] as const)('%s', async (_, script, step, heard) => {
    await using camera = await fakeCamera(script);
    const visited = await visit(target(camera), context(), 'keyframe');
    expect(visited).toMatchObject({ heard, failure: { kind: 'closed', step } });
    expect(stepsOf(visited).at(-1)).toBe(`${step} failed`);
    await visited.left;
  });

  it('right behind a whole key frame has given it', async () => {
    await using camera = await fakeCamera(async (wire) => {
      await works(wire);
      wire.end();
    });
    expect((await visit(target(camera), context(), 'keyframe')).failure).toBeNull();
  });
});

describe('a device that cannot be reached', () => {
  it('refuses the connection', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const visited = await visit(
      { url: `rtsp://127.0.0.1:${port}/`, login: null, deadlineMs: 5_000 },
      context(),
      'keyframe',
    );
    expect(visited).toMatchObject({ heard: false, failure: { kind: 'refused', origin: 'path', step: 'connect' } });
  });

  it('has a name that does not resolve, which is no fault of the camera', async () => {
    const nowhere = { url: 'rtsp://camera.invalid/', login: null, deadlineMs: 5_000 };
    const visited = await visit(nowhere, context(), 'keyframe');
    expect(visited.failure).toMatchObject({ kind: 'name_unresolved', origin: 'ours', step: 'connect' });
  });

  it('has no RTSP URL at all', async () => {
    const visited = await visit({ url: 'http://127.0.0.1/', login: null, deadlineMs: 5_000 }, context(), 'keyframe');
    expect(visited.failure).toMatchObject({ kind: 'internal', origin: 'ours' });
  });
});

describe('the caller stops a probe', () => {
  it('before it began: nothing is dialled', async () => {
    await using camera = await fakeCamera(works);
    const visited = await visit(target(camera), context({ signal: AbortSignal.abort() }), 'keyframe');
    expect(visited).toMatchObject({ failure: { kind: 'aborted', origin: 'ours', step: 'connect' }, steps: [] });
    expect(camera.connections).toBe(0);
  });

  it('while a name is looked up', async () => {
    const stop = new AbortController();
    const nowhere = { url: 'rtsp://camera.invalid/', login: null, deadlineMs: 5_000 };
    const visiting = visit(nowhere, context({ signal: stop.signal }), 'keyframe');
    stop.abort();
    expect((await visiting).failure?.kind).toBe('aborted');
  });

  it.each([
    ['while it waits for the answer to DESCRIBE', 'DESCRIBE', 'describe', 0],
    ['while it waits for the answer to SETUP', 'SETUP', 'setup', 1],
    ['while it waits for the answer to PLAY', 'PLAY', 'play', 1],
  ] as const)('%s', async (_, method, step, teardowns) => {
    await using camera = await fakeCamera((wire) => serve(wire, method));
    const stop = new AbortController();
    const visiting = visit(target(camera), context({ signal: stop.signal }), 'keyframe');
    await camera.asked(method);
    stop.abort();
    const visited = await visiting;
    await visited.left;
    expect(visited.failure).toMatchObject({ kind: 'aborted', origin: 'ours', step });
    expect(camera.teardowns).toBe(teardowns);
  });

  it('while it waits for a key frame, and the session is torn down', async () => {
    const stop = new AbortController();
    await using camera = await fakeCamera(async (wire) => {
      await serve(wire);
      for (const packet of interFrames(5)) wire.frame(0, packet);
      stop.abort();
    });
    const visited = await visit(target(camera), context({ signal: stop.signal }), 'keyframe');
    await visited.left;
    expect(visited.failure).toMatchObject({ kind: 'aborted', origin: 'ours' });
    expect(camera.teardowns).toBe(1);
  });
});
