import { Queue } from 'bullmq';
import { bullConnection } from '../../src/queue/connection.ts';
import { enqueueDue, type ProbeJob, siteQueue } from '../../src/schedule/enqueue.ts';
import { decidePolicy, noSweeps } from '../../src/schedule/policy.ts';
import { planSlot, siteSizes } from '../../src/schedule/sweep.ts';
import { Sentence } from '../../src/sentence.ts';
import { truthOf } from '../../src/simulator/city.ts';
import { type Cpu, type Fleet, spent, startFleet } from './fleet.ts';
import { benchFloor } from './floor.ts';
import { type BenchRow, one, ratioOf, spread } from './table.ts';

/** All of Liuzhou: 88 of 100 are homes. */
const whole = 138_698;
const household = 122_088 / whole;
const seed = 1;
const period = 300;
const policy = { attempts: [0], cutoff: 600, deadline: 5_000 };

/** Sound cities, and how often each is swept: as many probes before the measurement, to warm up, and in it. */
const growth = [
  { cameras: 1_000, rounds: 60 },
  { cameras: 16_610, rounds: 4 },
  { cameras: whole, rounds: 1 },
] as const;

/** Every probe of one sweep, as fast as it goes, by what it cost. CPU in ms. */
type Sweep = {
  /** Its turns: from, and up to. */
  readonly span: readonly [Date, Date];
  readonly seconds: number;
  /** Of all but the simulator: planning apart from the rest, the worker once more by itself. */
  readonly planMs: number;
  readonly cpuMs: number;
  readonly workerMs: number;
};

/**
 * One whole sweep of a city with faults, as fast as it goes: every camera is asked once whether it answers, all turns of
 * a period queued at once, through the queue, one worker process and the embedded database; each answer is compared with
 * the truth. The floor is the bare library on the same cameras: no queue, no host leases, no database. Then what a camera
 * costs in cities of three sizes whose cameras are all sound: nothing waits for a deadline there.
 */
export const benchSweep = async (clipsDir: string, told: (line: string) => void): Promise<BenchRow[]> => [
  ...(await withFaults(clipsDir, told)),
  ...(await grown(clipsDir, told)),
];

const withFaults = async (clipsDir: string, told: (line: string) => void): Promise<BenchRow[]> => {
  told(`filling a city of ${whole} cameras`);
  const fleet = await startSwept({ cameras: whole, seed, household }, clipsDir);
  try {
    told('sweeping it');
    const { seconds, workerMs } = await sweep(fleet);
    await compare(fleet);
    const memory = fleet.peakMiB();
    told('the same cameras by the bare library');
    const floor = await benchFloor(fleet.city, fleet.simulator, policy.deadline, 'answer');
    const name = { name: 'probes without queue and store' };
    const [wall, bare] = [one(seconds), one(floor.seconds)];
    const [worker, bareMs] = [one(workerMs / whole), one(floor.ownMs / whole)];
    const n = whole;
    return [
      {
        case: `${n} cameras, all answered`,
        unit: 's',
        ours: wall,
        peer: { ...name, ...bare },
        ratio: ratioOf(wall, bare),
        n,
      },
      {
        ...{ case: `${n} cameras, the worker`, unit: 'CPU ms / camera', ours: worker },
        ...{ peer: { ...name, ...bareMs }, ratio: ratioOf(worker, bareMs), n },
      },
      {
        ...{ case: `${n} cameras, most memory of the worker, 1,000 in flight`, unit: 'MiB', ours: one(memory) },
        ...{ peer: null, ratio: null, n: 1 },
      },
    ];
  } finally {
    await fleet.close();
  }
};

const grown = async (clipsDir: string, told: (line: string) => void): Promise<BenchRow[]> => {
  const rows: BenchRow[] = [];
  for (const { cameras, rounds } of growth) {
    told(`a sound city of ${cameras} cameras, swept ${2 * rounds} times`);
    const fleet = await startSwept({ cameras, seed, household, sound: true }, clipsDir);
    try {
      const sweeps: Sweep[] = [];
      for (let round = 0; round < 2 * rounds; round++) {
        const swept = await sweep(fleet);
        await mustBeSound(fleet, swept.span);
        sweeps.push(swept);
      }
      const row = (what: string, of: (one: Sweep) => number): void => {
        const ours = spread(sweeps.slice(rounds).map((one) => of(one) / cameras));
        const name = `${growth[0].cameras} cameras`;
        const first = rows.find((found) => found.case.endsWith(what))?.ours ?? ours;
        rows.push({
          ...{ case: `${cameras} sound cameras, ${what}`, unit: 'CPU ms / camera', ours },
          ...{ peer: { name, ...first }, ratio: ratioOf(ours, first), n: rounds * cameras },
        });
      };
      row('worker, queue and store', ({ cpuMs }) => cpuMs);
      row('planning 60 turns', ({ planMs }) => planMs);
    } finally {
      await fleet.close();
    }
  }
  return rows;
};

