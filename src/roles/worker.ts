import { confinement, openDecoder } from '../../probes/index.ts';
import { type Site, sites } from '../inventory/site.ts';
import { BatchProber, type SiteLoad } from '../probing/batch.ts';
import { RedisHostLeases } from '../probing/host-lease.ts';
import { interruptedLogins } from '../probing/login-held.ts';
import { type Place, startPresence } from '../probing/presence.ts';
import { SiteLimits } from '../probing/site-limits.ts';
import { type TakenJobs, takeJobs } from '../queue/jobs.ts';
import { batchSize, markBatchDone } from '../schedule/attempts.ts';
import { type ProbeJob, siteQueue } from '../schedule/enqueue.ts';
import { endRequest } from '../schedule/probe-request.ts';
import { markSweepDone } from '../schedule/sweep-end.ts';
import { Sentence } from '../sentence.ts';
import { ResultWriter } from '../store/writer.ts';
import type { Ground } from './ground.ts';
import { startLoop } from './loop.ts';
import { patienceMs, within } from './patience.ts';
import { sayOnce } from './say-once.ts';

export type Role = { stop(): Promise<void> };

/** How often a worker looks for sites and their limits, ms. */
const sitesMs = 5_000;
/** Cameras of a site's jobs under way, for each socket, at most. */
const mostHeld = 4;

/**
 * Takes jobs from the queues of `only` these sites, or of all, and probes their cameras. Killed at any instant, it
 * leaves its jobs to whoever comes next: a lock that is not renewed for ten seconds is lost.
 */
export const startWorker = async (ground: Ground, only: readonly string[] | null): Promise<Role> => {
  const { config, db, vault, log } = ground;
  const known = (await sites(db)).map(({ code }) => code);
  const served = only ?? known;
  const unknown = served.find((site) => !known.includes(site));
  if (unknown !== undefined) {
    throw new Sentence(
      `--site ${unknown}：没有这个探测站点；可选：${known.join('、') || '（尚未登记）'}`,
      `--site ${unknown}: no such site; one of: ${known.join(', ') || '(none registered)'}`,
    );
  }
  const decoder = openDecoder(config.decoders);
  const writer = new ResultWriter(db, log);
  const gate = new SiteLimits(config.sockets, () => performance.now());
  const prober = new BatchProber({
    db,
    vault,
    decoder,
    deliver: (result) => writer.write(result),
    leases: new RedisHostLeases(ground.redis),
    log,
    gate,
  });
  const stopping = new AbortController();
  const work = async (job: ProbeJob, load: SiteLoad): Promise<void> => {
    const { late } = await prober.work(job, stopping.signal, load);
    if ('request' in job) await endRequest(db, job.request, late > 0 ? 'late' : 'withdrawn', new Date());
    // What was left out because its time was over is the scheduler's to count.
    else if (late > 0) log.debug({ job, late }, 'too late for these cameras');
    else if ('batch' in job) await markBatchDone(db, job.batch);
    else await markSweepDone(db, job.sweep, new Date());
  };
  const taking = new Map<string, TakenJobs>();
  const quietly = sayOnce((error) => log.warn({ error: error.message }, 'queue of a site'));
  const serveSite = (site: string): void => {
    const load: SiteLoad = { loading: 0, held: 0 };
    const taker = takeJobs<ProbeJob>(ground.redis, siteQueue(site), {
      // As many cameras as there are sockets, and as many again: while slow ones run out their deadlines, others are
      // under way. Those that wait for a recorder's other channels are not counted, up to a bound: it holds up nobody.
      room: () =>
        gate.room(site, { site: load.loading * batchSize, all: prober.loading * batchSize }) &&
        load.held < mostHeld * config.sockets,
      work: (job) => work(job, load),
      stopping: stopping.signal,
      failed: (job, error) => log.error({ site, job, error: error.message }, 'job failed'),
      error: quietly,
    });
    taking.set(site, taker);
  };
  let places: ReadonlyMap<string, Place> = new Map();
  let limits: readonly Site[] = [];
  const limit = (): void => {
    for (const { code, sockets, megabits } of limits) {
      gate.set(code, { sockets, megabits }, places.get(code) ?? null);
    }
  };
  const lookAtSites = async (): Promise<void> => {
    // Whoever serves all sites serves also those that are registered later.
    limits = (await sites(db)).filter(({ code }) => only === null || only.includes(code));
    limit();
    for (const { code } of limits) if (!taking.has(code) && !stopping.signal.aborted) serveSite(code);
  };
  const interrupted = await interruptedLogins(db);
  if (interrupted > 0) {
    log.warn({ interrupted }, 'logins that a killed worker left open are not tried: see "xunjian login"');
  }
  // A site's limits are known before its first job is.
  await lookAtSites();
  const looking = startLoop('looking for sites', sitesMs, lookAtSites, log);
  const presence = startPresence(
    ground.redis,
    log,
    () => [...taking.keys()],
    (now) => {
      places = now;
      limit();
    },
  );
  const { network, memory } = confinement();
  if (!network) log.warn({}, 'the kernel gives decoders no network namespace of their own: they run without that wall');
  log.debug({ sites: served, decoderMemoryBounded: memory }, 'worker ready');
  return {
    async stop() {
      stopping.abort();
      await looking.stop();
      // Without Redis nothing can be given back: whoever comes next finds it.
      await within(patienceMs, Promise.all([...taking.values()].map((site) => site.stop())), () => {
        for (const site of taking.values()) site.abandon();
      });
      await presence.stop();
      await writer.close();
      await decoder.close();
    },
  };
};
