import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bullConnection, openRedis } from '../../../src/queue/connection.ts';
import { GiveBack, type JobTaker, takeJobs } from '../../../src/queue/jobs.ts';
import { type Pair, startPair } from '../../support/pair.ts';

type Data = { readonly nth: number };

let pair: Pair;
let redis: Redis;
let queue: Queue<Data>;
beforeAll(async () => {
  pair = await startPair();
  redis = openRedis(pair.redisUrl);
});
afterAll(async () => {
  redis.disconnect();
  await pair.stop();
});
beforeEach(() => {
  queue = new Queue<Data>(`jobs-${randomUUID()}`, bullConnection(redis));
});

const put = (count: number): Promise<unknown> =>
  queue.addBulk(
    Array.from({ length: count }, (_, nth) => ({
      name: 'job',
      data: { nth },
      opts: { removeOnComplete: true, removeOnFail: true },
    })),
  );

/** Takes from the queue until the block is left; what is told of goes into the lists. */
const taking = (taker: Partial<JobTaker<Data>>) => {
  const stopping = new AbortController();
  const [failed, errors]: [string[], string[]] = [[], []];
  const { stop } = takeJobs<Data>(redis, queue.name, {
    room: () => true,
    work: async () => {},
    stopping: stopping.signal,
    failed: ({ nth }, { message }) => failed.push(`${nth}: ${message}`),
    error: ({ message }) => errors.push(message),
    ...taker,
  });
  const end = async (): Promise<void> => {
    stopping.abort();
    await stop();
  };
  return { failed, errors, stopping: stopping.signal, [Symbol.asyncDispose]: end };
};

describe('jobs', () => {
  it('are taken as long as there is room, however many wait for what hangs, and again when there is some', async () => {
    await put(6);
    const hanging = Promise.withResolvers<void>();
    let [begun, most] = [0, 4];
    await using taker = taking({
      room: () => begun < most,
      work: () => {
        begun++;
        return hanging.promise;
      },
    });
    await expect.poll(() => begun).toBe(4);
    expect(await queue.getJobCounts('active', 'wait')).toEqual({ active: 4, wait: 2 });
    most = 6;
    await expect.poll(() => begun).toBe(6);
    hanging.resolve();
    await expect
      .poll(() => queue.getJobCounts('active', 'wait', 'completed'))
      .toEqual({
        active: 0,
        wait: 0,
        completed: 0,
      });
    expect([taker.failed, taker.errors]).toEqual([[], []]);
    await queue.close();
  });

  it('that were begun when the taker is stopped go back at once, and whoever comes next does them', async () => {
    await put(3);
    let begun = 0;
    {
      await using taker = taking({
        work: () =>
          new Promise((_, reject) => {
            begun++;
            taker.stopping.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
          }),
      });
      await expect.poll(() => begun).toBe(3);
    }
    expect(await queue.getJobCounts('active', 'wait')).toEqual({ active: 0, wait: 3 });
    const done: number[] = [];
    await using _ = taking({ work: async ({ nth }) => void done.push(nth) });
    await expect.poll(() => done.length).toBe(3);
    expect(done.sort()).toEqual([0, 1, 2]);
    await queue.close();
  });

  it('that are given back go to somebody else at once', async () => {
    await put(1);
    const [first, second]: [number[], number[]] = [[], []];
    let mine = true;
    await using one = taking({
      room: () => mine,
      work: async ({ nth }) => {
        first.push(nth);
        mine = false;
        throw new GiveBack('not mine');
      },
    });
    await expect.poll(() => first).toEqual([0]);
    await using other = taking({ work: async ({ nth }) => void second.push(nth) });
    await expect.poll(() => second).toEqual([0]);
    expect([one.failed, one.errors, other.failed]).toEqual([[], [], []]);
    await queue.close();
  });

  it('that fail are told of and gone: what is still open is found in the database, not in the queue', async () => {
    await put(2);
    const done: number[] = [];
    await using taker = taking({
      work: async ({ nth }) => {
        if (nth === 0) throw new Error('the row is not there');
        done.push(nth);
      },
    });
    await expect.poll(() => done).toEqual([1]);
    await expect.poll(() => queue.getJobCounts('active', 'wait', 'failed')).toEqual({ active: 0, wait: 0, failed: 0 });
    expect([taker.failed, taker.errors]).toEqual([['0: the row is not there'], []]);
    await queue.close();
  });

  it('that Redis has forgotten meanwhile are done all the same, and the taker goes on', async () => {
    await put(1);
    const hanging = Promise.withResolvers<void>();
    const done: number[] = [];
    await using taker = taking({
      work: async ({ nth }) => {
        if (done.length === 0) await hanging.promise;
        done.push(nth);
      },
    });
    await expect.poll(() => queue.getJobCounts('active')).toEqual({ active: 1 });
    await redis.flushall();
    hanging.resolve();
    await expect.poll(() => taker.errors).toEqual(['Redis no longer knows a job that was held']);
    expect(taker.failed).toEqual([]);
    await put(2);
    await expect.poll(() => done).toEqual([0, 0, 1]);
    await queue.close();
  });
});
