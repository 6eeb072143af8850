import { expect, it } from 'vitest';
import type { Codec } from '../../../../probes/index.ts';
import { KeyframeCollector } from '../../../../probes/rtsp/keyframe.ts';
import { describeRecorded, manifest } from '../../../support/realworld.ts';
import { nalsFrom } from '../rtsp/nal-gatherer.ts';
import { rtp } from '../rtsp/packetizer.ts';

type Packet = { seq: number; ts: number; marker: boolean; payload: string };
type Case = { codec: Codec; name: string; packets: Packet[]; expect: { nalus?: string[] | number; error?: string } };

const manyInFragments =
  'several NAL units in one fragmented unit, against RFC 6184 section 5.8 and RFC 7798 section 4.4.3';
const annexB = 'Annex B start codes inside RTP, against RFC 6184 section 5.6';

/** What this version of the depacketizer cannot do with a recording, and why; each is tested to be so still. */
const laterWork: Readonly<Record<string, string>> = {
  'h264 issue gortsplib/199 (AnnexB-encoded streams, multiple NALUs)': annexB,
  'h264 issue gortsplib/989 (Amatek AR-N3222F, multiple NALUs in FU, basic)': manyInFragments,
  'h264 issue gortsplib/989 (Amatek AR-N3222F, multiple NALUs in FU, leading start code)': manyInFragments,
  'h264 issue gortsplib/989 (Amatek AR-N3222F, multiple NALUs in FU, leading and trailing start codes)':
    manyInFragments,
  'h265 issue gortsplib/989 (Amatek AR-N3222F, multiple NALUs in FU, basic)': manyInFragments,
  'h265 issue gortsplib/989 (Amatek AR-N3222F, multiple NALUs in FU, leading start code)': manyInFragments,
  'h265 issue gortsplib/989 (Amatek AR-N3222F, multiple NALUs in FU, leading and trailing start codes)':
    manyInFragments,
};

/** Recordings of what other libraries do and this one has no part for, and why. */
const noPart: Readonly<Record<string, string>> = {
  'h264 NALU grows past 8 MiB': 'a generator, not packets; the bound is tested with the collector',
  'h264 51 NALUs in one access unit': 'units are bounded by bytes, not by number',
  'rtp/sps.json': 'the size of a picture is told by the decoder, no SPS is parsed',
  annexb_split: 'nothing here reads Annex B',
};

describeRecorded('recorded RTP packets', () => {
  const { cases } = manifest<{ cases: Case[] }>('rtp/depacketizer.json');
  const named = cases.map((one) => ({ ...one, title: `${one.codec} ${one.name}` }));
  const now = named.filter(({ title }) => laterWork[title] === undefined && noPart[title] === undefined);

  /** The units of the first picture: what follows with another timestamp is of the next. */
  const unitsOf = ({ codec, packets }: Case): string[] =>
    nalsFrom(
      codec,
      packets.filter(({ ts }) => ts === packets[0]!.ts).map(({ payload }) => Buffer.from(payload, 'hex')),
    ).map((nal) => nal.toString('hex'));

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

  it.each(Object.entries(laterWork))('%s is not understood yet: %s', (title) => {
    const one = named.find((candidate) => candidate.title === title)!;
    expect(unitsOf(one)).not.toEqual(one.expect.nalus);
  });

  it.skip.each(Object.entries(noPart))('%s: %s', () => {});
});
