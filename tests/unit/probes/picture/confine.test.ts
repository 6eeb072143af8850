import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Decoder, openDecoder } from '../../../../probes/index.ts';
import { confinement } from '../../../../probes/picture/confine.ts';
import { decodeWithFfmpeg } from '../../../../probes/picture/ffmpeg.ts';
import { childrenOf } from '../../../support/orphans.ts';
import { made, madeJpeg } from '../rtsp/made.ts';
import { fixture } from '../scene.ts';

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Our children that decode, past the steps before them: `prlimit` and `unshare` have replaced themselves. */
const decoders = (): number[] =>
  childrenOf(process.pid).filter((pid) =>
    /^(?:ffmpeg|[^\0]*node\0.*\/picture\/decoder\.ts)\0/s.test(read(`/proc/${pid}/cmdline`)),
  );

type Held = { readonly namespace: string; readonly interfaces: readonly string[]; readonly limit: string };

/** How the kernel holds a process; null where it has ended. */
const heldOf = (pid: number): Held | null => {
  try {
    const devices = readFileSync(`/proc/${pid}/net/dev`, 'utf8').split('\n').slice(2, -1);
    return {
      namespace: readlinkSync(`/proc/${pid}/ns/net`),
      interfaces: devices.map((line) => line.trim().split(':')[0]!),
      limit: /^Max data size +(\w+) +(\w+)/m
        .exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))!
        .slice(1)
        .join(' '),
    };
  } catch {
    return null;
  }
};

