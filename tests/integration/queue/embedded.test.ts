import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openRedis } from '../../../src/queue/connection.ts';
import { startEmbeddedRedis } from '../../../src/queue/embedded.ts';
import { isAlive, startParent } from '../../support/orphans.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian redis-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A script that starts Redis in `folder` and says its pid, or the sentence of its refusal. */
const script = (): string => `
  import { startEmbeddedRedis } from ${JSON.stringify(new URL('../../../src/queue/embedded.ts', import.meta.url))};
  const where = { dataDir: null, socketDir: ${JSON.stringify(folder)} };
  console.log(await startEmbeddedRedis(where).then((redis) => redis.pid, (error) => error.message));
`;

it('Redis answers on a private socket, on no port, and ends when told', async () => {
  const server = await startEmbeddedRedis({ dataDir: null, socketDir: folder });
  const redis = openRedis(server.url);
  expect(await redis.config('GET', 'port')).toEqual(['port', '0']);
  expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'no']);
  expect(await redis.config('GET', 'unixsocketperm')).toEqual(['unixsocketperm', '700']);
  await redis.quit();
  await server.stop();
  expect(isAlive(server.pid)).toBe(false);
});

it('with a data folder, what was answered is there after kill -9', async () => {
  const where = { dataDir: join(folder, 'data'), socketDir: folder };
  const killed = await startEmbeddedRedis(where);
  const before = openRedis(killed.url);
  await before.set('kept', 'yes');
  before.disconnect();
  process.kill(killed.pid, 'SIGKILL');
  await expect.poll(() => isAlive(killed.pid)).toBe(false);

  const server = await startEmbeddedRedis(where);
  const redis = openRedis(server.url);
  expect(await redis.get('kept')).toBe('yes');
  await redis.quit();
  await server.stop();
});

it('Redis goes when its parent is killed -9', async () => {
  const parent = await startParent(script());
  const pid = Number(parent.said);
  onTestFinished(() => void (isAlive(pid) && process.kill(pid, 'SIGKILL')));
  expect(isAlive(pid)).toBe(true);
  await parent.kill();
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
});

describe('where it cannot start, it says why', () => {
  it('redis-server is not installed: the command to type', () => {
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script()], {
      env: { PATH: folder },
      encoding: 'utf8',
    });
    expect(stdout).toBe(
      '本机没有 redis-server；请执行 apt-get install -y redis-server / redis-server is not installed; run apt-get install -y redis-server\n',
    );
  });

  it('its data cannot be read: what Redis itself says of it', async () => {
    const dataDir = join(folder, 'data');
    await mkdir(join(dataDir, 'appendonlydir'), { recursive: true });
    await writeFile(join(dataDir, 'appendonlydir', 'appendonly.aof.manifest'), 'no manifest');
    await expect(startEmbeddedRedis({ dataDir, socketDir: folder })).rejects.toMatchObject({
      name: 'Sentence',
      en: expect.stringMatching(/^redis-server did not start: .*manifest/s),
    });
  });

  it('another Redis listens there already', async () => {
    const server = await startEmbeddedRedis({ dataDir: null, socketDir: folder });
    await expect(startEmbeddedRedis({ dataDir: null, socketDir: folder })).rejects.toThrow('already listening');
    await server.stop();
  });
});
