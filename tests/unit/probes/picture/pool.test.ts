import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Decoder, openDecoder } from '../../../../probes/index.ts';
import { decodeWithFfmpeg } from '../../../../probes/picture/ffmpeg.ts';
import { childrenOf, isAlive, startParent } from '../../../support/orphans.ts';
import { made, madeJpeg } from '../rtsp/made.ts';
import { fixture } from '../scene.ts';

const isDecoder = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/picture/decoder.ts');
  } catch {
    return false;
  }
};
const decodersOf = (pid: number): number[] => childrenOf(pid).filter(isDecoder);

/** Looks again each turn of the event loop until `true`; the test's own time-out ends it. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** A JPEG cut in the middle of its scan, with an end marker there. */
const cutAndEnded = (jpeg: Buffer): Buffer =>
  Buffer.concat([jpeg.subarray(0, jpeg.length >> 1), Buffer.from([0xff, 0xd9])]);

/** A JPEG without its quantization tables. */
const withoutTables = (jpeg: Buffer): Buffer => {
  const at = jpeg.indexOf(Buffer.from([0xff, 0xdb]));
  return Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + 2 + jpeg.readUInt16BE(at + 2))]);
};

/** A JPEG whose frame header claims another size, and which is large enough for it to be believed. */
const claiming = (jpeg: Buffer, width: number, height: number): Buffer => {
  const claims = Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(8_000_000), jpeg.subarray(-2)]);
  const at = claims.indexOf(Buffer.from([0xff, 0xc0]));
  claims.writeUInt16BE(height, at + 5);
  claims.writeUInt16BE(width, at + 7);
  return claims;
};

/** The most address space that a process had so far, bytes. */
const mostMemory = (pid: number): number =>
  Number(/VmPeak:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;

/** The kernel says of a process how long it was on a CPU, beside the ticks; without CONFIG_SCHED_INFO it writes 0. */
const countsBelowTicks = ((): boolean => {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) > 0;
  } catch {
    return false;
  }
})();

