import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

export type ScriptRunner = Pick<Redis, 'eval' | 'evalsha'>;

/**
 * A Lua script that is called by its hash; its text goes along only where Redis does not know it (it was started anew,
 * or its scripts were flushed). No CPU is saved so, but two kilobytes a call, 500 times a second, to a Redis that may be
 * far away. Keys are made in the script, from ARGV: one call is about many of them.
 */
export const scriptOf = (
  lua: string,
): ((redis: ScriptRunner, args: readonly (string | number)[]) => Promise<unknown>) => {
  const hash = createHash('sha1').update(lua).digest('hex');
  return async (redis, args) => {
    try {
      return await redis.evalsha(hash, 0, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(lua, 0, ...args);
    }
  };
};
