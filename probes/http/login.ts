import { type Failure, fail, type Step } from '../failure.ts';
import { type LoginGuard, type LoginService, mayTryUnlessStopped } from '../guard.ts';
import type { Context, Login } from '../probe.ts';
import { type Challenge, parseChallenges } from '../rtsp/digest.ts';
import type { Server } from './server.ts';

/**
 * The challenge to answer, the strongest that may be; `null` where there is none. Basic sends the password in clear:
 * only where the camera is marked for it, or over TLS to whom the certificate names.
 */
export const bestChallenge = (
  offered: readonly string[],
  login: NonNullable<Login>,
  { secure }: Pick<Server, 'secure'>,
): Challenge | null => {
  const verified = secure !== null && secure.trust?.by !== 'nothing';
  const mayBasic = verified || login.basicAllowed === true;
  return parseChallenges(offered).find(({ scheme }) => scheme !== 'basic' || mayBasic) ?? null;
};

/** What a device asks for, in one word each, for a person. */
export const offeredWords = (offered: readonly string[]): string =>
  `offered: ${(offered.length === 0 ? ['nothing'] : offered).map((value) => value.split(/[\s,]/)[0]).join(', ')}`;

/**
 * The one login that a visit may send, as the guard sees it: asked about once, told about once. The guard's time is
 * ours: a slow database is not to make the device silent, nor a login that was permitted one that never leaves.
 */
export class OneLogin {
  /** `out`: allowed, and the guard has not been told yet what came of it. */
  state: 'unsent' | 'out' | 'accepted' | 'failed' = 'unsent';
  /** What the guard took so far, ms: to be added to whatever time limit it ran in. */
  tookMs = 0;
  /** Ends when the guard has answered what it was asked before the caller stopped us, and was told. Never rejects. */
  abandoned: Promise<void> = Promise.resolve();
  readonly #service: LoginService;
  readonly #guard: LoginGuard;
  readonly #context: Context;

  constructor(service: LoginService, guard: LoginGuard, context: Context) {
    this.#service = service;
    this.#guard = guard;
    this.#context = context;
  }

  /** `null`: it may go on the wire now. */
  async mayTry(step: Step): Promise<Failure | null> {
    if (this.#context.signal.aborted) return fail('aborted', step, 'stopped');
    const { held, abandoned } = await this.#timed(() =>
      mayTryUnlessStopped(this.#guard, this.#service, this.#context.signal),
    );
    this.abandoned = abandoned;
    if (held === 'stopped') return fail('aborted', step, 'stopped');
    if (held !== null) return fail(held.kind, step, held.detail);
    this.state = 'out';
    return null;
  }

  async accepted(): Promise<void> {
    this.state = 'accepted';
    await this.#timed(() => this.#guard.accepted(this.#service));
  }

  /** The failure that the refusal is: `kind`, or `busy` where the guard knows the login as right. */
  async refused(kind: 'unauthorized' | 'forbidden', step: Step, detail: string): Promise<Failure> {
    this.state = 'failed';
    const meant = await this.#timed(() => this.#guard.refused(this.#service, kind, detail));
    return fail(meant === 'busy' ? 'busy' : kind, step, detail);
  }

  async unanswered(): Promise<void> {
    this.state = 'failed';
    await this.#timed(() => this.#guard.unanswered(this.#service));
  }

  /** Permitted, and then stopped, or without a connection to go out on. */
  async withdrawn(): Promise<void> {
    this.state = 'failed';
    await this.#timed(() => this.#guard.withdrawn(this.#service));
  }

  async #timed<T>(ask: () => Promise<T>): Promise<T> {
    const begun = this.#context.now();
    try {
      return await ask();
    } finally {
      this.tookMs += this.#context.now() - begun;
    }
  }
}
