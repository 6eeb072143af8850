import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answered, answeredByRedis } from '../../../src/api/patience.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const redis = (status: 'ready' | 'reconnecting') => ({ status }) as never;

describe('a neighbour that is asked for a page', () => {
  it('and answers has its answer told, and no timer is left behind', async () => {
    expect(await answered(async () => 3)).toBe(3);
    await expect(answered(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('and says nothing for two seconds is away; what it says then is nobody’s business', async () => {
    const silent = Promise.withResolvers<never>();
    const told = answered(() => silent.promise);
    const refused = expect(told).rejects.toThrow('no answer within 2000 ms');
    await vi.advanceTimersByTimeAsync(2_000);
    await refused;
    silent.reject(new Error('too late'));
  });

  it('is not asked where it is Redis and there is no connection: the question would wait for one', async () => {
    const asked = vi.fn(async () => 3);
    await expect(answeredByRedis(redis('reconnecting'), asked)).rejects.toThrow('not connected');
    expect(asked).not.toHaveBeenCalled();
    expect(await answeredByRedis(redis('ready'), asked)).toBe(3);
  });
});
