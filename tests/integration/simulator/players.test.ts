import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Camera, planCity, streamPath } from '../../../src/simulator/city.ts';
import { loadClips } from '../../../src/simulator/clips.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/serve.ts';
import { clipsDir } from '../../support/clips.ts';

const run = promisify(execFile);

// One sound camera for every clip, asking for a digest login; the last two have a damaged picture.
const kinds = [
  ...[0, 1].map(() => ({ codec: 'h264', stream: 'main' }) as const),
  ...[0, 1].map(() => ({ codec: 'h265', stream: 'main' }) as const),
  ...[0, 1, 2].map(() => ({ codec: 'h264', stream: 'sub' }) as const),
  ...[0, 1, 2].map(() => ({ codec: 'h265', stream: 'sub' }) as const),
  { codec: 'h264', stream: 'sub', fault: 'damaged' } as const,
  { codec: 'h265', stream: 'sub', fault: 'damaged' } as const,
];
const planned = planCity({ cameras: kinds.length, seed: 5 });
const cameras = planned.cameras.map(
  (camera, nth): Camera => ({
    ...camera,
    auth: 'md5',
    fault: 'sound',
    user: 'admin',
    password: 'Abc12345',
    ...kinds[nth]!,
  }),
);

let simulator: Simulator;
beforeAll(async () => {
  const clips = await loadClips(clipsDir);
  simulator = await startSimulator({ city: { ...planned, cameras }, clips, rtspPort: 0, onvifPort: 0 });
});
afterAll(() => simulator.close());

const urlOf = (camera: Camera) =>
  `rtsp://admin:Abc12345@${camera.address}:${simulator.ports.rtsp}${streamPath(camera)}`;
const sound = cameras.filter(({ fault }) => fault === 'sound');
const damaged = cameras.filter(({ fault }) => fault === 'damaged');

describe('players of others', () => {
  test.concurrent.for(sound)(
    'ffprobe reads the codec and the size of a $codec $stream stream',
    async (camera, { expect }) => {
      const args = [
        '-v',
        'warning',
        '-rtsp_transport',
        'tcp',
        '-show_entries',
        'stream=codec_name,width,height',
        '-of',
        'csv=p=0',
      ];
      const { stdout, stderr } = await run('ffprobe', [...args, '-select_streams', 'v', urlOf(camera)]);
      const size = camera.stream === 'main' ? '1920,1080' : '704,576';
      expect([stdout.trim(), stderr]).toEqual([`${camera.codec === 'h264' ? 'h264' : 'hevc'},${size}`, '']);
    },
  );

  test.concurrent.for(sound)(
    'ffmpeg plays more than a round of a $codec $stream stream without a warning',
    async (camera, { expect }) => {
      const args = ['-v', 'warning', '-rtsp_transport', 'tcp', '-err_detect', 'explode', '-i', urlOf(camera)];
      const { stderr } = await run('ffmpeg', [...args, '-map', '0:v', '-frames:v', '105', '-f', 'null', '-']);
      expect(stderr).toBe('');
    },
  );

  test.each(damaged)('ffmpeg complains of a damaged $codec stream', async (camera) => {
    const args = ['-v', 'warning', '-rtsp_transport', 'tcp', '-i', urlOf(camera)];
    const { stderr } = await run('ffmpeg', [...args, '-map', '0:v', '-frames:v', '1', '-f', 'null', '-']);
    expect(stderr).toMatch(/error while decoding|outside the valid range|CABAC_MAX_BIN|corrupt|undecodable/);
  });

  test('log in at the first try', () => {
    expect(simulator.stats().loginsFailed).toBe(0);
  });
});
