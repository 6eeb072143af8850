import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { failures } from '../../probes/index.ts';
import { visit as visitCamera } from '../../probes/rtsp.ts';
import { packetsOf } from '../unit/probes/rtsp/packetizer.ts';
import { mutate } from './mutate.ts';
import type { Talk } from './target.ts';

/** What the camera does with one request, in the order in which requests come. */
type Reply = {
  /** `good`: as its method wants it. `status`: another answer. The others break the conversation. */
  kind: 'good' | 'challenge' | 'status' | 'own' | 'silent' | 'garbage' | 'fin' | 'reset';
  /** Which of what is possible. */
  nth: number;
  /** Edits to the answer's bytes: then nothing is expected of the client but an end. */
  edits: number[];
  /** The answer comes in pieces of so many bytes. */
  piece: number;
  /** Media before the answer, behind it, both, or none. */
  media: number;
  /** The connection is closed behind the answer. */
  close: boolean;
};
type Input = { login: boolean; first: Reply | null; replies: Reply[]; want: 'answer' | 'keyframe' };

const password = 'Geheim-9f3';
const deadlineMs = 150;
/** TEARDOWN is waited for 1 s; the rest is the machine's noise. */
const slackMs = 4_000;

const words = [
  'RTSP/1.0 ',
  'Content-Length: ',
  'Session: ',
  'WWW-Authenticate: Digest nonce="z"',
  'Transport: ',
  '$\0\0\x04',
  '454',
  '200',
].map((word) => Buffer.from(word, 'latin1'));

const units = ['6742c01ed900a047fe6c', '68ce3c80', '6588840010ffe9f65bb1a2c3d4e5f607'].map((unit) =>
  Buffer.from(unit, 'hex'),
);
const frames = Buffer.concat(
  packetsOf('h264', [units, [Buffer.from('419a2401ff', 'hex')]], 12).map((packet) =>
    Buffer.concat([Buffer.from([0x24, 0, packet.length >> 8, packet.length & 255]), packet]),
  ),
);
const foreign = Buffer.from('$\x01\0\x04abcd$\x07\0\x01x\r\n$\0\0\0', 'latin1');

const descriptions = [
  'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n',
  'v=0\r\na=control:rtsp://169.254.1.1/x\r\nm=video 0 RTP/AVP 96\r\na=control:rtsp://169.254.1.1/x/1\r\na=rtpmap:96 H264/90000\r\n',
  'v=0\r\nm=audio 0 RTP/AVP 8\r\n',
  'v=0\r\nm=video 0 RTP/AVP 99\r\na=rtpmap:99 \0AV1/90000\r\n',
  `v=0\r\n${'m=audio\0 0 RTP/AVP 0\r\n'.repeat(400)}`,
  'v=0\r\n',
];
const transports = [
  'RTP/AVP/TCP;unicast;interleaved=0-1',
  'RTP/AVP/TCP;interleaved=4-5',
  'RTP/AVP;unicast;server_port=0-1',
  'RTP/AVP;multicast',
];
const challenges = [
  'Digest realm="r", nonce="n1"',
  'Digest realm="r", nonce="n2", stale=true',
  'Digest realm="r", nonce="n3", qop="auth", algorithm=SHA-256',
  'Basic realm="r"',
  'Negotiate',
  `Digest ${'x'.repeat(9_000)}`,
];
const statuses = [302, 400, 403, 404, 453, 454, 461, 500, 503, 100];

const crlf = (first: string, headers: readonly string[], body = ''): Buffer => {
  const length = body === '' ? [] : ['Content-Type: application/sdp', `Content-Length: ${body.length}`];
  return Buffer.from(`${[`RTSP/1.0 ${first}`, ...headers, ...length].join('\r\n')}\r\n\r\n${body}`, 'latin1');
};

