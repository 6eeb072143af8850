import { lookup } from 'node:dns/promises';
import net from 'node:net';
import tls from 'node:tls';
import { type Failure, type FailureKind, fail, type Step } from '../failure.ts';
import { plainAddress } from './address.ts';
import { certificateFailure, type Secure, tlsOptions } from './tls.ts';

/**
 * What the operating system's word for a failed connection means, once and for all. ENETUNREACH and EPERM come from
 * this machine's own routing table or firewall; EHOSTUNREACH from the way to the camera.
 */
const kinds: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'no_route',
  ENETDOWN: 'no_route',
  EACCES: 'no_route',
  EPERM: 'no_route',
  ENOTFOUND: 'name_unresolved',
  EAI_AGAIN: 'name_unresolved',
  EMFILE: 'local_limit',
  ENFILE: 'local_limit',
  ENOBUFS: 'local_limit',
  ENOMEM: 'local_limit',
  EADDRNOTAVAIL: 'local_limit',
  EADDRINUSE: 'local_limit',
  ECONNRESET: 'closed',
  ECONNABORTED: 'closed',
  EPIPE: 'closed',
};

/**
 * OpenSSL's words. One may come after the handshake: a device that demands a certificate of ours says so in TLS 1.3 when
 * it has ended (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED).
 */
const tlsCode = /^(?:ERR_SSL_|EPROTO$)/;

export const failureOfErrno = (error: unknown, step: Step): Failure => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const kind = code === undefined ? undefined : (kinds[code] ?? (tlsCode.test(code) ? 'tls_failed' : undefined));
  return kind === undefined ? fail('internal', step, String(code ?? error)) : fail(kind, step, code!);
};

/**
 * The one address to dial for a host: itself where it is an address, else the first that its name resolves to, within
 * `ms`. The inventory holds addresses; names come only from the command line.
 */
export const addressOf = (
  host: string,
  step: Step,
  ms: number,
  signal: AbortSignal,
): string | Failure | Promise<string | Failure> => {
  if (signal.aborted) return fail('aborted', step, 'stopped');
  if (net.isIP(host) !== 0) return plainAddress(host);
  return new Promise((resolve) => {
    const settle = (result: string | Failure): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const onAbort = (): void => settle(fail('aborted', step, 'stopped'));
    const late = (): void => settle(fail('name_unresolved', step, `no answer to the name within ${Math.round(ms)} ms`));
    const timer = setTimeout(late, Math.max(0, ms));
    signal.addEventListener('abort', onAbort, { once: true });
    lookup(host).then(
      ({ address }) => settle(plainAddress(address)),
      (error) => settle(failureOfErrno(error, step)),
    );
  });
};

/** How a connection reads, and what it says of its beginning and its end. */
export type Dialler = {
  /** What is read into. */
  readonly into: Buffer;
  /** So many bytes have come, at the front of `into`. */
  readonly onBytes: (length: number) => void;
  /** TCP stands; what is given back ends it, before a handshake is begun. */
  readonly onTcp: (address: string) => Failure | null;
  /** The first byte may be sent: TCP stands and, over TLS, the certificate is believed. */
  readonly onReady: () => void;
  readonly onFailure: (failure: Failure) => void;
  /** The other end sends no more; also when the socket has closed, whoever did it. */
  readonly onClosed: () => void;
};

/** Opens a TCP connection to one address, with TLS in it where `secure` says with whom. Ends in `onReady` or `onFailure`. */
export const dial = (address: string, port: number, secure: Secure | null, given: Dialler): net.Socket => {
  // Let go of at the end: a handle outlives its connection by several collections of garbage, and all that a probe had
  // made hung on it. 17 KB a probe were copied in each of them, and 4 without.
  let dialler: Dialler | null = given;
  const options: net.TcpNetConnectOpts = {
    host: address,
    port,
    noDelay: true,
    autoSelectFamily: false,
    onread: {
      buffer: given.into,
      callback: (length: number) => {
        dialler?.onBytes(length);
        return true;
      },
    },
  };
  let stands = false;
  let ready = secure === null;
  const socket = secure === null ? net.connect(options) : tls.connect({ ...options, ...tlsOptions(secure) });
  const giveUp = (failure: Failure): void => {
    dialler?.onFailure(failure);
    socket.destroy();
  };
  // Before the listener by which Node begins the handshake: a host that is not allowed learns nothing, not even that.
  socket.prependOnceListener('connect', () => {
    stands = true;
    const refused = dialler?.onTcp(socket.remoteAddress ?? address) ?? null;
    if (refused !== null) giveUp(refused);
    else if (ready) dialler?.onReady();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const broken = stands && !ready;
    dialler?.onFailure(
      broken ? fail('tls_failed', 'connect', error.code ?? error.message) : failureOfErrno(error, 'connect'),
    );
  });
  socket.on('end', () => dialler?.onClosed());
  socket.on('close', () => {
    dialler?.onClosed();
    dialler = null;
  });
  if (secure !== null) {
    socket.once('secureConnect', () => {
      const refused = certificateFailure(socket as tls.TLSSocket, secure.trust, 'connect');
      if (refused !== null) return giveUp(refused);
      ready = true;
      dialler?.onReady();
    });
  }
  return socket;
};
