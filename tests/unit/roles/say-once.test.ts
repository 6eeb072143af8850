import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { sayOnce } from '../../../src/roles/say-once.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('the same error is said once a minute, and another one beside it at once', () => {
  const said: string[] = [];
  const say = sayOnce(({ message }) => said.push(message));
  for (let second = 0; second < 60; second++) {
    say(new Error('connect ECONNREFUSED'));
    vi.advanceTimersByTime(1_000);
  }
  say(new Error('NOAUTH'));
  expect(said).toEqual(['connect ECONNREFUSED', 'NOAUTH']);
  say(new Error('connect ECONNREFUSED'));
  expect(said).toEqual(['connect ECONNREFUSED', 'NOAUTH', 'connect ECONNREFUSED']);
});
