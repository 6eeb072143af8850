import type net from 'node:net';
import { type Failure, fail, type Step } from '../failure.ts';
import { bareAddress } from '../net/address.ts';
import { deadline } from '../net/deadline.ts';
import { dial } from '../net/dial.ts';
import type { Secure } from '../net/tls.ts';
import type { Context } from '../probe.ts';
import type { Intake } from './intake.ts';
import { front, type Response } from './message.ts';
import { landing, ReadBuffer } from './read-buffer.ts';
import { strikePasswords } from './url.ts';
import { type Arrived, type Event, Waiting } from './waiting.ts';

/** Silence that ends a description whose length was not said, ms: devices write one in one go. */
const endlessMs = 100;

/** What is read while we wait for the answer to TEARDOWN, bytes: half a second of the fattest main stream. */
const mostLeaving = 1_000_000;

const anything = (): null => null;
const finalAnswer = (event: Arrived): Response | undefined =>
  event.type === 'response' && event.response.status >= 200 ? event.response : undefined;
const mediaOrAnswer = (event: Arrived): Response | null | undefined => {
  if (event.type === 'media') return null;
  return event.type === 'response' ? event.response : undefined;
};

/** Takes an interleaved frame's payload; true when what was waited for is complete. */
export type OnFrame = (channel: number, bytes: Buffer, from: number, to: number) => boolean;

/**
 * One RTSP connection over TCP: one request in flight, interleaved frames handed on as they come. Every wait ends by an
 * answer, a failure, its deadline or the caller's signal, whichever is first.
 *
 * What the profiler says (node --cpu-prof, Node 24, cameras on loopback). An online probe, 0.04 CPU-ms: connect 24 %, close
 * 16 %, write 8 %, all of it the kernel's, on loopback for both ends; Node's sockets 15 %, collection 4 %, and no function
 * of ours above 2 %. The fetch of a key frame, 0.24: five writes 24 %, connect 15 %, close 7 %, collection 8 %, the key
 * frame put together 4 %, the description read 3 %. What cost more is written where it was: `read-buffer.ts`,
 * `waiting.ts`, `gather.ts`, `net/stop.ts`, `net/dial.ts`.
 */
export class Connection {
  /** A valid RTSP message was received: the device itself spoke. */
  heard = false;
  /** Bytes received so far: tells a silent device from a dripping one. */
  received = 0;

  readonly #context: Context;
  readonly #intake: Intake;
  readonly #socket: net.Socket;
  readonly #secure: boolean;
  #shakesHands = false;
  readonly #in = new ReadBuffer();
  /** Something begun and not whole stands in the buffer. */
  #begun = false;
  /** Bytes that must be there before it is looked at again: 128 KB in small pieces behind 32 KB of header took 2 s. */
  #least = 0;
  /** It is a description whose length was not said. */
  #endless = false;
  #onFrame: OnFrame | null = null;
  #media = false;
  /** Once we leave: what `received` may become. */
  #most: number | null = null;
  readonly #waiting: Waiting;
  /** Takes what comes once TEARDOWN was said; `null`: the connection has ended. */
  #leaving: ((answer: Response | null) => void) | null = null;
  /** It was we who closed it. */
  #left = false;
  /** What came is no RTSP: nothing more is read, and TEARDOWN can still be said. */
  #garbled = false;
  #step: Step = 'connect';
  #callOffEndless: (() => void) | null = null;

