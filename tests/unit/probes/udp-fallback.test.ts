import { describe, expect, it } from 'vitest';
import type { Wire } from '../../support/camera.ts';
import { digest, h264Sdp, keyframe } from './scene.ts';
import { clientPorts, overUdp, stepsOf, visited } from './udp-camera.ts';

describe('one fallback to the other transport', () => {
  const describes = async (wire: Wire): Promise<void> => {
    await wire.request();
    wire.answer(200, {}, h264Sdp);
  };
  const playsTcp = async (wire: Wire): Promise<void> => {
    await wire.request();
    wire.answer(200, { Session: '8', Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
    await wire.request();
    wire.answer(200);
    for (const packet of keyframe()) wire.frame(0, packet);
  };

  it('to TCP, where UDP is refused (461)', async () => {
    const { found, methods, transports } = await visited(async (wire) => {
      await describes(wire);
      await wire.request();
      wire.answer(461);
      await playsTcp(wire);
    });
    expect(found.failure).toBeNull();
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(transports[1]).toBe('RTP/AVP/TCP;unicast;interleaved=0-1');
    expect(stepsOf(found)).toEqual(['connect', 'describe', 'setup failed', 'setup', 'play', 'keyframe']);
  });

  it('to UDP, where TCP is refused (461)', async () => {
    const script = overUdp(({ send }) => send(keyframe()));
    const { failure, transports, methods } = await visited(
      async (wire, nth) => {
        let setups = 0;
        const filtered: Wire = {
          ...wire,
          request: async () => {
            const asked = await wire.request();
            if (asked.method !== 'SETUP' || ++setups > 1) return asked;
            wire.answer(461);
            return wire.request();
          },
        };
        await script(filtered, nth);
      },
      { transport: 'tcp' },
    );
    expect(failure).toBeNull();
    expect(transports[1]).toMatch(/client_port/);
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'SETUP', 'PLAY', 'TEARDOWN']);
  });

  it('and no third: a device that refuses both is not asked again', async () => {
    const { failure, methods } = await visited(async (wire) => {
      await describes(wire);
      for (;;) {
        await wire.request();
        wire.answer(461);
      }
    });
    expect(failure).toMatchObject({ kind: 'transport_refused', step: 'setup' });
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'SETUP']);
  });

  it('to TCP, where nothing comes over UDP; the session that brought nothing is torn down first', async () => {
    const { found, methods, requests, transports } = await visited(
      async (wire) => {
        await describes(wire);
        const [to] = clientPorts(await wire.request());
        wire.answer(200, { Session: 'mute', Transport: `RTP/AVP;unicast;client_port=${to}-${to + 1}` });
        await wire.request();
        wire.answer(200);
        await wire.request();
        wire.answer(200);
        await playsTcp(wire);
      },
      { deadlineMs: 2_000 },
    );
    expect(found.failure).toBeNull();
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(requests[3]!.headers.get('session')).toBe('mute');
    expect(requests[4]!.headers.get('session')).toBeUndefined();
    expect(transports[1]).toContain('interleaved');
    expect(stepsOf(found).slice(-4)).toEqual(['keyframe failed', 'setup', 'play', 'keyframe']);
    const waited = found.steps.find(({ name, ok }) => name === 'keyframe' && !ok)!.ms;
    expect(waited).toBeGreaterThan(600);
    expect(waited).toBeLessThan(1_400);
  });

  it.each([
    [
      'to UDP, where TCP was asked for and UDP is answered',
      'tcp',
      'RTP/AVP;unicast;client_port=0-1;server_port=6970-6971',
    ],
    ['to TCP, where UDP was asked for and TCP is answered', 'udp', 'RTP/AVP/TCP;unicast;interleaved=0-1'],
    ['to TCP, where UDP was asked for and multicast is answered', 'udp', 'RTP/AVP;multicast;destination=239.0.0.1'],
  ] as const)('%s', async (_, transport, answered) => {
    const { failure, methods, requests } = await visited(
      async (wire) => {
        await describes(wire);
        await wire.request();
        wire.answer(200, { Session: 'other', Transport: answered });
        await wire.request();
        wire.answer(200);
        await wire.request();
        wire.answer(404);
      },
      { transport },
    );
    expect(failure).toMatchObject({ kind: 'not_found', step: 'setup' });
    expect(methods).toEqual(['DESCRIBE', 'SETUP', 'TEARDOWN', 'SETUP']);
    expect(requests[2]!.headers.get('session')).toBe('other');
    expect(requests[3]!.headers.get('transport')!.includes('interleaved')).toBe(transport === 'udp');
  });

  it('on a new connection where the device closes with its refusal; no nonce of the old one is sent there (#647)', async () => {
    const fresh = 'Digest realm="camera", nonce="fresh"';
    const { failure, requests, connections } = await visited(async (wire, nth) => {
      await wire.request();
      wire.answer(401, { 'WWW-Authenticate': nth === 1 ? digest : fresh });
      await describes(wire);
      if (nth === 1) {
        await wire.request();
        wire.answer(461);
        wire.end();
      } else await playsTcp(wire);
    });
    expect(failure).toBeNull();
    expect(connections).toBe(2);
    const second = requests.slice(requests.findIndex(({ method }) => method === 'SETUP') + 1);
    expect(second.map(({ method }) => method)).toEqual(['DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    expect(second[0]!.login).toBeNull();
    expect(second.slice(1).every(({ login: sent }) => sent!.includes('nonce="fresh"'))).toBe(true);
  });
});
