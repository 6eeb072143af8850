import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { bullConnection, openRedis } from '../../src/queue/connection.ts';
import { startEmbeddedRedis } from '../../src/queue/embedded.ts';
import { takeJobs } from '../../src/queue/jobs.ts';
import { type ProbeJob, siteQueue } from '../../src/schedule/enqueue.ts';
import { type BenchRow, ratioOf, spread } from './table.ts';

/** Rounds on either side, in turn, so that a noisy machine is noisy for both. */
const rounds = 7;
/** A sweep of 138,698 cameras, a hundred to a job. */
const ourJobs = 1_387;
/** More, since they are over so soon. */
const peerJobs = 20_000;
/** Of one job, µs. */
type Measured = { readonly wallUs: number; readonly cpuUs: number; readonly redisUs: number };

/** User and system CPU time of Redis, µs: in its INFO exactly, in /proc to ten milliseconds. */
const cpuOfRedis = async (redis: Redis): Promise<number> => {
  const info = await redis.info('cpu');
  const seconds = (name: string): number => Number(new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)![1]);
  return 1_000_000 * (seconds('used_cpu_user') + seconds('used_cpu_sys'));
};

const measure = async (redis: Redis, jobs: number, work: () => Promise<void>): Promise<Measured> => {
  const redisBefore = await cpuOfRedis(redis);
  const [before, begun] = [process.cpuUsage(), performance.now()];
  await work();
  const wallUs = (performance.now() - begun) * 1_000;
  const { user, system } = process.cpuUsage(before);
  const redisUs = (await cpuOfRedis(redis)) - redisBefore;
  return { wallUs: wallUs / jobs, cpuUs: (user + system) / jobs, redisUs: redisUs / jobs };
};

/** The jobs of a round by site: what a job of an inspection says, or one of a sweep. */
const jobsOf = (sites: readonly string[], jobs: number, sweep: boolean): Map<string, ProbeJob[]> => {
  const all = Array.from({ length: jobs }, (_, nth) => ({ site: sites[nth % sites.length]!, nth }));
  const [slot, until] = [1_795_000_000_000, 1_795_000_300_000];
  return new Map(
    [...Map.groupBy(all, ({ site }) => site)].map(([site, ones]) => [
      site,
      ones.map(({ nth }) => (sweep ? { sweep: { slot, site, want: 'answer', part: nth }, until } : { batch: nth })),
    ]),
  );
};

/** Our queues: workers that wait at every site, and jobs as src/schedule/enqueue.ts puts them there. */
const openOurs = async (redis: Redis, sites: readonly string[], sweep: boolean) => {
  const done = { count: 0, wanted: 0, all: (): void => {} };
  const queues = new Map(sites.map((site) => [site, new Queue<ProbeJob>(siteQueue(site), bullConnection(redis))]));
  const say = (error: Error): void => void process.stderr.write(`${error}\n`);
  for (const queue of queues.values()) queue.on('error', say);
  const stopping = new AbortController();
  const takers = sites.map((site) =>
    takeJobs<ProbeJob>(redis, siteQueue(site), {
      room: () => true,
      work: async () => {
        if (++done.count === done.wanted) done.all();
      },
      stopping: stopping.signal,
      failed: (_, error) => say(error),
      error: say,
    }),
  );
  let round = 0;
  return {
    async run(jobs: number): Promise<void> {
      round++;
      const { promise, resolve } = Promise.withResolvers<void>();
      Object.assign(done, { count: 0, wanted: jobs, all: resolve });
      for (const [site, all] of jobsOf(sites, jobs, sweep)) {
        await queues.get(site)!.addBulk(
          all.map((data, nth) => ({
            name: 'probe',
            data,
            opts: {
              jobId: `job-${nth}-${round}`,
              removeOnComplete: true,
              removeOnFail: true,
              ...(sweep ? { priority: 1 } : {}),
            },
          })),
        );
      }
      await promise;
    },
    async close(): Promise<void> {
      stopping.abort();
      await Promise.all(takers.map((taker) => taker.stop()));
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
};

/** The floor: a list a site, with the same payload and nothing else: no lock, no retry, lost when its taker dies. */
const openFloor = (url: string, redis: Redis, sites: readonly string[], sweep: boolean) => {
  const done = { count: 0, wanted: 0, all: (): void => {} };
  const takers = sites.map((site) => {
    const own = openRedis(url);
    const take = async (): Promise<void> => {
      for (;;) {
        const [, payload] = (await own.brpop(`floor:${site}`, 0))!;
        JSON.parse(payload) as ProbeJob;
        if (++done.count === done.wanted) done.all();
      }
    };
    return { own, ended: take().catch(() => {}) };
  });
  return {
    async run(jobs: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      Object.assign(done, { count: 0, wanted: jobs, all: resolve });
      for (const [site, all] of jobsOf(sites, jobs, sweep)) {
        await redis.lpush(`floor:${site}`, ...all.map((data) => JSON.stringify(data)));
      }
      await promise;
    },
    async close(): Promise<void> {
      for (const { own } of takers) own.disconnect();
      await Promise.all(takers.map(({ ended }) => ended));
    },
  };
};

/** What a job costs (a batch of a hundred cameras): from being put on its site's queue until it is done and gone. */
export const benchQueue = async (_clipsDir: string, told: (line: string) => void): Promise<BenchRow[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'xunjian-'));
  const server = await startEmbeddedRedis({ dataDir: null, socketDir: folder });
  const redis = openRedis(server.url);
  try {
    const rows: BenchRow[] = [];
    for (const [name, count, sweep] of [
      ['one site', 1, false],
      ['twelve sites', 12, false],
      ['twelve sites, a sweep', 12, true],
    ] as const) {
      told(name);
      const sites = Array.from({ length: count }, (_, nth) => `site-${nth}`);
      const ours = await openOurs(redis, sites, sweep);
      const floor = openFloor(server.url, redis, sites, sweep);
      // Compiled, and every connection stands.
      await ours.run(ourJobs);
      await floor.run(peerJobs);
      const mine: Measured[] = [];
      const theirs: Measured[] = [];
      for (let round = 0; round < rounds; round++) {
        mine.push(await measure(redis, ourJobs, () => ours.run(ourJobs)));
        theirs.push(await measure(redis, peerJobs, () => floor.run(peerJobs)));
      }
      await ours.close();
      await floor.close();
      const row = (what: string, unit: string, of: (one: Measured) => number): BenchRow => {
        const [a, b] = [spread(mine.map(of)), spread(theirs.map(of))];
        const peer = { name: 'Redis list', ...b };
        return { case: `${name}: ${what}`, unit, ours: a, peer, ratio: ratioOf(a, b), n: rounds * ourJobs };
      };
      rows.push(
        row('time', 'µs / job', ({ wallUs }) => wallUs),
        row('our process', 'CPU µs / job', ({ cpuUs }) => cpuUs),
        row('Redis', 'CPU µs / job', ({ redisUs }) => redisUs),
      );
    }
    return rows;
  } finally {
    redis.disconnect();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
};
