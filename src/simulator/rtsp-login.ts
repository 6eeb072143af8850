import { hash } from 'node:crypto';
import type { CameraState } from './camera-state.ts';

const realm = 'IP Camera(C2107)';
const algorithms = { md5: 'md5', sha256: 'sha256', none: 'md5', basic: 'md5' } as const;

/** Why a request is let in or not. `stale`: an old nonce or a count that was used before, which is no failed login. */
export type Verdict = 'accepted' | 'missing' | 'stale' | 'wrong';

const fields = /(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/g;

/** The login of one connection: HTTP Digest with qop=auth (RFC 7616, RFC 2617) or Basic (RFC 7617). */
export class Login {
  readonly #state: CameraState;
  readonly #nonce: string;
  #count = 0;

  constructor(state: CameraState, nonce: string) {
    this.#state = state;
    this.#nonce = nonce;
  }

  /** The WWW-Authenticate header of a 401. */
  challenge(stale: boolean): string {
    const { auth } = this.#state;
    if (auth === 'basic') return `Basic realm="${realm}"`;
    const algorithm = auth === 'sha256' ? 'SHA-256' : 'MD5';
    return `Digest realm="${realm}", nonce="${this.#nonce}", qop="auth", algorithm=${algorithm}, stale=${stale ? 'TRUE' : 'FALSE'}`;
  }

  check(method: string, authorization: string | null): Verdict {
    if (this.#state.auth === 'none') return 'accepted';
    if (authorization === null) return 'missing';
    return this.#state.auth === 'basic' ? this.#basic(authorization) : this.#digest(method, authorization);
  }

  #basic(authorization: string): Verdict {
    const { camera, password } = this.#state;
    const expected = `Basic ${Buffer.from(`${camera.user}:${password}`).toString('base64')}`;
    return authorization === expected ? 'accepted' : 'wrong';
  }

  #digest(method: string, authorization: string): Verdict {
    const { auth, camera, password } = this.#state;
    const given: Record<string, string> = {};
    for (const [, name, quoted, plain] of authorization.matchAll(fields)) given[name!.toLowerCase()] = quoted ?? plain!;
    if (!/^digest /i.test(authorization)) return 'wrong';
    if (given.nonce !== this.#nonce) return 'stale';
    const digest = (text: string): string => hash(algorithms[auth], text);
    const secret = digest(`${camera.user}:${realm}:${password}`);
    const asked = digest(`${method}:${given.uri ?? ''}`);
    // Without qop it is RFC 2069's form, which GStreamer speaks and cameras accept.
    const middle = given.qop === undefined ? this.#nonce : `${this.#nonce}:${given.nc}:${given.cnonce}:${given.qop}`;
    if (given.qop !== undefined && (given.qop !== 'auth' || !/^[0-9a-f]{8}$/i.test(given.nc ?? '') || !given.cnonce))
      return 'wrong';
    if (given.username !== camera.user || given.response !== digest(`${secret}:${middle}:${asked}`)) return 'wrong';
    if (given.qop === undefined) return 'accepted';
    const count = Number.parseInt(given.nc!, 16);
    if (count <= this.#count) return 'stale';
    this.#count = count;
    return 'accepted';
  }
}
