import { hash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

/** Of an answer: the same bytes have the same one. Strong, as RFC 9110 (8.8.3) has it. */
export const etagOf = (answer: string | Buffer): string => `"${hash('sha1', answer, 'base64url')}"`;

/** Whether what the caller holds is this answer (RFC 9110, 13.1.2: a weak comparison). */
const holds = (wanted: string, etag: string): boolean =>
  wanted === '*' || wanted.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);

/**
 * Gives every answer in JSON to a GET an ETag, and 304 in its place to whoever holds it. Nobody between us and the caller
 * may keep it, and the caller asks each time: what an account meets is its own, and rights are taken away at once.
 */
export const etags = (app: FastifyInstance): void => {
  app.addHook('onSend', (request, reply, payload, done) => {
    const type = String(reply.getHeader('content-type'));
    const whole = typeof payload === 'string' || (Buffer.isBuffer(payload) && reply.hasHeader('etag'));
    const json = whole && type.startsWith('application/json');
    if (!json || reply.statusCode !== 200 || (request.method !== 'GET' && request.method !== 'HEAD')) {
      done(null, payload);
      return;
    }
    // Encoded once, for the hash and for the line.
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    const etag = (reply.getHeader('etag') as string | undefined) ?? etagOf(bytes as Buffer);
    reply.header('etag', etag);
    // What hardening says of every answer; what a route says itself stays.
    const kept = reply.getHeader('cache-control');
    if (kept === undefined || kept === 'no-store') reply.header('cache-control', 'private, no-cache');
    reply.header('vary', 'Cookie, Authorization, Accept-Language');
    const wanted = request.headers['if-none-match'];
    if (wanted === undefined || !holds(wanted, etag)) {
      done(null, bytes);
      return;
    }
    reply.code(304).removeHeader('content-type').removeHeader('content-length');
    done(null, null);
  });
};
