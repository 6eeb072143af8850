import type { Camera } from '../../src/simulator/city.ts';
import { Draw } from '../../src/simulator/draw.ts';
import { channelFaults, type FaultName } from '../../src/simulator/faults.ts';

/** What happens to the machines, at so many ms after the start. */
export type Event = { readonly at: number } & (
  | { readonly what: 'kill_worker'; readonly worker: number }
  | { readonly what: 'kill_scheduler' | 'restart_redis' | 'flush_redis' | 'kill_redis' | 'inspect' }
  | { readonly what: 'database_away'; readonly forMs: number }
);

/** What happens to the cameras. */
export type FaultEvent = { readonly at: number; readonly code: string; readonly fault: FaultName };

const second = 1_000;
/** From this length on the database is away for half of it. */
const longRun = 10;

/**
 * Kills and outages of a run. While the database is away only the last worker is killed, so that the others show whether
 * their memory stays bounded for all of that time.
 */
export const planEvents = (seed: number, minutes: number, workers: number): Event[] => {
  const draw = new Draw(seed);
  const total = minutes * 60 * second;
  const around = (ms: number): number => Math.round(ms * (0.75 + draw.next() / 2));
  const away = { from: 0.25 * total, forMs: minutes >= longRun ? total / 2 : Math.min(30 * second, total / 5) };
  const isAway = (at: number): boolean => at >= away.from && at < away.from + away.forMs;
  const events: Event[] = [
    { at: away.from, what: 'database_away', forMs: away.forMs },
    // Killed, and there again at once.
    { at: 0.85 * total, what: 'database_away', forMs: 0 },
    { at: 0.08 * total, what: 'inspect' },
    { at: 0.78 * total, what: 'inspect' },
  ];
  for (let at = around(12 * second); at < total - 5 * second; at += around(20 * second))
    events.push({ at, what: 'kill_worker', worker: isAway(at) ? workers - 1 : draw.integer(workers) });
  for (let at = around(20 * second); at < total - 5 * second; at += around(70 * second))
    events.push({ at, what: 'kill_scheduler' });
  const redis = draw.shuffle(['restart_redis', 'flush_redis', 'kill_redis'] as const);
  const pause = Math.min(45 * second, total / 5);
  for (let at = around(pause), nth = 0; at < total - 5 * second; at += around(pause), nth += 1)
    events.push({ at, what: redis[nth % redis.length]! });
  return events.sort((one, other) => one.at - other.at);
};

/** Faults that can be set. None of logins: what a login came to is remembered, and outlasts the fault. */
const passing: readonly FaultName[] = [
  ...(['silent', 'closed', 'not_rtsp', 'dripping', 'redirected', 'slow', 'late_keyframe', 'not_found'] as const),
  ...(['no_media', 'no_keyframe', 'damaged', 'truncated', 'rtsp_error', 'no_video', 'busy', 'busy_once'] as const),
];
const passingOfChannels = passing.filter((fault) => channelFaults.has(fault));

/** One in so many sound cameras falls ill every few seconds, and gets well again after half a minute to two and a half. */
const oneIn = 400;
const everyMs = 3 * second;

/** Faults that come and go among the cameras that are sound to begin with, for `ms`. Nobody has two at a time. */
export const planFaults = (seed: number, cameras: readonly Camera[], ms: number): FaultEvent[] => {
  const draw = new Draw(seed ^ 0x5eed);
  const sound = cameras.filter(({ fault }) => fault === 'sound');
  const ill = new Map<string, number>();
  const events: FaultEvent[] = [];
  for (let at = everyMs; at < ms; at += everyMs) {
    for (let nth = 0; nth < Math.max(1, sound.length / oneIn); nth += 1) {
      const { code, channel } = draw.pick(sound);
      const fault = draw.pick(channel === undefined ? passing : passingOfChannels);
      const until = at + Math.round((30 + 120 * draw.next()) * second);
      if ((ill.get(code) ?? 0) > at) continue;
      ill.set(code, until);
      events.push({ at, code, fault });
      if (until < ms) events.push({ at: until, code, fault: 'sound' });
    }
  }
  return events.sort((one, other) => one.at - other.at);
};
