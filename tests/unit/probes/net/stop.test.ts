import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onStop } from '../../../../probes/net/stop.ts';

describe('a signal that many share', () => {
  it('has one listener, however many wait for it, and none when the last has called off', () => {
    const { signal } = new AbortController();
    const callOffs = Array.from({ length: 1_000 }, () => onStop(signal, () => {}));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const callOff of callOffs) callOff();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('stops each that waits, and none that has called off, also while it stops them', () => {
    const stop = new AbortController();
    const stopped: string[] = [];
    const callOffFirst = onStop(stop.signal, () => {
      stopped.push('first');
      callOffFirst();
      callOffFourth();
    });
    const callOffSecond = onStop(stop.signal, () => stopped.push('second'));
    onStop(stop.signal, () => stopped.push('third'));
    const callOffFourth = onStop(stop.signal, () => stopped.push('fourth'));
    callOffSecond();
    stop.abort();
    expect(stopped).toEqual(['first', 'third']);
  });

  it('takes another up after all have called off', () => {
    const stop = new AbortController();
    onStop(stop.signal, () => {})();
    let stopped = 0;
    onStop(stop.signal, () => {
      stopped++;
    });
    stop.abort();
    expect(stopped).toBe(1);
  });
});
