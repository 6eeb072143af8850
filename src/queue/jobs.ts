import { randomUUID } from 'node:crypto';
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { bullConnection } from './connection.ts';

/** A job belongs to whoever took it for so long without a renewal, ms; how often it is renewed, and lost ones are found. */
const lockMs = 10_000;
const renewMs = 4_000;
const stalledMs = 5_000;
/** How often a taker that has no room looks again, and one that met an error, ms. */
const roomMs = 20;
const errorMs = 500;

export type JobTaker<T> = {
  /** Asked before each job is taken. */
  room(): boolean;
  /** A job whose work throws has failed, unless `stopping` is aborted: then it goes back on the queue at once. */
  work(data: T): Promise<void>;
  readonly stopping: AbortSignal;
  /** Hears what a job failed of, and what is the matter with Redis. */
  failed(data: T, error: Error): void;
  error(error: Error): void;
};

/**
 * Takes jobs from a queue as long as there is room, and works on all of them side by side. BullMQ's own loop takes a
 * fixed number: where all of them wait for devices that hang, it takes no more, and where each is small, too few. Killed,
 * it leaves its jobs locked for ten seconds; then whoever serves the queue finds them.
 */
export const takeJobs = <T>(redis: Redis, queue: string, taker: JobTaker<T>): { stop(): Promise<void> } => {
  const worker = new Worker<T>(queue, null, {
    ...bullConnection(redis),
    lockDuration: lockMs,
    stalledInterval: stalledMs,
    // One that dies over a job is no fault of the job: whoever comes next takes it up.
    maxStalledCount: 1_000,
  });
  worker.on('error', taker.error);
  const held = new Map<Job<T>, { readonly token: string; readonly done: Promise<void> }>();

  const work = async (job: Job<T>, token: string): Promise<void> => {
    try {
      await taker.work(job.data);
      await job.moveToCompleted(null, token, false);
    } catch (error) {
      if (taker.stopping.aborted) {
        // Not before nobody here waits for a job any more, who would be the one to take it.
        await looping;
        await job.moveToWait(token);
      } else {
        taker.failed(job.data, error as Error);
        await job.moveToFailed(error as Error, token, false);
      }
    }
  };
  const take = async (): Promise<void> => {
    if (!taker.room()) return pause(roomMs);
    try {
      const token = randomUUID();
      const job = await worker.getNextJob(token);
      if (job === undefined) return;
      // Where the lock is lost, Redis forgot the job or somebody else has it: what was found is stored all the same.
      const done = work(job, token)
        .catch(taker.error)
        .finally(() => held.delete(job));
      held.set(job, { token, done });
    } catch (error) {
      taker.error(error as Error);
      await pause(errorMs);
    }
  };
  const loop = async (): Promise<void> => {
    while (!taker.stopping.aborted) await take();
  };

  void worker.startStalledCheckTimer();
  const renewing = setInterval(() => {
    for (const [job, { token }] of held) job.extendLock(token, lockMs).catch(taker.error);
  }, renewMs);
  const looping = loop();
  return {
    /** To be called when `stopping` is aborted: ends when every job was given back. With Redis away, it does not end. */
    async stop() {
      await worker.close(true);
      await looping;
      await Promise.all([...held.values()].map(({ done }) => done));
      clearInterval(renewing);
    },
  };
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
