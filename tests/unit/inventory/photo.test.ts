import { describe, expect, it } from 'vitest';
import { factsOfPhoto } from '../../../src/inventory/photo.ts';
import { Sentence } from '../../../src/sentence.ts';
import { jpeg, png } from './photos.ts';

describe('a photo', () => {
  it('is told by its content, with its size', () => {
    expect(factsOfPhoto(jpeg(640, 480))).toEqual({ media: 'image/jpeg', width: 640, height: 480 });
    expect(factsOfPhoto(png(3, 2))).toEqual({ media: 'image/png', width: 3, height: 2 });
  });

  it('may have something behind its end, as phones write it', () => {
    expect(factsOfPhoto(Buffer.concat([jpeg(640, 480), Buffer.alloc(40)]))).toMatchObject({ width: 640 });
  });

  const damaged = png(3, 2);
  damaged[20]! ^= 1;
  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['two bytes', Buffer.of(0xff, 0xd8)],
    ['a text', Buffer.from('点位照片'.repeat(20))],
    ['a JPEG without its end', jpeg(640, 480).subarray(0, -2)],
    [
      'a JPEG without a frame',
      Buffer.concat([Buffer.of(0xff, 0xd8, 0xff, 0xda, 0, 2), Buffer.alloc(40, 7), Buffer.of(0xff, 0xd9)]),
    ],
    ['a JPEG of no width', jpeg(0, 480)],
    ['a PNG that was cut', png(3, 2).subarray(0, -6)],
    ['a PNG with a changed bit', damaged],
    ['a GIF', Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(40)])],
    ['eleven megabytes', Buffer.concat([jpeg(640, 480), Buffer.alloc(11 << 20)])],
  ])('is refused in words where it is %s', (_, bytes) => {
    expect(() => factsOfPhoto(bytes)).toThrow(Sentence);
  });
});
