import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRequest, front, header, maxBody, parseHeaders, type Response } from '../../../../probes/rtsp/message.ts';

type Seen = { status: number; body: string } | { channel: number; payload: string } | 'request';

/** Reads a stream cut into `reads` the way a connection does: whole messages off the front, the rest kept. */
const messagesIn = (reads: readonly Buffer[]): { seen: Seen[]; garbage: string | null } => {
  const seen: Seen[] = [];
  let kept = Buffer.alloc(0);
  for (const read of reads) {
    kept = Buffer.concat([kept, read]);
    for (;;) {
      const found = front(kept, 0, kept.length);
      if (found.type === 'more') break;
      if (found.type === 'garbage') return { seen, garbage: found.detail };
      if (found.type === 'response') seen.push({ status: found.response.status, body: String(found.response.body) });
      if (found.type === 'frame')
        seen.push({ channel: found.channel, payload: kept.toString('hex', found.from, found.to) });
      if (found.type === 'request') seen.push('request');
      kept = kept.subarray(found.bytes);
    }
  }
  return { seen, garbage: null };
};

const responseOf = (text: string): Response => {
  const bytes = Buffer.from(text, 'latin1');
  const found = front(bytes, 0, bytes.length);
  if (found.type !== 'response') throw new Error(`no response but ${found.type}`);
  return found.response;
};

const ok = 'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n';
const withBody = 'RTSP/1.0 200 OK\r\nContent-Length: 5\r\nCSeq: 2\r\n\r\nv=0\r\n';
const frame = (channel: number, ...payload: number[]): Buffer =>
  Buffer.from([0x24, channel, payload.length >> 8, payload.length & 255, ...payload]);

