import { randomBytes } from 'node:crypto';
import type { Login } from '../probe.ts';
import { authorize, type Challenge, type Credentials, parseChallenges } from './digest.ts';
import { formatRequest, header, type Response } from './message.ts';

/** Answers that may mean a refused login; any other to a request that was asked to log in says that it was accepted. */
const refusals: ReadonlySet<number> = new Set([400, 401, 403]);

/** What a 401 leads to. */
export type AfterChallenge = 'answer' | 'refused' | 'known_refused' | 'no_credentials' | 'unsupported';

/**
 * What one RTSP session remembers between requests: CSeq, session id, and the login. It makes a request's text and
 * reads what a response says of these; it has no socket, so a dropped connection can go on with the same session.
 */
export class Session {
  id: string | null = null;
  /** What the next requests answer; `null` before a 401. */
  #challenge: Challenge | null = null;
  /** Where the login stands. One that nobody has accepted yet is sent once: a second may lock the account. */
  #state: 'unsent' | 'sent' | 'accepted' | 'refused' = 'unsent';
  #nonceCount = 0;
  #cseq = 0;
  #renewed = false;
  readonly #login: Login;
  readonly #credentials: Credentials | null;

  constructor(login: Login) {
    this.#login = login;
    this.#credentials = login !== null && 'user' in login ? login : null;
  }

  /** True where a login was sent and not accepted: whoever sends it again may send a wrong one twice. */
  get unproven(): boolean {
    return this.#state === 'sent' || this.#state === 'refused';
  }

  request(method: string, url: string, headers: readonly (readonly [string, string])[] = []): string {
    const all = [...headers];
    if (this.id !== null) all.push(['Session', this.id]);
    if (this.#challenge !== null && this.#credentials !== null && !this.unproven) {
      if (this.#state === 'unsent') this.#state = 'sent';
      this.#nonceCount++;
      const cnonce = randomBytes(8).toString('hex');
      all.push(['Authorization', authorize(this.#challenge, this.#credentials, method, url, this.#nonceCount, cnonce)]);
    }
    return formatRequest(method, url, all, ++this.#cseq);
  }

  /** What a response says of the session: its id, which some makes change from one SETUP to the next: the last one counts. */
  note(response: Response): void {
    const value = header(response.headers, 'session');
    const id = value?.split(';')[0]?.trim();
    if (id !== undefined && id !== '') this.id = id;
    if (this.#state === 'sent' && !refusals.has(response.status)) this.#state = 'accepted';
  }

  /** Takes a 401; says whether the next request may carry a login. */
  challenged(response: Response): AfterChallenge {
    const challenges = parseChallenges(response.headers.get('www-authenticate') ?? []);
    if (this.#login === null) return 'no_credentials';
    if (this.#credentials === null) return 'known_refused';
    const basicAllowed = 'basicAllowed' in this.#login && this.#login.basicAllowed === true;
    const best = challenges.find((challenge) => challenge.scheme !== 'basic' || basicAllowed);
    if (this.#state !== 'unsent') {
      // RFC 7616 section 3.3: stale says that only the nonce was too old. Once; a device that keeps saying so refuses.
      const stale = best?.scheme === 'digest' && best.stale && !this.#renewed && this.#state !== 'refused';
      if (!stale) {
        this.#state = 'refused';
        return 'refused';
      }
      this.#renewed = true;
    }
    if (best === undefined) return 'unsupported';
    this.#challenge = best;
    this.#state = 'unsent';
    this.#nonceCount = 0;
    return 'answer';
  }
}
