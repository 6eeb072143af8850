import { type Failure, type FailureKind, fail, isFailure, type Step } from '../failure.ts';
import { bareAddress } from '../net/address.ts';
import type { Context, Target, TimedStep } from '../probe.ts';
import { Connection, type OnFrame } from './connection.ts';
import { Intake } from './intake.ts';
import { GuardedLogin } from './login.ts';
import { header, type Response } from './message.ts';
import { Session } from './session.ts';
import { type RtspUrl, strikePasswords } from './url.ts';

/** Time limits of single steps, ms; the probe's own deadline always comes first. */
const limits = { connect: 3_000, answer: 5_000, teardown: 1_000, closing: 10 } as const;

/**
 * Part of the whole that a device gets for its first word where it can be asked over ONVIF too: one whose RTSP service
 * hangs and whose ONVIF service answers is online.
 */
const firstWord = 0.6;

const statusKinds: Readonly<Record<number, FailureKind>> = {
  403: 'forbidden',
  404: 'not_found',
  453: 'busy',
  503: 'busy',
  461: 'transport_refused',
};

const anyAddress = (): boolean => true;
const neverAgain = (): null => null;
const left = Promise.resolve();

export type Headers = readonly (readonly [string, string])[];

/**
 * What is said between us and one device during one visit, over as many connections as that takes: each request up to
 * its 200, with the login where the device asks for one and the guard permits it.
 */
export class Conversation {
  /** A valid RTSP message came from the device. */
  heard = false;
  readonly steps: TimedStep[] = [];
  readonly session: Session;
  readonly intake: Intake;
  /** The URL of the whole session, which is torn down. */
  aggregate = '';

  readonly #target: Target;
  readonly #context: Context;
  readonly #url: RtspUrl;
  readonly #address: string;
  readonly #login: GuardedLogin;
  readonly #left: Promise<void>[] = [];
  #end: number;
  #connection: Connection | null = null;
  #onFrame: OnFrame | null = null;
  #repeated = false;
  /** From a SETUP that was sent, because its answer may be what is missing, until one is refused without a session. */
  #sessionMayStand = false;

