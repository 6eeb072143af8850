import { randomBytes } from 'node:crypto';
import { type Failure, fail, isFailure, type Step } from '../failure.ts';
import type { LoginGuard } from '../guard.ts';
import { dialHttp, exchange, type Reply } from '../http/exchange.ts';
import { bestChallenge, OneLogin, offeredWords } from '../http/login.ts';
import { strikeSecrets } from '../http/secrets.ts';
import type { Server } from '../http/server.ts';
import type { Context, Login } from '../probe.ts';
import { authorize, type Challenge } from '../rtsp/digest.ts';
import { strikePasswords } from '../rtsp/url.ts';
import { decodeXml } from './charset.ts';
import { envelope } from './envelope.ts';
import { type Element, find, parseXmlInTurns, textAt, words } from './xml.ts';

/** Longer answers are refused, bytes: the largest seen was 300 KB. */
const maxBytes = 1024 * 1024;

/** One operation of a service, e.g. `{ namespace: 'http://www.onvif.org/ver10/device/wsdl', name: 'GetServices', inner: '' }`. */
export type Operation = { readonly namespace: string; readonly name: string; readonly inner: string };

/**
 * The words with which devices refuse a login: ter:NotAuthorized and its spellings (ONVIF Core 5.11.2.1), the codes of
 * WS-Security, and those that count down: "You still have 3 attempt(s)" (lightNVR#339).
 */
const refusal =
  /not\s*authori[sz]ed|unauthori[sz]ed|authority failure|failed\s*authentication|wsse:|attempt\(s\)|attempts|password|locked/i;

/** A refusal: to a request without a login it asks for one, to a login it says no. */
type Refusal = {
  readonly refused: true;
  readonly said: string;
  readonly challenges: readonly string[];
  /** It came as a SOAP fault: the device itself wants the login, not a web server in front of it. */
  readonly fault: boolean;
};

/** How this device is logged in to; one way for a whole visit. */
type Way = { readonly by: 'token' } | { readonly by: 'http'; challenge: Challenge; nonceCount: number };

/**
 * ONVIF requests to one device, one after the other, inside our bounds of host, size and time, with one login at most.
 *
 * The login. A request that carries a WS-Security token to a device that wants HTTP digest is a failed login on some
 * makes, and the digest that follows a second one. So the first question is asked without any login, which costs one
 * request; what comes back says which of the two is wanted, and that one is sent, once:
 * - a challenge over HTTP that we can answer: HTTP digest (Basic only where it is allowed), also beside a fault, because
 *   it depends on no clock;
 * - a fault without one: WS-Security.
 * Only one question is ever asked in vain: makes that close after each answer count those as logins too
 * (rroller/dahua#597). So a refusal of the clock, which should need no login, is the challenge for all that follows.
 */
export class Onvif {
  /** A SOAP envelope came, or a 401 that asks for a login: the device itself spoke. */
  heard = false;
  /**
   * Device clock minus ours, ms: a login is made by the device's clock (onvif-rs#121: refused at 5 to 20 s). `null` where
   * the device told no UTC time: then by ours.
   */
  skewMs: number | null = null;
  readonly #server: Server;
  readonly #login: Login;
  readonly #one: OneLogin;
  readonly #context: Context;
  #wanted: Refusal | null = null;
  #way: Way | null = null;
  #renewed = false;
  /** Why no further question is asked. */
  #over: Failure | null = null;

  constructor(server: Server, login: Login, guard: LoginGuard, context: Context) {
    this.#server = server;
    this.#login = login;
    this.#one = new OneLogin('onvif', guard, context);
    this.#context = context;
  }

  /** What the login guard took so far, ms: not the device's time. */
  get guardMs(): number {
    return this.#one.tookMs;
  }

  /** Ends when a login guard that was asked and not waited for has been told. Never rejects. */
  get left(): Promise<void> {
    return this.#one.abandoned;
  }

  /** One operation without a login; `null` where the device wants one for it. */
  async askOpenly(step: Step, operation: Operation, ms: number): Promise<Element | Failure | null> {
    const said = await this.#send(step, operation, this.#server.path, ms, null);
    if (!isRefusal(said)) return said;
    this.#wanted = said;
    return null;
  }

