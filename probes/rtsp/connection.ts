import type net from 'node:net';
import { type Failure, fail, type Step } from '../failure.ts';
import { deadline } from '../net/deadline.ts';
import { dial, failureOfErrno } from '../net/dial.ts';
import type { Context } from '../probe.ts';
import { front, type Response } from './message.ts';
import { strikePasswords } from './url.ts';

/** Room for what one read may bring on top of the largest thing not yet whole: a body of 128 KiB or a frame of 64 KiB. */
const firstRoom = 64 * 1024;
const mostRoom = 256 * 1024;

type Event =
  | { readonly type: 'connected' }
  | { readonly type: 'response'; readonly response: Response }
  | { readonly type: 'media' }
  | { readonly type: 'failed'; readonly failure: Failure };

/** A request as it may be shown: a digest's answer can be tried against a list of passwords, Basic is one. */
const struckOut = (text: string): string =>
  strikePasswords(text)
    .trimEnd()
    .replace(/^(Authorization: \w+).*$/m, '$1 ***');

/** Takes an interleaved frame's payload; true when what was waited for is complete. */
export type OnFrame = (channel: number, bytes: Buffer, from: number, to: number) => boolean;

/**
 * One RTSP connection over TCP: one request in flight, interleaved frames handed on as they come. Every wait ends by an
 * answer, a failure, its deadline or the caller's signal, whichever is first.
 */
export class Connection {
  /** A valid RTSP message was received: the device itself spoke. */
  heard = false;
  /** Bytes received so far: tells a silent device from a dripping one. */
  received = 0;

  readonly #context: Context;
  readonly #socket: net.Socket;
  #bytes: Buffer = Buffer.allocUnsafeSlow(firstRoom);
  #start = 0;
  #end = 0;
  /** Something begun and not whole stands in the buffer. */
  #begun = false;
  #onFrame: OnFrame | null = null;
  #media = false;
  #events: Event[] = [];
  #wake: ((event: Event) => void) | null = null;
  #ended: Failure | null = null;
  #step: Step = 'connect';