  /** `address` is what is dialled for `url`; `end` is the time by `context.now` at which the visit has to be over. */
  constructor(target: Target, context: Context, url: RtspUrl, address: string, end: number) {
    this.#target = target;
    this.#context = context;
    this.#url = url;
    this.#address = address;
    this.#end = end;
    this.intake = new Intake(target.deadlineMs);
    this.session = new Session(target.login, url.secure && target.trust?.by !== 'nothing');
    this.#login = new GuardedLogin(context, (ms) => {
      this.#end += ms;
    });
  }

  get remaining(): number {
    return this.#end - this.#context.now();
  }

  /** The connection that stands; there is one from the first `connect` on. */
  get connection(): Connection {
    return this.#connection!;
  }

  timed(name: Step, step: () => Promise<Failure | null>): Promise<Failure | null> {
    const begun = this.#context.now();
    return step().then((failure) => {
      this.steps.push({ name, ok: failure === null, ms: Math.round((this.#context.now() - begun) * 10) / 10 });
      return failure;
    });
  }

  connect(): Promise<Failure | null> {
    const allow = this.#target.allow ?? anyAddress;
    const bare = bareAddress(this.#address);
    if (!allow(bare)) return Promise.resolve(fail('address_not_allowed', 'connect', bare));
    const { host, port, secure } = this.#url;
    const inTls = secure ? { host, trust: this.#target.trust } : null;
    this.#connection = new Connection(this.#address, port, inTls, allow, this.intake, this.#context);
    if (this.#onFrame !== null) this.#connection.listen(this.#onFrame);
    const { remaining } = this;
    return this.#connection.connected(Math.min(limits.connect, remaining), Math.min(limits.answer, remaining));
  }

  /** From now on interleaved frames go to `onFrame`, also those of a connection that takes this one's place. */
  listen(onFrame: OnFrame): void {
    this.#onFrame = onFrame;
    this.#connection!.listen(onFrame);
  }

  /** One request and its answer, whatever its status. */
  async send(step: Step, method: string, url: string, headers: Headers = []): Promise<Response | Failure> {
    const connection = this.#connection!;
    if (method === 'SETUP') this.#sessionMayStand = true;
    const text = this.session.request(method, url, headers);
    const { onvifUrl, deadlineMs } = this.#target;
    const mute = !this.heard && onvifUrl !== undefined;
    const patience = mute ? Math.min(limits.answer, firstWord * deadlineMs) : limits.answer;
    const response = await connection.request(step, text, Math.min(patience, this.remaining));
    if (connection.heard) this.heard = true;
    if (isFailure(response)) return response;
    this.session.note(response);
    if (this.session.proven) await this.#login.accepted();
    if (method === 'SETUP' && response.status >= 300 && this.session.id === null) this.#sessionMayStand = false;
    return response;
  }

  describe(step: Step): Promise<Response | Failure> {
    return this.ask(step, 'DESCRIBE', this.#url.request, [['Accept', 'application/sdp']]);
  }

  /** One request up to its 200, with the login where the device asks for one. Redirects are never followed. */
  async ask(step: Step, method: string, url: string, headers: Headers): Promise<Response | Failure> {
    for (;;) {
      const heardBefore = this.#connection!.received;
      const response = await this.send(step, method, url, headers);
      if (isFailure(response)) {
        const lost = await this.#repeat(response, heardBefore);
        if (lost !== null) return lost;
        continue;
      }
      const { status, reason } = response;
      if (status >= 200 && status < 300) return response;
      const said = strikePasswords(`${method}: ${status} ${reason}`).slice(0, 120);
      if (status >= 300 && status < 400) return fail('redirected', step, said);
      // A nonce of a connection that closed with it: no refusal (#647), as long as this one stands to tell another. A
      // device that closes this one too has never another to tell, and means the login.
      const strange = (status === 401 || status === 403) && this.session.inherits && (await this.#stays(response));
      if (status === 403 && this.session.unproven) {
        if (!strange) return this.#refused(step, 'forbidden', said);
        this.session.drop();
        continue;
      }
      if (status !== 401) return fail(statusKinds[status] ?? 'rtsp_error', step, said);
      const begins = this.#login.untried;
      const next = this.session.challenged(response, strange);
      if (next === 'refused') return this.#refused(step, 'unauthorized', said);
      if (next === 'no_credentials') return fail('no_credentials', step, said);
      if (next === 'unsupported') {
        const offered = (response.headers.get('www-authenticate') ?? ['nothing']).map((v) => v.split(/[\s,]/)[0]);
        return fail('auth_unsupported', step, `offered: ${offered.join(', ')}`);
      }
      const lost = await this.#reopen(response);
      if (lost !== null) return lost;
      // What was accepted is asked about no more; what was challenged anew after that is a login like the first.
      const held = this.session.proven ? null : await this.#login.permit(step);
      if (held !== null) {
        this.session.refuse();
        return held;
      }
      // Some devices describe themselves to everybody, and then do not begin a login at SETUP: they want it from
      // DESCRIBE on. Whether it was right is still for SETUP to say.
      if (method === 'SETUP' && begins) {
        const described = await this.describe(step);
        if (isFailure(described)) return described;
      }
    }
  }

  /** Sends what keeps the session alive; its answer comes out of `connection.media`. */
  keepAlive(method: 'GET_PARAMETER' | 'OPTIONS'): void {
    this.#connection!.say(this.session.request(method, this.aggregate));
  }

  /**
   * Ends the session so that another can be set up: TEARDOWN, and where that is not answered or the device closes, a
   * new connection, on which nothing of the old one is sent, and DESCRIBE again.
   */
  async restart(step: Step): Promise<Failure | null> {
    const answered = !this.#sessionMayStand || !isFailure(await this.#teardown(step));
    this.#sessionMayStand = false;
    this.session.id = null;
    if (answered && (await this.#connection!.stands(limits.closing))) return null;
    this.session.begin();
    this.#leaveCurrent();
    const lost = await this.connect();
    if (lost !== null) return lost;
    const described = await this.describe(step);
    return isFailure(described) ? described : null;
  }

  /** Leaves every connection that was opened, TEARDOWN first where a session may stand. */
  leave(): Promise<void> {
    // Only of the last connection: the session of the others goes on elsewhere, with nonces of its own.
    const again = (refusal: Response): string | null =>
      this.session.renew(refusal) ? this.session.request('TEARDOWN', this.aggregate) : null;
    this.#leaveCurrent(again);
    if (this.#left.length === 0 && this.#login.untried) return left;
    return Promise.all([...this.#left, this.#login.abandoned]).then(() => undefined);
  }

  /** Says to the guard what is still to be said; `null` where that is nothing. */
  settle(): Promise<void> | null {
    return this.#login.untried ? null : this.#login.settle();
  }

  #teardown(step: Step): Promise<Response | Failure> {
    const text = this.session.request('TEARDOWN', this.aggregate);
    return this.#connection!.request(step, text, Math.min(limits.teardown, this.remaining));
  }

  #leaveCurrent(again: (refusal: Response) => string | null = neverAgain): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    const teardown = this.#sessionMayStand ? this.session.request('TEARDOWN', this.aggregate) : null;
    const leaving = connection.leave(teardown, again, limits.teardown);
    if (leaving !== null) this.#left.push(leaving);
  }

  async #refused(step: Step, kind: 'unauthorized' | 'forbidden', said: string): Promise<Failure> {
    this.session.refuse();
    return this.#login.refused(step, kind, said);
  }

  /**
   * Some devices close TCP with their 401 (retina#45): dialled again once, the request then carries the login. Their
   * FIN comes right behind; waited for, lest the login go into a closing connection.
   */
  async #reopen(response: Response): Promise<Failure | null> {
    if (await this.#stays(response)) return null;
    this.session.inherit();
    return this.#redial();
  }

  /** True where the connection neither is said to close with this answer nor does. */
  async #stays({ headers }: Response): Promise<boolean> {
    if (header(headers, 'connection')?.toLowerCase() === 'close') return false;
    return this.#connection!.stands(limits.closing);
  }

  /**
   * Some devices close TCP on the login instead (retina#45). Closing is no answer, hence no refusal: dialled again once,
   * the request carries the same login once more. `failure` where that is not what happened.
   */
  async #repeat(failure: Failure, receivedBefore: number): Promise<Failure | null> {
    const unanswered = failure.kind === 'closed' && this.#connection!.received === receivedBefore;
    if (!unanswered || !this.session.unproven || this.#repeated) return failure;
    const lost = await this.#redial();
    if (lost === null) this.session.repeat();
    return lost;
  }

  async #redial(): Promise<Failure | null> {
    if (this.#repeated) return fail('closed', 'connect', 'closed with each 401');
    this.#repeated = true;
    this.#leaveCurrent();
    return this.connect();
  }
}
