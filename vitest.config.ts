import { defineConfig } from 'vitest/config';

// Unit tests need nothing but Node; most of their time they wait for a fake camera's deadline. An integration test's file
// has a pair (TimescaleDB, Redis) of its own, so that two files run at once; those of a whole city with all the CPU there is run one
// after the other, so that no probe is late because a neighbour's test is busy.
const cities = ['kills', 'limits', 'recorder', 'truth'].map((name) => `tests/integration/city/${name}.test.ts`);

export default defineConfig({
  test: {
    reporters: ['default', './tests/support/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.ts'],
          testTimeout: 20_000,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'architecture',
          include: ['tests/architecture/**/*.test.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.test.ts'],
          exclude: cities,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'city',
          include: cities,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
