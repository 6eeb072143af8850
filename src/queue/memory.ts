import type { Redis } from 'ioredis';

const key = 'xunjian:memory';

/**
 * Whether Redis has forgotten what it held: true at the first look ever, and after it was flushed or came back without
 * its data. What was queued is gone then, without an error anywhere.
 */
export const hasForgotten = async (redis: Pick<Redis, 'set'>): Promise<boolean> =>
  (await redis.set(key, '1', 'NX')) === 'OK';
