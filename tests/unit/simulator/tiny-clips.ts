import type { Clip } from '../../../src/simulator/clips.ts';
import { gop, pictures } from '../../../src/simulator/scenes.ts';

const bytes = (head: readonly number[], length: number, fill: number): Buffer =>
  Buffer.concat([Buffer.from([...head, 0x80]), Buffer.alloc(length, fill)]);

/** Clips with the shape of video and nothing to see, so that the wire can be tested without ffmpeg. */
const tiny = (codec: Clip['codec'], stream: Clip['stream']): Clip => {
  const key = codec === 'h264' ? [0x65] : [20 << 1, 1];
  const inter = codec === 'h264' ? [0x41] : [1 << 1, 1];
  const parameterSets =
    codec === 'h264'
      ? [Buffer.from([0x67, 0x4d, 0x40, 0x1f, 0xaa]), Buffer.from([0x68, 0xee, 0x3c, 0x80])]
      : [Buffer.from([64, 1, 0xaa]), Buffer.from([66, 1, 0xbb]), Buffer.from([68, 1, 0xcc])];
  const keyframe = (fill: number) => ({ key: true, nals: [bytes(key, 20_000, fill)] });
  return {
    name: `tiny-${stream}-${codec}`,
    codec,
    stream,
    sets: 'both',
    parameterSets,
    pictures: Array.from({ length: pictures }, (_, place) =>
      place % gop === 0 ? keyframe(1 + place / gop) : { key: false, nals: [bytes(inter, 600, 9)] },
    ),
    damagedKeys: [keyframe(0xd0), keyframe(0xd1)],
  };
};

export const tinyClips: readonly Clip[] = [
  tiny('h264', 'main'),
  tiny('h264', 'sub'),
  tiny('h265', 'main'),
  tiny('h265', 'sub'),
];
