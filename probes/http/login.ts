import { type Failure, fail, type Step } from '../failure.ts';
import type { LoginGuard, LoginService } from '../guard.ts';
import type { Login } from '../probe.ts';
import { type Challenge, parseChallenges } from '../rtsp/digest.ts';
import type { Server } from './server.ts';

/**
 * The challenge to answer, the strongest that may be; `null` where there is none. Basic sends the password in clear:
 * only where the camera is marked for it, or over TLS.
 */
export const bestChallenge = (
  offered: readonly string[],
  login: NonNullable<Login>,
  { secure }: Pick<Server, 'secure'>,
): Challenge | null =>
  parseChallenges(offered).find(({ scheme }) => scheme !== 'basic' || secure !== null || login.basicAllowed === true) ??
  null;

/** What a device asks for, in one word each, for a person. */
export const offeredWords = (offered: readonly string[]): string =>
  `offered: ${(offered.length === 0 ? ['nothing'] : offered).map((value) => value.split(/[\s,]/)[0]).join(', ')}`;

/** The one login that a visit may send, as the guard sees it: asked about once, told about once. */
export class OneLogin {
  /** `out`: allowed, and the guard has not been told yet what came of it. */
  state: 'unsent' | 'out' | 'accepted' | 'failed' = 'unsent';
  readonly #service: LoginService;
  readonly #guard: LoginGuard;

  constructor(service: LoginService, guard: LoginGuard) {
    this.#service = service;
    this.#guard = guard;
  }

  /** `null`: it may go on the wire now. Asked on a connection that stands: what never left need not be told of. */
  async mayTry(step: Step): Promise<Failure | null> {
    const held = await this.#guard.mayTry(this.#service);
    if (held !== null) return fail(held.kind, step, held.detail);
    this.state = 'out';
    return null;
  }

  async accepted(): Promise<void> {
    this.state = 'accepted';
    await this.#guard.accepted(this.#service);
  }

  /** The failure that the refusal is: `kind`, or `busy` where the guard knows the login as right. */
  async refused(kind: 'unauthorized' | 'forbidden', step: Step, detail: string): Promise<Failure> {
    this.state = 'failed';
    const meant = await this.#guard.refused(this.#service, kind, detail);
    return fail(meant === 'busy' ? 'busy' : kind, step, detail);
  }

  async unanswered(): Promise<void> {
    this.state = 'failed';
    await this.#guard.unanswered(this.#service);
  }
}
