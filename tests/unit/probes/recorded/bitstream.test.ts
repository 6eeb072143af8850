import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Codec, type Decoder, openDecoder } from '../../../../probes/index.ts';
import { KeyframeCollector } from '../../../../probes/rtsp/keyframe.ts';
import { describeRecorded, manifest, recorded } from '../../../support/realworld.ts';
import { nalsOf, packetsOf } from '../rtsp/packetizer.ts';

type Case = { file: string; ffprobe: { codec_name: string; width: number; height: number }; note?: string };

/** What is not fed to the decoder, and why. */
const noStream: Readonly<Record<string, string>> = {
  'bitstream/onvifsim_short_h265.mp4': 'an MP4 file; no camera sends one over RTP',
};
/** Bit errors inside its first key frame: a picture that must not count as captured. */
const damaged = 'bitstream/openh264_Error_I_P.264';

/** What counts as a picture although it is cut, and why; tested to be so still. */
const laterWork: Readonly<Record<string, { kept: number; why: string }>> = {
  'bitstream/libde265_girlshy.h265': {
    kept: 0.9,
    why: 'libavcodec decodes on behind the end of an H.265 slice (see "What is known to fall short" in probes/README.md)',
  },
};

const codecOf = ({ ffprobe }: Case): Codec => (ffprobe.codec_name === 'hevc' ? 'h265' : 'h264');
const isSlice = (codec: Codec, nal: Buffer): boolean =>
  codec === 'h264' ? [1, 5].includes(nal[0]! & 31) : nal[0]! >> 1 < 32;
/** first_mb_in_slice is 0 (H.264), first_slice_segment_in_pic_flag (H.265). */
const opensPicture = (codec: Codec, nal: Buffer): boolean => (nal[codec === 'h264' ? 1 : 2]! & 0x80) !== 0;

/** The access units of an Annex B stream: parameter sets and SEI go with the picture that follows. */
const picturesOf = (codec: Codec, bytes: Buffer): Buffer[][] => {
  const pictures: Buffer[][] = [];
  let before: Buffer[] = [];
  for (const nal of nalsOf(bytes)) {
    if (!isSlice(codec, nal)) before.push(nal);
    else if (opensPicture(codec, nal) || before.length > 0) {
      pictures.push([...before, nal]);
      before = [];
    } else pictures.at(-1)?.push(nal);
  }
  return pictures;
};

const joined = (nals: readonly Buffer[]): Buffer =>
  Buffer.concat(nals.flatMap((nal) => [Buffer.from([0, 0, 0, 1]), nal]));

/** The stream over RTP up to its first whole key frame, as a probe takes it. */
const keyframeOf = (codec: Codec, bytes: Buffer): Buffer | null => {
  const collector = new KeyframeCollector(codec, 96, []);
  for (const packet of packetsOf(codec, picturesOf(codec, bytes))) {
    const keyframe = collector.push(packet, 0, packet.length);
    if (keyframe !== null) return keyframe;
  }
  return null;
};

describeRecorded('recorded streams', () => {
  let decoder: Decoder;
  beforeAll(() => {
    decoder = openDecoder(2);
  });
  afterAll(() => decoder.close());

  const cases = manifest<{ cases: Case[] }>('bitstream/manifest.json').cases;
  const streams = cases.filter(({ file }) => noStream[file] === undefined);
  const sound = streams.filter(({ file }) => file !== damaged);

  it.each(sound)('$file gives a picture', async (one) => {
    const codec = codecOf(one);
    const keyframe = keyframeOf(codec, recorded(one.file));
    const { width, height } = one.ffprobe;
    expect(keyframe).not.toBeNull();
    expect(await decoder.decode(codec, keyframe!, true)).toMatchObject({ type: 'decoded', width, height });
  });

  it.each(sound)('$file gives none where its first key frame is cut', async (one) => {
    const codec = codecOf(one);
    const keyframe = keyframeOf(codec, recorded(one.file))!;
    for (const kept of [0.3, 0.6, 0.9]) {
      const passes = laterWork[one.file]?.kept === kept;
      const cut = keyframe.subarray(0, Math.floor(keyframe.length * kept));
      expect([kept, (await decoder.decode(codec, cut, false)).type]).toEqual([kept, passes ? 'decoded' : 'damaged']);
    }
  });

  it(`${damaged} is not a captured picture: its first key frame is what comes over RTP, and it is damaged`, async () => {
    const bytes = recorded(damaged);
    const first = joined(picturesOf('h264', bytes)[0]!);
    expect(keyframeOf('h264', bytes)?.equals(first)).toBe(true);
    for (const evidence of [false, true]) {
      expect(await decoder.decode('h264', first, evidence)).toMatchObject({ type: 'damaged' });
    }
  });

  it('the first pictures of openh264_BA_MW_D_IDR_LOST.264 are no key frames: the first one is the 28th', () => {
    const bytes = recorded('bitstream/openh264_BA_MW_D_IDR_LOST.264');
    const pictures = picturesOf('h264', bytes);
    const isKey = (picture: Buffer[]) => picture.some((nal) => (nal[0]! & 31) === 5);
    expect(pictures.findIndex(isKey)).toBe(27);
    const before = new KeyframeCollector('h264', 96, []);
    for (const packet of packetsOf('h264', pictures.slice(0, 27))) {
      expect(before.push(packet, 0, packet.length)).toBeNull();
    }
    expect(keyframeOf('h264', bytes)).not.toBeNull();
  });

  it.skip.each(Object.entries(noStream))('%s: %s', () => {});
});