  /**
   * One operation; its response element, or what went wrong. `left` tells how many ms a request may take, `path` is the
   * service's on the same host. Once the login has failed, each further call gives that failure and sends nothing.
   */
  async ask(
    step: Step,
    operation: Operation,
    left: () => number,
    path: string = this.#server.path,
  ): Promise<Element | Failure> {
    if (this.#over !== null) return this.#over;
    if (this.#way === null) {
      if (this.#wanted === null) {
        const said = await this.#send(step, operation, path, left(), null);
        if (!isRefusal(said)) return said;
        this.#wanted = said;
      }
      const way = this.#wayOf(this.#wanted, step);
      if (isFailure(way)) return this.#end(way);
      this.#way = way;
    }
    return this.#loggedIn(step, operation, path, left, this.#way);
  }

  #end(failure: Failure): Failure {
    this.#over = failure;
    return failure;
  }

  #wayOf(wanted: Refusal, step: Step): Way | Failure {
    if (this.#login === null) return fail('no_credentials', step, wanted.said);
    // Said without a login: one that follows can only lengthen the lock.
    if (/\blocked\b/i.test(wanted.said)) return fail('forbidden', step, wanted.said);
    const challenge = bestChallenge(wanted.challenges, this.#login, this.#server);
    if (challenge !== null) return { by: 'http', challenge, nonceCount: 0 };
    return wanted.fault ? { by: 'token' } : fail('auth_unsupported', step, offeredWords(wanted.challenges));
  }

  async #loggedIn(
    step: Step,
    operation: Operation,
    path: string,
    left: () => number,
    way: Way,
  ): Promise<Element | Failure> {
    const said = await this.#send(step, operation, path, left(), way);
    const next = isRefusal(said) ? bestChallenge(said.challenges, this.#login!, this.#server) : null;
    // RFC 7616 section 3.3: stale says that the login was right and the nonce too old. Once a visit.
    if (way.by === 'http' && next?.scheme === 'digest' && next.stale && !this.#renewed) {
      this.#renewed = true;
      way.challenge = next;
      way.nonceCount = 0;
      return this.#loggedIn(step, operation, path, left, way);
    }
    if (isRefusal(said)) {
      if (this.#one.state === 'out') {
        // Hours off, such a device refuses a right password, and nobody can tell (agsh/onvif#65).
        const unknown = way.by === 'token' && this.skewMs === null;
        const more = unknown ? '; its clock is unknown (no UTC time told) and may be the cause' : '';
        return this.#end(await this.#one.refused('unauthorized', step, said.said + more));
      }
      // Accepted in this very visit: it is right. A fault says that the account may not do this; a 401 by itself comes
      // of devices at their limit of connections (rroller/dahua#603).
      return this.#end(fail(said.fault ? 'forbidden' : 'busy', step, `${said.said}; accepted a moment before`));
    }
    if (this.#one.state === 'out') {
      if (!isFailure(said)) await this.#one.accepted();
      else if (said.kind === 'forbidden') return this.#end(await this.#one.refused('forbidden', step, said.detail));
      else await this.#one.unanswered();
    }
    // Not accepted: it was held, or never left, or a fault, a page or silence left open whether it was right.
    if (isFailure(said) && this.#one.state !== 'accepted') return this.#end(said);
    return said;
  }

  async #send(
    step: Step,
    operation: Operation,
    path: string,
    ms: number,
    way: Way | null,
  ): Promise<Element | Failure | Refusal> {
    const context = this.#context;
    // What used the time up were the answers so far, or else ourselves.
    if (ms <= 0) return fail(this.heard ? 'dripping' : 'overloaded', step, 'no time was left to ask');
    const end = context.now() + ms - this.#one.tookMs;
    const socket = await dialHttp(this.#server, step, ms, context);
    if (isFailure(socket)) return socket;
    try {
      const first = way !== null && this.#one.state === 'unsent';
      if (first) {
        const held = await this.#one.mayTry(step);
        if (held !== null) return held;
      }
      const { namespace, name, inner } = operation;
      const body = `<${name} xmlns="${namespace}">${inner}</${name}>`;
      const token = way?.by === 'token' ? this.#login : null;
      const headers: Record<string, string> = {
        Host: this.#server.host,
        Connection: 'close',
        'Content-Type': `application/soap+xml;charset=utf-8;action="${namespace}/${name}"`,
      };
      if (way?.by === 'http') headers.Authorization = this.#authorization(way, path);
      const text = envelope(body, token, new Date(Date.now() + (this.skewMs ?? 0)));
      headers['Content-Length'] = String(Buffer.byteLength(text));
      context.trace?.('>', `ONVIF ${body}`);
      const bounds = { ms: end + this.#one.tookMs - context.now(), maxBytes, foreign: 'not_onvif' } as const;
      const reply = await exchange(socket, { method: 'POST', path, headers, body: text }, bounds, step, context);
      if (first && socket.bytesWritten === 0) await this.#one.withdrawn();
      return isFailure(reply) ? reply : await this.#read(step, reply, `${name}Response`, way);
    } finally {
      socket.destroy();
    }
  }

  #authorization(way: Way & { by: 'http' }, path: string): string {
    const cnonce = randomBytes(8).toString('hex');
    return authorize(way.challenge, this.#login!, 'POST', path, ++way.nonceCount, cnonce);
  }

  /** What a reply says: the response element, a refusal of the login, or a failure. */
  async #read(step: Step, reply: Reply, expected: string, way: Way | null): Promise<Element | Failure | Refusal> {
    const { status, body, challenges } = reply;
    if (status >= 300 && status < 400) {
      return fail('redirected', step, `HTTP ${status} to ${plain(strikePasswords(reply.location))}`);
    }
    const xml = decodeXml(body);
    this.#context.trace?.('<', `ONVIF HTTP ${status} ${strikeSecrets(xml).slice(0, 2_000)}`);
    const root = await parseXmlInTurns(xml);
    if ('refused' in root && root.refused === 'unsafe' && status !== 401)
      return fail('unsafe_answer', step, plain(root.detail));
    const content = 'refused' in root || root.name !== 'Envelope' ? null : find(root, 'Body');
    if (content !== null) {
      const said = contentOf(content, reply, expected, step);
      // An envelope of another kind, be it the echo of ours, is not the device speaking.
      if (!isFailure(said) || said.kind !== 'not_onvif') this.heard = true;
      return said;
    }
    // One that neither offers a way nor answers a login is a web server's.
    if (status === 401 && (challenges.length > 0 || way !== null)) {
      this.heard = true;
      return { refused: true, said: 'HTTP 401', challenges, fault: false };
    }
    const seen = `HTTP ${status}: ${'refused' in root ? root.detail : `<${root.name}>`}, ${body.length} bytes`;
    if (status === 403) return fail('forbidden', step, plain(seen));
    if (status === 503) return fail('busy', step, plain(seen));
    // A page, or no such path: a web server without ONVIF behind it.
    const page = status < 300 || status === 404 || status === 405;
    return fail(page ? 'not_onvif' : 'http_error', step, plain(seen));
  }
}

/** What stands in the body of an envelope. */
const contentOf = (body: Element, reply: Reply, expected: string, step: Step): Element | Failure | Refusal => {
  const { status, challenges } = reply;
  const fault = find(body, 'Fault');
  if (fault !== null) {
    const all = words(fault);
    // SOAP 1.2, else 1.1, else whatever it says.
    const said = plain(textAt(fault, 'Reason', 'Text') ?? textAt(fault, 'faultstring') ?? all);
    if (status === 401 || refusal.test(all)) return { refused: true, said, challenges, fault: true };
    return fail('onvif_fault', step, said);
  }
  if (status === 401) return { refused: true, said: 'HTTP 401', challenges, fault: true };
  const response = body.children[0];
  if (response?.name === expected) return response;
  return fail('not_onvif', step, `${plain(response?.name ?? 'nothing')} in place of ${expected}`);
};

/** A device's words in one line, short enough for a table. */
const plain = (text: string): string =>
  text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 120)
    .toWellFormed();

const isRefusal = (said: Element | Failure | Refusal): said is Refusal => 'refused' in said;