describe('a byte stream gives the same messages', () => {
  const stream = Buffer.concat([
    frame(0, 1, 2, 0x24),
    Buffer.from('\r\n'),
    frame(1),
    Buffer.from(ok),
    Buffer.from(withBody),
    frame(3, ...Buffer.from('RTSP/1.0 ')),
    Buffer.from('GET_PARAMETER * RTSP/1.0\r\nContent-Length: 2\r\n\r\nhi'),
    Buffer.from(ok.replaceAll('\r\n', '\n')),
  ]);
  const whole = messagesIn([stream]);

  it('as it stands, with frames before the answer and blank lines before a frame', () => {
    expect(whole).toEqual({
      garbage: null,
      seen: [
        { channel: 0, payload: '010224' },
        { channel: 1, payload: '' },
        { status: 200, body: '' },
        { status: 200, body: 'v=0\r\n' },
        { channel: 3, payload: Buffer.from('RTSP/1.0 ').toString('hex') },
        'request',
        { status: 200, body: '' },
      ],
    });
  });

  it('split at every byte', () => {
    expect(messagesIn([...stream].map((byte) => Buffer.from([byte])))).toEqual(whole);
    for (let at = 1; at < stream.length; at++) {
      expect(messagesIn([stream.subarray(0, at), stream.subarray(at)])).toEqual(whole);
    }
  });

  it('however it is cut into reads', () => {
    const message = fc.oneof(
      fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 40 })).map(([c, p]) => frame(c, ...p)),
      fc.string({ maxLength: 40 }).map((body) => {
        const bytes = Buffer.from(body);
        return Buffer.concat([Buffer.from(`RTSP/1.0 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes]);
      }),
      fc.constant(Buffer.from('\r\n')),
    );
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 60 })), (messages, cuts) => {
        let rest = Buffer.concat(messages);
        const expected = messagesIn([rest]);
        expect(expected.garbage).toBeNull();
        const reads: Buffer[] = [];
        for (const cut of cuts) {
          reads.push(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        expect(messagesIn([...reads, rest])).toEqual(expected);
      }),
    );
  });
});

describe('the front of a stream', () => {
  const at = (bytes: Buffer | string) => {
    const buffer = Buffer.from(bytes as string);
    return front(buffer, 0, buffer.length);
  };

  it('tells nothing at all from something begun', () => {
    expect(at('')).toEqual({ type: 'more', begun: false });
    for (const begun of ['R', 'RTSP/1.0 200 OK\r\nCSe', '$', 'OPT', withBody.slice(0, -1)]) {
      expect(at(begun)).toMatchObject({ type: 'more', begun: true });
    }
  });

  it.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['an SSH server', 'SSH-2.0-dropbear\r\n'],
    ['binary noise', Buffer.from([0, 1, 2, 3])],
    ['an RTSP of another age', 'RTSP/9.9 200 OK\r\n\r\n'],
    ['a status that is no number', 'RTSP/1.0 abc\r\n\r\n'],
    ['a negative Content-Length', 'RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a Content-Length in words', 'RTSP/1.0 200 OK\r\nContent-Length: many\r\n\r\n'],
  ])('is garbage where it is of %s', (_, bytes) => {
    expect(at(bytes).type).toBe('garbage');
  });

  it('is garbage where a body is announced that is larger than any description', () => {
    expect(at(`RTSP/1.0 200 OK\r\nContent-Length: ${maxBody}\r\n\r\n`).type).toBe('more');
    expect(at(`RTSP/1.0 200 OK\r\nContent-Length: ${maxBody + 1}\r\n\r\n`).type).toBe('garbage');
  });

  it('is garbage where a header does not end', () => {
    expect(at(`RTSP/1.0 200 OK\r\n${'X: y\r\n'.repeat(10_000)}`).type).toBe('garbage');
    expect(at(`RTSP/1.0 200 OK${'x'.repeat(40_000)}`).type).toBe('garbage');
  });

  it('does not throw on arbitrary bytes, and never claims more than there is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('', '$', 'RTSP/1.0 ', 'RTSP/1.0 200 OK\r\n', 'OPTIONS '),
        fc.uint8Array({ maxLength: 300 }),
        (head, tail) => {
          const bytes = Buffer.concat([Buffer.from(head), tail]);
          const found = front(bytes, 0, bytes.length);
          if ('bytes' in found) expect(found.bytes).toBeLessThanOrEqual(bytes.length);
        },
      ),
    );
  });
});

describe('a response', () => {
  it('may have LF-only lines, no reason and no CSeq', () => {
    expect(responseOf('RTSP/1.0 454\nSession: 7\n\n')).toMatchObject({ status: 454, reason: '' });
  });

  it('keeps a body of its own, also when the buffer is used again', () => {
    const bytes = Buffer.from(withBody);
    const found = front(bytes, 0, bytes.length);
    bytes.fill(0);
    expect(found.type === 'response' && String(found.response.body)).toBe('v=0\r\n');
  });

  it('keeps every value of a repeated header, in order', () => {
    const { headers } = responseOf('RTSP/1.0 401 No\r\nWWW-Authenticate: Basic\r\nwww-authenticate: Digest\r\n\r\n');
    expect(headers.get('www-authenticate')).toEqual(['Basic', 'Digest']);
    expect(header(headers, 'www-authenticate')).toBe('Basic');
  });
});

describe('a description whose length is not said (VCP, go2rtc#1663)', () => {
  const head = 'RTSP/1.0 200 OK\r\nContent-Type: application/sdp\r\n\r\n';
  const at = (text: string, ended: boolean) => front(Buffer.from(text), 0, text.length, ended);

  it('is not whole while more may come', () => {
    const least = head.length + 128 * 1024 + 1;
    expect(at(`${head}v=0\r\nm=vid`, false)).toEqual({ type: 'more', begun: true, endless: true, least });
  });

  it.each(['', 'v'])('is looked at again with every byte, as long as it may be something else: %j', (body) => {
    expect(at(head + body, false)).toEqual({ type: 'more', begun: true, endless: true });
  });

  it.each(['', 'v=0\r\nm=video 0 RTP/AVP 96\r\n'])('is all that came by its end: %j', (body) => {
    const found = at(head + body, true);
    expect(found).toMatchObject({ type: 'response', bytes: head.length + body.length });
    expect(found.type === 'response' && String(found.response.body)).toBe(body);
  });

  it('has a bound all the same', () => {
    expect(at(`${head}${'a=x\r\n'.repeat(30_000)}`, false).type).toBe('garbage');
  });

  it.each([
    ['another answer', 'RTSP/1.0 200 OK\r\n\r\n'],
    ['a frame', '$\u0000\u0000\u0001x'],
  ])('is not there where %s follows', (_, next) => {
    expect(at(head + next, false)).toMatchObject({
      type: 'response',
      bytes: head.length,
      response: { body: Buffer.of() },
    });
  });

  it('does not wait where a length of none is said, or nothing of a description', () => {
    expect(at(head.replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\nv=0'), false).type).toBe('response');
    expect(at('RTSP/1.0 200 OK\r\n\r\n', false).type).toBe('response');
  });
});

describe('headers', () => {
  it.each([
    ['lower case and no blank', 'cseq:7', 'cseq', '7'],
    ['blanks around name and value', 'CSeq :  7  ', 'cseq', '7'],
    ['a value with colons', 'Content-Base: rtsp://h:554/a/', 'content-base', 'rtsp://h:554/a/'],
    ['a folded value', 'Transport: RTP/AVP/TCP;\r\n  interleaved=0-1', 'transport', 'RTP/AVP/TCP; interleaved=0-1'],
    ['an empty value', 'Session:', 'session', ''],
  ])('are read with %s', (_, block, name, value) => {
    expect(header(parseHeaders(block), name)).toBe(value);
  });

  it('without a name are passed over', () => {
    expect([...parseHeaders(': x\r\nnonsense\r\n  folded onto nothing\r\nA: b').keys()]).toEqual(['a']);
  });
});

describe('a request', () => {
  it('carries CSeq as its last header: some devices read only as far as they understand (gortsplib#437)', () => {
    expect(formatRequest('SETUP', 'rtsp://h/a', [['Transport', 'x']], 3)).toBe(
      'SETUP rtsp://h/a RTSP/1.0\r\nUser-Agent: xunjian\r\nTransport: x\r\nCSeq: 3\r\n\r\n',
    );
  });
});