describe('a pool of decoders', () => {
  let decoder: Decoder;
  beforeAll(() => {
    decoder = openDecoder(1);
  });
  afterAll(() => decoder.close());

  it.each([
    ['detail.h264', 'h264', 320, 180],
    ['detail.h265', 'h265', 352, 288],
    ['slices.h264', 'h264', 640, 360],
    ['slices.h265', 'h265', 640, 360],
    ['ten-bit.h265', 'h265', 352, 288],
  ] as const)('decodes %s and finds nothing wrong with the picture', async (file, codec, width, height) => {
    for (const evidence of [false, true]) {
      const decoded = await decoder.decode(codec, fixture(file), evidence);
      expect(decoded).toMatchObject({ type: 'decoded', width, height, picture: { faults: [] } });
      expect(decoded.type === 'decoded' && decoded.picture.contrast).toBeGreaterThan(20);
    }
  });

  it.each([
    ['black', 0],
    ['white', 255],
    ['gray', 128],
  ] as const)('calls a %s picture what it is', async (name, luma) => {
    const decoded = await decoder.decode('h264', fixture(`${name}.h264`), false);
    expect(decoded).toMatchObject({ type: 'decoded', picture: { faults: [name === 'gray' ? 'flat' : name] } });
    expect(decoded.type === 'decoded' && Math.abs(decoded.picture.meanLuma - luma)).toBeLessThan(4);
  });

  it('takes a JPEG of 320 pixels as evidence, which decodes', async () => {
    const { Codec, CodecContext, Frame, Packet } = await import('node-av/lib');
    const { AV_CODEC_ID_MJPEG } = await import('node-av/constants');
    const decoded = await decoder.decode('h264', fixture('slices.h264'), true);
    const jpeg = decoded.type === 'decoded' ? decoded.jpeg! : Buffer.alloc(0);
    const codec = Codec.findDecoder(AV_CODEC_ID_MJPEG)!;
    const reading = new CodecContext();
    reading.allocContext3(codec);
    expect(reading.open2Sync(codec, null)).toBe(0);
    const packet = new Packet();
    packet.alloc();
    packet.data = jpeg;
    expect(reading.sendPacketSync(packet)).toBe(0);
    const frame = new Frame();
    frame.alloc();
    reading.sendPacketSync(null);
    expect(reading.receiveFrameSync(frame)).toBe(0);
    expect([frame.width, frame.height, frame.decodeErrorFlags]).toEqual([320, 180, 0]);
    for (const used of [packet, frame]) used.free();
    reading.freeContext();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['noise', Buffer.from(Array.from({ length: 4_000 }, (_, at) => (at * 7919) & 255))],
    ['parameter sets and no picture', fixture('detail.h264').subarray(0, 40)],
    ['a picture cut in half', fixture('detail.h264').subarray(0, 1_800)],
    ['zeros in the middle', Buffer.from(fixture('detail.h264')).fill(0x55, 1_500, 1_900)],
    ['H.265 in place of H.264', fixture('detail.h265')],
  ])('calls %s damaged', async (_, bytes) => {
    expect(await decoder.decode('h264', bytes, false)).toMatchObject({ type: 'damaged' });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a picture', fixture('detail.h265').subarray(0, 4_000)],
    ['a picture without its last slice', fixture('slices.h265').subarray(0, 5_200)],
  ])('calls %s damaged in H.265 too', async (_, bytes) => {
    expect(await decoder.decode('h265', bytes, false)).toMatchObject({ type: 'damaged' });
  });

  it.each([
    ['mjpeg', madeJpeg()],
    ['mpeg4', made('-frames:v', '1', '-c:v', 'mpeg4', '-q:v', '5', '-f', 'm4v')],
  ] as const)(
    'decodes %s, takes evidence of 320 pixels of it, and calls it damaged where it is cut',
    async (codec, whole) => {
      const decoded = await decoder.decode(codec, whole, true);
      expect(decoded).toMatchObject({ type: 'decoded', width: 640, height: 360, picture: { faults: [] } });
      const evidence = decoded.type === 'decoded' ? decoded.jpeg! : Buffer.alloc(0);
      expect(await decoder.decode('mjpeg', evidence, false)).toMatchObject({
        type: 'decoded',
        width: 320,
        height: 180,
      });
      for (const kept of [0.02, 0.3, 0.6, 0.9, 0.99]) {
        const cut = whole.subarray(0, Math.floor(whole.length * kept));
        expect(await decoder.decode(codec, cut, true)).toMatchObject({ type: 'damaged' });
      }
      const noisy = Buffer.from(whole).fill(0x55, 6_000, 7_000);
      expect(await decoder.decode(codec, noisy, true)).toMatchObject({ type: 'damaged' });
    },
  );

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a page that asks for a login', Buffer.from('<html><body>Login</body></html>')],
    ['one that ends with its pixels, without its end', madeJpeg().subarray(0, -2)],
    ['one whose second half is grey where the end was put behind what had come', cutAndEnded(madeJpeg())],
    ['one without tables, after one that had some', withoutTables(madeJpeg())],
    ['H.264', fixture('detail.h264')],
  ])('calls a JPEG that is %s damaged', async (_, bytes) => {
    expect(await decoder.decode('mjpeg', madeJpeg(), false)).toMatchObject({ type: 'decoded' });
    expect(await decoder.decode('mjpeg', bytes, false)).toMatchObject({ type: 'damaged' });
  });

  it('takes a JPEG with other bytes behind its end, as some devices send it', async () => {
    const padded = Buffer.concat([madeJpeg(), Buffer.alloc(100), Buffer.from('\r\n--boundary\r\n')]);
    expect(await decoder.decode('mjpeg', padded, false)).toMatchObject({ type: 'decoded' });
  });

  it('takes no memory for a JPEG of more pixels than a camera has', async () => {
    await decoder.decode('mjpeg', madeJpeg(), false);
    const [child] = decodersOf(process.pid);
    const before = mostMemory(child!);
    for (const [width, height] of [
      [65_500, 65_500],
      [8_200, 8_200],
    ] as const) {
      const claims = claiming(madeJpeg(), width, height);
      expect(await decoder.decode('mjpeg', claims, true)).toMatchObject({ type: 'damaged' });
    }
    // 8,200 x 8,200 pixels would take 101 MB, 65,500 x 65,500 6.4 GB; the file itself has 8 MB.
    expect(mostMemory(child!) - before).toBeLessThan(60_000_000);
  });

  it('is not put off by damage: the next picture of the same camera comes out right', async () => {
    const damaged = Buffer.from(fixture('detail.h264')).fill(0x55, 1_500, 1_900);
    const results = await Promise.all(
      [damaged, fixture('detail.h264'), damaged, fixture('detail.h264')].map((bytes) =>
        decoder.decode('h264', bytes, false),
      ),
    );
    expect(results.map(({ type }) => type)).toEqual(['damaged', 'decoded', 'damaged', 'decoded']);
  });

  it('gives each of many its own answer', async () => {
    const files = Array.from({ length: 40 }, (_, nth) => ['black', 'white', 'gray', 'detail'][nth % 4]!);
    const results = await Promise.all(files.map((name) => decoder.decode('h264', fixture(`${name}.h264`), false)));
    const seen = results.map((decoded) => (decoded.type === 'decoded' ? (decoded.picture.faults[0] ?? 'detail') : '?'));
    expect(seen).toEqual(files.map((name) => (name === 'gray' ? 'flat' : name)));
  });

  it('tells the CPU time of its processes', async () => {
    expect(await decoder.cpuMs()).toBeGreaterThan(0);
  });

  it.runIf(countsBelowTicks)('tells the CPU time of a picture that takes less than a tick of the kernel', async () => {
    const told = new Set<number>();
    for (let nth = 0; nth < 20; nth++) {
      await decoder.decode('h264', fixture('detail.h264'), false);
      told.add(await decoder.cpuMs());
    }
    // All of them together take a few ticks.
    expect(told.size).toBeGreaterThan(10);
  });
});

