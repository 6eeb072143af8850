import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Decoder, openDecoder } from '../../../../probes/index.ts';
import { KeyframeCollector } from '../../../../probes/rtsp/keyframe.ts';
import { made } from './made.ts';
import { rtp } from './packetizer.ts';

/** Four pictures: I, P, I, P; a configuration before the first one only. */
const stream = made(
  '-frames:v',
  '4',
  '-c:v',
  'mpeg4',
  '-g',
  '2',
  '-sc_threshold',
  '1000000000',
  '-q:v',
  '5',
  '-f',
  'm4v',
);
const vop = Buffer.from('000001b6', 'hex');
const starts: number[] = [];
for (let at = stream.indexOf(vop); at !== -1; at = stream.indexOf(vop, at + 4)) starts.push(at);
const group = Buffer.from('000001b3', 'hex');
const config = stream.subarray(
  0,
  Math.min(starts[0]!, stream.indexOf(group) === -1 ? stream.length : stream.indexOf(group)),
);
const pictures = starts.map((start, nth) => stream.subarray(start, starts[nth + 1]));

/** The packets of access units, RFC 6416 section 5: cut anywhere, the marker on the last of each. */
const packetsOf = (units: readonly Buffer[]): Buffer[] => {
  const packets: Buffer[] = [];
  units.forEach((unit, nth) => {
    for (let at = 0; at < unit.length; at += 1_000) {
      const marker = at + 1_000 >= unit.length;
      packets.push(rtp({ sequence: packets.length, timestamp: nth * 3_600, marker }, unit.subarray(at, at + 1_000)));
    }
  });
  return packets;
};

const collect = (packets: readonly Buffer[], described: readonly Buffer[] = []) => {
  const collector = new KeyframeCollector('mpeg4', 96, described);
  const keyframes = packets.map((packet) => collector.push(packet, 0, packet.length)).filter((found) => found !== null);
  return { keyframes, collector };
};

describe('a key frame of MPEG-4 part 2', () => {
  const [first, inter, second, last] = pictures as [Buffer, Buffer, Buffer, Buffer];
  let decoder: Decoder;
  beforeAll(() => {
    decoder = openDecoder(1);
  });
  afterAll(() => decoder.close());

  it('is an I-VOP with the configuration of the description, and decodes', async () => {
    const { keyframes } = collect(packetsOf([inter, second, last]), [config]);
    expect(keyframes).toEqual([Buffer.concat([config, second.subarray(0, keyframes[0]!.length - config.length)])]);
    const decoded = await decoder.decode('mpeg4', keyframes[0]!, true);
    expect(decoded).toMatchObject({ type: 'decoded', width: 640, height: 360, picture: { faults: [] } });
  });

  it('has the configuration that comes with it, before it, or with an earlier one', () => {
    const own = Buffer.concat([config, first]);
    expect(collect(packetsOf([own, inter]), [Buffer.from('000001b0', 'hex')]).keyframes).toEqual([own]);
    expect(collect(packetsOf([config, first])).keyframes).toEqual([own]);
    expect(collect(packetsOf([own, inter, second])).keyframes[1]).toEqual(Buffer.concat([config, second]));
  });

  it('is none without a configuration, and none where a part was lost', () => {
    expect(collect(packetsOf([first])).keyframes).toEqual([]);
    const lossy = packetsOf([first, inter, second]).filter((_, at) => at !== 1);
    const { keyframes, collector } = collect(lossy, [config]);
    expect(keyframes).toEqual([Buffer.concat([config, second])]);
    expect(collector.spoilt).toBe(1);
  });

  it('that is cut is damaged', async () => {
    const whole = Buffer.concat([config, first]);
    for (const kept of [0.3, 0.6, 0.9]) {
      const cut = whole.subarray(0, Math.floor(whole.length * kept));
      expect(await decoder.decode('mpeg4', cut, false)).toMatchObject({ type: 'damaged' });
    }
  });
});