  constructor(address: string, port: number, allow: (address: string) => boolean, context: Context) {
    this.#context = context;
    this.#socket = dial(
      address,
      port,
      () => this.#lend(),
      (_bytes, length) => this.#read(length),
    );
    this.#socket.on('connect', () => {
      const connected = this.#socket.remoteAddress ?? address;
      if (allow(connected)) this.#emit({ type: 'connected' });
      else {
        this.#finish(fail('address_not_allowed', 'connect', connected));
        this.#socket.destroy();
      }
    });
    this.#socket.on('error', (error) => this.#finish(failureOfErrno(error, this.#step)));
    this.#socket.on('end', () => this.#finish(fail('closed', this.#step, `closed after ${this.received} bytes`)));
    this.#socket.on('close', () => this.#finish(fail('closed', this.#step, `closed after ${this.received} bytes`)));
  }

  get open(): boolean {
    return this.#ended === null && !this.#socket.destroyed;
  }

  /** Waits until the connection stands: `null`, or what prevented it. */
  async connected(ms: number): Promise<Failure | null> {
    const event = await this.#next('connect', ms);
    return event.type === 'failed' ? event.failure : null;
  }

  /** Sends a request and waits for its response. CSeq is not compared: one request is in flight, and many get it wrong. */
  async request(step: Step, text: string, ms: number): Promise<Response | Failure> {
    this.#step = step;
    // A response nobody waited for (a late one, a doubled one) must not answer this request.
    this.#events = this.#events.filter((event) => event.type !== 'response');
    if (this.#ended === null) {
      this.#context.trace?.('>', struckOut(text));
      this.#socket.write(text, 'latin1');
    }
    const end = this.#context.now() + ms;
    for (;;) {
      const event = await this.#next(step, end - this.#context.now());
      if (event.type === 'failed') return event.failure;
      if (event.type === 'response' && event.response.status >= 200) return event.response;
    }
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

  /** Waits until `onFrame` said that it has what it wants. */
  async media(step: Step, ms: number): Promise<Failure | null> {
    this.#step = step;
    const end = this.#context.now() + ms;
    while (!this.#media) {
      const event = await this.#next(step, end - this.#context.now());
      if (event.type === 'failed') return event.failure;
    }
    return null;
  }

  /**
   * Says TEARDOWN and closes when it was answered, or after `ms`. Not on the way of the probe: old servers stream a
   * session that was never torn down into the next one (retina#17), so it is said after a failure too.
   */
  async leave(teardown: string | null, ms: number): Promise<void> {
    this.#onFrame = null;
    if (teardown !== null && this.open) {
      this.#events = [];
      this.#context.trace?.('>', struckOut(teardown));
      this.#socket.write(teardown, 'latin1');
      await this.#answerOrClose(ms);
    }
    this.#socket.destroy();
  }

  #answerOrClose(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const socket = this.#socket;
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
      this.#wake = (event) => {
        if (event.type === 'response' || event.type === 'failed') done();
      };
      socket.once('close', done);
    });
  }

  #next(step: Step, ms: number): Promise<Event> {
    const ready = this.#events.shift();
    if (ready?.type === 'failed') return Promise.resolve({ type: 'failed', failure: { ...ready.failure, step } });
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#ended !== null) return Promise.resolve({ type: 'failed', failure: { ...this.#ended, step } });
    const { signal } = this.#context;
    if (signal.aborted) return Promise.resolve({ type: 'failed', failure: fail('aborted', step, 'stopped') });
    return new Promise((resolve) => {
      const onAbort = (): void => settle({ type: 'failed', failure: fail('aborted', step, 'stopped') });
      const callOff = deadline(ms, this.#context.now, (stalled) => {
        const failure = stalled ? fail('overloaded', step, 'did not listen in time') : this.#late(step, ms);
        settle({ type: 'failed', failure });
      });
      const settle = (event: Event): void => {
        callOff();
        signal.removeEventListener('abort', onAbort);
        this.#wake = null;
        resolve(event);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = settle;
    });
  }

  /** What it means that nothing whole came in time. */
  #late(step: Step, ms: number): Failure {
    const waited = `${Math.round(ms)} ms`;
    if (step === 'connect') return fail('unreachable', step, `no answer to the connection within ${waited}`);
    if (this.#begun) return fail('dripping', step, `an answer begun and not ended within ${waited}`);
    return fail('silent', step, `no answer within ${waited}`);
  }

  #emit(event: Event): void {
    if (this.#wake !== null) this.#wake(event);
    else if (event.type !== 'media') this.#events.push(event);
  }

  #finish(failure: Failure): void {
    if (this.#ended !== null) return;
    this.#ended = failure;
    this.#emit({ type: 'failed', failure });
  }

  #lend(): Buffer {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    else if (this.#bytes.length - this.#end < firstRoom / 2) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
      if (this.#bytes.length - this.#end < firstRoom / 2 && this.#bytes.length < mostRoom) {
        const wider = Buffer.allocUnsafeSlow(this.#bytes.length * 2);
        this.#bytes.copy(wider, 0, 0, this.#end);
        this.#bytes = wider;
      }
    }
    return this.#bytes.subarray(this.#end);
  }

  #read(length: number): void {
    this.#end += length;
    this.received += length;
    for (;;) {
      const found = front(this.#bytes, this.#start, this.#end);
      if (found.type === 'more') {
        this.#begun = found.begun;
        return;
      }
      if (found.type === 'garbage') {
        const kind = this.heard ? 'rtsp_error' : 'not_rtsp';
        this.#finish(fail(kind, this.#step, found.detail));
        this.#socket.destroy();
        return;
      }
      this.#start += found.bytes;
      if (found.type === 'frame') {
        if (this.#onFrame?.(found.channel, this.#bytes, found.from, found.to) === true && !this.#media) {
          this.#media = true;
          this.#emit({ type: 'media' });
        }
      } else if (found.type === 'response') {
        this.heard = true;
        if (this.#context.trace !== undefined) {
          const words = this.#bytes.toString('utf8', this.#start - found.bytes, this.#start);
          this.#context.trace('<', strikePasswords(words).trimEnd());
        }
        this.#emit({ type: 'response', response: found.response });
      } else if (found.type === 'request') this.heard = true;
    }
  }
}
