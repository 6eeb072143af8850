import { describe, expect, it } from 'vitest';
import { Alarm } from '../../../../probes/net/deadline.ts';

const now = (): number => performance.now();

/** An alarm that tells when it rang, ms after it was made. */
const alarm = () => {
  const begun = now();
  const rings: number[] = [];
  let rung = Promise.withResolvers<void>();
  const one = new Alarm(now, () => {
    rings.push(now() - begun);
    rung.resolve();
    rung = Promise.withResolvers();
  });
  return { one, rings, rung: () => rung.promise };
};

describe('deadlines that follow each other on one timer', () => {
  it('a later one is waited for, although the timer was set for the one before', async () => {
    const { one, rings, rung } = alarm();
    one.set(20);
    one.callOff();
    one.set(150);
    await rung();
    expect(rings).toHaveLength(1);
    expect(rings[0]).toBeGreaterThanOrEqual(148);
  });

  it('a sooner one does not wait for the timer of the one before', async () => {
    const { one, rings, rung } = alarm();
    one.set(60_000);
    one.set(10);
    await rung();
    expect(rings).toHaveLength(1);
    expect(rings[0]).toBeLessThan(30_000);
  });

  it('one that was called off does not ring, and the next one does', async () => {
    const { one, rings, rung } = alarm();
    one.set(10);
    one.callOff();
    one.set(60);
    await rung();
    expect(rings).toHaveLength(1);
    expect(rings[0]).toBeGreaterThanOrEqual(58);
  });

  it('one that is called off while what has arrived is being read does not ring', async () => {
    const { one, rings, rung } = alarm();
    one.set(5);
    // Set behind it for the same time, so it runs behind it, and before the turn in which it would ring.
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        one.callOff();
        one.set(60);
        resolve();
      }, 5);
    });
    await rung();
    expect(rings).toHaveLength(1);
    expect(rings[0]).toBeGreaterThanOrEqual(60);
  });

  it('rings once for each that was set', async () => {
    const { one, rings, rung } = alarm();
    for (let nth = 1; nth <= 3; nth++) {
      one.set(5);
      await rung();
      expect(rings).toHaveLength(nth);
    }
    one.end();
  });
});
