import { randomBytes } from 'node:crypto';
import type { Login } from '../probe.ts';
import { authorize, type Challenge, parseChallenges } from './digest.ts';
import { formatRequest, header, type Response } from './message.ts';

/**
 * Answers besides 2xx that only whoever is logged in gets: they are about the stream, the session or the transport. Any
 * other may come before the login is looked at: of 453, 500 or 503 it is not known whether the password is right, and
 * were it taken as accepted, a wrong one would be sent again and again, up to the lock.
 */
const behindLogin: ReadonlySet<number> = new Set([404, 454, 455, 457, 459, 461]);

/** RFC 2326 section 12.37: what a session lives without a word where the device names no time. */
const defaultTimeoutMs = 60_000;

/** What a 401 leads to. */
export type AfterChallenge = 'answer' | 'refused' | 'no_credentials' | 'unsupported';

/**
 * What one RTSP session remembers between requests: CSeq, session id, and the login. It makes a request's text and
 * reads what a response says of these; it has no socket, so a dropped connection can go on with the same session.
 */
export class Session {
  id: string | null = null;
  /** How long the session lives without a request, ms. */
  timeoutMs = defaultTimeoutMs;
  /** What the next requests answer; `null` before a 401. */
  #challenge: Challenge | null = null;
  /** The last request's method, and the one that was challenged: only its answer proves a login, others may be free. */
  #asked = '';
  #challenged = '';
  /**
   * Where the login stands. One that nobody has accepted yet is sent once: a second may lock the account. `doubted`: it
   * was refused, as it seems for its nonce, and another nonce was not told yet.
   */
  #state: 'unsent' | 'sent' | 'doubted' | 'accepted' | 'refused' = 'unsent';
  /** The challenge came on the connection before this one. */
  #inherited = false;
  #nonceCount = 0;
  #cseq = 0;
  #renewed = false;
  readonly #login: Login;
  readonly #basicAllowed: boolean;

  /** `confidential`: nobody else can read along, as far as certificates tell; Basic may be answered. */
  constructor(login: Login, confidential = false) {
    this.#login = login;
    this.#basicAllowed = confidential || login?.basicAllowed === true;
  }

  /** The last request carried a login, and what came of it is not known. */
  get unproven(): boolean {
    return this.#state === 'sent' || this.#state === 'doubted';
  }

  /** The login that was sent bears a nonce of the connection before, which this one need not know; true once a session. */
  get inherits(): boolean {
    return this.#state === 'sent' && this.#inherited && this.#challenge?.scheme === 'digest' && !this.#renewed;
  }

  get proven(): boolean {
    return this.#state === 'accepted';
  }

  request(method: string, url: string, headers: readonly (readonly [string, string])[] = []): string {
    const all = [...headers];
    if (this.id !== null) all.push(['Session', this.id]);
    this.#asked = method;
    const mayTry = this.#state === 'accepted' || (this.#state === 'unsent' && method !== 'TEARDOWN');
    if (this.#challenge !== null && this.#login !== null && mayTry) {
      if (this.#state === 'unsent') this.#state = 'sent';
      this.#nonceCount++;
      const cnonce = randomBytes(8).toString('hex');
      all.push(['Authorization', authorize(this.#challenge, this.#login, method, url, this.#nonceCount, cnonce)]);
    }
    return formatRequest(method, url, all, ++this.#cseq);
  }

  /** What a response says of the session: its id, which some makes change from one SETUP to the next: the last one counts. */
  note(response: Response): void {
    const told = header(response.headers, 'session');
    if (told !== undefined) this.#noteId(told);
    const accepts = (response.status >= 200 && response.status < 300) || behindLogin.has(response.status);
    // Otherwise it stays open, and the guard is told that it was not answered: a device that was busy then is logged in
    // to at the next visit where it has accepted this login before, and half an hour later where it never has.
    if (this.#state !== 'sent' || !accepts) return;
    this.#state = this.#asked === this.#challenged ? 'accepted' : 'unsent';
    this.#renewed = false;
  }

  #noteId(told: string): void {
    const [id, ...parameters] = told.split(';').map((part) => part.trim());
    if (id !== undefined && id !== '') this.id = id;
    const seconds = parameters.map((parameter) => /^timeout\s*=\s*(\d{1,6})$/i.exec(parameter)?.[1]).find(Boolean);
    if (seconds !== undefined && Number(seconds) > 0) this.timeoutMs = Number(seconds) * 1_000;
  }

  /**
   * Takes a 401; says whether the next request may carry a login. `strange`: the login bore a nonce that this connection
   * need not know.
   */
  challenged(response: Response, strange = false): AfterChallenge {
    if (this.#login === null) return 'no_credentials';
    const challenges = parseChallenges(response.headers.get('www-authenticate') ?? []);
    const best = challenges.find((challenge) => challenge.scheme !== 'basic' || this.#basicAllowed);
    const answered = this.#challenge !== null && this.#state !== 'unsent';
    if (answered) {
      if (!this.#mayRenew(best, strange)) {
        this.#state = 'refused';
        return 'refused';
      }
      this.#renewed = true;
      this.#state = 'unsent';
    }
    if (best === undefined) return 'unsupported';
    if (this.#state === 'doubted') this.#state = 'unsent';
    this.#inherited = false;
    this.#challenge = best;
    this.#challenged = this.#asked;
    this.#nonceCount = 0;
    return 'answer';
  }

  /**
   * A login goes again only with another nonce, once, and only where the old nonce is what was refused: the device says
   * so (stale, RFC 7616 section 3.3), or it has accepted the same login before, or the nonce was told on another connection.
   */
  #mayRenew(best: Challenge | undefined, strange = false): boolean {
    if (best?.scheme !== 'digest' || this.#challenge?.scheme !== 'digest') return false;
    if (this.#renewed || best.nonce === this.#challenge.nonce) return false;
    return this.#state === 'accepted' || (this.#state === 'sent' && (best.stale || strange));
  }

  /**
   * Takes a 401 to a request that must not be repeated: the next one answers its nonce; where there is no other nonce,
   * or that was refused too, none carries a login any more, and `false` is given back.
   */
  renew(response: Response): boolean {
    const [best] = parseChallenges(response.headers.get('www-authenticate') ?? []);
    if (this.#state !== 'accepted' || best === undefined || !this.#mayRenew(best)) {
      this.#state = 'refused';
      return false;
    }
    this.#challenge = best;
    this.#nonceCount = 0;
    this.#renewed = true;
    return true;
  }

  /** A login that went into a closing connection may go once more. */
  repeat(): void {
    if (this.#state === 'sent') this.#state = 'unsent';
  }

  /** The connection on which the login was asked for has closed, and another stands in its place. */
  inherit(): void {
    this.#inherited = true;
  }

  /**
   * Takes a 403 to a login that `inherits`: some makes say so of a nonce of another connection (#647). It is dropped, the
   * next request carries none, and what answers the next nonce is the login for which a refusal is one.
   */
  drop(): void {
    this.#challenge = null;
    this.#renewed = true;
    this.#state = 'doubted';
  }

  refuse(): void {
    this.#state = 'refused';
  }

  /** For a new connection: nothing of the old one's session, and no nonce of it, which some makes answer by 403 (#647). */
  begin(): void {
    this.id = null;
    this.timeoutMs = defaultTimeoutMs;
    this.#challenge = null;
  }
}
