import { startScheduler } from '../../src/roles/scheduler.ts';
import { inspectionOf, openInspection } from '../../src/schedule/inspection.ts';
import { Sentence } from '../../src/sentence.ts';
import { judgedBy, truthAsJudged } from '../support/truth.ts';
import { until } from '../support/worker-process.ts';
import { type Cpu, spent, startFleet } from './fleet.ts';
import { benchFloor } from './floor.ts';
import { type BenchRow, one, ratioOf } from './table.ts';

const cameras = 16_610;
const seed = 1;
/** Attempts seconds apart, so that a round is as long as its work; a deadline as short as the longest wait of a sound camera allows. */
const policy = { attempts: [0, 1, 2], cutoff: 240, deadline: 4_000 } as const;
const part: Readonly<Record<keyof Cpu, string>> = {
  worker: 'worker process',
  decoders: 'decoder processes',
  database: 'embedded TimescaleDB',
  redis: 'Redis',
  scheduler: 'scheduler',
  simulator: 'simulator (the cameras themselves)',
};

/**
 * A whole city's inspection from its opening to its verdicts: 16,610 cameras with faults, a picture of the sub stream
 * from each, through the queue, one worker process and the embedded database; every camera is compared with the truth.
 * The floor is the same cameras by the bare library with its decoders: no queue, no host leases, no memory of logins, no
 * database, one attempt.
 */
export const benchCity = async (clipsDir: string, told: (line: string) => void): Promise<BenchRow[]> => {
  told('filling a city of 16,610 cameras');
  const fleet = await startFleet({ cameras, seed, stream: 'sub' }, clipsDir, policy);
  try {
    const { ground, city } = fleet;
    const scheduler = startScheduler(ground);
    told('inspecting it');
    const before = fleet.cpu();
    const begun = performance.now();
    const { id } = await openInspection(ground.db, new Date(), null);
    await until(async () => (await inspectionOf(ground.db, id))?.completed_at != null);
    const seconds = (performance.now() - begun) / 1000;
    const cpu = spent(before, fleet.cpu());
    const memory = fleet.peakMiB();
    await scheduler.stop();
    const truth = truthAsJudged(city);
    const judged = await judgedBy(ground.db, id);
    const wrong = judged.filter((found, nth) => JSON.stringify(found) !== JSON.stringify(truth[nth]));
    const { mostFailedLogins } = await fleet.simulator.stats();
    if (judged.length !== cameras || wrong.length > 0 || mostFailedLogins > 1) {
      throw new Sentence(
        `${wrong.length} 个点位与真实状态不符，例如 ${JSON.stringify(wrong[0])}；单台设备登录失败最多 ${mostFailedLogins} 次`,
        `${wrong.length} of ${judged.length} cameras differ from the truth, such as ${JSON.stringify(wrong[0])}; at most ${mostFailedLogins} failed logins at one device`,
      );
    }
    told('the same cameras by the bare library');
    const floor = await benchFloor(city, fleet.simulator, policy.deadline, 'keyframe');
    const name = `${cameras} cameras`;
    const wall = one(seconds);
    const bare = { name: 'probes without queue and store', ...one(floor.seconds) };
    return [
      {
        ...{ case: `${name}, inspection to verdicts`, unit: 's', ours: wall, peer: bare },
        ...{ ratio: ratioOf(wall, bare), n: cameras },
      },
      ...(Object.keys(part) as (keyof Cpu)[]).map((which) => ({
        ...{ case: `${name}, ${part[which]}`, unit: 'CPU ms / camera', ours: one(cpu[which] / cameras) },
        ...(which === 'worker' || which === 'decoders'
          ? peer(which === 'worker' ? floor.ownMs / cameras : floor.childrenMs / cameras, cpu[which] / cameras)
          : { peer: null, ratio: null }),
        n: cameras,
      })),
      { case: `${name}, most memory of the worker`, unit: 'MiB', ours: one(memory), peer: null, ratio: null, n: 1 },
    ];
  } finally {
    await fleet.close();
  }
};

const peer = (theirs: number, ours: number): Pick<BenchRow, 'peer' | 'ratio'> => ({
  peer: { name: 'probes without queue and store', ...one(theirs) },
  ratio: ratioOf(one(ours), one(theirs)),
});