describe('the second choice, an ffmpeg for each picture', () => {
  it.each([
    ['h264', fixture('detail.h264'), 320, 180],
    ['mjpeg', madeJpeg(), 640, 360],
    ['mpeg4', made('-frames:v', '1', '-c:v', 'mpeg4', '-q:v', '5', '-f', 'm4v'), 640, 360],
  ] as const)('decodes %s, and calls it damaged where it is cut', async (codec, whole, width, height) => {
    const decoder = decodeWithFfmpeg(1);
    expect(await decoder.decode(codec, whole, true)).toMatchObject({ type: 'decoded', width, height });
    const cut = whole.subarray(0, Math.floor(whole.length * 0.6));
    expect(await decoder.decode(codec, cut, false)).toMatchObject({ type: 'damaged' });
    await decoder.close();
  });

  it('takes no JPEG of more pixels than a camera has', async () => {
    const decoder = decodeWithFfmpeg(1);
    expect(await decoder.decode('mjpeg', claiming(madeJpeg(), 8_200, 8_200), false)).toMatchObject({ type: 'damaged' });
    await decoder.close();
  });
});

describe('a decoder process that dies', () => {
  it('over a picture costs nothing: the picture is tried again, and those behind it come out right', async () => {
    const decoder = openDecoder(1);
    await decoder.decode('h264', fixture('black.h264'), false);
    const [child] = decodersOf(process.pid);
    // Stopped, so that it surely dies in the middle of its work.
    process.kill(child!, 'SIGSTOP');
    const pictures = ['white', 'detail', 'black'].map((name) => decoder.decode('h264', fixture(`${name}.h264`), false));
    process.kill(child!, 'SIGKILL');
    const results = await Promise.all(pictures);
    expect(results.map((decoded) => decoded.type === 'decoded' && decoded.picture.faults)).toEqual([
      ['white'],
      [],
      ['black'],
    ]);
    expect(decodersOf(process.pid)).not.toContain(child);
    await decoder.close();
  });

  it('twice over one key frame costs that one, and not the one behind it', async () => {
    const decoder = openDecoder(1);
    await decoder.decode('h264', fixture('black.h264'), false);
    const [first] = decodersOf(process.pid);
    process.kill(first!, 'SIGSTOP');
    const killer = decoder.decode('h264', fixture('white.h264'), false);
    const behind = decoder.decode('h264', fixture('detail.h264'), false);
    process.kill(first!, 'SIGKILL');
    let second: number | undefined;
    // Looked at once: on its way from one program of its chain to the next, a process is for a moment no decoder.
    await until(() => {
      second = decodersOf(process.pid).find((pid) => pid !== first);
      return second !== undefined;
    });
    process.kill(second!, 'SIGKILL');
    expect(await killer).toMatchObject({ type: 'failed', detail: expect.stringContaining('SIGKILL, twice') });
    expect(await behind).toMatchObject({ type: 'decoded', width: 320 });
    await decoder.close();
  });

  it('while the pool is closed is not started anew', async () => {
    const decoder = openDecoder(1);
    await decoder.decode('h264', fixture('black.h264'), false);
    const [child] = decodersOf(process.pid);
    process.kill(child!, 'SIGSTOP');
    const picture = decoder.decode('h264', fixture('white.h264'), false);
    const closing = decoder.close();
    process.kill(child!, 'SIGKILL');
    expect((await picture).type).toBe('failed');
    await closing;
    expect(decodersOf(process.pid)).toEqual([]);
  });
});

describe('the processes of a pool', () => {
  it('have no environment', async () => {
    const decoder = openDecoder(1);
    await decoder.decode('h264', fixture('black.h264'), false);
    const [child] = decodersOf(process.pid);
    expect(readFileSync(`/proc/${child}/environ`, 'utf8')).toBe('');
    await decoder.close();
  });

  it('end when it is closed, and nothing is decoded after', async () => {
    const decoder = openDecoder(2);
    const pictures = Array.from({ length: 6 }, () => decoder.decode('h264', fixture('detail.h264'), false));
    expect((await Promise.all(pictures)).every(({ type }) => type === 'decoded')).toBe(true);
    expect(decodersOf(process.pid)).toHaveLength(2);
    await decoder.close();
    expect(decodersOf(process.pid)).toEqual([]);
    expect(await decoder.decode('h264', fixture('detail.h264'), false)).toMatchObject({ type: 'failed' });
  });

  it('end when their parent is killed', async () => {
    const parent = await startParent(`
      import { openDecoder } from '${new URL('../../../../probes/index.ts', import.meta.url)}';
      const decoder = openDecoder(2);
      const black = Buffer.from('${fixture('black.h264').toString('base64')}', 'base64');
      await Promise.all([1, 2, 3, 4].map(() => decoder.decode('h264', black, false)));
      console.log(process.pid);`);
    const decoders = decodersOf(Number(parent.said));
    expect(decoders).toHaveLength(2);
    await parent.kill();
    await until(() => !decoders.some(isAlive));
  });
});
