import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { type Failure, type FailureKind, fail, type Step } from '../failure.ts';

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
  ECONNRESET: 'closed',
  ECONNABORTED: 'closed',
  EPIPE: 'closed',
};

export const failureOfErrno = (error: unknown, step: Step): Failure => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const kind = code === undefined ? undefined : kinds[code];
  return kind === undefined ? fail('internal', step, String(code ?? error)) : fail(kind, step, code!);
};

/**
 * The one address to dial for a host: itself where it is an address, else the first that its name resolves to, within
 * `ms`. The inventory holds addresses; names come only from the command line.
 */
export const addressOf = async (
  host: string,
  step: Step,
  ms: number,
  signal: AbortSignal,
): Promise<string | Failure> => {
  if (signal.aborted) return fail('aborted', step, 'stopped');
  if (net.isIP(host) !== 0) return host;
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
      ({ address }) => settle(address),
      (error) => settle(failureOfErrno(error, step)),
    );
  });
};

/** Called with the bytes of each read; they are the caller's only until it returns. */
export type OnBytes = (bytes: Buffer, length: number) => void;

/**
 * Opens a TCP connection that reads straight into buffers lent by `lend`, so that a key frame is copied once on its
 * way. `allow` is asked about the address that was in fact connected.
 */
export const dial = (address: string, port: number, lend: () => Buffer, onBytes: OnBytes): net.Socket => {
  const socket = net.connect({
    host: address,
    port,
    noDelay: true,
    autoSelectFamily: false,
    onread: {
      buffer: lend,
      callback: (length: number, bytes: Uint8Array) => {
        onBytes(bytes as Buffer, length);
        return true;
      },
    },
  });
  return socket;
};
