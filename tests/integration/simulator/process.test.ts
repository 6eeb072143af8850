import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { planCity, streamPath } from '../../../src/simulator/city.ts';
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
