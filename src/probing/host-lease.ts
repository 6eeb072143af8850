import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A host is one's own for so long without a renewal, ms; after a kill, others wait that long for it. */
const leaseMs = 15_000;
const renewMs = 5_000;
/** How often somebody else's host is asked for again, ms. */
const waitMs = 100;

const renewScript = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0`;
/** Who leaves says when: what the next one knew of the host before that may be out of date. */
const releaseScript = `if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('set', KEYS[2], ARGV[2], 'PX', ARGV[3])
  return redis.call('del', KEYS[1])`;
const takeScript = `if not redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then return false end
  return redis.call('get', KEYS[2]) or '0'`;
/** How long a visit is remembered, ms: longer than a worker needs for a batch. */
const rememberMs = 30 * 60_000;

export type HostLease = {
  /** Aborted when the host may be somebody else's: Redis was flushed or away, or this process stood still. */
  readonly lost: AbortSignal;
  /** When the visitor before left, ms by its own clock; 0 where nobody was here in the last half hour. */
  readonly visitedAt: number;
  release(): Promise<void>;
};

export interface HostLeases {
  /** Waits until no other worker visits the host. Throws where `signal` ends first. */
  take(host: string, signal: AbortSignal): Promise<HostLease>;
}

type Held = {
  readonly keys: readonly [string, string];
  readonly token: string;
  until: number;
  readonly lost: AbortController;
};

/**
 * One visitor to a host at a time, over all workers: an NVR may stand in the batches of several sites, in a sweep and in
 * an inspection at once. A visit opens one connection at a time and sends one login, so that a host never sees more than
 * two connections (the next visitor's beside one that is being closed) and one login.
 */
export class RedisHostLeases implements HostLeases {
  readonly #redis: Pick<Redis, 'eval'>;
  readonly #held = new Set<Held>();
  #timer: NodeJS.Timeout | null = null;

  constructor(redis: Pick<Redis, 'eval'>) {
    this.#redis = redis;
  }

  async take(host: string, signal: AbortSignal): Promise<HostLease> {
    const keys = [`xunjian:host:${host}`, `xunjian:visited:${host}`] as const;
    const token = randomUUID();
    for (;;) {
      if (signal.aborted) throw new Error('stopped');
      const asked = performance.now();
      const taken = await unlessAborted(this.#redis.eval(takeScript, 2, ...keys, token, leaseMs), signal, () => {
        // Its answer may still come, and say that the host is ours.
        void this.#release(keys, token).catch(() => {});
      });
      if (typeof taken === 'string') {
        return this.#hold({ keys, token, until: asked + leaseMs, lost: new AbortController() }, Number(taken));
      }
      await pause(waitMs, signal);
    }
  }

  #hold(held: Held, visitedAt: number): HostLease {
    this.#held.add(held);
    this.#timer ??= setInterval(() => this.#renew(), renewMs);
    return {
      lost: held.lost.signal,
      visitedAt,
      release: async () => {
        this.#held.delete(held);
        if (this.#held.size === 0 && this.#timer !== null) {
          clearInterval(this.#timer);
          this.#timer = null;
        }
        await this.#release(held.keys, held.token);
      },
    };
  }

  #release(keys: readonly [string, string], token: string): Promise<unknown> {
    return this.#redis.eval(releaseScript, 2, ...keys, token, Date.now(), rememberMs);
  }

  #renew(): void {
    const now = performance.now();
    for (const held of this.#held) {
      // Not renewed by the next look either, its key may be somebody else's before we know.
      if (now + renewMs >= held.until) held.lost.abort();
      else
        void this.#redis.eval(renewScript, 1, held.keys[0], held.token, leaseMs).then(
          (renewed) => {
            if (renewed === 1) held.until = now + leaseMs;
            else held.lost.abort();
          },
          () => {},
        );
    }
  }
}

const unlessAborted = <T>(work: Promise<T>, signal: AbortSignal, otherwise: () => void): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      otherwise();
      reject(new Error('stopped'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
