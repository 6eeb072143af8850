import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Codec, type Decoder, openDecoder } from '../../../../probes/index.ts';
import { decodeWithFfmpeg } from '../../../../probes/picture/ffmpeg.ts';
import { fingerprintOf } from '../../../../probes/picture/fingerprint.ts';
import { made, madeJpeg } from '../rtsp/made.ts';

/** The key frames of an H.264 byte stream, each with the parameter sets of the first. */
const keyframesOf = (stream: Buffer): Buffer[] => {
  const starts = [...stream.toString('latin1').matchAll(/\0\0\x01/g)].map(({ index }) => index);
  const units = starts.map((at, nth) => stream.subarray(at, starts[nth + 1] ?? stream.length));
  const typeOf = (unit: Buffer): number => unit[3]! & 31;
  const parameters = [7, 8].map((type) => units.find((unit) => typeOf(unit) === type)!);
  return units.filter((unit) => typeOf(unit) === 5).map((unit) => Buffer.concat([...parameters, unit]));
};

/** Two key frames of what `filter` makes of a test picture that moves, one second apart; one slice each, as bytes. */
const twoOf = (filter: string, ...quality: string[]): Buffer[] => {
  const x264 = ['-c:v', 'libx264', '-x264-params', 'keyint=5:scenecut=0:slices=1:sliced-threads=0', ...quality];
  const keyframes = keyframesOf(made('-vf', filter, '-frames:v', '6', '-pix_fmt', 'yuv420p', ...x264, '-f', 'h264'));
  expect(keyframes).toHaveLength(2);
  expect(keyframes[0]!.equals(keyframes[1]!)).toBe(false);
  return keyframes;
};

/** The first frame for ever. */
const still = 'trim=end_frame=1,loop=loop=-1:size=1';

const choices: readonly (readonly [string, () => Decoder])[] = [
  ['the pool', () => openDecoder(1)],
  ['the second choice', () => decodeWithFfmpeg(1)],
];

describe.each(choices)('the fingerprint of a picture, by %s,', (_, open) => {
  let decoder: Decoder;
  beforeAll(() => {
    decoder = open();
  });
  afterAll(() => decoder.close());

  const fingerprint = async (picture: Buffer, codec: Codec = 'h264'): Promise<string> => {
    const decoded = await decoder.decode(codec, picture, false);
    return decoded.type === 'decoded' ? decoded.fingerprint : decoded.detail;
  };

  it('is the same for a picture that stands, although its key frames differ by idr_pic_id', async () => {
    const [first, second] = twoOf(still, '-qp', '28');
    expect(await fingerprint(first!)).toMatch(/^[0-9a-f]{16}$/);
    expect(await fingerprint(second!)).toBe(await fingerprint(first!));
  });

  it.each([
    ['a scene that moves', 'null'],
    [
      'a still scene with a clock burnt in',
      `${still},setpts=N/5/TB,drawtext=text='%{pts\\:hms}':fontsize=24:fontcolor=white:x=8:y=8`,
    ],
    ['a still scene with the noise of a sensor', `${still},noise=alls=2:allf=t`],
  ])('differs between two pictures of %s', async (_name, filter) => {
    const [first, second] = twoOf(filter, '-crf', '28');
    expect(await fingerprint(first!)).toMatch(/^[0-9a-f]{16}$/);
    expect(await fingerprint(second!)).not.toBe(await fingerprint(first!));
  });

  it('is that of the picture, whatever stood before it and whether or not evidence is taken', async () => {
    const [one, other] = [madeJpeg(), madeJpeg('-vf', 'negate')];
    const alone = await fingerprint(one, 'mjpeg');
    expect(await fingerprint(other, 'mjpeg')).not.toBe(alone);
    expect(await decoder.decode('mjpeg', one, true)).toMatchObject({ fingerprint: alone });
  });
});

it('a fingerprint is the beginning of SHA-256 over the samples, so that versions of this service agree', () => {
  // printf abc | sha256sum (FIPS 180-4, appendix B.1)
  expect(fingerprintOf({ width: 3, height: 1, luma: Buffer.from('abc') })).toBe('ba7816bf8f01cfea');
});