  /** `secure`: whom to expect inside TLS; `null` for plain TCP. `allow` is asked of the address that was in fact connected. */
  constructor(
    address: string,
    port: number,
    secure: Secure | null,
    allow: (address: string) => boolean,
    intake: Intake,
    context: Context,
  ) {
    this.#context = context;
    this.#intake = intake;
    this.#secure = secure !== null;
    this.#waiting = new Waiting(context, (step, ms, stalled) => this.#late(step, ms, stalled));
    this.#socket = dial(address, port, secure, {
      into: landing,
      onBytes: (length) => this.#read(length),
      onTcp: (connected) => {
        const bare = bareAddress(connected);
        if (!allow(bare)) return fail('address_not_allowed', 'connect', bare);
        this.#shakesHands = this.#secure;
        if (this.#secure) this.#emit({ type: 'tcp' });
        return null;
      },
      onReady: () => {
        this.#shakesHands = false;
        this.#emit({ type: 'connected' });
      },
      onFailure: (failure) => this.#finish({ ...failure, step: this.#step }),
      onClosed: () => this.#closed(),
    });
  }

  get open(): boolean {
    return this.#waiting.ended === null && !this.#socket.destroyed;
  }

  /** The address of ours that the device speaks to; it is where it sends datagrams. */
  get localAddress(): string {
    return this.#socket.localAddress ?? '';
  }

  /** Waits until the first request may be sent, `ms` for TCP and `handshakeMs` for TLS: `null`, or what prevented it. */
  connected(ms: number, handshakeMs: number): Promise<Failure | null> {
    const tcp = this.#waiting.until<null>('connect', ms, anything);
    if (!this.#secure) return tcp;
    return tcp.then((failure) => failure ?? this.#waiting.until<null>('connect', handshakeMs, anything));
  }

  /** Sends a request and waits for its response. CSeq is not compared: one request is in flight, and many get it wrong. */
  request(step: Step, text: string, ms: number): Promise<Response | Failure> {
    this.#step = step;
    // A response nobody waited for (a late one, a doubled one) must not answer this request.
    this.#waiting.forgetResponses();
    this.say(text);
    return this.#waiting.until<Response>(step, ms, finalAnswer);
  }

  /** Waits for the device to close, at most `ms`; true where the connection still stands. */
  async stands(ms: number): Promise<boolean> {
    if (this.open) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#socket.off('end', done).off('close', done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        this.#socket.once('end', done).once('close', done);
      });
    }
    return this.open;
  }

  /** From now on frames go to `onFrame`; they may come before the answer to PLAY. */
  listen(onFrame: OnFrame): void {
    this.#onFrame = onFrame;
  }

  /** Sends a request whose answer is not waited for: `media` gives it when it comes. */
  say(text: string): void {
    if (this.open) this.#write(text);
  }

  /** Ends the wait for media that does not come over this connection: it is complete, or cannot be had. */
  settle(failure: Failure | null): void {
    if (failure !== null) this.#emit({ type: 'failed', failure: { ...failure, step: this.#step } });
    else if (!this.#media) {
      this.#media = true;
      this.#emit({ type: 'media' });
    }
  }

  /** Waits until `onFrame` said that it has what it wants (`null`), or for an answer to what was said by `say`. */
  media(step: Step, ms: number): Promise<Response | Failure | null> {
    this.#step = step;
    return this.#media ? Promise.resolve(null) : this.#waiting.until<Response | null>(step, ms, mediaOrAnswer);
  }

  /**
   * Says TEARDOWN and closes when it was answered, or after `ms`. Not on the way of the probe: old servers stream a
   * session that was never torn down into the next one (retina#17), so it is said after a failure too, and also where
   * what came was no RTSP. `again` may give what is to be said once more after a refusal. `null`: closed at once.
   */
  leave(teardown: string | null, again: (response: Response) => string | null, ms: number): Promise<void> | null {
    this.#waiting.end();
    this.#onFrame = null;
    this.#most = this.received + mostLeaving;
    if (teardown !== null && (this.open || this.#garbled)) return this.#tearDown(teardown, again, ms);
    this.#close();
    return null;
  }

  async #tearDown(teardown: string, again: (response: Response) => string | null, ms: number): Promise<void> {
    const end = this.#context.now() + ms;
    this.#write(teardown);
    const answered = await this.#answerOrClose(ms);
    const repeated = answered?.status === 401 && this.open ? again(answered) : null;
    if (repeated !== null) {
      this.#write(repeated);
      await this.#answerOrClose(end - this.#context.now());
    }
    this.#close();
  }

  #close(): void {
    this.#left = true;
    this.#callOffEndless?.();
    this.#socket.destroy();
  }

  #answerOrClose(ms: number): Promise<Response | null> {
    return new Promise((resolve) => {
      const done = (response: Response | null): void => {
        clearTimeout(timer);
        this.#leaving = null;
        resolve(response);
      };
      const timer = setTimeout(done, ms, null);
      this.#leaving = done;
    });
  }

  #write(text: string): void {
    if (!this.#socket.writable) return;
    this.#context.trace?.('>', strikePasswords(text).trimEnd());
    this.#socket.write(text, 'latin1');
  }

  /** What it means that nothing whole came in time. */
  #late(step: Step, ms: number, stalled: boolean): Failure {
    if (stalled) return fail('overloaded', step, 'did not listen in time');
    const waited = `${Math.round(ms)} ms`;
    const { bytesRead } = this.#socket;
    if (this.#shakesHands && bytesRead > 0)
      return fail('dripping', step, `no end of the TLS handshake within ${waited}`);
    if (this.#shakesHands) return fail('silent', step, `no answer to the TLS handshake within ${waited}`);
    if (step === 'connect') return fail('unreachable', step, `no answer to the connection within ${waited}`);
    if (this.#begun) return fail('dripping', step, `an answer begun and not ended within ${waited}`);
    return fail('silent', step, `no answer within ${waited}`);
  }

  #emit(event: Event): void {
    if (this.#leaving !== null) {
      if (event.type === 'response') this.#leaving(event.response);
      else if (event.type === 'failed') this.#leaving(null);
    } else this.#waiting.arrived(event);
  }

  #closed(): void {
    this.#leaving?.(null);
    if (this.#left) return;
    this.#read(0, true);
    const broken = fail('tls_failed', 'connect', 'closed in the TLS handshake');
    this.#finish(this.#shakesHands ? broken : fail('closed', this.#step, `closed after ${this.received} bytes`));
  }

  #finish(failure: Failure): void {
    if (this.#waiting.ended !== null) return;
    this.#waiting.ended = failure;
    this.#emit({ type: 'failed', failure });
  }

  /** `ended`: no more will come of what has been begun. */
  #read(length: number, ended = false): void {
    this.#callOffEndless?.();
    this.#callOffEndless = null;
    this.received += length;
    this.#intake.bytes += length;
    // TLS hands on what it had taken in before the pause. Read from its middle, it could be anything, also an answer.
    if (this.#garbled) return;
    if (this.#most !== null && this.received > this.#most) {
      // A flood costs nothing where it is not read. Not closed yet: what is unread then makes it a reset, upon which the
      // device may never read the TEARDOWN.
      this.#socket.pause();
      return;
    }
    if (this.#in.land(length, ended ? 0 : this.#least)) this.#parse(ended);
    if (this.#endless) this.#callOffEndless = deadline(endlessMs, this.#context.now, () => this.#read(0, true));
    if (this.#media || this.#most !== null || this.#waiting.ended !== null) return;
    const flood = this.#intake.flood();
    // In place of an answer it says nothing of the video.
    const instead = this.#step !== 'keyframe';
    if (flood !== null) this.settle(instead ? fail('dripping', this.#step, flood.detail) : flood);
  }

  #parse(ended: boolean): void {
    for (;;) {
      const found = front(this.#in.bytes, this.#in.start, this.#in.end, ended);
      if (found.type === 'more') {
        this.#begun = found.begun;
        this.#least = found.least ?? 0;
        this.#endless = found.endless === true;
        this.#in.keep();
        return;
      }
      if (found.type === 'garbage') {
        const kind = this.heard ? 'rtsp_error' : 'not_rtsp';
        this.#garbled = true;
        this.#endless = false;
        this.#in.drop();
        this.#socket.pause();
        this.#finish(fail(kind, this.#step, strikePasswords(found.detail)));
        return;
      }
      this.#in.start += found.bytes;
      if (found.type === 'frame') {
        if (this.#onFrame?.(found.channel, this.#in.bytes, found.from, found.to) === true) this.settle(null);
      } else if (found.type === 'response') {
        this.heard = true;
        if (this.#context.trace !== undefined) {
          const words = this.#in.bytes.toString('utf8', this.#in.start - found.bytes, this.#in.start);
          this.#context.trace('<', strikePasswords(words).trimEnd());
        }
        this.#emit({ type: 'response', response: found.response });
      } else if (found.type === 'request') this.heard = true;
    }
  }
}
