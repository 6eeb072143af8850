import { createHash, randomBytes } from 'node:crypto';
import onvif from 'onvif';
import type { Login } from '../probe.ts';

/** What of the package is used: its SOAP envelope and WS-Security header. Its transport and its parser know no bounds. */
type Envelopes = {
  _envelopeHeader(): string;
  _envelopeFooter(): string;
  _passwordDigest(): { passdigest: string; nonce: string; timestamp: string };
};

export const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/**
 * WS-Security UsernameToken Profile 1.1, section 3.1: Base64(SHA-1(nonce + created + password)). In place of the
 * package's, which takes a password as Latin-1 (any other is then refused, and counted) and a nonce from Math.random.
 */
export const passwordDigest = (nonce: Buffer, created: string, password: string): string =>
  createHash('sha1').update(nonce).update(created).update(password, 'utf8').digest('base64');

/** A SOAP 1.2 message around `body`; with a UsernameToken of `login`, made at `now` (device clock), where there is one. */
export const envelope = (body: string, login: Login, now: Date): string => {
  // The package leaves the token out for an empty password, which is one like any other; hence the word.
  const secured = login === null ? {} : { username: escapeXml(login.user), password: 'in _passwordDigest' };
  const cam = new onvif.Cam({ autoconnect: false, ...secured } as never) as unknown as Envelopes;
  if (login !== null) {
    cam._passwordDigest = () => {
      const nonce = randomBytes(16);
      const timestamp = now.toISOString();
      return {
        passdigest: passwordDigest(nonce, timestamp, login.password),
        nonce: nonce.toString('base64'),
        timestamp,
      };
    };
  }
  return `${cam._envelopeHeader()}${body}${cam._envelopeFooter()}`;
};
