import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillCity } from '../../../src/commands/demo.ts';
import { inspectNow } from '../../../src/commands/inspect.ts';
import { startAll } from '../../../src/roles/all-in-one.ts';
import { inventoryCsv, planCity } from '../../../src/simulator/city.ts';
import { startSimulatorProcess } from '../../../src/simulator/start.ts';
import { clipsDir } from '../../support/clips.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { judgedBy, truthAsJudged } from '../../support/truth.ts';

const policy = { attempts: [0, 1, 2], cutoff: 120, deadline: 5_000 };

describe.each([
  { seed: 7, cameras: 400, household: 0 },
  { seed: 2026, cameras: 400, household: 0.25 },
])('an inspection of a simulated city, seed $seed', ({ seed, cameras, household }) => {
  let ground: TestGround;
  beforeAll(async () => {
    ground = await startGround();
  });
  afterAll(() => ground.close());

  it('finds what is true of every single camera, judges each unit by it, and never logs in wrongly twice', async () => {
    const city = planCity({ cameras, seed, household });
    const simulator = await startSimulatorProcess({ cameras, seed, household, clipsDir, rtspPort: 0, onvifPort: 0 });
    try {
      await fillCity(ground, city, inventoryCsv(city, simulator.ports), policy);
      const roles = await startAll(ground, false);
      try {
        const report = await inspectNow(ground, null, true);
        expect(await judgedBy(ground.db, report.inspection.id)).toEqual(truthAsJudged(city));
        for (const { code, classes } of report.units) {
          for (const name of ['skynet', 'social', 'household'] as const) {
            const members = truthAsJudged(city).filter((_, index) => {
              const camera = [...city.cameras].sort((a, b) => (a.code < b.code ? -1 : 1))[index]!;
              return camera.unit === code && camera.class === name;
            });
            const open = members.filter(
              (m) => m.online === 'unknown' || (name !== 'household' && m.image === 'unknown'),
            );
            const told = members.filter((member) => !open.includes(member));
            expect({ code, name, ...classes[name] }).toMatchObject({
              roster: members.length,
              unknown: open.length,
              assessed: told.length,
              online: told.filter((member) => member.online === 'yes').length,
              image: told.filter((member) => member.image === 'yes').length,
            });
          }
        }
      } finally {
        await roles.stop();
      }
      const stats = await simulator.stats();
      expect(stats.mostFailedLogins).toBeLessThanOrEqual(1);
      expect(stats.open).toBe(0);
    } finally {
      await simulator.stop();
    }
  });
});
