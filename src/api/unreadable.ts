import type { Socket } from 'node:net';

type Said = readonly [status: string, code: string, title: string];

/** By what Node says of bytes that came to no request: there is no route, no header, and so no language but both. */
const known: Readonly<Record<string, Said>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'headers_too_large',
    '请求头过大：至多 16 KiB / Headers too large: 16 KiB at most',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'too_slow',
    '请求未在规定时间内发完 / The request did not come in time',
  ],
};
const otherwise: Said = ['400 Bad Request', 'unreadable', '不是合法的 HTTP 请求 / No valid HTTP request'];

/** Tells whoever sent bytes that are no request, or not in time, as a Problem as well, and hangs up. */
export const answerClientError = (error: Error & { readonly code?: string }, socket: Socket): void => {
  // Hung up by the other side, or in the middle of an answer: there is nobody to tell.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [line, code, title] = known[error.code ?? ''] ?? otherwise;
  const status = Number(line.slice(0, 3));
  const body = JSON.stringify({ type: 'about:blank', status, code, title, request: '' });
  socket.end(
    `HTTP/1.1 ${line}\r\ncontent-type: application/problem+json; charset=utf-8\r\ncache-control: no-store\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
};
