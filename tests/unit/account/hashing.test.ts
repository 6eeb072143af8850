import { hash as argon2 } from '@node-rs/argon2';
import { describe, expect, it } from 'vitest';
import { Hashing, HashingBusy } from '../../../src/account/hashing.ts';

describe('a password', () => {
  const hashing = new Hashing(2, 64);

  it('is kept as argon2id with 19 MiB and two passes, another one each time', async () => {
    const [one, two] = await Promise.all([hashing.hash('柳江边上的榕树'), hashing.hash('柳江边上的榕树')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(two).not.toBe(one);
    expect(hashing.isOutdated(one)).toBe(false);
    expect(await hashing.verify(one, '柳江边上的榕树')).toBe(true);
    expect(await hashing.verify(one, '柳江边上的榕')).toBe(false);
  });

  it('is the same typed on another keyboard', async () => {
    expect(await hashing.verify(await hashing.hash('cafe\u0301 １２３ noodles'), 'caf\u00e9 123 noodles')).toBe(true);
  });

  it('of no account is never right, and is hashed all the same', async () => {
    expect(await hashing.verify(null, '')).toBe(false);
  });

  it('hashed by weaker parameters is told, and still opens', async () => {
    const weak = await argon2('柳江边上的榕树', { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    expect(hashing.isOutdated(weak)).toBe(true);
    expect(await hashing.verify(weak, '柳江边上的榕树')).toBe(true);
  });
});

describe('many who sign in at once', () => {
  it('wait for each other, and the one too many is refused at once', async () => {
    const hashing = new Hashing(1, 2);
    const asked = Array.from({ length: 4 }, () => hashing.hash('x'));
    const came = await Promise.allSettled(asked);
    expect(came.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect((came[3] as PromiseRejectedResult).reason).toBeInstanceOf(HashingBusy);
    await expect(hashing.hash('x')).resolves.toContain('$argon2id$');
  });
});
