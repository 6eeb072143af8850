import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { prepareSocketPath } from '../db/embedded/socket-path.ts';
import { Sentence } from '../sentence.ts';
import { openRedis } from './connection.ts';

export type EmbeddedRedis = {
  /** For openRedis: `unix:///…/redis.sock`. */
  readonly url: string;
  /** Of redis-server. */
  readonly pid: number;
  /** Resolves when redis-server has ended, with everything on disk, if there is a `dataDir`. */
  stop(): Promise<void>;
};

/**
 * Becomes redis-server ("$@"), after leaving a watcher behind that reads from this process and says SIGTERM when the
 * other end of the pipe closes: however this process ends, kill -9 too, the kernel closes it. A line means "all is
 * done". A shell of 1 MB does what a second Node would need 45 MB for.
 */
const RUN_WATCHED = '(read done || kill -TERM $$) 2>/dev/null <&3 & exec "$@" 3<&-';
/** What a POSIX shell exits with where the command is not there. */
const NOT_FOUND = 127;
/** Of its log, chars: enough for the reason of an early end. */
const LOG_TAIL = 2_000;

/**
 * Starts Debian's redis-server as a child on a private unix socket, with what BullMQ needs. With `dataDir` null nothing
 * is written. A Sentence where redis-server is not installed, does not start, or something listens in `socketDir`.
 */
export const startEmbeddedRedis = async (where: {
  dataDir: string | null;
  socketDir: string;
}): Promise<EmbeddedRedis> => {
  const socket = join(where.socketDir, 'redis.sock');
  await prepareSocketPath(socket);
  if (where.dataDir !== null) await mkdir(where.dataDir, { recursive: true, mode: 0o700 });
  const command = [
    ...['redis-server', '--port', '0', '--unixsocket', socket, '--unixsocketperm', '700'],
    ...['--dir', where.dataDir ?? where.socketDir, '--appendonly', where.dataDir === null ? 'no' : 'yes', '--save', ''],
    ...['--maxmemory-policy', 'noeviction'],
  ];
  const child = spawn('/bin/sh', ['-c', RUN_WATCHED, 'sh', ...command], {
    // A Ctrl-C in the terminal is for the service, which stops its own children in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let log = '';
  const keep = (chunk: Buffer) => {
    log = (log + chunk).slice(-LOG_TAIL);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const lifeline = child.stdio[3] as Socket;
  lifeline.on('error', () => {});
  const exited = once(child, 'exit').then(() => {
    lifeline.end('done\n');
  });

  const redis = openRedis(`unix://${encodeURI(socket)}`);
  const answered = await Promise.race([redis.ping().then(() => true), exited.then(() => false)]);
  redis.disconnect();
  if (!answered) throw refusal(child.exitCode, log);
  return {
    url: `unix://${encodeURI(socket)}`,
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
};

const refusal = (exitCode: number | null, log: string): Sentence =>
  exitCode === NOT_FOUND
    ? new Sentence(
        '本机没有 redis-server；请执行 apt-get install -y redis-server',
        'redis-server is not installed; run apt-get install -y redis-server',
      )
    : new Sentence(`redis-server 未能启动：${log.trim()}`, `redis-server did not start: ${log.trim()}`);
