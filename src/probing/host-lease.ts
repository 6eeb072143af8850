import { randomUUID } from 'node:crypto';
import { onStop } from '../../probes/index.ts';
import { Gather } from '../db/gather.ts';
import { type ScriptRunner, scriptOf } from './script.ts';

/** A host is one's own for so long without a renewal, ms; after a kill, others wait that long for it. */
const leaseMs = 15_000;
const renewMs = 5_000;
/** How often somebody else's host is asked for again, ms. */
const waitMs = 100;
/**
 * Who has waited so long for a host is its next visitor, ms. Two workers with many visits to one recorder so take turns
 * of a second: where each visit gave way, the host would stand idle for up to `waitMs` after every one.
 */
const patienceMs = 1_000;
/** A host is kept for its next visitor for so long without being asked for again, ms. */
const nextMs = 2_000;
/** How long a visit is remembered, ms: longer than a worker needs for a batch. */
const rememberMs = 30 * 60_000;
/**
 * What is asked within so long goes to Redis in one call, ms. A visit (take and release, 1,800 a second, 500 under way)
 * costs 32 µs of CPU here and 20 in Redis where each is a call of its own, 31 and 18 at 1 ms, 22 and 15 at 4, 20 and 14
 * at 10. A thousand waiters cost 180 and 51 ms a second where each asks for itself, 25 and 54 together.
 */
const gatherMs = 4;
const most = 500;

/**
 * ARGV: [verb, host, token, number] again and again; an answer for each. Whoever is refused and has waited longest, by
 * Redis's clock, leaves a mark; once it is old enough the others are refused until its owner was here. A worker with a
 * hundred visits to a host would else have it back before anybody could ask: another one waited 5 s. Who leaves says
 * when: what the next one knew of the host before that may be out of date.
 *   take, ms waited so far: how long ago the last visitor left, ms, or '' where nobody knows, or nil. By the same token
 *     again: as if for the first time.
 *   renew: 1, or 0 where it is somebody else's.
 *   release.
 *   leave: nothing is visited and nothing waited for.
 */
const script = scriptOf(`
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local verbs = {}
function verbs.take(host, token, waited)
  local here, next, visited = 'xunjian:host:' .. host, 'xunjian:next:' .. host, 'xunjian:visited:' .. host
  local found = redis.call('mget', here, next, visited)
  local since = now - waited
  local nextSince, nextToken
  if found[2] then nextSince, nextToken = string.match(found[2], '^(%d+) (.*)$') end
  local longest = nextToken == nil or nextToken == token or tonumber(nextSince) > since
  if found[1] == token or (not found[1] and (longest or tonumber(nextSince) > now - ${patienceMs})) then
    redis.call('set', here, token, 'PX', ${leaseMs})
    if nextToken == token then redis.call('del', next) end
    return found[3] and tostring(now - found[3]) or ''
  end
  if longest then redis.call('set', next, string.format('%d %s', since, token), 'PX', ${nextMs}) end
  return false
end
function verbs.renew(host, token)
  local here = 'xunjian:host:' .. host
  if redis.call('get', here) ~= token then return 0 end
  return redis.call('pexpire', here, ${leaseMs})
end
function verbs.release(host, token)
  local here = 'xunjian:host:' .. host
  if redis.call('get', here) ~= token then return 0 end
  redis.call('set', 'xunjian:visited:' .. host, now, 'PX', ${rememberMs})
  return redis.call('del', here)
end
function verbs.leave(host, token)
  local here, next = 'xunjian:host:' .. host, 'xunjian:next:' .. host
  local found = redis.call('mget', here, next)
  if found[1] == token then redis.call('del', here) end
  if found[2] and string.sub(found[2], -#token) == token then redis.call('del', next) end
  return 0
end
local told = {}
for i = 1, #ARGV, 4 do
  told[#told + 1] = verbs[ARGV[i]](ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
end
return told
`);

export type HostLease = {
  /** Aborted when the host may be somebody else's: Redis was flushed or away, or this process stood still. */
  readonly lost: AbortSignal;
  /** How long ago the visitor before left, ms by Redis's clock; null where it knows of none in the last half hour. */
  readonly visitedAgo: number | null;
  release(): Promise<void>;
};

export interface HostLeases {
  /** Waits until no other worker visits the host. Throws where `signal` ends first. */
  take(host: string, signal: AbortSignal): Promise<HostLease>;
}

