import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Redis } from 'ioredis';
import { ApiProblem } from './problem.ts';

/** How long a count goes on before it begins again, ms. */
export const windowMs = 10_000;
/** How often the processes of the API tell each other what they counted, ms. */
const shareEveryMs = 1_000;

type Count = { mine: number; toTell: number; all: number };

/**
 * How often each key came in the window that runs, here and in every other process of the API.
 *
 * Counted in memory, and told to Redis once a second: a request waits for nothing. Asking Redis each time cost 0.1 ms, 4 ms
 * at p99 with a hundred at once, and for ever where it is away; this costs 0.1 us. So a limit may be passed by what comes
 * within that second, and where Redis is away each process holds it alone. A window's counts go with it: what is kept is
 * bounded by the requests of ten seconds.
 */
export class SharedCounts {
  #window = 0;
  #counts = new Map<string, Count>();
  #telling = false;

  /** Counts one more; how many there are now. `now` in ms. */
  count(key: string, now: number): number {
    this.#turn(now);
    const count = this.#counts.get(key) ?? { mine: 0, toTell: 0, all: 0 };
    this.#counts.set(key, count);
    count.mine += 1;
    count.toTell += 1;
    // What the others counted was all of it, less what was told by us.
    return Math.max(count.mine, count.all + count.toTell);
  }

  /** Tells Redis what was counted since, and hears what everybody counted; nothing where Redis is away. */
  async share(redis: Pick<Redis, 'pipeline' | 'status'>, now: number): Promise<void> {
    this.#turn(now);
    const counts = [...this.#counts].filter(([, { toTell }]) => toTell > 0);
    if (counts.length === 0 || this.#telling || redis.status !== 'ready') return;
    this.#telling = true;
    const told = counts.map(([, { toTell }]) => toTell);
    try {
      const pipeline = redis.pipeline();
      counts.forEach(([key], nth) => {
        const name = `xunjian:limit:${this.#window}:${key}`;
        pipeline.incrby(name, told[nth]!).pexpire(name, 2 * windowMs);
      });
      const answers = await pipeline.exec();
      counts.forEach(([, count], nth) => {
        const sum = answers?.[2 * nth]?.[1];
        if (typeof sum !== 'number') return;
        count.toTell -= told[nth]!;
        count.all = sum;
      });
    } catch {
      // Redis went away: each process holds the limit alone.
    } finally {
      this.#telling = false;
    }
  }

  #turn(now: number): void {
    const window = Math.floor(now / windowMs);
    if (window === this.#window) return;
    this.#window = window;
    this.#counts = new Map();
  }
}

/** Requests in ten seconds. Signing in has limits of its own, far lower. */
export type RequestLimits = {
  /** Of one address: all the people of a control room may share one. IPv6: of one /64. */
  readonly byAddress: number;
  /** Of one account, over its sessions and tokens. */
  readonly byAccount: number;
};

/** 429 for whoever asks too often: by address before anything else is done, by account as soon as it is known. */
export const limitRequests = (app: FastifyInstance, redis: Redis, { byAddress, byAccount }: RequestLimits): void => {
  const counts = new SharedCounts();
  const allow = (key: string, most: number): void => {
    const now = Date.now();
    if (counts.count(key, now) > most) throw tooMany(Math.ceil((windowMs - (now % windowMs)) / 1000));
  };
  // Whatever a check of health needs is cheap, and must be told most of all when much is asked.
  const isHealth = ({ routeOptions }: FastifyRequest): boolean => routeOptions.url?.startsWith('/health/') ?? false;
  app.addHook('onRequest', async (request) => {
    if (!isHealth(request)) allow(`address:${normalizeIP(request.ip)}`, byAddress);
  });
  // Behind the hooks that say who asks, before the body is read.
  app.addHook('preParsing', async ({ principal }) => {
    if (principal !== null) allow(`account:${principal.account}`, byAccount);
  });
  const timer = setInterval(() => void counts.share(redis, Date.now()), shareEveryMs).unref();
  app.addHook('onClose', async () => clearInterval(timer));
};

/** A 429 or 503 that says in how many seconds it is worth coming back. */
export class ComeBackLater extends ApiProblem {
  readonly seconds: number;

  constructor(status: 429 | 503, code: string, zh: string, en: string, seconds: number) {
    super(status, code, zh, en);
    this.seconds = seconds;
  }
}

const tooMany = (seconds: number): ComeBackLater =>
  new ComeBackLater(
    429,
    'too_many_requests',
    `请求过于频繁，请在 ${seconds} 秒后再试`,
    `Too many requests; try again in ${seconds} s`,
    seconds,
  );
