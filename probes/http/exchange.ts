import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { type Failure, type FailureKind, fail, type Step } from '../failure.ts';
import { deadline } from '../net/deadline.ts';
import { failureOfErrno } from '../net/dial.ts';
import { certificateFailure, tlsOptions } from '../net/tls.ts';
import type { Context } from '../probe.ts';
import type { Server } from './server.ts';

export type Request = {
  readonly method: 'GET' | 'POST';
  /** Path and query as the URL class gives them: ASCII, nothing that could end the request line. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

export type Reply = {
  readonly status: number;
  /** Values of WWW-Authenticate, one a header; those with control characters are left out. */
  readonly challenges: readonly string[];
  readonly location: string;
  readonly type: string;
  readonly body: Buffer;
};

export type Bounds = {
  readonly ms: number;
  /** A longer body is `unsafe_answer`, and so is one that takes more than twice that and 64 KiB on the wire. */
  readonly maxBytes: number;
  /** What it is called when what answers does not speak HTTP. */
  readonly foreign: FailureKind;
};

/** The largest header block, bytes; a longer one is `unsafe_answer`. */
const maxHeader = 32 * 1024;
/** What a connection may carry besides the body and as much again for chunks around it, bytes. */
const wireMore = 64 * 1024;
/** Interim answers (RFC 9110 section 15.2) to a request that asks for none; a device that sends no other would do it for ever. */
const maxInterim = 8;

/** Opens a connection within `ms`, with TLS in it where the server is secure. The caller destroys it, or hands it to `exchange`, which does. */
export const dialHttp = (server: Server, step: Step, ms: number, context: Context): Promise<net.Socket | Failure> => {
  const { signal } = context;
  if (signal.aborted) return Promise.resolve(fail('aborted', step, 'stopped'));
  if (!server.allow(server.address)) return Promise.resolve(fail('address_not_allowed', step, server.address));
  return new Promise((resolve) => {
    const { secure, allow } = server;
    const options = { host: server.address, port: server.port, noDelay: true, autoSelectFamily: false };
    const socket = secure === null ? net.connect(options) : tls.connect({ ...options, ...tlsOptions(secure) });
    let stands = false;
    const settle = (failure: Failure | null): void => {
      callOff();
      signal.removeEventListener('abort', onAbort);
      if (failure !== null) socket.destroy();
      // Read from at once: nobody else would notice that the device hangs up while the guard of logins takes its time.
      else socket.resume();
      resolve(failure ?? socket);
    };
    const onAbort = (): void => settle(fail('aborted', step, 'stopped'));
    const callOff = deadline(ms, context.now, (stalled) => {
      const waited = `within ${Math.round(Math.max(0, ms))} ms`;
      if (stalled) settle(fail('overloaded', step, 'did not listen in time'));
      else if (stands) settle(fail('tls_failed', step, `no handshake ${waited}`));
      else settle(fail('unreachable', step, `no answer to the connection ${waited}`));
    });
    signal.addEventListener('abort', onAbort, { once: true });
    // Stays for as long as the socket lives: it may break between the connection and the request.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const broken = stands && secure !== null;
      settle(broken ? fail('tls_failed', step, error.code ?? error.message) : failureOfErrno(error, step));
    });
    // A connection that ends without an error, in the middle of a handshake.
    socket.once('close', () => settle(fail(stands ? 'tls_failed' : 'closed', step, 'closed before it stood')));
    // Before the listener by which Node begins the handshake: a host that is not allowed learns nothing.
    socket.prependOnceListener('connect', () => {
      stands = true;
      const connected = socket.remoteAddress ?? '';
      if (!allow(connected)) settle(fail('address_not_allowed', step, connected));
      else if (secure === null) settle(null);
    });
    if (secure !== null) {
      socket.once('secureConnect', () => settle(certificateFailure(socket as tls.TLSSocket, secure.trust, step)));
    }
  });
};

/**
 * One request over a connection of its own, which has closed when this resolves: a host never sees two at once (ten
 * wedge the web server for minutes, rroller/dahua#606). Follows nothing, logs in to nothing. `bounds.ms` is the whole
 * exchange, not a pause between two bytes.
 */
