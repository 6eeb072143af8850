import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { planCity, streamPath } from '../../../src/simulator/city.ts';
import { startSimulator } from '../../../src/simulator/serve.ts';
import { RawClient } from './raw-client.ts';
import { cameraWith, client, isKey, simulator, soap, urlOf } from './scripted-city.ts';
import { tinyClips } from './tiny-clips.ts';

describe('the simulator', () => {
  test('answers only at the addresses of its cameras', async () => {
    const before = simulator.stats().turnedAway;
    for (const address of ['127.0.0.1', '127.16.0.254', '127.200.1.1']) {
      const socket = connect(simulator.ports.rtsp, address);
      socket.on('error', () => {});
      await once(socket, 'close');
    }
    expect(simulator.stats().turnedAway).toBe(before + 3);
  });

  test('counts how many connections a camera held at once', async () => {
    const camera = cameraWith('damaged', 2);
    const held = await Promise.all([client(camera), client(camera), client(camera, simulator.ports.onvif)]);
    for (const one of held.slice(0, 2)) await one.send('OPTIONS', urlOf(camera));
    await soap(camera, 'GetSystemDateAndTime');
    expect(simulator.stats().peakPerHost(camera.address)).toBe(4);
    expect(simulator.stats().mostAtOnce).toBeGreaterThanOrEqual(4);
  });

  test('keeps 300 cameras in one process, all playing at once', async () => {
    const many = planCity({ cameras: 300, seed: 1 });
    const sound = {
      ...many,
      cameras: many.cameras.map((camera) => ({ ...camera, fault: 'sound' as const, auth: 'none' as const })),
    };
    const its = await startSimulator({ city: sound, clips: tinyClips, rtspPort: 0, onvifPort: 0 });
    onTestFinished(() => its.close());
    await Promise.all(
      sound.cameras.map(async (camera) => {
        const it = await RawClient.connect(camera.address, its.ports.rtsp);
        const url = `rtsp://${camera.address}${streamPath(camera)}`;
        await it.send('SETUP', `${url}/trackID=1`, ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1']);
        await it.send('PLAY', url);
        await it.until((packets) => packets.filter(({ marker }) => marker).length >= 3);
        expect(it.packets.some(isKey(camera))).toBe(true);
        await it.close();
      }),
    );
    expect(its.stats().plays).toBe(300);
  });

  test('takes a free port where the wanted one is taken', async () => {
    const other = await startSimulator({
      city: planCity({ cameras: 1, seed: 1 }),
      clips: tinyClips,
      rtspPort: simulator.ports.rtsp,
      onvifPort: simulator.ports.onvif,
    });
    onTestFinished(() => other.close());
    expect(other.ports.rtsp).not.toBe(simulator.ports.rtsp);
    expect(other.ports.onvif).not.toBe(simulator.ports.onvif);
  });
});
