import { randomBytes } from 'node:crypto';
import { type Failure, type FailureKind, fail, isFailure } from './failure.ts';
import { memoryGuard } from './guard.ts';
import { dialHttp, exchange, type Reply } from './http/exchange.ts';
import { bestChallenge, OneLogin, offeredWords } from './http/login.ts';
import { strikeSecrets } from './http/secrets.ts';
import { type Server, serverOf } from './http/server.ts';
import type { Context, Target, TimedStep } from './probe.ts';
import { authorize, type Challenge } from './rtsp/digest.ts';
import { strikePasswords } from './rtsp/url.ts';

export type SnapshotVisit = {
  readonly failure: Failure | null;
  readonly steps: readonly TimedStep[];
  /** Begins and ends like a JPEG; whether it holds a picture is the decoder's to say. */
  readonly jpeg: Buffer | null;
  /** Ends when a login guard that was asked and not waited for has been told. Never rejects. */
  readonly left: Promise<void>;
};

/** Longer answers are refused, bytes. */
const maxBytes = 8 * 1024 * 1024;

const statusKinds: Readonly<Record<number, FailureKind>> = { 403: 'forbidden', 404: 'not_found', 503: 'busy' };

/** Takes a JPEG from `target.snapshotUrl` over HTTP: without a login, then with one where it is asked for, once. */
export const visitSnapshot = async (target: Target, context: Context): Promise<SnapshotVisit> => {
  const begun = context.now();
  const visitor = new Visitor(target, context, begun + target.deadlineMs);
  const result = await visitor.run();
  const failure = Buffer.isBuffer(result) ? null : result;
  const ms = Math.round((context.now() - begun) * 10) / 10;
  return {
    failure,
    steps: [{ name: 'snapshot', ok: failure === null, ms }],
    jpeg: Buffer.isBuffer(result) ? result : null,
    left: visitor.left,
  };
};

class Visitor {
  readonly #target: Target;
  readonly #context: Context;
  readonly #end: number;
  readonly #one: OneLogin;

  constructor(target: Target, context: Context, end: number) {
    this.#target = target;
    this.#context = context;
    this.#end = end;
    this.#one = new OneLogin('snapshot', context.guard ?? memoryGuard(), context);
  }

  async run(): Promise<Buffer | Failure> {
    const server = await serverOf(this.#target.snapshotUrl, this.#target, 'snapshot', this.#remaining(), this.#context);
    if (isFailure(server)) return server;
    const reply = await this.#get(server, null);
    if (isFailure(reply)) return reply;
    return reply.status === 401 ? this.#logIn(server, reply.challenges) : pictureOf(reply);
  }

  get left(): Promise<void> {
    return this.#one.abandoned;
  }

  #remaining(): number {
    return Math.min(5_000, this.#end + this.#one.tookMs - this.#context.now());
  }

  async #get(server: Server, challenge: Challenge | null): Promise<Reply | Failure> {
    const context = this.#context;
    const ms = this.#remaining();
    // What used the time up was the answer so far, or else ourselves.
    if (ms <= 0) return fail(challenge === null ? 'overloaded' : 'dripping', 'snapshot', 'no time was left to ask');
    const end = context.now() + ms - this.#one.tookMs;
    const socket = await dialHttp(server, 'snapshot', ms, context);
    if (isFailure(socket)) return socket;
    try {
      const headers: Record<string, string> = { Host: server.host, Connection: 'close', Accept: 'image/jpeg' };
      const first = challenge !== null && this.#one.state === 'unsent';
      if (challenge !== null) {
        const held = first ? await this.#one.mayTry('snapshot') : null;
        if (held !== null) return held;
        const cnonce = randomBytes(8).toString('hex');
        headers.Authorization = authorize(challenge, this.#target.login!, 'GET', server.path, 1, cnonce);
      }
      context.trace?.('>', `GET ${strikePasswords(server.path)}`);
      const bounds = { ms: end + this.#one.tookMs - context.now(), maxBytes, foreign: 'not_jpeg' } as const;
      const request = { method: 'GET', path: server.path, headers } as const;
      const reply = await exchange(socket, request, bounds, 'snapshot', context);
      if (first && socket.bytesWritten === 0) await this.#one.withdrawn();
      if (!isFailure(reply)) {
        context.trace?.('<', `HTTP ${reply.status} ${strikeSecrets(reply.type)}, ${reply.body.length} bytes`);
      }
      return reply;
    } finally {
      socket.destroy();
    }
  }

  async #logIn(server: Server, offered: readonly string[]): Promise<Buffer | Failure> {
    const { login } = this.#target;
    if (login === null) return fail('no_credentials', 'snapshot', `HTTP 401; ${offeredWords(offered)}`);
    const challenge = bestChallenge(offered, login, server);
    if (challenge === null) return fail('auth_unsupported', 'snapshot', offeredWords(offered));
    let reply = await this.#get(server, challenge);
    if (!isFailure(reply) && reply.status === 401) {
      // RFC 7616 section 3.3: stale says that the login was right and the nonce too old. Once.
      const next = bestChallenge(reply.challenges, login, server);
      if (next?.scheme === 'digest' && next.stale) reply = await this.#get(server, next);
    }
    if (this.#one.state === 'out') {
      if (isFailure(reply)) await this.#one.unanswered();
      else if (reply.status === 401) return this.#one.refused('unauthorized', 'snapshot', 'HTTP 401 to a login');
      else if (reply.status === 403) return this.#one.refused('forbidden', 'snapshot', 'HTTP 403 to a login');
      else if (isBehindLogin(reply)) await this.#one.accepted();
      else await this.#one.unanswered();
    }
    return isFailure(reply) ? reply : pictureOf(reply);
  }
}

const beginsAsJpeg = (body: Buffer): boolean => body.length > 3 && body.readUIntBE(0, 3) === 0xff_d8_ff;

/**
 * Only what a device says after it has let us in: a picture, or that this path has none. A page, a redirect, an error
 * or a lock (423) it may say to anybody; taken for an acceptance, a later refusal would pass as a busy device's.
 */
const isBehindLogin = ({ status, body }: Reply): boolean =>
  status === 404 || (status >= 200 && status < 300 && beginsAsJpeg(body));

const pictureOf = ({ status, type, location, body }: Reply): Buffer | Failure => {
  if (status >= 300 && status < 400) {
    return fail('redirected', 'snapshot', `HTTP ${status} to ${strikePasswords(location).slice(0, 120)}`);
  }
  if (status < 200 || status > 299) return fail(statusKinds[status] ?? 'http_error', 'snapshot', `HTTP ${status}`);
  const seen = `${body.length} bytes of "${type.slice(0, 60)}"`;
  if (!beginsAsJpeg(body)) return fail('not_jpeg', 'snapshot', seen);
  // Padding behind the end is in the field; a picture without its end was cut.
  let end = body.length;
  while (end > 2 && (body[end - 1] === 0 || body[end - 1] === 0x0d || body[end - 1] === 0x0a)) end--;
  if (body.readUInt16BE(end - 2) !== 0xff_d9) return fail('not_jpeg', 'snapshot', `${seen}, without its end`);
  return body.subarray(0, end);
};