type Asked = readonly [verb: 'take' | 'renew' | 'release' | 'leave', host: string, token: string, number: number];
type Told = string | number | null;

type Held = {
  readonly host: string;
  readonly token: string;
  until: number;
  readonly lost: AbortController;
};

type Waiter = {
  readonly host: string;
  readonly token: string;
  readonly came: number;
  readonly taken: (lease: HostLease) => void;
  readonly failed: (error: unknown) => void;
  stopped: boolean;
  forget: () => void;
};

/**
 * One visitor to a host at a time, over all workers: an NVR may stand in the batches of several sites, in a sweep and in
 * an inspection at once. A visit opens one connection at a time and sends one login, so that a host never sees more than
 * two connections (the next visitor's beside one that is being closed) and one login. Of several that wait for a host
 * each has it in its turn.
 */
export class RedisHostLeases implements HostLeases {
  readonly #asks: Gather<Asked, Told>;
  readonly #held = new Set<Held>();
  #renewing: NodeJS.Timeout | null = null;
  /** Refused, and waiting for the next time that all of them are asked for. */
  readonly #refused = new Set<Waiter>();
  #asking: NodeJS.Timeout | null = null;

  constructor(redis: ScriptRunner) {
    this.#asks = new Gather(async (asked) => (await script(redis, asked.flat())) as Told[], most, gatherMs);
  }

  take(host: string, signal: AbortSignal): Promise<HostLease> {
    return new Promise((taken, failed) => {
      if (signal.aborted) {
        failed(new Error('stopped'));
        return;
      }
      const came = performance.now();
      const waiter: Waiter = { host, token: randomUUID(), came, taken, failed, stopped: false, forget: () => {} };
      waiter.forget = onStop(signal, () => this.#stop(waiter));
      void this.#ask(waiter);
    });
  }

  async #ask(waiter: Waiter): Promise<void> {
    const { host, token } = waiter;
    const asked = performance.now();
    try {
      const told = await this.#asks.ask(['take', host, token, Math.round(asked - waiter.came)]);
      if (waiter.stopped) this.#leave(waiter);
      else if (told === null) this.#refuse(waiter);
      // Redis was away: by now it may be somebody else's.
      else if (performance.now() - asked > renewMs) void this.#ask(waiter);
      else {
        waiter.forget();
        waiter.taken(
          this.#hold(
            { host, token, until: asked + leaseMs, lost: new AbortController() },
            told === '' ? null : Number(told),
          ),
        );
      }
    } catch (error) {
      waiter.forget();
      waiter.failed(error);
    }
  }

  #refuse(waiter: Waiter): void {
    this.#refused.add(waiter);
    this.#asking ??= setTimeout(() => {
      this.#asking = null;
      const again = [...this.#refused];
      this.#refused.clear();
      for (const one of again) void this.#ask(one);
    }, waitMs);
  }

  #stop(waiter: Waiter): void {
    waiter.stopped = true;
    waiter.failed(new Error('stopped'));
    // Else the answer is still to come, and may say that the host is ours.
    if (this.#refused.delete(waiter)) this.#leave(waiter);
    if (this.#refused.size === 0 && this.#asking !== null) {
      clearTimeout(this.#asking);
      this.#asking = null;
    }
  }

  #leave({ host, token }: Waiter): void {
    // Unheard, it expires.
    this.#asks.ask(['leave', host, token, 0]).catch(() => {});
  }

  #hold(held: Held, visitedAgo: number | null): HostLease {
    this.#held.add(held);
    this.#renewing ??= setInterval(() => this.#renew(), renewMs);
    return {
      lost: held.lost.signal,
      visitedAgo,
      release: async () => {
        this.#held.delete(held);
        if (this.#held.size === 0 && this.#renewing !== null) {
          clearInterval(this.#renewing);
          this.#renewing = null;
        }
        await this.#asks.ask(['release', held.host, held.token, 0]);
      },
    };
  }

  #renew(): void {
    const now = performance.now();
    for (const held of this.#held) {
      // Not renewed by the next look either, its key may be somebody else's before we know.
      if (now + renewMs >= held.until) held.lost.abort();
      else
        this.#asks.ask(['renew', held.host, held.token, 0]).then(
          (renewed) => {
            if (renewed === 1) held.until = now + leaseMs;
            else held.lost.abort();
          },
          () => {},
        );
    }
  }
}
