import { expect, test } from 'vitest';
import { type Lived, unexplained } from '../../soak/bounds.ts';

const away = { at: 100_000, until: 200_000 };
const lived = (change: Partial<Lived>): string[] =>
  unexplained({
    ...{ due: 1_000, missed: 150, spanMs: 600_000, databaseAway: [away], outages: [away] },
    processes: [{ name: 'worker', exits: [], peakMiB: 300 }],
    ...change,
  });
const ended = (startedAt: number): string[] =>
  lived({ processes: [{ name: 'worker', exits: [{ startedAt, at: 150_000 }], peakMiB: 300 }] });

test('what an outage explains is no difference: probes missed in it, and processes that start without a database', () => {
  expect(lived({})).toEqual([]);
  expect(ended(120_000)).toEqual([]);
});

test('a scheduler that is away for longer than the database, a crash and memory that grows are differences', () => {
  expect(lived({ missed: 300 })).toEqual(['scheduler away: 300 of 1000 probes were missed, the outages explain 200']);
  expect(ended(50_000)).toEqual(['crashed: worker ended 1 times by itself']);
  expect(lived({ processes: [{ name: 'worker', exits: [], peakMiB: 501 }] })).toEqual([
    'memory: worker held 501 MiB, 500 are the most',
  ]);
});
