import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { type Failure, fail, type Step } from '../failure.ts';
import type { Trust } from '../probe.ts';

/** RTSP or HTTP inside TLS: with whom, as the inventory names it, and whom to believe. */
export type Secure = { readonly host: string; readonly trust: Trust | undefined };

/**
 * What `tls.connect` is given besides the address. The certificate is judged by `certificateFailure` right after the
 * handshake and before a byte of ours is sent, so that one that is not trusted is told from a handshake that broke.
 */
export const tlsOptions = ({ host, trust }: Secure): ConnectionOptions => ({
  rejectUnauthorized: false,
  // RFC 6066 section 3: a server name is never an address.
  ...(isIP(host) === 0 ? { servername: host } : {}),
  // In a list, because an empty text would stand for the public authorities.
  ...(trust?.by === 'ca' ? { ca: [trust.pem] } : {}),
  // Cameras are reached by address, and their certificates name a model or a serial: under an authority of one's own,
  // that it signed the certificate is all that can be asked. Under the public ones it would prove nothing.
  ...(trust?.by === 'ca' ? { checkServerIdentity: () => undefined } : {}),
});

/** `null` where the certificate may be believed, else why not, with the fingerprint by which it can be registered. */
export const certificateFailure = (socket: TLSSocket, trust: Trust | undefined, step: Step): Failure | null => {
  if (trust?.by === 'nothing') return null;
  const der = socket.getPeerCertificate().raw as Buffer | undefined;
  if (der === undefined) return fail('certificate_refused', step, 'the device showed no certificate');
  const sha256 = createHash('sha256').update(der).digest('hex');
  // A registered fingerprint is the device itself: its dates and its name say nothing more.
  if (trust?.by === 'pin') {
    if (trust.sha256.toLowerCase() === sha256) return null;
    return fail('certificate_refused', step, `sha256 ${sha256} is not the one registered`);
  }
  if (socket.authorized) return null;
  const { code = socket.authorizationError } = socket.authorizationError as { code?: string } & Error;
  return fail('certificate_refused', step, `${code}; sha256 ${sha256}`);
};
