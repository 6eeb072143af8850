import { globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Decoder, openDecoder, probeCamera } from '../../../../probes/index.ts';
import { decodeWithFfmpeg } from '../../../../probes/picture/ffmpeg.ts';
import { fakeCamera } from '../../../support/camera.ts';
import { childrenOf } from '../../../support/orphans.ts';
import { context, fixture, login, target, works } from '../scene.ts';

type Process = { readonly pid: number; readonly argv: string; readonly environment: string };

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Those of our children that decode, as /proc shows them to everybody on the machine. */
const decoders = (): Process[] =>
  childrenOf(process.pid)
    .map((pid) => ({
      pid,
      argv: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' '),
      environment: read(`/proc/${pid}/environ`),
    }))
    .filter(({ argv }) => /picture\/decoder\.ts|ffmpeg/.test(argv));

/** The inodes of every TCP and UDP socket in the network that a process sees: its own, or that of this machine. */
const internetSockets = (of: number | 'self'): Set<string> =>
  new Set(
    ['tcp', 'tcp6', 'udp', 'udp6', 'raw'].flatMap((kind) =>
      read(`/proc/${of}/net/${kind}`)
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/)[9] ?? ''),
    ),
  );

/** What a process holds open; nothing where it has ended. */
const openOf = (pid: number): string[] => {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
};

const choices: readonly (readonly [string, () => Decoder])[] = [
  ['the pool', () => openDecoder(1)],
  ['the second choice', () => decodeWithFfmpeg(1)],
];

describe.each(choices)('the process that decodes, of %s,', (_, open) => {
  it('shows no URL, no address and no password in its arguments and environment, while it decodes a picture of a camera', async () => {
    const decoder = open();
    const seen: Process[] = [];
    await using camera = await fakeCamera(works);
    const watching: Decoder = {
      ...{ cpuMs: () => decoder.cpuMs(), close: () => decoder.close() },
      decode: (codec, keyframe, evidence) => {
        const decoded = decoder.decode(codec, keyframe, evidence);
        seen.push(...decoders());
        return decoded;
      },
    };
    const found = await probeCamera(target(camera), context(), {
      ...{ want: 'keyframe', decoder: watching, evidence: true, onvif: 'ifUnheard', snapshot: 'never' },
    });
    await found.left;
    expect(found).toMatchObject({ image: 'yes', failure: null });
    expect(seen).toHaveLength(1);
    const { argv, environment } = seen[0]!;
    for (const secret of [
      login!.password,
      encodeURIComponent(login!.password),
      '127.0.0.1',
      `:${camera.port}`,
      'rtsp:',
    ]) {
      expect(`${argv}\n${environment}`).not.toContain(secret);
    }
    expect(environment).toMatch(/^(PATH=[/\w:]+\0)?$/);
    await decoder.close();
  });

  it('holds no socket of the network, all the while that it decodes', async () => {
    const decoder = open();
    let over = false;
    const decoding = decoder.decode('h264', fixture('detail.h264'), true).finally(() => {
      over = true;
    });
    let looked = 0;
    const found: string[] = [];
    while (!over) {
      for (const { pid } of decoders()) {
        const held = openOf(pid);
        // Of both: a socket stays in the network in which it was made.
        const network = new Set([...internetSockets(pid), ...internetSockets('self')]);
        looked += held.length;
        found.push(...held.filter((name) => network.has(/^socket:\[(\d+)\]$/.exec(name)?.[1] ?? '-')));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await decoding).toMatchObject({ type: 'decoded' });
    expect(looked).toBeGreaterThan(0);
    expect(found).toEqual([]);
    await decoder.close();
  });

  it('opens nothing that the bytes of a camera name: a playlist, a list of files, a description, a URL', async () => {
    let dialled = 0;
    await using stranger = createServer(() => dialled++).listen(0, '127.0.0.1');
    await new Promise((resolve) => stranger.once('listening', resolve));
    const { port } = stranger.address() as { port: number };
    const decoder = open();
    const there = `127.0.0.1:${port}`;
    for (const text of [
      `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://${there}/1.ts\n#EXT-X-ENDLIST\n`,
      `ffconcat version 1.0\nfile 'http://${there}/1.ts'\n`,
      `v=0\r\nc=IN IP4 127.0.0.1\r\nm=video ${port} RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n`,
      `rtsp://admin:x@${there}/live`,
      `<?xml version="1.0"?><MPD><BaseURL>http://${there}/</BaseURL></MPD>`,
    ]) {
      for (const codec of ['h264', 'h265', 'mjpeg', 'mpeg4'] as const) {
        expect((await decoder.decode(codec, Buffer.from(text), false)).type).not.toBe('decoded');
      }
    }
    expect(dialled).toBe(0);
    await decoder.close();
  });
});

describe('a decoder of the pool', () => {
  it('imports FFmpeg’s codecs, pixels and constants, and nothing that opens a URL or a socket', () => {
    const from = (file: string): string[] => {
      const text = readFileSync(fileURLToPath(new URL(`../../../../probes/picture/${file}`, import.meta.url)), 'utf8');
      const runs = [...text.matchAll(/^import (?!type )(?:[\s\S]*?) from '([^']+)';$/gm)].map(([, name]) => name!);
      return runs.flatMap((name) => (name.startsWith('./') ? [name, ...from(name.slice(2))] : [name]));
    };
    const modules = new Set(from('decoder.ts').filter((name) => !name.startsWith('./')));
    expect([...modules].sort()).toEqual(['node-av/constants', 'node-av/lib', 'node:crypto', 'node:fs']);
    const text = readFileSync(new URL('../../../../probes/picture/decoder.ts', import.meta.url), 'utf8');
    expect(text).not.toMatch(/FormatContext|IOContext|Demuxer|InputFormat/);
  });

  it('that does not end is killed within its time, and the picture is decoded by the next', async () => {
    const decoder = openDecoder(1);
    await decoder.decode('h264', fixture('black.h264'), false);
    const [child] = decoders();
    process.kill(child!.pid, 'SIGSTOP');
    const begun = performance.now();
    const decoded = await decoder.decode('h264', fixture('detail.h264'), false);
    const took = performance.now() - begun;
    expect(decoded).toMatchObject({ type: 'decoded', width: 320 });
    expect(took).toBeGreaterThan(4_500);
    expect(took).toBeLessThan(12_000);
    expect(decoders().map(({ pid }) => pid)).not.toContain(child!.pid);
    await decoder.close();
  });
});

it('nothing else of the service starts FFmpeg, and no package that gives it a URL is used', () => {
  const root = fileURLToPath(new URL('../../../..', import.meta.url));
  const files = globSync('{src,probes}/**/*.{ts,mjs}', { cwd: root });
  const holding = (pattern: RegExp): string[] =>
    files.filter((file) => pattern.test(readFileSync(`${root}/${file}`, 'utf8'))).sort();
  // The second makes the clips of the simulated city, of its own drawings.
  expect(holding(/\(\s*'(?:[\w/]*\/)?ff(?:mpeg|play|probe)'/)).toEqual([
    'probes/picture/ffmpeg.ts',
    'src/simulator/clips.ts',
  ]);
  expect(holding(/from 'node-av/)).toEqual(['probes/picture/decoder.ts']);
  expect(holding(/from '(?:node-rtsp-stream|fluent-ffmpeg)/)).toEqual([]);
  expect(files.length).toBeGreaterThan(100);
});
