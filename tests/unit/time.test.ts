import { describe, expect, it } from 'vitest';
import { localTime, momentOf } from '../../src/time.ts';

describe('a moment', () => {
  it.each([
    ['2026-11-23', '2026-11-22T16:00:00.000Z'],
    ['2026-11-23 08:00', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T08:00:01', '2026-11-23T00:00:01.000Z'],
    [' 2026-11-23 ', '2026-11-22T16:00:00.000Z'],
    ['2026-11-23T00:00:00Z', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T08:00:00.5+08:00', '2026-11-23T00:00:00.500Z'],
  ])('that is written %s is of the city’s clock, where it says no zone of its own', (text, iso) => {
    expect(momentOf(text)?.toISOString()).toBe(iso);
  });

  it.each([
    '',
    '2026',
    '2026-02-30',
    '2026-02-30T00:00:00Z',
    '2026-11-23T24:30:00Z',
    '2026-13-01',
    '2026-11-23 24:30',
    '2026-11-23 8:00',
    '23.11.2026',
    'tomorrow',
  ])('is none in "%s"', (text) => {
    expect(momentOf(text)).toBeNull();
  });

  it('is shown as the city’s clock shows it', () => {
    expect(localTime(new Date('2026-11-22T16:00:00.999Z'))).toBe('2026-11-23 00:00:00');
  });
});
