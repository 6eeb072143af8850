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

/** Thrown by the work on a job that somebody else is to do: it goes back on the queue at once. */
export class GiveBack extends Error {}

export type JobTaker<T> = {
  /** Asked before the queue is: a taker that waits there already may get one job more. */
  room(): boolean;
  /** A job whose work throws has failed, unless it is a GiveBack or `stopping` is aborted. */
  work(data: T): Promise<void>;
  readonly stopping: AbortSignal;
  /** Hears what a job failed of, and what is the matter with Redis. */
  failed(data: T, error: Error): void;
  error(error: Error): void;
};

export type TakenJobs = {
  /** To be called when `stopping` is aborted: ends when every job was given back. With Redis away, it does not end. */
  stop(): Promise<void>;
  /** Leaves everything as it is: whoever comes next finds it. */
  abandon(): void;
};

type Held = { readonly token: string; readonly done: Promise<void>; renewing: boolean };

/**
 * Takes jobs from a queue as long as there is room, and works on all of them side by side. BullMQ's own loop takes a
 * fixed number: where all of them wait for devices that hang, it takes no more, and where each is small, too few. Killed,
 * it leaves its jobs locked for ten seconds; then whoever serves the queue finds them.
 */
export const takeJobs = <T>(redis: Redis, queue: string, taker: JobTaker<T>): TakenJobs => {
  const worker = new Worker<T>(queue, null, {
    ...bullConnection(redis),
    lockDuration: lockMs,
    stalledInterval: stalledMs,
    // One that dies over a job is no fault of the job: whoever comes next takes it up.
    maxStalledCount: 1_000,
  });
  worker.on('error', taker.error);
  const held = new Map<Job<T>, Held>();

  /** Whether it is done; a job that is not is given back, or has failed. */
  const finish = async (job: Job<T>, token: string): Promise<unknown> => {
    try {
      await taker.work(job.data);
    } catch (error) {
      if (taker.stopping.aborted) {
        // Not before nobody here waits for a job any more, who would be the one to take it.
        await looping;
        return job.moveToWait(token);
      }
      if (error instanceof GiveBack) return job.moveToWait(token);
      taker.failed(job.data, error as Error);
      return job.moveToFailed(error as Error, token, false);
    }
    return job.moveToCompleted(null, token, false);
  };
  const take = async (): Promise<void> => {
    if (!taker.room()) return pause(roomMs);
    try {
      const token = randomUUID();
      const job = await worker.getNextJob(token);
      if (job === undefined) return;
      // Where the lock is lost, Redis forgot the job or somebody else has it: what was found is stored all the same.
      const done = finish(job, token)
        .then(
          () => {},
          () => taker.error(new Error('Redis no longer knows a job that was held')),
        )
        .finally(() => held.delete(job));
      held.set(job, { token, done, renewing: false });
    } catch (error) {
      taker.error(error as Error);
      await pause(errorMs);
    }
  };
  const loop = async (): Promise<void> => {
    while (!taker.stopping.aborted) await take();
  };

  void worker.startStalledCheckTimer();
  const renew = async (job: Job<T>, one: Held): Promise<void> => {
    // While Redis is away, what is asked waits: one of a job, not one more every four seconds.
    if (one.renewing) return;
    one.renewing = true;
    await job.extendLock(one.token, lockMs).catch(() => taker.error(new Error('the lock of a job is lost')));
    one.renewing = false;
  };
  const renewing = setInterval(() => {
    for (const [job, one] of held) void renew(job, one);
  }, renewMs);
  const looping = loop();
  const close = (): Promise<void> => {
    clearInterval(renewing);
    return worker.close(true);
  };
  return {
    async stop() {
      await close();
      await looping;
      // Also what Redis handed out meanwhile.
      while (held.size > 0) await Promise.all([...held.values()].map(({ done }) => done));
    },
    abandon() {
      close().catch(taker.error);
    },
  };
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