/** One listener; its cameras come one after the other. */
class FakeCamera {
  readonly #server = createServer({ noDelay: true }, (socket) => this.#connected(socket));
  #sockets = new Set<Socket>();
  readonly #saying = new WeakMap<Socket, Promise<void>>();
  #input: Input | null = null;
  #nth = 0;
  /** What was seen of the client. */
  words = '';
  refusedLogins = 0;
  loginsAfterRefusal = 0;
  #accepted = false;
  /** Nothing was said that a client may not understand, and the connection stood: it owes a TEARDOWN. */
  #clean = true;
  #session = false;
  torndown = false;

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get owesTeardown(): boolean {
    return this.#session && this.#clean && !this.torndown;
  }

  play(input: Input): void {
    this.#input = input;
    this.#nth = 0;
    this.words = '';
    this.refusedLogins = 0;
    this.loginsAfterRefusal = 0;
    this.#accepted = false;
    this.#clean = true;
    this.#session = false;
    this.torndown = false;
  }

  /** The visit is over: what it left open is closed. */
  rest(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets = new Set();
  }

  async close(): Promise<void> {
    this.rest();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const request = text.slice(0, end);
        text = text.slice(end + 4);
        this.#asked(socket, request);
      }
    });
    if (this.#input?.first != null) this.#reply(socket, 'FIRST', this.#input.first);
  }

  #asked(socket: Socket, request: string): void {
    this.words += `${request}\n`;
    const method = request.slice(0, request.indexOf(' '));
    const login = /^Authorization: /m.test(request);
    if (method === 'TEARDOWN') this.torndown = true;
    else if (login && this.refusedLogins > 0 && !this.#accepted) this.loginsAfterRefusal++;
    const reply = this.#input?.replies[this.#nth++];
    // Out of ideas: silence, but for the last word.
    if (reply === undefined) {
      if (method === 'TEARDOWN') socket.write(crlf('200 OK', []));
      return;
    }
    const whole = reply.edits.length === 0;
    if (login && whole && reply.kind === 'good') this.#accepted = true;
    if (login && whole && reply.kind === 'challenge' && reply.nth % challenges.length !== 1) this.refusedLogins++;
    this.#reply(socket, method, reply);
  }

  #reply(socket: Socket, method: string, reply: Reply): void {
    const { kind, nth, edits, piece, media, close } = reply;
    if (kind === 'fin') socket.end();
    else if (kind === 'reset') socket.resetAndDestroy();
    if (kind === 'fin' || kind === 'reset' || kind === 'garbage' || edits.length > 0 || close) this.#clean = false;
    if (kind === 'fin' || kind === 'reset') return;
    if (kind === 'good' && method === 'SETUP' && nth % transports.length < 2 && edits.length === 0)
      this.#session = true;
    const answer = mutate(this.#words(method, kind, nth), edits, words, [frames, foreign]);
    const before = (media & 1) === 0 ? Buffer.alloc(0) : foreign;
    const behind = (media & 2) === 0 && !(kind === 'good' && method === 'PLAY') ? Buffer.alloc(0) : frames;
    const bytes = Buffer.concat([before, answer, behind]);
    const pieces: Buffer[] = [];
    for (let from = 0; from < bytes.length; from += piece) pieces.push(bytes.subarray(from, from + piece));
    // Behind what is still being said: an answer within another is none.
    const said = this.#saying.get(socket) ?? Promise.resolve();
    this.#saying.set(
      socket,
      said.then(async () => {
        for (const one of pieces) {
          if (!socket.writable) return;
          socket.write(one);
          if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve));
        }
        if (close) socket.end();
      }),
    );
  }

  #words(method: string, kind: Reply['kind'], nth: number): Buffer {
    if (kind === 'silent') return Buffer.alloc(0);
    if (kind === 'garbage')
      return Buffer.from(['HTTP/1.1 200 OK\r\n\r\n', '\0\0\0', 'RTSP/9.9 x\r\n\r\n'][nth % 3]!, 'latin1');
    if (kind === 'own') return Buffer.from('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n', 'latin1');
    if (kind === 'status')
      return crlf(`${statuses[nth % statuses.length]!} Whatever`, ['Location: rtsp://169.254.1.1/x']);
    if (kind === 'challenge')
      return crlf('401 Unauthorized', [`WWW-Authenticate: ${challenges[nth % challenges.length]!}`]);
    if (method === 'DESCRIBE') {
      return crlf('200 OK', ['Content-Base: rtsp://169.254.1.1/live/'], descriptions[nth % 12 < 6 ? nth % 6 : 0]);
    }
    if (method === 'SETUP')
      return crlf('200 OK', ['Session: 42;timeout=1', `Transport: ${transports[nth % transports.length]!}`]);
    return crlf('200 OK', []);
  }
}

