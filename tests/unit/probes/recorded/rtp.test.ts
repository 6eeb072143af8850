import { expect, it } from 'vitest';
import type { Codec } from '../../../../probes/index.ts';
import { KeyframeCollector } from '../../../../probes/rtsp/keyframe.ts';
import { unitsIn } from '../../../../probes/rtsp/nal.ts';
import { describeRecorded, manifest } from '../../../support/realworld.ts';
import { nalsFrom } from '../rtsp/nal-gatherer.ts';
import { rtp } from '../rtsp/packetizer.ts';

type Packet = { seq: number; ts: number; marker: boolean; payload: string };
type Split = { in: string; nals: string[] };
type Case = { codec: Codec; name: string; packets: Packet[]; expect: { nalus?: string[] | number; error?: string } };

/** Recordings of what other libraries do and this one has no part for, and why. */
const noPart: Readonly<Record<string, string>> = {
  'h264 NALU grows past 8 MiB': 'a generator, not packets; the bound is tested with the collector',
  'h264 51 NALUs in one access unit': 'units are bounded by bytes, not by number',
  'rtp/sps.json': 'the size of a picture is told by the decoder, no SPS is parsed',
};

/** What a collector makes of one unit: several, where start codes stand in it. */
const unitsWithin = (nal: Buffer): string[] => {
  const units: string[] = [];
  unitsIn(nal, 0, nal.length, (bytes, from, to) => units.push(bytes.toString('hex', from, to)));
  return units;
};

describeRecorded('recorded RTP packets', () => {
  const { cases, annexb_split: split } = manifest<{ cases: Case[]; annexb_split: { cases: Split[] } }>(
    'rtp/depacketizer.json',
  );
  const named = cases.map((one) => ({ ...one, title: `${one.codec} ${one.name}` }));
  const now = named.filter(({ title }) => noPart[title] === undefined);

  /** The units of the first picture: what follows with another timestamp is of the next. */
  const unitsOf = ({ codec, packets }: Case): string[] => {
    const first = packets.filter(({ ts }) => ts === packets[0]!.ts).map(({ payload }) => Buffer.from(payload, 'hex'));
    return nalsFrom(codec, first).flatMap(unitsWithin);
  };

  it.each(now.filter((one) => one.expect.error === undefined))('$title', (one) => {
    expect(unitsOf(one)).toEqual(one.expect.nalus);
  });

  it.each(now.filter((one) => one.expect.error !== undefined))('$title gives no key frame', ({ codec, packets }) => {
    const collector = new KeyframeCollector(codec, 96, []);
    const given = packets.map(({ seq, ts, marker, payload }) => {
      const packet = rtp({ sequence: seq, timestamp: ts, marker }, Buffer.from(payload, 'hex'));
      return collector.push(packet, 0, packet.length);
    });
    expect(given.every((keyframe) => keyframe === null)).toBe(true);
    expect(collector).toMatchObject({ gaps: 1, spoilt: 1 });
  });

  // A lone zero byte stays a unit here, and falls to its header, which is none.
  it.each(split.cases.filter((one) => one.in !== '00'))(
    'Annex B bytes "$in" hold the units $nals',
    ({ in: bytes, nals }) => {
      expect(unitsWithin(Buffer.from(bytes, 'hex'))).toEqual(nals);
    },
  );

  it.skip.each(Object.entries(noPart))('%s: %s', () => {});
});
