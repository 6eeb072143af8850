import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signed } from '../../../src/alert/webhook.ts';

describe('a signed message', () => {
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const body = '{"test": 2432232314}';

  it('carries the signature that the Standard Webhooks libraries expect for their own example', () => {
    expect(signed('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body, key)).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is HMAC-SHA256 over id, seconds and body with dots between, over the bytes of Chinese words too', () => {
    const text = '{"zh":"城中区未达标"}';
    const hmac = createHmac('sha256', key).update(Buffer.from(`event-1.1790000000.${text}`, 'utf8'));
    expect(signed('event-1', 1_790_000_000, text, key)['webhook-signature']).toBe(`v1,${hmac.digest('base64')}`);
  });

  it.each([
    ['id', signed('event-2', 1, body, key)],
    ['time', signed('event-1', 2, body, key)],
    ['body', signed('event-1', 1, `${body} `, key)],
    ['secret', signed('event-1', 1, body, Buffer.from('another'))],
  ])('with another %s has another signature', (_, other) => {
    expect(other['webhook-signature']).not.toBe(signed('event-1', 1, body, key)['webhook-signature']);
  });
});