/** `swept`: up to where its turns are used up, s since 1970. */
type Swept = Fleet & { swept: number };

const startSwept = async (plan: Parameters<typeof startFleet>[0], clipsDir: string): Promise<Swept> => {
  const fleet = await startFleet(plan, clipsDir, policy);
  const every = { skynet_online_every: period, social_online_every: period, household_online_every: period };
  await decidePolicy(fleet.ground.db, new Date(), 'bench', { ...noSweeps, ...every });
  return Object.assign(fleet, { swept: 0 });
};

const sweep = async (fleet: Swept): Promise<Sweep> => {
  const { ground, city, cpu: cpuNow } = fleet;
  const { db, redis } = ground;
  // Turns of a period that is to come when it begins: none of them is over before it is done.
  const first = Math.max(fleet.swept, Math.ceil(Date.now() / 1000 / period + 2) * period);
  fleet.swept = first + period;
  const queues = new Map(
    city.sites.map(({ code }) => [code, new Queue<ProbeJob>(siteQueue(code), bullConnection(redis))]),
  );
  const of = (site: string): Queue<ProbeJob> => queues.get(site)!;
  const sizes = await siteSizes(db);
  const total = ({ simulator, ...ours }: Cpu): number => Object.values(ours).reduce((sum, ms) => sum + ms, 0);
  const unplanned = cpuNow();
  const begun = performance.now();
  for (let slot = first; slot < first + period; slot += 5) await planSlot(db, slot, sizes);
  const before = cpuNow();
  await enqueueDue(db, { of }, new Date(), [...queues.keys()]);
  const span = [new Date(first * 1000), new Date((first + period) * 1000)] as const;
  while (await isOpen(fleet, span)) await new Promise((resolve) => setTimeout(resolve, 100));
  const seconds = (performance.now() - begun) / 1000;
  const cpu = spent(before, cpuNow());
  for (const queue of queues.values()) await queue.close();
  return { span, seconds, planMs: total(spent(unplanned, before)), cpuMs: total(cpu), workerMs: cpu.worker };
};

/** Whether rows are still to be done; throws a Sentence where one never will be: given up, or its time is over. */
const isOpen = async ({ ground }: Fleet, span: readonly Date[]): Promise<boolean> => {
  const { open, over } = await ground.db.one<{ open: number; over: number }>(
    `select count(*) as open, count(*) filter (where skipped is not null or expires_at < $3) as over
     from sweep where done_at is null and slot >= $1 and slot < $2`,
    [...span, new Date()],
  );
  if (over === 0) return open > 0;
  throw new Sentence(`${over} 个巡检任务超时未完成`, `${over} jobs of a sweep were not done within their time`);
};

/** Throws a Sentence unless every camera of a sound city has one result of these turns, and answered. */
const mustBeSound = async ({ ground, city }: Fleet, span: readonly Date[]): Promise<void> => {
  const { results, cameras, online } = await ground.db.one<{ results: number; cameras: number; online: number }>(
    `select count(*) as results, count(distinct camera) as cameras, count(*) filter (where online) as online
     from result where slot >= $1 and slot < $2`,
    [...span],
  );
  const wanted = city.cameras.length;
  if (results === wanted && cameras === wanted && online === wanted) return;
  throw new Sentence(
    `${wanted} 个完好点位应各有一条在线结果，实有 ${results} 条，涉及 ${cameras} 个点位，其中在线 ${online} 条`,
    `${wanted} sound cameras, each to answer once: ${results} results of ${cameras} cameras, ${online} of them online`,
  );
};

/** Throws a Sentence unless every camera has one result, and that is the truth. */
const compare = async ({ ground, city }: Fleet): Promise<void> => {
  const found = await ground.db.many<{ code: string; online: boolean | null; times: number }>(
    `select c.code, bool_and(r.online) as online, count(*)::integer as times
     from result r join camera c on c.id = r.camera group by c.code`,
  );
  const stored = new Map(found.map((row) => [row.code, row]));
  const truth = truthOf(city);
  const wrong = city.cameras.filter(({ code, fault }, nth) => {
    const row = stored.get(code);
    // Of one probe: a camera that closes its first connection without a word did not answer it.
    return row?.times !== 1 || (fault !== 'blip' && row.online !== (truth[nth]!.online === 'yes'));
  });
  if (wrong.length === 0) return;
  const { code, fault } = wrong[0]!;
  const [zh, en] = ['个点位与真实状态不符，例如', 'cameras differ from the truth, such as'];
  const example = `${code} ${fault}: ${JSON.stringify(stored.get(code))}`;
  throw new Sentence(`${wrong.length} ${zh} ${example}`, `${wrong.length} ${en} ${example}`);
};
