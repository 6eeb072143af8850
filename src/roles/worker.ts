import { Worker } from 'bullmq';
import { confinement, openDecoder } from '../../probes/index.ts';
import { sites } from '../inventory/site.ts';
import { BatchProber } from '../probing/batch.ts';
import { RedisHostLeases } from '../probing/host-lease.ts';
import { interruptedLogins } from '../probing/login-held.ts';
import { bullConnection } from '../queue/connection.ts';
import { batchSize, markBatchDone } from '../schedule/attempts.ts';
import { type BatchJob, siteQueue } from '../schedule/enqueue.ts';
import { Sentence } from '../sentence.ts';
import { ResultWriter } from '../store/writer.ts';
import type { Ground } from './ground.ts';
import { patienceMs, within } from './patience.ts';

export type Role = { stop(): Promise<void> };

/** How often a worker of all sites looks for new ones, ms. */
const newSitesMs = 5_000;

/**
 * Takes batches from the queues of `only` these sites, or of all, and probes their cameras. Killed at any instant, it
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
  const prober = new BatchProber({
    db,
    vault,
    decoder,
    deliver: (result) => writer.write(result),
    leases: new RedisHostLeases(ground.redis),
    log,
    sockets: config.sockets,
  });
  const stopping = new AbortController();
  const workers = new Map<string, Worker<BatchJob, number>>();
  const serveSite = (site: string): Promise<unknown> => {
    const worker = new Worker<BatchJob, number>(
      siteQueue(site),
      async (job) => {
        const probed = await prober.work(job.data.batch, stopping.signal);
        await markBatchDone(db, job.data.batch);
        return probed;
      },
      {
        ...bullConnection(ground.redis),
        // Twice as many cameras as sockets: while the slow ones of a batch run out their deadlines, others are under way.
        concurrency: Math.max(2, Math.ceil((2 * config.sockets) / batchSize)),
        lockDuration: 10_000,
        stalledInterval: 5_000,
        // A worker that dies over a batch is no fault of the batch: whoever comes next takes it up.
        maxStalledCount: 1_000,
      },
    );
    worker.on('error', (error) => log.warn({ site, error: error.message }, 'worker'));
    worker.on('failed', (job, error) => {
      if (!stopping.signal.aborted) log.error({ site, batch: job?.data.batch, error: error.message }, 'batch failed');
    });
    workers.set(site, worker);
    return worker.waitUntilReady();
  };
  await Promise.all(served.map(serveSite));
  const { network, memory } = confinement();
  if (!network) log.warn({}, 'the kernel gives decoders no network namespace of their own: they run without that wall');
  const interrupted = await interruptedLogins(db);
  if (interrupted > 0) {
    log.warn({ interrupted }, 'logins that a killed worker left open are not tried: see "xunjian login"');
  }
  log.debug({ sites: served, decoderMemoryBounded: memory }, 'worker ready');
  // Whoever serves all sites serves also those that are registered later.
  const lookForSites = async (): Promise<void> => {
    for (const { code } of await sites(db)) if (!workers.has(code)) await serveSite(code);
  };
  const looking =
    only === null
      ? setInterval(() => {
          lookForSites().catch((error: Error) => log.warn({ error: error.message }, 'sites are not known'));
        }, newSitesMs)
      : null;
  return {
    async stop() {
      if (looking !== null) clearInterval(looking);
      stopping.abort();
      const all = [...workers.values()];
      await within(patienceMs, Promise.all(all.map((worker) => worker.close())), () =>
        Promise.all(all.map((worker) => worker.close(true))),
      );
      await writer.close();
      await decoder.close();
    },
  };
};
