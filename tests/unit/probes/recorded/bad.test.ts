import { expect, it } from 'vitest';
import type { Codec } from '../../../../probes/index.ts';
import { parseChallenges } from '../../../../probes/rtsp/digest.ts';
import { KeyframeCollector } from '../../../../probes/rtsp/keyframe.ts';
import { front, parseHeaders } from '../../../../probes/rtsp/message.ts';
import { parseSdp } from '../../../../probes/rtsp/sdp.ts';
import { Session } from '../../../../probes/rtsp/session.ts';
import { parseRtspUrl } from '../../../../probes/rtsp/url.ts';
import { describeRecorded, manifest, recorded } from '../../../support/realworld.ts';
import { nalsFrom } from '../rtsp/nal-gatherer.ts';
import { rtp } from '../rtsp/packetizer.ts';

type Parser = (bytes: Buffer) => unknown;

/** Each front of the bytes until they are used up: ends, because what is found is never empty. */
const message: Parser = (bytes) => {
  for (let at = 0; at < bytes.length; ) {
    const found = front(bytes, at, bytes.length);
    if (found.type === 'more' || found.type === 'garbage') return;
    expect(found.bytes).toBeGreaterThan(0);
    at += found.bytes;
  }
};
const inAnswer =
  (before: string): Parser =>
  (bytes) =>
    message(Buffer.concat([Buffer.from(before), bytes, Buffer.from('\r\n\r\n')]));
const asHeader =
  (name: string): Parser =>
  (bytes) => {
    inAnswer(`RTSP/1.0 200 OK\r\n${name}: `)(bytes);
    new Session(null).note({
      status: 200,
      reason: '',
      headers: parseHeaders(`${name}: ${bytes.toString('latin1')}`),
      body: Buffer.alloc(0),
    });
  };
const packets =
  (codec: Codec): Parser =>
  (bytes) => {
    const collector = new KeyframeCollector(codec, 96, []);
    collector.push(bytes, 0, bytes.length);
    // The corpus is of lists of packets in a coding of its own: the same bytes also as one payload, whole and cut.
    for (let cut = 0; cut < bytes.length; cut++) {
      const packet = rtp({ sequence: cut, timestamp: 1, marker: cut % 5 === 0 }, bytes.subarray(cut));
      collector.push(packet, 0, packet.length);
    }
    nalsFrom(codec, [bytes]);
  };
const sdp: Parser = (bytes) => parseSdp(bytes.toString('latin1'));

/** What reads each class of recordings here. */
const parsers: Readonly<Record<string, Parser>> = {
  'rtsp-response': message,
  'rtsp-request': message,
  'rtsp-header': inAnswer('RTSP/1.0 200 OK\r\n'),
  'rtsp-body': inAnswer('RTSP/1.0 200 OK\r\nContent-Length: '),
  interleaved: message,
  'hdr-www-authenticate': (bytes) => parseChallenges([bytes.toString('latin1')]),
  'hdr-keyval': (bytes) => parseChallenges([`Digest ${bytes.toString('latin1')}`]),
  'hdr-session': asHeader('Session'),
  'hdr-transport': asHeader('Transport'),
  'hdr-range': asHeader('Range'),
  'hdr-rtp-info': asHeader('RTP-Info'),
  'rtp-h264': packets('h264'),
  'rtp-h265': packets('h265'),
  'h264-nal': packets('h264'),
  'h265-nal': packets('h265'),
  sdp,
  'sdp-format': sdp,
  'sdp-session': sdp,
};

describeRecorded('bytes that once crashed a parser', () => {
  it.each(manifest<{ file: string; class: string }[]>('bad/manifest.json'))('$file', ({ file, class: kind }) => {
    const bytes = recorded(file);
    const begun = performance.now();
    parsers[kind]!(bytes);
    message(bytes);
    parseRtspUrl(`rtsp://${bytes.toString('latin1')}`);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});
