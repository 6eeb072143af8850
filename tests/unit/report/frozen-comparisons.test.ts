import { expect, it } from 'vitest';
import { monthBefore } from '../../../src/report/frozen-comparisons.ts';

it.each([
  ['2026-11-23', '2026-10-23'],
  ['2026-01-15', '2025-12-15'],
  ['2026-03-31', '2026-02-28'],
  ['2028-03-30', '2028-02-29'],
  ['2026-07-31', '2026-06-30'],
  ['2026-01-31', '2025-12-31'],
])('the same day of the month before %s is %s', (day, before) => {
  expect(monthBefore(day)).toBe(before);
});
