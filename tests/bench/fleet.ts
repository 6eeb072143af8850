import type { ChildProcess } from 'node:child_process';
import { fillCity } from '../../src/commands/demo.ts';
import { workersOf } from '../../src/probing/presence.ts';
import { type City, type CityPlan, inventoryCsv, planCity } from '../../src/simulator/city.ts';
import { type SimulatorProcess, startSimulatorProcess } from '../../src/simulator/start.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { end, startWorkerProcess, until } from '../support/worker-process.ts';
import { cpuMs, peakMiB } from './usage.ts';

/** Milliseconds of CPU by part, user and system. */
export type Cpu = Readonly<Record<'worker' | 'decoders' | 'database' | 'redis' | 'simulator' | 'scheduler', number>>;

export type Fleet = {
  readonly ground: TestGround;
  readonly city: City;
  readonly simulator: SimulatorProcess;
  readonly worker: ChildProcess;
  cpu(): Cpu;
  /** The most memory of the worker, decoders not included. */
  peakMiB(): number;
  close(): Promise<void>;
};

/** Probes at once in the worker: a city has dead cameras by the hundred, each of which keeps a socket to its deadline. */
const sockets = 1_000;

/**
 * A simulated city with its inventory in the embedded database, and one real `xunjian worker` process that serves all
 * its sites, ready. The simulator, the database, Redis, the worker and each decoder are processes of their own.
 */
export const startFleet = async (
  plan: CityPlan,
  clipsDir: string,
  policy: { attempts: readonly number[]; cutoff: number; deadline: number },
): Promise<Fleet> => {
  const city = planCity(plan);
  const simulator = await startSimulatorProcess({ ...plan, clipsDir, rtspPort: 0, onvifPort: 0 });
  const ground = await startGround();
  await fillCity(ground, city, inventoryCsv(city, simulator.ports), policy);
  await ground.db.run('analyze');
  const sites = city.sites.map(({ code }) => code);
  const worker = startWorkerProcess({ ...ground.env, XUNJIAN_SOCKETS: `${sockets}` }, sites);
  await until(async () => [...(await workersOf(ground.redis, sites)).values()].every((count) => count === 1));
  return {
    ground,
    city,
    simulator,
    worker,
    cpu() {
      const { own, children } = cpuMs(worker.pid!);
      const { user, system } = process.cpuUsage();
      return {
        worker: own,
        decoders: children,
        database: cpuMs(ground.pair.pids.database).own,
        redis: cpuMs(ground.pair.pids.redis).own,
        simulator: cpuMs(simulator.pid).own,
        // Runs in this process.
        scheduler: (user + system) / 1000,
      };
    },
    peakMiB: () => peakMiB(worker.pid!),
    async close() {
      await end(worker, 'SIGTERM');
      await ground.close();
      await simulator.stop();
    },
  };
};

/** What came in between, by part. */
export const spent = (before: Cpu, after: Cpu): Cpu =>
  Object.fromEntries(Object.entries(after).map(([part, ms]) => [part, ms - before[part as keyof Cpu]])) as Cpu;
