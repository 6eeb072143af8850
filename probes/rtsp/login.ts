import { type Failure, fail, type Step } from '../failure.ts';
import { type LoginGuard, mayTryUnlessStopped, memoryGuard } from '../guard.ts';
import type { Context } from '../probe.ts';

const done = Promise.resolve();

/**
 * The login guard's side of one visit: it is asked before a login, and then told exactly one of what came of it. Its
 * time is ours, so it is given to `took`, ms: a slow database is not to make the device silent.
 */
export class GuardedLogin {
  /** Nothing was asked of the guard yet. */
  untried = true;
  #guard: LoginGuard | undefined;
  readonly #context: Context;
  readonly #took: (ms: number) => void;
  /** The guard permitted a login and was not told yet what came of it. */
  #open = false;
  /** Ends when the guard has answered what it was asked before the caller stopped us, and was told. Never rejects. */
  abandoned: Promise<void> = done;

  constructor(context: Context, took: (ms: number) => void) {
    this.#context = context;
    this.#guard = context.guard;
    this.#took = took;
  }

  /** `null` where the next request may carry the login. */
  async permit(step: Step): Promise<Failure | null> {
    if (this.#open) return null;
    if (this.#context.signal.aborted) return fail('aborted', step, 'stopped');
    this.untried = false;
    this.#guard ??= memoryGuard();
    const { held, abandoned } = await this.#timed(mayTryUnlessStopped(this.#guard, 'rtsp', this.#context.signal));
    this.abandoned = abandoned;
    if (held === 'stopped') return fail('aborted', step, 'stopped');
    if (held !== null) return fail(held.kind, step, held.detail);
    this.#open = true;
    return null;
  }

  async accepted(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#timed(this.#guard!.accepted('rtsp'));
  }

  /** The failure that a refusal is. One of a login that was accepted in this same visit is asked about like a new one. */
  async refused(step: Step, kind: 'unauthorized' | 'forbidden', said: string): Promise<Failure> {
    const held = await this.permit(step);
    if (held !== null) return held;
    this.#open = false;
    const meant = await this.#timed(this.#guard!.refused('rtsp', kind, said));
    if (meant === 'busy') return fail('busy', step, `${said} to a login that was accepted before`);
    return fail(kind, step, `${said} to a login`);
  }

  /** At the end of the visit: what was permitted and has no outcome stays unanswered. */
  async settle(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#guard!.unanswered('rtsp');
  }

  async #timed<T>(asked: Promise<T>): Promise<T> {
    const begun = this.#context.now();
    try {
      return await asked;
    } finally {
      this.#took(this.#context.now() - begun);
    }
  }
}