export const exchange = (
  socket: net.Socket,
  request: Request,
  bounds: Bounds,
  step: Step,
  context: Context,
): Promise<Reply | Failure> => {
  const { signal } = context;
  return new Promise((resolve) => {
    // One buffer that grows: kept as they come, pieces of one byte each would take a hundred times their size.
    let room = Buffer.alloc(0);
    let length = 0;
    let settled = false;
    const settle = (result: Reply | Failure): void => {
      if (settled) return;
      settled = true;
      callOff();
      signal.removeEventListener('abort', onAbort);
      if (socket.closed) resolve(result);
      else socket.once('close', () => resolve(result));
      sent.destroy();
      socket.destroy();
    };
    const onAbort = (): void => settle(fail('aborted', step, 'stopped'));
    /** A refusal whose page is not whole yet, or never will be: it is one all the same. */
    let refusal: (() => Reply) | null = null;
    const settleBroken = (failure: Failure): void => settle(refusal?.() ?? failure);
    const broken = (error: Error): void => settleBroken(failureOf(error, bounds.foreign, step));
    const sent = http.request({
      createConnection: () => socket,
      method: request.method,
      path: request.path,
      headers: request.headers,
      maxHeaderSize: maxHeader,
      // Lines that end in LF, blanks where none belong: nothing is passed on to anybody, so leniency costs nothing.
      insecureHTTPParser: true,
    });
    const callOff = deadline(bounds.ms, context.now, (stalled) => {
      const waited = `${Math.round(Math.max(0, bounds.ms))} ms`;
      if (stalled) settle(fail('overloaded', step, 'did not listen in time'));
      else if (socket.bytesRead === 0) settle(fail('silent', step, `no answer within ${waited}`));
      else settleBroken(fail('dripping', step, `an answer begun and not ended within ${waited}`));
    });
    const tooLong = (): boolean => {
      const bytes = 2 * bounds.maxBytes + wireMore;
      if (socket.bytesRead > bytes) settle(fail('unsafe_answer', step, `more than ${bytes} bytes on the wire`));
      return settled;
    };
    let interim = 0;
    sent.on('information', () => {
      interim++;
      if (interim > maxInterim) settle(fail('unsafe_answer', step, `more than ${maxInterim} interim answers`));
    });
    sent.on('error', broken);
    sent.on('close', () => settleBroken(fail('closed', step, `closed after ${socket.bytesRead} bytes`)));
    sent.on('response', (response) => {
      const reply = (): Reply => ({
        status: response.statusCode ?? 0,
        // Sent back, in part, in a header of ours, where such characters may not stand.
        challenges: (response.headersDistinct['www-authenticate'] ?? []).filter(
          (value) => !/[^\t\x20-\x7e\x80-\xff]/.test(value),
        ),
        location: response.headers.location ?? '',
        type: response.headers['content-type'] ?? '',
        body: room.subarray(0, length),
      });
      if (response.statusCode === 401) refusal = reply;
      response.on('data', (bytes: Buffer) => {
        if (tooLong()) return;
        if (length + bytes.length > bounds.maxBytes) {
          settle(fail('unsafe_answer', step, `an answer of more than ${bounds.maxBytes} bytes`));
          return;
        }
        if (length + bytes.length > room.length) {
          const larger = Buffer.allocUnsafe(Math.min(bounds.maxBytes, 2 * (length + bytes.length)));
          room.copy(larger, 0, 0, length);
          room = larger;
        }
        length += bytes.copy(room, length);
      });
      response.on('error', broken);
      response.on('end', () => settle(reply()));
    });
    if (signal.aborted) onAbort();
    else if (socket.destroyed) settle(fail('closed', step, 'closed before it was asked'));
    // The guard of logins may have taken its time: what could not be waited for is not sent.
    else if (bounds.ms <= 0) settle(fail('overloaded', step, 'no time was left to ask'));
    else {
      signal.addEventListener('abort', onAbort, { once: true });
      sent.end(request.body);
    }
  });
};

const failureOf = (error: Error, foreign: FailureKind, step: Step): Failure => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'HPE_HEADER_OVERFLOW') return fail('unsafe_answer', step, `a header of more than ${maxHeader} bytes`);
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return fail('unsafe_answer', step, 'endless chunk extensions');
  // HPE_INVALID_EOF_STATE: the connection ended in the middle of what was HTTP so far.
  if (code === 'HPE_INVALID_EOF_STATE') return fail('closed', step, 'closed in the middle of an answer');
  if (code?.startsWith('HPE_') === true) return fail(foreign, step, `no HTTP: ${error.message.slice(0, 80)}`);
  return failureOfErrno(error, step);
};
