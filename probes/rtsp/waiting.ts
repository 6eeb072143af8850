import { type Failure, fail, type Step } from '../failure.ts';
import { Alarm, stall } from '../net/deadline.ts';
import { onStop } from '../net/stop.ts';
import type { Context } from '../probe.ts';
import type { Response } from './message.ts';

/** What happens on a connection, besides its end. */
export type Arrived =
  | { readonly type: 'tcp' }
  | { readonly type: 'connected' }
  | { readonly type: 'response'; readonly response: Response }
  | { readonly type: 'media' };
export type Event = Arrived | { readonly type: 'failed'; readonly failure: Failure };

/** Makes something of what has arrived, or `undefined`. */
type Take<T> = (event: Arrived) => T | undefined;
type Wait = {
  readonly step: Step;
  readonly ms: number;
  readonly take: Take<unknown>;
  readonly resolve: (result: unknown) => void;
};

const made = <T>(event: Event, step: Step, take: Take<T>): T | Failure | undefined =>
  event.type === 'failed' ? { ...event.failure, step } : take(event);

/**
 * Who waits on one connection, one at a time, and what has arrived before it was waited for. One timer and one listener
 * of the signal for all waits: a new one of each for each wait, and the closures for them, were 2.7 of the 25 KB that an
 * online probe left to be collected.
 */
export class Waiting {
  /** Why nothing more arrives. */
  ended: Failure | null = null;
  readonly #context: Context;
  readonly #late: (step: Step, ms: number, stalled: boolean) => Failure;
  readonly #alarm: Alarm;
  readonly #callOffStop: () => void;
  #events: Event[] = [];
  #wait: Wait | null = null;

  /** `late`: what it means that nothing whole came in time. */
  constructor(context: Context, late: (step: Step, ms: number, stalled: boolean) => Failure) {
    this.#context = context;
    this.#late = late;
    this.#alarm = new Alarm(context.now, (stalled) => {
      const { step, ms } = this.#wait!;
      this.#settle(late(step, ms, stalled));
    });
    this.#callOffStop = onStop(context.signal, () => {
      if (this.#wait !== null) this.#settle(fail('aborted', this.#wait.step, 'stopped'));
    });
  }

  /**
   * Hands on what comes until `take` makes something of it (not `undefined`). One deadline for all of it: a new one with
   * each answer never ended where the answers did not. Without time left, only what has come already is looked at.
   */
  until<T>(step: Step, ms: number, take: Take<T>): Promise<T | Failure> {
    while (this.#events.length > 0) {
      const ready = made(this.#events.shift()!, step, take);
      if (ready !== undefined) return Promise.resolve(ready);
    }
    if (this.ended !== null) return Promise.resolve({ ...this.ended, step });
    if (this.#context.signal.aborted) return Promise.resolve(fail('aborted', step, 'stopped'));
    if (ms <= 0) return Promise.resolve(this.#late(step, 0, -ms > stall));
    return new Promise((resolve) => {
      this.#wait = { step, ms, take, resolve: resolve as (result: unknown) => void };
      this.#alarm.set(ms);
    });
  }

  arrived(event: Event): void {
    if (this.#wait !== null) {
      const result = made(event, this.#wait.step, this.#wait.take);
      if (result !== undefined) this.#settle(result);
    } else if (event.type !== 'media') this.#events.push(event);
  }

  /** Responses that nobody waited for answer nothing that is asked from now on. */
  forgetResponses(): void {
    if (this.#events.length > 0) this.#events = this.#events.filter(({ type }) => type !== 'response');
  }

  /** Nobody waits any more. */
  end(): void {
    this.#callOffStop();
    this.#alarm.end();
  }

  #settle(result: unknown): void {
    const { resolve } = this.#wait!;
    this.#wait = null;
    this.#alarm.callOff();
    resolve(result);
  }
}
