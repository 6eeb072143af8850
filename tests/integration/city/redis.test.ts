import type { ChildProcess } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fillCity } from '../../../src/commands/demo.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import type { Role } from '../../../src/roles/worker.ts';
import { decidePolicy, noSweeps } from '../../../src/schedule/policy.ts';
import { inventoryCsv, planCity } from '../../../src/simulator/city.ts';
import { type SimulatorProcess, startSimulatorProcess } from '../../../src/simulator/start.ts';
import { clipsDir } from '../../support/clips.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { end, startWorkerProcess, until } from '../../support/worker-process.ts';

/** A city whose cameras are asked every ten seconds, by a worker process of its own. */
describe('a sweep under way', () => {
  let ground: TestGround;
  let simulator: SimulatorProcess;
  let worker: ChildProcess;
  let scheduler: Role;
  beforeEach(async () => {
    ground = await startGround();
    const plan = { cameras: 120, seed: 5 };
    const city = planCity(plan);
    simulator = await startSimulatorProcess({ ...plan, clipsDir, rtspPort: 0, onvifPort: 0 });
    await fillCity(ground, city, inventoryCsv(city, simulator.ports), { attempts: [0], cutoff: 100, deadline: 2_000 });
    const every = { ...noSweeps, skynet_online_every: 10, social_online_every: 10 };
    await decidePolicy(ground.db, new Date(), 'every ten seconds', every);
    worker = startWorkerProcess(
      ground.env,
      city.sites.map(({ code }) => code),
    );
    scheduler = startScheduler(ground);
    await results(1);
  });
  afterEach(async () => {
    await end(worker, 'SIGTERM');
    await scheduler.stop();
    await simulator.stop();
    await ground.close();
  });

  /** Waits for so many results of slots from now on. */
  const results = async (count: number): Promise<void> => {
    const from = new Date();
    await until(async () => {
      const { n } = await ground.db.one<{ n: number }>('select count(*)::integer as n from result where slot >= $1', [
        from,
      ]);
      return n >= count;
    });
  };
  /** Every slot from `from` to `to` has exactly one result of each camera that was due. */
  const complete = async (from: Date, to: Date): Promise<boolean> => {
    const { missing } = await ground.db.one<{ missing: number }>(
      `select count(*)::integer as missing from sweep s cross join unnest(s.cameras) as c (camera)
       where s.slot >= $1 and s.slot < $2
         and (select count(*) from result r where r.slot = s.slot and r.camera = c.camera) <> 1`,
      [from, to],
    );
    return missing === 0;
  };

  it('goes on when Redis is killed and comes back without its memory, and when it is flushed, with no slot lost', async () => {
    const { redis, pair } = ground;
    const killed = await pair.killRedis();
    const away = new Date();
    // Jobs are lost with it: those of slots that were planned before, and of those planned while it is away.
    await until(async () => {
      const { n } = await ground.db.one<{ n: number }>(
        'select count(*)::integer as n from sweep where slot > $1 and enqueued = 0',
        [away],
      );
      return n > 0;
    });
    await killed.start();
    await results(120);

    const flushed = new Date();
    await redis.flushall();
    await results(120);
    // A slot whose ten seconds ran out while Redis was away is skipped, and says so; all others have their results.
    await until(() => complete(flushed, new Date(flushed.getTime() + 5_000)));
  });

  it('goes on when Redis is told to evict keys, and says that it must not; a service that starts then refuses to', async () => {
    const { redis } = ground;
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await results(120);
    const late = startWorkerProcess(ground.env, ['450202']);
    const [code] = await new Promise<[number | null]>((resolve) => late.once('exit', (...args) => resolve([args[0]])));
    expect(code).toBe(2);
  });
});
