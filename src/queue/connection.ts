import type { ConnectionOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { Sentence, Unfit } from '../sentence.ts';

/**
 * Opens a connection to `unix:///path/redis.sock`, `redis://[user:password@]host[:port][/db]` or `rediss://…`. It
 * connects by itself, again and again: a command waits until Redis is back. `onError` hears every failed attempt.
 * Throws a Sentence where the URL is none of these. End it with `quit()`; where Redis may be away with `disconnect()`,
 * which between two attempts leaves waiting commands unanswered for ever: race them.
 */
export const openRedis = (url: string, onError: (error: Error) => void = () => {}): Redis => {
  const redis = connect(url);
  // Without a listener ioredis writes to the console.
  redis.on('error', onError);
  return redis;
};

const options = {
  // What BullMQ demands: its workers wait in a blocking command for as long as it takes.
  maxRetriesPerRequest: null,
  // ms without an answer, after which a connection is given up and made anew: a server that lost its power says nothing
  // more, and the kernel gives up after a quarter of an hour. BullMQ's longest wait for a job is ten seconds.
  socketTimeout: 30_000,
  // ms. After disconnect() from a Redis that is away, ioredis 6.0 keeps the process alive for this long; by default 2 s.
  disconnectTimeout: 250,
};

const connect = (url: string): Redis => {
  const { protocol, pathname } = URL.parse(url) ?? { protocol: null, pathname: '' };
  if (protocol === 'unix:') return new Redis({ ...options, path: decodeURIComponent(pathname) });
  if (protocol === 'redis:' || protocol === 'rediss:') return new Redis(url, options);
  throw new Sentence(
    'Redis 地址须以 unix://、redis:// 或 rediss:// 开头',
    'the address of Redis must begin with unix://, redis:// or rediss://',
  );
};

/**
 * What a Queue and a Worker of BullMQ both take as options: a connection rather than its options, so that the forms of
 * the URL and the error handler are ours. A Worker duplicates it for its blocking command; neither closes it. Whoever
 * makes a Queue or a Worker still has to listen to its 'error'.
 */
export const bullConnection = (redis: Redis): { connection: ConnectionOptions } => ({ connection: redis });

/** BullMQ 6 on Redis 7: functions of its scripts, and blocking commands that wake up in time. */
const OLDEST_MAJOR = 7;

/**
 * Throws Unfit where Redis is older than 7 or may evict keys: a job would vanish without a word, and BullMQ only warns.
 * Both are read from INFO, which BullMQ needs too; CONFIG GET is forbidden in many managed services.
 */
export const requireNoEviction = async (redis: Pick<Redis, 'info'>): Promise<void> => {
  const info = await redis.info();
  const fact = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '?';
  const version = fact('redis_version');
  if (!(Number.parseInt(version, 10) >= OLDEST_MAJOR)) {
    throw new Unfit(
      `Redis ${version} 过旧，至少需要 ${OLDEST_MAJOR}.0；请升级 Redis`,
      `Redis ${version} is too old, ${OLDEST_MAJOR}.0 is needed; upgrade Redis`,
    );
  }
  const policy = fact('maxmemory_policy');
  if (policy !== 'noeviction') {
    throw new Unfit(
      `Redis 的 maxmemory-policy 为 ${policy}，内存不足时会悄悄丢弃任务；请执行 config set maxmemory-policy noeviction 并写入 redis.conf`,
      `maxmemory-policy of Redis is ${policy}, which silently drops jobs when memory runs short; run config set maxmemory-policy noeviction and put it into redis.conf`,
    );
  }
};
