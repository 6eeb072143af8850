import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { type Decoder, openDecoder } from '../../../../probes/index.ts';
import { childrenOf } from '../../../support/orphans.ts';
import { made } from '../rtsp/made.ts';
import { nalsOf } from '../rtsp/packetizer.ts';

/** One decoder process, whose contexts go on from camera to camera. */
const opened = (): Decoder => {
  const decoder = openDecoder(1);
  onTestFinished(() => decoder.close());
  return decoder;
};

const annexB = (...nals: Buffer[]): Buffer => Buffer.concat(nals.flatMap((nal) => [Buffer.from([0, 0, 0, 1]), nal]));

/** H.264 of the moving test picture, key frames two pictures apart: its parameter sets, IDR pictures and others. */
const filmed = (parameters: string, ...more: string[]) => {
  const x264 = `keyint=2:min-keyint=2:scenecut=0:slices=1:sliced-threads=0:info=0:${parameters}`;
  const nals = nalsOf(made(...more, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-x264-params', x264, '-f', 'h264'));
  const of = (type: number): Buffer[] => nals.filter((nal) => (nal[0]! & 31) === type);
  const sets = [of(7)[0]!, of(8)[0]!];
  const whole = (...slices: Buffer[]): Buffer => annexB(...sets, ...slices);
  return { sets: annexB(...sets), idr: of(5), others: of(1), whole };
};

const fingerprint = async (decoder: Decoder, keyframe: Buffer): Promise<string> => {
  const decoded = await decoder.decode('h264', keyframe, false);
  return decoded.type === 'decoded' ? decoded.fingerprint : decoded.type;
};

/** Each by a decoder that has seen nothing before. */
const alone = async (keyframe: Buffer): Promise<string> => {
  const decoder = openDecoder(1);
  try {
    return await fingerprint(decoder, keyframe);
  } finally {
    await decoder.close();
  }
};

it.each([
  ['as they are shown', 'bframes=0'],
  ['in another order than they are shown', 'bframes=2:b-adapt=0'],
])('pictures sent %s come out each as its own, whatever went through the context before', async (_, parameters) => {
  const { idr, others, whole } = filmed(parameters, '-frames:v', '6');
  const pictures = idr.slice(0, 3).map((nal) => whole(nal));
  const own = await Promise.all(pictures.map(alone));
  expect(new Set(own).size).toBe(3);
  const between = [
    whole(idr[0]!, idr[1]!),
    whole(idr[1]!, others[0]!),
    whole(idr[2]!.subarray(0, 900)),
    whole(others[0]!, idr[0]!),
  ];
  const decoder = opened();
  for (const odd of [...between, ...between.reverse()]) {
    for (const [nth, picture] of pictures.entries()) {
      expect(await fingerprint(decoder, picture)).toBe(own[nth]);
      expect(await fingerprint(decoder, picture)).toBe(own[nth]);
      await decoder.decode('h264', odd, false);
    }
  }
});

it.each([
  ['alone', []],
  ['behind a key slice without a byte', [Buffer.from([0x65])]],
  ['behind a key slice of zeros', [Buffer.from([0x65, 0, 0])]],
  ['behind a key slice of its header', [Buffer.from([0x65, 0x88, 0x84, 0x80])]],
])('a picture that refers to the one before it, %s, shows nothing of the camera before', async (_, front) => {
  const { idr, others, whole } = filmed('bframes=0', '-frames:v', '6');
  const decoder = opened();
  for (const other of others) {
    expect(await decoder.decode('h264', whole(idr[0]!), true)).toMatchObject({ type: 'decoded' });
    expect(await decoder.decode('h264', whole(...front, other), true)).toMatchObject({ type: 'damaged' });
  }
});

it('a context serves all pictures with the same parameter sets, however their slices begin', async () => {
  const { sets, idr, whole } = filmed(
    'keyint=1',
    ...['-frames:v', '12', '-vf', 'scale=3840:2160,hue=b=n-6', '-preset', 'ultrafast'],
  );
  // The sets are short enough for the slices to differ in the bytes behind them.
  expect(new Set(idr.map((nal) => nal.toString('latin1', 0, 48 - sets.length))).size).toBeGreaterThan(5);
  const decoder = opened();
  const taken: number[] = [];
  for (const nal of idr) {
    expect(await decoder.decode('h264', whole(nal), false)).toMatchObject({ type: 'decoded', width: 3840 });
    const status = readFileSync(`/proc/${childrenOf(process.pid)[0]}/status`, 'utf8');
    taken.push(Number(/VmData:\s*(\d+)/.exec(status)![1]) * 1024);
  }
  // A context takes 13 to 20 MB at this size.
  expect(taken.at(-1)! - taken[1]!).toBeLessThan(40_000_000);
});

it.each([
  ['of 8 bits', 'yuv420p'],
  ['of 10 bits and all colours', 'yuv444p10le'],
])('sixteen cameras of 4K, %s, leave room for one of 8K', async (_, pixels) => {
  const x264 = ['-frames:v', '1', '-c:v', 'libx264', '-preset', 'ultrafast', '-f', 'h264'];
  const large = made('-vf', 'scale=4096:2304', '-pix_fmt', pixels, ...x264);
  const largest = made('-vf', 'scale=7680:4320', '-pix_fmt', 'yuv420p', ...x264);
  const decoder = opened();
  const answers: string[] = [];
  // Zeros before its first unit make it another stream, which gets a context of its own.
  for (let nth = 0; nth < 32; nth++) {
    const { type } = await decoder.decode('h264', Buffer.concat([Buffer.alloc(nth % 16), large]), false);
    answers.push(type);
  }
  expect(answers).toEqual(Array.from({ length: 32 }, () => 'decoded'));
  expect(await decoder.decode('h264', largest, true)).toMatchObject({ type: 'decoded', width: 7680, height: 4320 });
});
