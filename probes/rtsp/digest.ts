import { createHash } from 'node:crypto';
import { wire } from './message.ts';

/** HTTP authentication as RTSP uses it: RFC 2617, RFC 7616 (SHA-256), RFC 7617 (Basic). Pure; no socket. */

export type Challenge =
  | {
      readonly scheme: 'digest';
      readonly algorithm: 'MD5' | 'SHA-256';
      readonly realm: string;
      readonly nonce: string;
      readonly opaque: string | null;
      /** True where the server offers qop=auth; then cnonce and nc go into the answer. */
      readonly qop: boolean;
      readonly stale: boolean;
    }
  | { readonly scheme: 'basic'; readonly realm: string };

/**
 * Splits `Digest a="b", c=d, Basic realm="x"` into schemes with their parameters; forgiving of blanks and quotes. In one
 * pass: nothing that was read is read again, or 32 KB of "a_a_" hold the process for a second.
 */
const schemes = (value: string): { scheme: string; params: Map<string, string> }[] => {
  const found: { scheme: string; params: Map<string, string> }[] = [];
  const token = /([A-Za-z][A-Za-z0-9_-]*)(?:\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"?|([^\s,"]*)))?/gs;
  for (const [, name, quoted, bare] of value.matchAll(token)) {
    const text = quoted?.replace(/\\(.)/gs, '$1') ?? bare;
    if (text === undefined) found.push({ scheme: name!.toLowerCase(), params: new Map() });
    else found.at(-1)?.params.set(name!.toLowerCase(), text);
  }
  return found;
};

/** The challenges of all WWW-Authenticate headers that we can answer, the strongest first. */
export const parseChallenges = (values: readonly string[]): Challenge[] => {
  const challenges: Challenge[] = [];
  for (const value of values) {
    for (const { scheme, params } of schemes(value)) {
      if (scheme === 'basic') challenges.push({ scheme: 'basic', realm: params.get('realm') ?? '' });
      if (scheme !== 'digest') continue;
      const algorithm = (params.get('algorithm') || 'MD5').toUpperCase();
      const nonce = params.get('nonce');
      const qop = params.get('qop');
      const offersAuth = qop?.split(/[\s,]+/).includes('auth') ?? false;
      if (nonce === undefined || (algorithm !== 'MD5' && algorithm !== 'SHA-256')) continue;
      // qop=auth-int alone would need the body's hash; nobody has reported a camera that insists on it.
      if (qop !== undefined && qop !== '' && !offersAuth) continue;
      challenges.push({
        scheme: 'digest',
        algorithm,
        realm: params.get('realm') ?? '',
        nonce,
        opaque: params.get('opaque') ?? null,
        qop: offersAuth,
        stale: params.get('stale')?.toLowerCase() === 'true',
      });
    }
  }
  const strength = (c: Challenge): number => (c.scheme === 'basic' ? 0 : c.algorithm === 'MD5' ? 1 : 2);
  return challenges.sort((a, b) => strength(b) - strength(a));
};

export type Credentials = { readonly user: string; readonly password: string };

const quote = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;

/**
 * The Authorization header's value. `nonceCount` counts the answers given to this nonce, from 1; `cnonce` is the
 * client's own random text, an argument so that vectors can be checked.
 */
export const authorize = (
  challenge: Challenge,
  credentials: Credentials,
  method: string,
  uri: string,
  nonceCount: number,
  cnonce: string,
): string => {
  const user = wire(credentials.user);
  const password = wire(credentials.password);
  if (challenge.scheme === 'basic') return `Basic ${Buffer.from(`${user}:${password}`, 'latin1').toString('base64')}`;
  const hash = (text: string): string =>
    createHash(challenge.algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text, 'latin1')
      .digest('hex');
  const ha1 = hash(`${user}:${challenge.realm}:${password}`);
  const ha2 = hash(`${method}:${uri}`);
  const nc = nonceCount.toString(16).padStart(8, '0');
  const response = challenge.qop
    ? hash(`${ha1}:${challenge.nonce}:${nc}:${cnonce}:auth:${ha2}`)
    : hash(`${ha1}:${challenge.nonce}:${ha2}`);
  const parts = [
    `username=${quote(user)}`,
    `realm=${quote(challenge.realm)}`,
    `nonce=${quote(challenge.nonce)}`,
    `uri=${quote(uri)}`,
    `response="${response}"`,
  ];
  // Left out for MD5, its default: the oldest devices refuse a parameter that they did not send.
  if (challenge.algorithm !== 'MD5') parts.push(`algorithm=${challenge.algorithm}`);
  if (challenge.opaque !== null) parts.push(`opaque=${quote(challenge.opaque)}`);
  if (challenge.qop) parts.push('qop=auth', `nc=${nc}`, `cnonce=${quote(cnonce)}`);
  return `Digest ${parts.join(', ')}`;
};