const reply = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant('good' as const) },
    { weight: 4, arbitrary: fc.constant('challenge' as const) },
    { weight: 3, arbitrary: fc.constant('status' as const) },
    { weight: 3, arbitrary: fc.constantFrom('own', 'silent', 'garbage', 'fin', 'reset') },
  ),
  nth: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(1_000) }),
  edits: fc.oneof(
    { weight: 5, arbitrary: fc.constant<number[]>([]) },
    { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength: 4 }) },
  ),
  piece: fc.constantFrom(65_536, 65_536, 100, 7),
  media: fc.constantFrom(0, 0, 0, 1, 2, 3),
  close: fc.constantFrom(false, false, false, false, false, true),
}) as fc.Arbitrary<Reply>;

/** Answers, frames, silence and closes in any order, to the whole client over a real socket. */
export const visit = (): Talk<Input> => ({
  name: 'visit',
  inputs: fc.record({
    login: fc.boolean(),
    first: fc.option(reply, { freq: 12 }),
    replies: fc.array(reply, { maxLength: 9 }),
    want: fc.constantFrom('keyframe', 'keyframe', 'keyframe', 'keyframe', 'answer'),
  }),
  async open() {
    const camera = new FakeCamera();
    await camera.listen();
    return {
      async check(input) {
        camera.play(input);
        const url = `rtsp://127.0.0.1:${camera.port}/live`;
        const login = input.login ? { user: 'admin', password } : null;
        const begun = performance.now();
        const traced: string[] = [];
        const trace = (_direction: string, said: string): number => traced.push(said);
        const context = { signal: new AbortController().signal, now: () => performance.now(), trace };
        const visited = await visitCamera({ url, login, deadlineMs }, context, input.want);
        assert(performance.now() - begun < deadlineMs + slackMs, 'past the deadline');
        await visited.left;
        assert(performance.now() - begun < deadlineMs + 1_000 + slackMs, 'not left in time');
        const { failure, keyframe, heard, steps } = visited;
        camera.rest();
        assert(failure !== null || input.want === 'answer' || keyframe !== null, 'neither a key frame nor a failure');
        assert(failure !== null || heard, 'a key frame of nobody');
        assert(steps.length > 0 || failure !== null, 'no steps');
        if (failure !== null) {
          assert(Object.hasOwn(failures, failure.kind), `a failure that is not listed: ${failure.kind}`);
          assert(failure.kind !== 'internal', `an error of ours: ${failure.detail}`);
          assert(failure.detail.length <= 400, `a detail of ${failure.detail.length} characters`);
          assert(!/[\0\r\n]/.test(failure.detail), 'a NUL or a line break in the detail');
        }
        const said = [failure?.detail ?? '', ...traced].join('\n');
        assert(!said.includes(password) && !camera.words.includes(password), 'the password in words');
        assert(!/^Authorization: Basic/m.test(camera.words), 'a password in clear');
        // Where it spoke before it was asked, each answer may be taken for one to the request before.
        const aligned = input.first === null;
        assert(!aligned || camera.loginsAfterRefusal === 0, 'a refused login sent again');
        assert(!aligned || !camera.owesTeardown, 'a session without TEARDOWN');
      },
      close: () => camera.close(),
    };
  },
});
