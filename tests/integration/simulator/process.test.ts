import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Camera, planCity, streamPath } from '../../../src/simulator/city.ts';
import { startSimulatorProcess } from '../../../src/simulator/start.ts';
import { clipsDir } from '../../support/clips.ts';

const options = { cameras: 300, seed: 1, clipsDir, rtspPort: 0, onvifPort: 0 };

const answersAt = async (port: number): Promise<boolean> => {
  const camera = planCity(options).cameras.find(({ fault }) => fault === 'sound')!;
  const socket = connect(port, camera.address);
  socket.write(`OPTIONS rtsp://${camera.address}${streamPath(camera)} RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
  try {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return bytes.toString().startsWith('RTSP/1.0 200 OK');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

describe("the simulator's process", () => {
  test('serves the city, counts what happens, and stops when told', async () => {
    const told: number[] = [];
    const simulator = await startSimulatorProcess(options, (done) => told.push(done));
    onTestFinished(() => simulator.stop());
    expect(told.at(-1)).toBe(10);
    expect(await answersAt(simulator.ports.rtsp)).toBe(true);
    expect((await simulator.stats()).connections).toBe(1);
    await simulator.stop();
    expect(await answersAt(simulator.ports.rtsp)).toBe(false);
    await expect(simulator.stats()).rejects.toThrow('has ended');
  });

  test('lets faults come and go while it runs: when the answer is there, the next request meets them', async () => {
    const simulator = await startSimulatorProcess({ ...options, recorders: 0.5, sound: true });
    onTestFinished(() => simulator.stop());
    const { cameras } = planCity({ ...options, recorders: 0.5, sound: true });
    const [first, second] = cameras.filter(({ channel }) => channel === undefined) as [Camera, Camera];
    const said = async ({ address }: Camera): Promise<string> => {
      const socket = connect(simulator.ports.rtsp, address);
      socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
      let text = '';
      for await (const bytes of socket) {
        text += bytes;
        if (text.includes('\r\n\r\n')) break;
      }
      return text.slice(0, 12);
    };
    await simulator.setFaults([
      { code: first.code, fault: 'closed' },
      { code: second.code, fault: 'not_rtsp' },
    ]);
    expect([await said(first), await said(second)]).toEqual(['', 'HTTP/1.1 400']);
    await simulator.setFault(first.code, 'sound');
    expect(await said(first)).toBe('RTSP/1.0 200');
    expect(await simulator.peakPerHost(first.address)).toBe(1);
    expect((await simulator.sent(first.site)).reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(20);
    await simulator.setPassword(first.code, 'changed');
    expect(await simulator.failedLogins()).toEqual({});
    const channel = cameras.find((camera) => camera.channel === 2)!;
    await expect(simulator.setFault(channel.code, 'silent')).rejects.toThrow('a channel of a recorder cannot have it');
    await expect(simulator.setFault('0', 'sound')).rejects.toThrow('no camera has the code 0');
  });

  test('says why where it cannot start', async () => {
    const wrong = startSimulatorProcess({ ...options, clipsDir: '/dev/null/clips' });
    await expect(wrong).rejects.toThrow('ENOTDIR');
  });

  test('ends when its parent is killed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'xunjian-parent-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const parentFile = join(directory, 'parent.mjs');
    const start = new URL('../../../src/simulator/start.ts', import.meta.url).href;
    await writeFile(
      parentFile,
      `import { startSimulatorProcess } from ${JSON.stringify(start)};
      const { ports } = await startSimulatorProcess(${JSON.stringify(options)});
      process.send({ ports });`,
    );
    const parent = fork(parentFile, { execArgv: ['--disable-warning=ExperimentalWarning'] });
    const [{ ports }] = (await once(parent, 'message')) as [{ ports: { rtsp: number } }];
    const camera = planCity(options).cameras.find(({ fault }) => fault === 'sound')!;
    const held = connect(ports.rtsp, camera.address);
    await once(held, 'connect');
    held.on('error', () => {});
    const gone = once(held, 'close');
    held.resume();
    parent.kill('SIGKILL');
    // The kernel closes it when the process ends, not before: nobody has closed it by a request.
    await gone;
    expect(await answersAt(ports.rtsp)).toBe(false);
  });
});
