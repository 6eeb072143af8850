import { describe, expect, it } from 'vitest';
import { Gather } from '../../../src/db/gather.ts';

/** A statement that ends when the test says so. */
const statements = () => {
  const begun: { asked: readonly number[]; end: () => void; fail: (error: Error) => void }[] = [];
  const wanted: { count: number; there: () => void }[] = [];
  return {
    begun,
    run: (asked: readonly number[]): Promise<readonly string[]> => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
      begun.push({ asked, end: () => resolve(asked.map((one) => `told ${one}`)), fail: reject });
      for (const { count, there } of wanted) if (begun.length >= count) there();
      return promise;
    },
    reached: (count: number): Promise<void> =>
      new Promise((there) => {
        if (begun.length >= count) there();
        else wanted.push({ count, there });
      }),
  };
};

describe('what is asked one by one', () => {
  it('goes together in one statement, and each is told its own answer', async () => {
    const { begun, run, reached } = statements();
    const gather = new Gather(run, 10, 5);
    const told = [1, 2, 3].map((one) => gather.ask(one));
    await reached(1);
    begun[0]!.end();
    expect(await Promise.all(told)).toEqual(['told 1', 'told 2', 'told 3']);
    expect(begun.map(({ asked }) => asked)).toEqual([[1, 2, 3]]);
  });

  it('is never more to a statement than may be', async () => {
    const { begun, run, reached } = statements();
    const gather = new Gather(run, 2, 0);
    const told = [1, 2, 3, 4, 5].map((one) => gather.ask(one));
    for (let nth = 0; nth < 3; nth++) {
      await reached(nth + 1);
      begun[nth]!.end();
    }
    expect(await Promise.all(told)).toHaveLength(5);
    expect(begun.map(({ asked }) => asked)).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('does not wait for company where there is enough of it, nor where nobody else comes any more', async () => {
    const { begun, run, reached } = statements();
    // Longer than a test may take.
    const gather = new Gather(run, 2, 3_600_000);
    const told = [1, 2, 3].map((one) => gather.ask(one));
    await reached(1);
    const closed = gather.close();
    begun[0]!.end();
    await reached(2);
    begun[1]!.end();
    await closed;
    expect(await Promise.all(told)).toEqual(['told 1', 'told 2', 'told 3']);
    expect(begun.map(({ asked }) => asked)).toEqual([[1, 2], [3]]);
  });

  it('while a statement is under way waits for it, and goes with the next', async () => {
    const { begun, run, reached } = statements();
    const gather = new Gather(run, 10, 0);
    const first = gather.ask(1);
    await reached(1);
    const later = [2, 3].map((one) => gather.ask(one));
    // A timer that was set later, for the same time: theirs has gone off.
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(begun).toHaveLength(1);
    begun[0]!.end();
    await first;
    await reached(2);
    begun[1]!.end();
    expect(await Promise.all(later)).toEqual(['told 2', 'told 3']);
    expect(begun.map(({ asked }) => asked)).toEqual([[1], [2, 3]]);
  });

  it('fails together where its statement does, and takes nobody along who came later', async () => {
    const { begun, run, reached } = statements();
    const gather = new Gather(run, 2, 0);
    const told = [1, 2, 3].map((one) => gather.ask(one));
    const ends = Promise.allSettled(told);
    await reached(1);
    begun[0]!.fail(new Error('away'));
    await reached(2);
    begun[1]!.end();
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });
});
