import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillCity } from '../../../src/commands/demo.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { openInspection, runningInspections } from '../../../src/schedule/inspection.ts';
import { inventoryCsv, planCity } from '../../../src/simulator/city.ts';
import { startSimulatorProcess } from '../../../src/simulator/start.ts';
import { clipsDir } from '../../support/clips.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { judgedBy, truthAsJudged } from '../../support/truth.ts';
import { end, startWorkerProcess, until } from '../../support/worker-process.ts';

const kills = 20;
const inFlight = 1_000;
const plan = { cameras: 8_000, seed: 20, stream: 'sub' } as const;
describe(`a worker killed with kill -9 ${kills} times with ${inFlight} probes in flight`, () => {
  let ground: TestGround;
  beforeAll(async () => {
    ground = await startGround();
  });
  afterAll(() => ground.close());

  it('leaves exactly one result of each camera and slot, true or unknown, and no camera sees a second failed login', {
    timeout: 600_000,
  }, async () => {
    const { db } = ground;
    const planned = planCity(plan);
    const simulator = await startSimulatorProcess({ ...plan, clipsDir, rtspPort: 0, onvifPort: 0 });
    // Most of the sound ones play and send nothing: their probes stay in flight to the deadline.
    const mute = planned.cameras.filter(({ fault, index }) => fault === 'sound' && index % 4 !== 0);
    await simulator.setFaults(mute.map(({ code }) => ({ code, fault: 'no_media' as const })));
    const changed = new Set(mute.map(({ code }) => code));
    const city = {
      ...planned,
      cameras: planned.cameras.map((one) => (changed.has(one.code) ? { ...one, fault: 'no_media' as const } : one)),
    };
    let worker: ChildProcess | null = null;
    const start = (): void => {
      worker = startWorkerProcess(
        // Some more: in flight is also a probe whose camera does not answer, or is left and waits for its decoder.
        { ...ground.env, XUNJIAN_SOCKETS: `${inFlight * 1.5}` },
        city.sites.map(({ code }) => code),
      );
    };
    await fillCity(ground, city, inventoryCsv(city, simulator.ports), { attempts: [0], cutoff: 900, deadline: 6_000 });
    const missing = async (): Promise<number> =>
      (
        await db.one<{ missing: number }>(
          `select (select count(*) from roster)::integer - (select count(*) from result)::integer as missing`,
        )
      ).missing;
    const scheduler = startScheduler(ground);
    try {
      const { id } = await openInspection(db, new Date(), null);
      for (let kill = 0; kill < kills; kill++) {
        start();
        await until(async () => (await simulator.stats()).open >= inFlight);
        await end(worker!, 'SIGKILL');
        await until(async () => (await simulator.stats()).open < inFlight / 2);
      }
      start();
      await until(async () => (await missing()) === 0 && (await runningInspections(db)).length === 0);

      const rows = await db.one<{ slots: number; cameras: number; rows: number }>(
        `select count(distinct slot)::integer as slots, count(distinct camera)::integer as cameras,
           count(*)::integer as rows from result`,
      );
      expect(rows).toEqual({ slots: 1, cameras: plan.cameras, rows: plan.cameras });
      const truth = new Map(truthAsJudged(city).map((row) => [row.code, row]));
      // Of a single probe: what a camera does only the first time may have been met, or spent on a probe that was killed.
      const once = city.cameras.filter(({ fault }) => fault === 'blip' || fault === 'busy_once');
      const either = new Set(once.map(({ code }) => code));
      const judged = await judgedBy(db, id);
      // A login over which a worker was killed may have failed: nobody sends it again. And a machine that has less CPU than
      // a thousand pictures at once ask for does not listen in time. Both are ours, and make an answer unknown.
      const ours = (found: (typeof judged)[number]): boolean =>
        (found.kind === 'login_held' || found.kind === 'overloaded') &&
        found.image === 'unknown' &&
        found.online !== 'no';
      const told = judged.filter((found) => !ours(found));
      const untrue = told.filter(
        (found) => !either.has(found.code) && JSON.stringify(found) !== JSON.stringify(truth.get(found.code)),
      );
      expect(untrue).toEqual([]);
      expect(told.length).toBeGreaterThan(plan.cameras / 2);
      expect((await simulator.stats()).mostFailedLogins).toBeLessThanOrEqual(1);
    } finally {
      if (worker !== null) await end(worker, 'SIGTERM');
      await scheduler.stop();
      await simulator.stop();
    }
  });
});
