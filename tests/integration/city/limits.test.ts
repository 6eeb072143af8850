import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillCity } from '../../../src/commands/demo.ts';
import { putSite } from '../../../src/inventory/site.ts';
import { workersOf } from '../../../src/probing/presence.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { inspectionOf, openInspection } from '../../../src/schedule/inspection.ts';
import { inventoryCsv, planCity } from '../../../src/simulator/city.ts';
import { startSimulatorProcess } from '../../../src/simulator/start.ts';
import { clipsDir } from '../../support/clips.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { end, startWorkerProcess, until } from '../../support/worker-process.ts';

const plan = { cameras: 800, seed: 3, stream: 'sub', sound: true } as const;
const site = '450202';
/** 250 KB a second: 80 pictures of some 20 KB take six seconds and more, and less than one without it. */
const megabits = 2;
const sockets = 7;

describe('a site whose line is thin', () => {
  let ground: TestGround;
  beforeAll(async () => {
    ground = await startGround();
  });
  afterAll(() => ground.close());

  it('is not asked for more than it bears, by two workers together: neither probes at once nor bytes a second', async () => {
    const { db, redis } = ground;
    const city = planCity(plan);
    const simulator = await startSimulatorProcess({ ...plan, clipsDir, rtspPort: 0, onvifPort: 0 });
    const workers: ChildProcess[] = [];
    const scheduler = startScheduler(ground);
    try {
      await fillCity(ground, city, inventoryCsv(city, simulator.ports), {
        attempts: [0],
        cutoff: 120,
        deadline: 5_000,
      });
      const { networks } = city.sites.find(({ code }) => code === site)!;
      await putSite(db, { code: site, networks, sockets, megabits });
      workers.push(startWorkerProcess(ground.env, [site]), startWorkerProcess(ground.env, [site]));
      await until(async () => (await workersOf(redis, [site])).get(site) === 2);
      const { id } = await openInspection(db, new Date(), site);
      let most = 0;
      await until(async () => {
        most = Math.max(most, (await simulator.stats()).open);
        return (await inspectionOf(db, id))?.completed_at != null;
      });
      const { cameras, images } = await db.one<{ cameras: number; images: number }>(
        'select count(*)::integer as cameras, count(*) filter (where image)::integer as images from result',
      );
      expect(images).toBe(cameras);
      expect(cameras).toBeGreaterThan(60);
      expect(most).toBeLessThanOrEqual(sockets);
      const sent = await simulator.sent(site);
      expect(sent.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(1_000_000);
      // A second of the clock may hold the end of one second's share and the beginning of the next.
      expect(Math.max(...sent.map(({ bytes }) => bytes))).toBeLessThanOrEqual(2 * megabits * 125_000);
    } finally {
      for (const worker of workers) await end(worker, 'SIGTERM');
      await scheduler.stop();
      await simulator.stop();
    }
  });
});
