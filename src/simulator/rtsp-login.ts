import { hash, randomUUID } from 'node:crypto';
import type { Device } from './camera-state.ts';

const realm = 'IP Camera(C2107)';
const algorithms = { md5: 'md5', sha256: 'sha256' } as const;

/** Why a request is let in or not. `stale`: an old nonce or a count that was used before, which is no failed login. */
export type Verdict = 'accepted' | 'missing' | 'stale' | 'wrong';

const fields = /(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/g;

/** The login of one connection: HTTP Digest with qop=auth (RFC 7616, RFC 2617) or Basic (RFC 7617). */
export class Login {
  readonly #device: Device;
  #nonce: string | null = null;
  #count = 0;
  /** The first of the digest's three hashes, and what it was made of: the same for all requests of a visit. */
  #secret = { of: '', hash: '' };

  constructor(device: Device) {
    this.#device = device;
  }

  /** The WWW-Authenticate header of a 401. */
  challenge(stale: boolean): string {
    const { auth } = this.#device;
    if (auth === 'basic') return `Basic realm="${realm}"`;
    const algorithm = auth === 'sha256' ? 'SHA-256' : 'MD5';
    this.#nonce ??= randomUUID().replaceAll('-', '');
    return `Digest realm="${realm}", nonce="${this.#nonce}", qop="auth", algorithm=${algorithm}, stale=${stale ? 'TRUE' : 'FALSE'}`;
  }

  check(method: string, authorization: string | null): Verdict {
    const { auth } = this.#device;
    if (auth === 'none') return 'accepted';
    if (authorization === null) return 'missing';
    return auth === 'basic' ? this.#basic(authorization) : this.#digest(method, authorization, algorithms[auth]);
  }

  #basic(authorization: string): Verdict {
    const { first, password } = this.#device;
    const expected = `Basic ${Buffer.from(`${first.user}:${password}`).toString('base64')}`;
    return authorization === expected ? 'accepted' : 'wrong';
  }

  #digest(method: string, authorization: string, algorithm: 'md5' | 'sha256'): Verdict {
    const { user } = this.#device.first;
    const given: Record<string, string> = {};
    fields.lastIndex = 0;
    for (let found = fields.exec(authorization); found !== null; found = fields.exec(authorization))
      given[found[1]!.toLowerCase()] = found[2] ?? found[3]!;
    if (!/^digest /i.test(authorization)) return 'wrong';
    if (given.nonce === undefined || given.nonce !== this.#nonce) return 'stale';
    const asked = hash(algorithm, `${method}:${given.uri ?? ''}`);
    // Without qop it is RFC 2069's form, which GStreamer speaks and cameras accept.
    const middle = given.qop === undefined ? this.#nonce : `${this.#nonce}:${given.nc}:${given.cnonce}:${given.qop}`;
    if (given.qop !== undefined && (given.qop !== 'auth' || !/^[0-9a-f]{8}$/i.test(given.nc ?? '') || !given.cnonce))
      return 'wrong';
    const expected = hash(algorithm, `${this.#secretBy(algorithm)}:${middle}:${asked}`);
    if (given.username !== user || given.response !== expected) return 'wrong';
    if (given.qop === undefined) return 'accepted';
    const count = Number.parseInt(given.nc!, 16);
    if (count <= this.#count) return 'stale';
    this.#count = count;
    return 'accepted';
  }

  #secretBy(algorithm: 'md5' | 'sha256'): string {
    const of = `${this.#device.first.user}:${realm}:${this.#device.password}`;
    if (this.#secret.of !== of) this.#secret = { of, hash: hash(algorithm, of) };
    return this.#secret.hash;
  }
}
