import { describe, expect, it } from 'vitest';
import { within } from '../../../src/roles/patience.ts';

const never = new Promise<never>(() => {});

describe('whoever stops waits for its neighbours', () => {
  it('until they are done', async () => {
    let otherwise = 0;
    await within(60_000, Promise.resolve(), () => otherwise++);
    expect(otherwise).toBe(0);
  });

  it('but not for ever: then it does without them', async () => {
    let otherwise = 0;
    await within(1, never, () => otherwise++);
    expect(otherwise).toBe(1);
  });

  it('and hears of their failure, unless it has given them up', async () => {
    await expect(within(60_000, Promise.reject(new Error('broken')), () => {})).rejects.toThrow('broken');
    const late = Promise.withResolvers<void>();
    await within(1, late.promise, () => {});
    late.reject(new Error('nobody listens any more'));
    await expect(late.promise).rejects.toThrow();
  });
});
