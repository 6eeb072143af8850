import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { midnightOf, type Span, split } from '../../../src/rollup/availability-split.ts';

const at = (text: string): Date => new Date(text);

describe('a stretch of time', () => {
  it('of a month that is over is whole days, from midnight to midnight in Liuzhou', () => {
    const month = { from: at('2026-09-30T16:00:00Z'), until: at('2026-10-31T16:00:00Z') };
    expect(split(month, at('2026-11-20T07:00:00Z'), at('2026-11-19T16:00:00Z'))).toEqual({
      days: month,
      hours: [],
      results: [],
    });
  });

  it('from the first of the month until now is days, the hours since midnight, and the results since the last hour', () => {
    expect(
      split(
        { from: at('2026-10-31T16:00:00Z'), until: at('2026-11-20T07:31:05Z') },
        at('2026-11-20T06:00:00Z'),
        at('2026-11-19T16:00:00Z'),
      ),
    ).toEqual({
      days: { from: at('2026-10-31T16:00:00Z'), until: at('2026-11-19T16:00:00Z') },
      hours: [{ from: at('2026-11-19T16:00:00Z'), until: at('2026-11-20T06:00:00Z') }],
      results: [{ from: at('2026-11-20T06:00:00Z'), until: at('2026-11-20T07:31:05Z') }],
    });
  });

  it('is all results where nothing is added up', () => {
    const span = { from: at('2026-11-01T00:00:00Z'), until: at('2026-11-03T00:00:00Z') };
    expect(split(span, new Date(0), new Date(0))).toEqual({ days: null, hours: [], results: [span] });
  });

  it('comes back whole, without a gap or a double, however it is cut, and takes nothing that is not added up', () => {
    const minute = fc.integer({ min: 0, max: 10 * 1440 }).map((n) => new Date(Date.UTC(2026, 10, 1) + n * 60_000));
    fc.assert(
      fc.property(minute, minute, minute, minute, (a, b, hour, day) => {
        const span = a < b ? { from: a, until: b } : { from: b, until: a };
        const hoursUntil = new Date(Math.floor(hour.getTime() / 3_600_000) * 3_600_000);
        const daysUntil = midnightOf(day < hoursUntil ? day : hoursUntil);
        const { days, hours, results } = split(span, hoursUntil, daysUntil);
        const pieces = [...(days === null ? [] : [days]), ...hours, ...results].sort(
          (x, y) => x.from.getTime() - y.from.getTime(),
        );
        let reached = span.from.getTime();
        for (const piece of pieces) {
          expect(piece.from.getTime()).toBe(reached);
          expect(piece.until.getTime()).toBeGreaterThan(reached);
          reached = piece.until.getTime();
        }
        expect(reached).toBe(span.until.getTime());
        const whole = (of: Span, ms: number, ahead: number): void => {
          expect((of.from.getTime() + ahead) % ms).toBe(0);
          expect((of.until.getTime() + ahead) % ms).toBe(0);
        };
        for (const piece of hours) {
          whole(piece, 3_600_000, 0);
          expect(piece.until <= hoursUntil).toBe(true);
        }
        if (days !== null) {
          whole(days, 86_400_000, 8 * 3_600_000);
          expect(days.until <= daysUntil).toBe(true);
        }
      }),
    );
  });
});
