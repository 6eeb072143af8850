import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillCity } from '../../../src/commands/demo.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { inspectionOf, openInspection } from '../../../src/schedule/inspection.ts';
import { inventoryCsv, planCity } from '../../../src/simulator/city.ts';
import { startSimulatorProcess } from '../../../src/simulator/start.ts';
import { clipsDir } from '../../support/clips.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { judgedBy, truthAsJudged } from '../../support/truth.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

/** Asks again and again until `done`; the answer is a state of the world, not a time. */
const until = async (done: () => Promise<boolean>): Promise<void> => {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 50));
};

describe('a worker killed with kill -9 in the middle of an inspection', () => {
  let ground: TestGround;
  beforeAll(async () => {
    ground = await startGround();
  });
  afterAll(() => ground.close());

  it('is no loss: after its restart the inspection completes, every camera once, and no login failed twice', async () => {
    const [cameras, seed] = [500, 11];
    const city = planCity({ cameras, seed });
    const simulator = await startSimulatorProcess({ cameras, seed, clipsDir, rtspPort: 0, onvifPort: 0 });
    const sites = city.sites.map(({ code }) => code);
    const workers: ChildProcess[] = [];
    const startWorkerProcess = (): ChildProcess => {
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', main, 'worker', '--site', ...sites],
        {
          env: { PATH: process.env.PATH, ...ground.env, XUNJIAN_SOCKETS: '24' },
          stdio: ['ignore', 'ignore', 'inherit'],
        },
      );
      workers.push(child);
      return child;
    };
    const scheduler = startScheduler(ground);
    try {
      await fillCity(ground, city, inventoryCsv(city, simulator.ports), {
        attempts: [0, 1, 2],
        cutoff: 150,
        deadline: 5_000,
      });
      const first = startWorkerProcess();
      const { id } = await openInspection(ground.db, new Date(), null);
      const results = async (): Promise<number> =>
        (await ground.db.one<{ n: number }>('select count(*)::integer as n from result where inspection = $1', [id])).n;
      await until(async () => (await results()) >= 60);
      const gone = once(first, 'exit');
      first.kill('SIGKILL');
      await gone;
      const atKill = await results();
      expect(atKill).toBeLessThan(cameras);

      startWorkerProcess();
      await until(async () => (await inspectionOf(ground.db, id))?.completed_at != null);

      expect(await judgedBy(ground.db, id)).toEqual(truthAsJudged(city));
      const { rows, slots, attempts } = await ground.db.one<{ rows: number; slots: number; attempts: number }>(
        `select count(*)::integer as rows, count(distinct (camera, slot))::integer as slots,
           count(distinct (camera, attempt))::integer as attempts from result where inspection = $1`,
        [id],
      );
      expect({ slots, attempts }).toEqual({ slots: rows, attempts: rows });
      expect((await simulator.stats()).mostFailedLogins).toBeLessThanOrEqual(1);
    } finally {
      await scheduler.stop();
      for (const worker of workers) {
        if (worker.exitCode === null && worker.signalCode === null) {
          const gone = once(worker, 'exit');
          worker.kill('SIGTERM');
          await gone;
        }
      }
      await simulator.stop();
    }
  });
});
