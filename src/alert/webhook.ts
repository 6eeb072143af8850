import { createHmac } from 'node:crypto';
import type { Queryable } from '../db/pool.ts';

export type Webhook = { readonly url: string; readonly secret: Buffer };

/** A receiver that says nothing for so long is asked again later. */
const timeoutMs = 10_000;

/**
 * The headers of a signed message, after the Standard Webhooks specification: HMAC-SHA256 over `id.timestamp.body`.
 * `timestamp` is in seconds; the receiver refuses what is older than a few minutes.
 */
export const signed = (id: string, timestamp: number, body: string, secret: Buffer): Record<string, string> => ({
  'content-type': 'application/json; charset=utf-8',
  'webhook-id': id,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
});

/** fetch itself only says "fetch failed"; why is in its cause. */
const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message || (cause as NodeJS.ErrnoException).code}` : message;
};

/** Sends one event of the outbox, unless it was sent. Throws where the receiver did not take it: the queue tries again. */
export const sendEvent = async (db: Queryable, webhook: Webhook, outbox: number, now: Date): Promise<void> => {
  const event = await db.maybeOne<{ event: string; payload: unknown }>(
    'select event, payload from outbox where id = $1 and sent_at is null',
    [outbox],
  );
  if (event === null) return;
  const body = JSON.stringify(event.payload);
  try {
    const response = await fetch(webhook.url, {
      method: 'POST',
      headers: signed(event.event, Math.floor(now.getTime() / 1000), body, webhook.secret),
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the receiver answered ${response.status}`);
  } catch (error) {
    const reason = reasonOf(error);
    await db.run('update outbox set tries = tries + 1, last_error = $2 where id = $1', [outbox, reason]);
    throw new Error(reason, { cause: error });
  }
  await db.run('update outbox set tries = tries + 1, sent_at = $2, last_error = null where id = $1', [outbox, now]);
};
