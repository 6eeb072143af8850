import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/probing/turns.ts';

/** Everything that is ready to run has run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const visits = (turns: Turns) => {
  const begun: string[] = [];
  return {
    begun,
    visit(host: string, name: string) {
      const [found, left] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
      const taken = turns.take(host, async () => {
        begun.push(name);
        return { value: await found.promise, left: left.promise };
      });
      return { taken, found, left };
    },
  };
};

describe('a host', () => {
  it('has one visitor; the next begins when the last connection of the one before is closed, not when it has its answer', async () => {
    const { begun, visit } = visits(new Turns());
    const first = visit('nvr', 'first');
    const second = visit('nvr', 'second');
    const third = visit('nvr', 'third');
    await settled();
    expect(begun).toEqual(['first']);
    first.found.resolve('picture');
    expect(await first.taken).toBe('picture');
    await settled();
    expect(begun).toEqual(['first']);
    first.left.resolve();
    await settled();
    expect(begun).toEqual(['first', 'second']);
    second.found.resolve('');
    second.left.resolve();
    await settled();
    expect(begun).toEqual(['first', 'second', 'third']);
    third.found.resolve('');
    third.left.resolve();
    await third.taken;
  });

  it('does not wait for another', async () => {
    const { begun, visit } = visits(new Turns());
    visit('one', 'one');
    visit('other', 'other');
    await settled();
    expect(begun).toEqual(['one', 'other']);
  });

  it('is free again after a visit that failed', async () => {
    const { begun, visit } = visits(new Turns());
    const first = visit('nvr', 'first');
    visit('nvr', 'second');
    first.found.reject(new Error('a bug'));
    await expect(first.taken).rejects.toThrow('a bug');
    await settled();
    expect(begun).toEqual(['first', 'second']);
  });

  it('is free again when leaving it failed, and nobody is thrown out of the process for that', async () => {
    const { begun, visit } = visits(new Turns());
    const first = visit('nvr', 'first');
    visit('nvr', 'second');
    first.found.resolve('');
    first.left.reject(new Error('a bug'));
    await first.taken;
    await settled();
    expect(begun).toEqual(['first', 'second']);
  });

  it('may be visited again later, and is asked in the order of coming', async () => {
    const { begun, visit } = visits(new Turns());
    for (const name of ['1', '2', '3', '4']) {
      const { taken, found, left } = visit('nvr', name);
      found.resolve(name);
      left.resolve();
      if (name === '2') await taken;
    }
    await settled();
    expect(begun).toEqual(['1', '2', '3', '4']);
  });
});
