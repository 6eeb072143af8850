import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Decoder, openDecoder } from '../../../../probes/index.ts';
import { KeyframeCollector } from '../../../../probes/rtsp/keyframe.ts';
import { made } from './made.ts';
import { nalsOf, payloadsOf, rtp } from './packetizer.ts';

/** What ffmpeg's encoders make: pictures of one slice and of several, with delimiters and without. */
const streams = [
  [
    'baseline',
    'h264',
    made('-frames:v', '3', '-c:v', 'libx264', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-f', 'h264'),
  ],
  ['with four slices', 'h264', made('-frames:v', '3', '-c:v', 'libx264', '-x264-params', 'slices=4', '-f', 'h264')],
  [
    'with delimiters',
    'h264',
    made('-frames:v', '3', '-c:v', 'libx264', '-x264-params', 'aud=1:slices=2', '-f', 'h264'),
  ],
  [
    'with three slices',
    'h265',
    made('-frames:v', '3', '-c:v', 'libx265', '-x265-params', 'slices=3:aud=1:log-level=none', '-f', 'hevc'),
  ],
] as const;
type Name = (typeof streams)[number][1];

const isSlice = (codec: Name, nal: Buffer): boolean => (codec === 'h264' ? (nal[0]! & 31) <= 5 : nal[0]! >> 1 < 32);
const isFirst = (codec: Name, nal: Buffer): boolean => (nal[codec === 'h264' ? 1 : 2]! & 0x80) !== 0;

/** Each NAL unit, and the number of the picture that it is of. */
const numbered = (codec: Name, bytes: Buffer): { nal: Buffer; picture: number; last: boolean }[] => {
  let picture = 0;
  let sliced = false;
  const units = nalsOf(bytes).map((nal) => {
    const slice = isSlice(codec, nal);
    if (sliced && (!slice || isFirst(codec, nal))) {
      picture++;
      sliced = false;
    }
    if (slice) sliced = true;
    return { nal, picture };
  });
  return units.map((unit, at) => ({ ...unit, last: units[at + 1]?.picture !== unit.picture }));
};

type Unit = ReturnType<typeof numbered>[number];
const code = Buffer.from([0, 0, 0, 1]);

/** How devices put one stream into packets, by what they do: timestamp and marker of each NAL unit's last packet. */
const manners: Readonly<Record<string, (units: Unit[]) => { nal: Buffer; timestamp: number; marker: boolean }[]>> = {
  'as RFC 6184 and RFC 7798 ask': (units) =>
    units.map(({ nal, picture, last }) => ({ nal, timestamp: picture, marker: last })),
  'without markers (FLIR, mediamtx#3945)': (units) =>
    units.map(({ nal, picture }) => ({ nal, timestamp: picture, marker: false })),
  'with a marker on every unit (H264DVR)': (units) =>
    units.map(({ nal, picture }) => ({ nal, timestamp: picture, marker: true })),
  'with a timestamp for every unit (Reolink)': (units) =>
    units.map(({ nal }, at) => ({ nal, timestamp: at, marker: false })),
  'with a start code before every unit': (units) =>
    units.map(({ nal, picture, last }) => ({ nal: Buffer.concat([code, nal]), timestamp: picture, marker: last })),
  'each picture as one unit of Annex B (V380, retina#68)': (units) =>
    [...new Set(units.map(({ picture }) => picture))].map((of) => {
      const nals = units.filter(({ picture }) => picture === of).flatMap(({ nal }) => [code, nal]);
      return { nal: Buffer.concat(nals.slice(1)), timestamp: of, marker: true };
    }),
};

describe.each(streams)('a stream %s (%s)', (_, codec, bytes) => {
  let decoder: Decoder;
  beforeAll(() => {
    decoder = openDecoder(1);
  });
  afterAll(() => decoder.close());

  it.each(Object.entries(manners))('sent %s gives a picture', async (_manner, send) => {
    const units = numbered(codec, bytes);
    expect(units.at(-1)!.picture).toBe(2);
    const collector = new KeyframeCollector(codec, 96, []);
    let keyframe: Buffer | null = null;
    let sequence = 65_534;
    for (const { nal, timestamp, marker } of send(units)) {
      const payloads = payloadsOf(codec, nal, 1_000);
      payloads.forEach((payload, at) => {
        const packet = rtp({ sequence: sequence++, timestamp, marker: marker && at === payloads.length - 1 }, payload);
        keyframe ??= collector.push(packet, 0, packet.length);
      });
    }
    expect(keyframe).not.toBeNull();
    const decoded = await decoder.decode(codec, keyframe!, false);
    expect(decoded).toMatchObject({ type: 'decoded', width: 640, height: 360, picture: { faults: [] } });
  });
});