/** Every way in which a process that decodes was held, while `work` lasted. */
const heldWhile = async (work: Promise<unknown>): Promise<Held[]> => {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  const held: Held[] = [];
  while (!over) {
    for (const pid of decoders()) {
      const found = heldOf(pid);
      if (found !== null) held.push(found);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
  return held;
};

/** Looks again until `true`; the test's own time-out ends it. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** Sets the limit of a process that runs already, in bytes above what it has taken. */
const leave = (pid: number, bytes: number): void => {
  const taken = Number(/VmData:\s*(\d+)/.exec(read(`/proc/${pid}/status`))![1]) * 1024;
  execFileSync('prlimit', ['--pid', String(pid), `--data=${taken + bytes}`]);
};

/** 8192 x 8192 pixels of four components in several passes: FFmpeg takes 800 MB for them before it finds nothing there. */
const hungry = (): Buffer => {
  const jpeg = madeJpeg();
  const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  const components = [1, 2, 3, 4].flatMap((id) => [id, 0x11, 0]);
  const progressive = Buffer.from([0xff, 0xc2, 0, 20, 8, 0x20, 0, 0x20, 0, 4, ...components]);
  const behind = jpeg.subarray(at + 2 + jpeg.readUInt16BE(at + 2), -2);
  return Buffer.concat([jpeg.subarray(0, at), progressive, behind, Buffer.alloc(7_900_000), jpeg.subarray(-2)]);
};

/** CAP_SYS_ADMIN of this process, by which the kernel lets it make namespaces. */
const mayIsolate = (): boolean => {
  const effective = BigInt(`0x${/CapEff:\s*(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]}`);
  return (effective >> 21n) % 2n === 1n;
};

it('what the kernel lets us do is found out once, and whoever may make a network namespace has one made', () => {
  const found = confinement();
  expect(found.memory).toBe(true);
  if (mayIsolate()) expect(found.network).toBe(true);
  expect(found.ms).toBeGreaterThan(0);
  expect(confinement()).toBe(found);
});

const choices: readonly (readonly [string, () => Decoder, number])[] = [
  ['the pool', () => openDecoder(1), 1280],
  ['the second choice', () => decodeWithFfmpeg(1), 640],
];

describe.each(choices)('a process that decodes, of %s,', (_, open, mebibytes) => {
  it('has a network of its own without a way out, wherever the kernel lets us', async () => {
    const decoder = open();
    const held = await heldWhile(decoder.decode('h264', fixture('detail.h264'), true));
    await decoder.close();
    expect(held.length).toBeGreaterThan(0);
    const ours = readlinkSync('/proc/self/ns/net');
    for (const { namespace, interfaces } of held) {
      expect(namespace !== ours).toBe(confinement().network);
      if (confinement().network) expect(interfaces).toEqual(['lo']);
    }
  });

  it('has a limit of memory that the kernel keeps, soft and hard', async () => {
    const decoder = open();
    const held = await heldWhile(decoder.decode('h264', fixture('detail.h264'), true));
    await decoder.close();
    const bytes = mebibytes * 1024 * 1024;
    expect([...new Set(held.map(({ limit }) => limit))]).toEqual([`${bytes} ${bytes}`]);
  });

  it('fails alone over a picture that takes more memory than it may have, and the next one is decoded', async () => {
    const decoder = open();
    const [failed, behind] = await Promise.all([
      decoder.decode('mjpeg', hungry(), false),
      decoder.decode('mjpeg', madeJpeg(), false),
    ]);
    expect(failed).toMatchObject({ type: 'failed' });
    expect(behind).toMatchObject({ type: 'decoded', width: 640 });
    await decoder.close();
  });

  it('decodes the largest pictures of cameras within its limit', async () => {
    const decoder = open();
    const size = ['-vf', 'scale=7680:4320', '-frames:v', '1'];
    const jpeg = made(...size, '-pix_fmt', 'yuvj444p', '-f', 'mjpeg');
    expect(await decoder.decode('mjpeg', jpeg, true)).toMatchObject({ type: 'decoded', width: 7680, height: 4320 });
    const h264 = made(...size, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-f', 'h264');
    expect(await decoder.decode('h264', h264, true)).toMatchObject({ type: 'decoded', width: 7680, height: 4320 });
    await decoder.close();
  });
});

describe('a process of the pool that runs out of memory', () => {
  const large = (): Buffer => made('-vf', 'scale=3840:2160', '-frames:v', '1', '-pix_fmt', 'yuvj444p', '-f', 'mjpeg');

  it('because of those before costs nothing: a new one decodes the picture', async () => {
    const decoder = openDecoder(1);
    await decoder.decode('h264', fixture('black.h264'), false);
    const [worn] = decoders();
    leave(worn!, 8 * 1024 * 1024);
    const [first, behind] = await Promise.all([
      decoder.decode('mjpeg', large(), false),
      decoder.decode('h264', fixture('white.h264'), false),
    ]);
    expect(first).toMatchObject({ type: 'decoded', width: 3840 });
    expect(behind).toMatchObject({ type: 'decoded', picture: { faults: ['white'] } });
    expect(decoders()).toHaveLength(1);
    expect(decoders()).not.toContain(worn);
    await decoder.close();
  });

  it('twice has failed, which is our own fault and says nothing of the camera', async () => {
    const decoder = openDecoder(1);
    await decoder.decode('h264', fixture('black.h264'), false);
    const [worn] = decoders();
    leave(worn!, 8 * 1024 * 1024);
    const picture = decoder.decode('mjpeg', large(), false);
    await until(() => decoders().some((pid) => pid !== worn));
    leave(decoders().find((pid) => pid !== worn)!, 0);
    expect(await picture).toMatchObject({ type: 'failed', detail: expect.stringContaining('twice') });
    expect(await decoder.decode('h264', fixture('white.h264'), false)).toMatchObject({ type: 'decoded' });
    await decoder.close();
  });

  it.each([
    ['3840x2160', 'h265', 0x4e01],
    ['7680x4320', 'h264', 0x06],
  ] as const)(
    'does not come of many cameras of %s in %s: what is kept of each stays within the limit',
    async (size, codec, sei) => {
      const decoder = openDecoder(1);
      const shape = ['-vf', `scale=${size.replace('x', ':')}`, '-frames:v', '1', '-pix_fmt', 'yuv420p'];
      const x265 = ['-c:v', 'libx265', '-x265-params', 'log-level=none:info=0', '-f', 'hevc'];
      const encoder = codec === 'h265' ? x265 : ['-c:v', 'libx264', '-f', 'h264'];
      const picture = made(...shape, '-preset', 'ultrafast', ...encoder);
      const header = sei > 0xff ? [sei >> 8, sei & 0xff] : [sei];
      let child = 0;
      // A message (SEI) of another type before each, so that each begins as no other does and has its own context.
      for (let nth = 0; nth < 20; nth++) {
        const camera = Buffer.concat([Buffer.from([0, 0, 0, 1, ...header, 0xc0 + nth, 0, 0x80]), picture]);
        expect(await decoder.decode(codec, camera, true)).toMatchObject({ type: 'decoded' });
        child ||= decoders()[0]!;
      }
      expect(decoders()).toEqual([child]);
      await decoder.close();
    },
  );
});

/** What a process finds that is started behind `command`, and what its decoder makes of a picture. */
const behind = (...command: string[]): { network: boolean; isolated: boolean; memory: boolean; type: string } => {
  const script = `
    import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
    import { openDecoder } from '${new URL('../../../../probes/index.ts', import.meta.url)}';
    import { confinement } from '${new URL('../../../../probes/picture/confine.ts', import.meta.url)}';
    const decoder = openDecoder(1);
    const { type } = await decoder.decode('h264', Buffer.from('${fixture('black.h264').toString('base64')}', 'base64'), false);
    const [child] = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').split(' ');
    const isolated = readlinkSync('/proc/' + child + '/ns/net') !== readlinkSync('/proc/self/ns/net');
    const { network, memory } = confinement();
    console.log(JSON.stringify({ network, memory, isolated, type }));
    await decoder.close();`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
  const [file, ...args] = [...command, ...node];
  return JSON.parse(execFileSync(file!, args, { encoding: 'utf8' }));
};

const canRun = (...[file, ...args]: string[]): boolean => {
  try {
    execFileSync(file!, [...args, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe('where the kernel', () => {
  const withoutRights = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'];
  it.skipIf(!canRun(...withoutRights, 'unshare', '--user', '--net'))(
    'gives no rights but lets users have namespaces, a decoder is without a network all the same',
    () => {
      expect(behind(...withoutRights)).toEqual({ network: true, isolated: true, memory: true, type: 'decoded' });
    },
  );

  const forbid = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"';
  const withoutNamespaces = ['unshare', '--user', '--map-root-user', 'sh', '-c', forbid, 'sh'];
  it.skipIf(!canRun(...withoutNamespaces))('lets nobody have a network namespace, a decoder works without one', () => {
    expect(behind(...withoutNamespaces)).toEqual({ network: false, isolated: false, memory: true, type: 'decoded' });
  });

  it.skipIf(!canRun(...withoutRights)).each([900, 1100, 1900])(
    'allows %i MiB of memory and no more, a decoder starts under that limit',
    (mebibytes) => {
      const limited = [...withoutRights, 'prlimit', `--data=${mebibytes * 1024 * 1024}`, '--'];
      expect(behind(...limited)).toMatchObject({ memory: false, type: 'decoded' });
    },
  );
});
