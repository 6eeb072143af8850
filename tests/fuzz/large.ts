import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeXml } from '../../probes/onvif/charset.ts';
import { parsed, words } from '../../probes/onvif/xml.ts';
import { parseChallenges } from '../../probes/rtsp/digest.ts';
import { KeyframeCollector } from '../../probes/rtsp/keyframe.ts';
import { front, maxBody } from '../../probes/rtsp/message.ts';
import { parseSdp } from '../../probes/rtsp/sdp.ts';
import { readTransport } from '../../probes/rtsp/transport.ts';
import { baseUrl, parseRtspUrl, resolveControl, strikePasswords } from '../../probes/rtsp/url.ts';
import { rtp } from '../unit/probes/rtsp/packetizer.ts';
import type { Target } from './target.ts';

const header = 32 * 1024;
/** What an interleaved frame holds besides the RTP header. */
const frame = 65_535 - 12;

const collect =
  (codec: 'h264' | 'h265' | 'mjpeg' | 'mpeg4') =>
  (payload: Buffer): undefined => {
    const collector = new KeyframeCollector(codec, 96, []);
    const packet = rtp({ sequence: 1, timestamp: 1, marker: true }, payload);
    collector.push(packet, 0, packet.length);
  };
const text =
  (parse: (text: string) => unknown) =>
  (bytes: Buffer): undefined => {
    parse(bytes.toString('latin1'));
  };

function* inParts(xml: string): Generator<undefined> {
  const root = yield* parsed(xml);
  if (!('refused' in root)) words(root);
}

/** By parser: the most bytes that reach it, and what text is made of that it might walk through again and again. */
const parsers: Readonly<
  Record<
    string,
    {
      most: number;
      before: readonly string[];
      units: readonly string[];
      /** In parts, where it pauses between them. */
      parse: (bytes: Buffer) => Iterator<unknown> | undefined;
    }
  >
> = {
  front: {
    most: header + maxBody,
    before: ['', 'RTSP/1.0 200 OK\r\n', 'RTSP/1.0 200 OK\r\nContent-Type: application/sdp\r\n\r\nv=', 'OPTIONS * '],
    units: [
      '\n',
      '\r',
      '\r\n',
      'a:\n',
      'a: b\r\n',
      '##: b\r\n',
      ' b\r\n',
      ':',
      '$\0\0\0',
      'RTSP/1.0 200 OK\r\n\r\n',
      'OPTIONS ',
      'm=\n',
    ],
    parse: (bytes) => {
      // A thousand messages take their time, each by itself.
      for (let at = 0, nth = 0; at < bytes.length && nth < 1_000; nth++) {
        const found = front(bytes, at, bytes.length, at % 2 === 1);
        if (found.type === 'more' || found.type === 'garbage') return;
        assert(found.bytes > 0);
        at += found.bytes;
      }
    },
  },
  challenges: {
    most: header,
    before: ['', 'Digest ', 'Digest nonce="', 'Digest realm=', '='],
    units: [
      ' ',
      '\t',
      'a',
      'a_',
      'a-',
      'a=',
      'a ',
      ',',
      '"',
      '\\',
      '\\"',
      '=',
      'a="b",',
      '##=b,',
      'Digest nonce=a,',
      'Basic ',
      'a  =',
    ],
    parse: text((value) => parseChallenges([value])),
  },
  transport: {
    most: header,
    before: ['', 'RTP/AVP;', 'RTP/AVP;interleaved'],
    units: [';', ' ', ',', '=', 'interleaved=', 'server_port =', '1', '\t;'],
    parse: text((value) => readTransport(value, 'tcp')),
  },
  sdp: {
    most: maxBody,
    before: [
      '',
      'm=video 0 RTP/AVP 96\n',
      'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/9\na=fmtp:96 ',
      'm=video 0 RTP/AVP 96\na=rtpmap:96 H265/9\na=fmtp:96 sprop-vps=',
      'a=rtpmap:',
      `a=rtpmap:96 H264/9\na=fmtp:96 sprop-parameter-sets=${'A'.repeat(60_000)}\n`,
    ],
    units: [
      'm=\n',
      'm=v 0 a 96\n',
      'a=fmtp:96 x\n',
      'a=rtpmap:1 b\n',
      ' ',
      '1',
      'a',
      ',',
      ';',
      '=',
      'sprop-sps ',
      'A',
      '\r',
      'AAAB,',
      'a=control:\n',
      'm=v 0 a 96\na=framesize:96 1-1\n',
    ],
    parse: text(parseSdp),
  },
  url: {
    most: header,
    before: ['', 'rtsp://', 'rtsp://a:b', 'rtsp://['],
    units: ['@', ':', '/', 'a', '://', 'a://', 'rtsp://', '%', ' ', '[', ']', '?', 'u:p@', '1'],
    parse: text((value) => {
      parseRtspUrl(value);
      const base = baseUrl('rtsp://10.0.0.1/a', value);
      resolveControl('rtsp://10.0.0.1/a', base, value);
    }),
  },
  strike: {
    most: maxBody,
    before: ['', 'rtsp://', 'password='],
    units: ['@', 'a', 'a_', '_', 'a://', 'a://b@', 'pass', 'pass_', 'password=', '://', ' ', '"', '=', '&', 'pwd=a '],
    parse: text(strikePasswords),
  },
  soap: {
    most: 1024 * 1024,
    before: ['', '<a>', '<a ', '<a b="', '<?', '<!--', '<a><![CDATA[', '</', '<a>&'],
    units: [
      ' ',
      '<',
      '>',
      '&',
      '&lt;',
      '&#1;',
      'a',
      '<a>',
      '<a/>',
      '</a>',
      '<a></a>',
      'b="" ',
      '##="" ',
      'a:',
      '<!---->',
      '<??>',
      '<![CDATA[]]>',
      '\0',
      '\xff',
      ']]>',
      '\n',
      'x<b/>',
    ],
    parse: (bytes) => {
      const xml = decodeXml(bytes);
      return inParts(xml);
    },
  },
  h264: {
    most: frame,
    before: ['', '\x18', '\x1c\x85', '\x1c\x87', '\x67', '\x65\x88'],
    units: [
      '\0',
      '\0\0\x01',
      '\0\0\x01\x67\x42',
      '\0\0\x01\x68',
      '\0\x02\x67\x01',
      '\0\x03\x67##',
      '\0\0\x01\x67##',
      '\0\x01\x68',
      '\xff',
      '\x67',
      '\0\x02\x65\x88',
    ],
    parse: collect('h264'),
  },
  h265: {
    most: frame,
    before: ['', '\x60\x01', '\x62\x01\x93', '\x62\x01\xa1', '\x42\x01', '\x26\x01'],
    units: [
      '\0',
      '\0\0\x01',
      '\0\0\x01\x42\x01\x05',
      '\0\x02\x44\x01',
      '\0\x04\x42\x01##',
      '\0\0\x01\x42\x01##',
      '\0\x03\x42\x01\x07',
      '\xff',
      '\0\x03\x26\x01\x80',
    ],
    parse: collect('h265'),
  },
  mjpeg: {
    most: frame,
    before: ['', '\0\0\0\0\x01\x32\x08\x08', '\0\0\0\0\x01\xff\x08\x08\0\0\xff\xf0', '\xff\xd8\x3f\xf0'],
    units: ['\0', '\xff', '\xff\xd9', '\xff\xdb\0\x02', '\xff\xc0\0\x02', '\xff\xc4\0\x02', '\x01'],
    parse: collect('mjpeg'),
  },
  'jpeg-segments': {
    most: frame - 64,
    before: ['', '\xff\xc0\0\x0b\x08\0\x10\0\x10\x01\x01\x11\0'],
    units: ['\xff', '\xff\xdb\0\x02', '\xff\xc0\0\x02', '\xff\xc4\0\x03\0', '\xff\xdb\0\x42', '\0'],
    parse: (bytes) => {
      const words = bytes.length >> 2;
      const extension = Buffer.concat([
        Buffer.from([0xff, 0xd8, words >> 8, words & 255]),
        bytes.subarray(0, words * 4),
      ]);
      const payload = Buffer.from('0000000001320808abcdef', 'hex');
      const packet = rtp({ sequence: 1, timestamp: 1, marker: true }, Buffer.concat([extension, payload]));
      packet[0] = 0x90;
      new KeyframeCollector('mjpeg', 96, []).push(packet, 0, packet.length);
    },
  },
  mpeg4: {
    most: frame,
    before: ['', '\0\0\x01\xb0', '\0\0\x01\x20'],
    units: ['\0', '\0\0\x01', '\0\0\x01\x20', '\0\0\x01\xb6', '\0\0\x01\xb6\0', '\0\0\x01\xb5'],
    parse: collect('mpeg4'),
  },
};

