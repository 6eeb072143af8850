import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseHeaders } from '../../probes/rtsp/message.ts';
import { Session } from '../../probes/rtsp/session.ts';
import { readTransport } from '../../probes/rtsp/transport.ts';
import { mutantTexts } from './mutate.ts';
import type { Target } from './target.ts';

const texts = [
  'Session: 1a2b3c;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=1',
  'WWW-Authenticate: Digest realm="r", nonce="n1"\r\nSession: ',
  'WWW-Authenticate: Digest realm="r", nonce="n2", stale=true, qop="auth"',
  'WWW-Authenticate: Basic realm="r"\r\nConnection: close',
  'session:12345678 ; TIMEOUT = 15\r\nTransport: RTP/AVP;unicast;server_port=5000-5001;client_port=1-2, RTP/AVP/TCP',
  'Transport: RTP/AVP;multicast;port=1\r\nWWW-Authenticate: Digest nonce="n1", algorithm=SHA-256',
];
const words = [
  'Session: ',
  'timeout=',
  'Transport: ',
  'WWW-Authenticate: ',
  'interleaved=',
  'server_port=',
  'stale=true',
  'n3',
];

/** `lost`: the connection closed and is dialled again. */
type Reply = { status: number; headers: string; lost: boolean };
type Input = { login: 'none' | 'digest' | 'basic'; replies: Reply[] };

const methods = ['DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN'];

/** What a session remembers, over replies in any order: one line stays one line, and a refused login is not sent again. */
export const session = (recorded: readonly Buffer[]): Target<Input> => ({
  name: 'session',
  inputs: fc.record({
    login: fc.constantFrom('none', 'digest', 'basic'),
    replies: fc.array(
      fc.record({
        status: fc.constantFrom(200, 401, 401, 401, 400, 403, 404, 454, 500),
        headers: mutantTexts(texts, words, recorded),
        lost: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  }),
  check({ login, replies }) {
    const stored = login === 'none' ? null : { user: 'admin', password: 'Geheim', basicAllowed: login === 'basic' };
    const one = new Session(stored);
    let accepted = false;
    let refused = 0;
    let step = 0;
    for (const [nth, { status, headers, lost }] of replies.entries()) {
      const text = one.request(methods[step]!, 'rtsp://10.0.0.1/live', [['Accept', 'application/sdp']]);
      assert(/^[^\r\n]+ RTSP\/1\.0\r\n(?:[^\r\n]+\r\n)+\r\n$/.test(text), 'a request that is none');
      assert(text.endsWith(`CSeq: ${nth + 1}\r\n\r\n`), 'CSeq');
      const names = [...parseHeaders(text.slice(text.indexOf('\n') + 1)).keys()];
      const known = ['user-agent', 'accept', 'session', 'authorization', 'cseq'];
      assert(
        names.every((name) => known.includes(name)),
        'a header that nobody wrote',
      );
      const carried = /^Authorization: (\w+)/m.exec(text)?.[1];
      assert(carried === undefined || stored !== null, 'a login out of nothing');
      assert(carried !== 'Basic' || login === 'basic', 'a password in clear');
      assert(carried === undefined || accepted || refused === 0, 'a refused login sent again');
      const response = { status, reason: '', headers: parseHeaders(headers), body: Buffer.alloc(0) };
      one.note(response);
      assert(one.timeoutMs > 0 && one.timeoutMs <= 999_999_000, 'time-out');
      for (const asked of ['tcp', 'udp'] as const) {
        const { channel, serverPort } = readTransport(response.headers.get('transport')?.[0], asked);
        assert(channel === null || (Number.isInteger(channel) && channel >= 0 && channel <= 255), 'channel');
        assert(
          serverPort === null || (Number.isInteger(serverPort) && serverPort >= 0 && serverPort <= 65_535),
          'port',
        );
      }
      if (status === 401) {
        const next = one.challenged(response);
        assert(next !== 'answer' || stored !== null, 'an answer without a login');
        // Only one that says that the nonce was too old is none.
        if (carried !== undefined && !accepted && !/stale/i.test(headers)) refused++;
        if (next !== 'answer') return;
      } else if (one.proven) accepted = true;
      if (lost) {
        one.begin();
        step = 0;
      } else if (status === 200) step = Math.min(step + 1, methods.length - 1);
    }
  },
});
