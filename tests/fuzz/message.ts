import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type Front, front, maxBody } from '../../probes/rtsp/message.ts';
import { mutants } from './mutate.ts';
import type { Target } from './target.ts';

const sdp = 'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=Media\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=control:trackID=1\r\n';

/** Answers and what stands between them, in the manner of Hikvision, Dahua, live555, GeoVision and others. */
const texts = [
  'RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, GET_PARAMETER\r\n\r\n',
  `RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Base: rtsp://10.0.0.1:554/ch1/\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`,
  `RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\n\r\n${sdp}`,
  'RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm="IP Camera(C1)", nonce="5d1c", stale="FALSE"\r\nWWW-Authenticate: Basic realm="IP Camera(C1)"\r\n\r\n',
  'RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 1a2b;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=1234\r\n\r\n',
  '$\0\0\x10\x80\x60\0\x01\0\0\0\x01\x12\x34\x56\x78\x65\x88\x84\0RTSP/1.0 200 OK\r\nCSeq: 4\r\nRTP-Info: url=rtsp://h/1;seq=1\r\n\r\n$\x01\0\x04abcd',
  '\r\n$\0\0\0$\x02\0\x01x\r\n\r\nRTSP/1.0 200 OK\r\n\r\n',
  'RTSP/1.0 200 OK\nCSeq: 5\nSession: 7\n folded\n\nRTSP/2.0 454 Session Not Found\r\n\r\n',
  'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\nSET_PARAMETER rtsp://h/ RTSP/1.0\r\nContent-Length: 3\r\n\r\na: RTSP/1.0 100 Continue\r\n\r\n',
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html></html>',
];
const words = ['RTSP/1.0 ', 'Content-Length: ', 'Content-Type: application/sdp', 'v=0', '$', '$\0\xff\xff', 'OPTIONS '];

/** Each front of the bytes, fed in pieces of the lengths in `cuts`, again and again; then the end of the connection. */
const fronts = (bytes: Buffer, cuts: readonly number[]): Front[] => {
  const found: Front[] = [];
  let start = 0;
  for (let end = 0, nth = 0; ; nth++) {
    end = Math.min(bytes.length, end + Math.max(1, cuts[nth % cuts.length]!));
    for (const ended of end === bytes.length ? [false, true] : [false]) {
      for (;;) {
        const next = front(bytes, start, end, ended);
        if (next.type === 'more') break;
        sound(next, start, end);
        found.push(next);
        if (next.type === 'garbage') return found;
        start += next.bytes;
      }
    }
    if (end === bytes.length) return found;
  }
};

const sound = (found: Front, start: number, end: number): void => {
  if (found.type === 'garbage') {
    assert(found.detail.length <= 120, 'a long detail');
    return;
  }
  if (found.type === 'more') return;
  assert(found.bytes > 0 && start + found.bytes <= end, 'more bytes than there are');
  if (found.type === 'frame') assert(found.from === start + 4 && found.to === start + found.bytes, 'frame offsets');
  if (found.type !== 'response') return;
  const { status, headers, body } = found.response;
  assert(status >= 0 && status <= 999, 'status');
  assert(body.length <= maxBody && body.length < found.bytes, 'length of the body');
  for (const [name, values] of headers) {
    assert(name === name.toLowerCase().trim() && values.length > 0, 'a header name');
    for (const value of values) assert(value === value.trim() && !/[\r\n]/.test(value), 'a line break in a header');
  }
};

/** A garbage's words depend on how much of it had come. */
const alike = (a: Front, b: Front): boolean =>
  a.type === b.type &&
  (a.type === 'garbage' || b.type === 'garbage' || ('bytes' in a && 'bytes' in b && a.bytes === b.bytes)) &&
  (a.type !== 'response' || b.type !== 'response' || isDeepStrictEqual(a.response, b.response));

/** RTSP messages: fed whole and in pieces the same is found, and nothing beyond the bytes. */
export const message = (recorded: readonly Buffer[]): Target<{ bytes: Buffer; cuts: number[] }> => ({
  name: 'message',
  inputs: fc.record({
    bytes: mutants(texts, words, recorded),
    cuts: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 }),
  }),
  check({ bytes, cuts }) {
    if (bytes.length === 0) return;
    const whole = fronts(bytes, [bytes.length]);
    const pieces = fronts(bytes, cuts);
    const same = whole.length === pieces.length && whole.every((one, at) => alike(one, pieces[at]!));
    assert(same, 'whole and in pieces differ');
  },
});