/** "##" stands for another two letters each time: what is compared with all that came before shows only so. */
const counted = (text: string): string => {
  let nth = 0;
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return text.replace(/##/g, () => {
    nth++;
    return letters[(nth >> 6) % letters.length]! + letters[nth % letters.length]!;
  });
};

type Input = { before: string; units: string; bytes: number; after: string };

/** Made once for a case: a second look at its time is not to count the making. */
let made: { readonly input: Input; readonly bytes: Buffer } | null = null;
const bytesOf = (input: Input): Buffer => {
  if (made?.input === input) return made.bytes;
  const room = input.bytes - input.before.length - input.after.length;
  const times = Math.max(1, Math.floor(room / input.units.length));
  const bytes = Buffer.from(input.before + counted(input.units.repeat(times)) + input.after, 'latin1');
  made = { input, bytes };
  return bytes;
};

/**
 * Inputs as large as a device may send them, of one short text again and again: what takes quadratic time shows here.
 * One target for each parser.
 */
export const large = (): Target<Input>[] =>
  Object.entries(parsers).map(([parser, { most, before, units, parse }]) => ({
    name: `large-${parser}`,
    inputs: fc.record({
      before: fc.constantFrom(...before),
      // Mostly one, sometimes two or three in turn, or any bytes.
      units: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...units) },
        {
          weight: 3,
          arbitrary: fc.array(fc.constantFrom(...units), { minLength: 2, maxLength: 3 }).map((all) => all.join('')),
        },
        {
          weight: 1,
          arbitrary: fc.array(fc.nat(255), { minLength: 1, maxLength: 4 }).map((all) => String.fromCharCode(...all)),
        },
      ),
      bytes: fc.constantFrom(most, most, most >> 1, 4_096),
      after: fc.constantFrom('', '', '"', '\r\n\r\n', '>', '=', '@', 'x'),
    }),
    check: (input) => parse(bytesOf(input)),
  }));
