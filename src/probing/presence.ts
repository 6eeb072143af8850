import { randomUUID } from 'node:crypto';
import type { Log } from '../log.ts';
import { type ScriptRunner, scriptOf } from './script.ts';

/** How often a worker says that it lives, ms, and how long it is believed. */
const beatMs = 2_000;
const lifeMs = 10_000;
/** So many beats after a worker was announced the others have heard of it and made room. */
const beatsToMakeRoom = 2;
/** A worker that stops waits so long for Redis to hear it, ms; unheard, it is forgotten when its life runs out. */
const stopMs = 1_000;

/** How many workers serve a site, and which of them this one is, from 0, in the order of their ids. */
export type Place = { readonly workers: number; readonly rank: number };

export type Presence = {
  readonly id: string;
  /** Room for the others at once: so call it when nothing is under way any more. Within a second, also without Redis. */
  stop(): Promise<void>;
};

/** ARGV: id, site…; for each site: whether the id is new there, workers, rank. Time is Redis's own: it is one. */
const beat = scriptOf(`
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local told = {}
for i = 2, #ARGV do
  local key = 'xunjian:workers:' .. ARGV[i]
  redis.call('zremrangebyscore', key, '-inf', now)
  local new = redis.call('zadd', key, now + ${lifeMs}, ARGV[1])
  redis.call('pexpire', key, ${lifeMs})
  local ids = redis.call('zrange', key, 0, -1)
  local rank = 0
  for _, id in ipairs(ids) do if id < ARGV[1] then rank = rank + 1 end end
  told[#told + 1] = { new, #ids, rank }
end
return told
`);

const leave = scriptOf(`
for i = 2, #ARGV do redis.call('zrem', 'xunjian:workers:' .. ARGV[i], ARGV[1]) end
`);

const count = scriptOf(`
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local told = {}
for i = 1, #ARGV do told[i] = redis.call('zcount', 'xunjian:workers:' .. ARGV[i], '(' .. now, '+inf') end
return told
`);

/** How many workers serve each of these sites now. Waits while Redis is away. */
export const workersOf = async (redis: ScriptRunner, sites: readonly string[]): Promise<Map<string, number>> => {
  const told = (await count(redis, sites)) as number[];
  return new Map(sites.map((site, index) => [site, told[index]!]));
};

/**
 * Says every two seconds that a worker serves `sites` (which may grow), in a sorted set a site: `xunjian:workers:<site>`,
 * member the worker's id, score when it expires. After each time `placed` is told its places, those that count so far:
 * a new worker's does when the others have made room, or at once where it is alone. Not told while Redis is away: the
 * last places hold, and go on to hold until every worker has had the time to say again that it lives.
 */
export const startPresence = (
  redis: ScriptRunner,
  log: Log,
  sites: () => readonly string[],
  placed: (places: ReadonlyMap<string, Place>) => void,
): Presence => {
  const id = randomUUID();
  /** Beats since this worker was announced, by site. */
  const beats = new Map<string, number>();
  const places = new Map<string, Place>();
  let stopped = false;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;

  const hear = (site: string, isNew: boolean, place: Place): void => {
    const since = isNew ? 0 : (beats.get(site) ?? 0) + 1;
    beats.set(site, since);
    // New again after Redis was flushed, it may be the first to be back: being alone means nothing then.
    const alone = place.workers === 1 && !places.has(site);
    if (alone) beats.set(site, beatsToMakeRoom);
    if (alone || since >= beatsToMakeRoom) places.set(site, place);
  };

  const say = async (): Promise<void> => {
    const served = sites();
    if (served.length > 0) {
      const told = (await beat(redis, [id, ...served])) as [number, number, number][];
      if (stopped) return;
      for (const [index, [isNew, workers, rank]] of told.entries())
        hear(served[index]!, isNew === 1, { workers, rank });
      placed(new Map(places));
    }
    failing = false;
  };

  const run = async (): Promise<void> => {
    try {
      await say();
    } catch (error) {
      if (!failing && !stopped) log.warn({ error: (error as Error).message }, 'this worker cannot say that it lives');
      failing = true;
    }
    if (stopped) return;
    timer = setTimeout(() => {
      running = run();
    }, beatMs);
  };
  let running = run();

  return {
    id,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      const late = Promise.withResolvers<void>();
      const waiting = setTimeout(late.resolve, stopMs);
      // After what was said and is not heard yet: heard later, it would take the leave back.
      const left = running.then(() => leave(redis, [id, ...sites()])).catch(() => {});
      await Promise.race([left, late.promise]);
      clearTimeout(waiting);
    },
  };
};
