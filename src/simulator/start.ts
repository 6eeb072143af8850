import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Sentence } from '../sentence.ts';
import type { Ports } from './city.ts';
import type { ClipProgress } from './clips.ts';
import type { Stats } from './serve.ts';

export type SimulatorOptions = {
  readonly cameras: number;
  readonly seed: number;
  /** Part of the cameras that is of class household, 0 to 1. */
  readonly household?: number;
  /** Where the video is kept between runs. */
  readonly clipsDir: string;
  /** 554, or 0 for a free one; a free one too where 554 is taken or not permitted. */
  readonly rtspPort: number;
  /** 80, or 0, likewise. */
  readonly onvifPort: number;
};

export type FromSimulator =
  | { readonly type: 'progress'; readonly done: number; readonly total: number; readonly name: string }
  | { readonly type: 'ready'; readonly ports: Ports }
  | { readonly type: 'stats'; readonly id: number; readonly stats: Stats }
  | { readonly type: 'failed'; readonly told: { zh: string; en: string } | null; readonly detail: string };

export type ToSimulator = { readonly type: 'stats'; readonly id: number };

export type SimulatorProcess = {
  readonly ports: Ports;
  readonly pid: number;
  /** Rejects where the process has ended. */
  stats(): Promise<Stats>;
  stop(): Promise<void>;
};

/**
 * Starts the simulator in a process of its own, so that its cost is apart from the service's and the cameras keep time
 * while the service is busy. It ends with this process. Throws a Sentence where the video cannot be made.
 */
export const startSimulatorProcess = async (
  options: SimulatorOptions,
  onProgress?: ClipProgress,
): Promise<SimulatorProcess> => {
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), [JSON.stringify(options)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const asked = new Map<number, { resolve: (stats: Stats) => void; reject: (cause: Error) => void }>();
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    if (child.connected) child.disconnect();
    await ended;
  };

  const ports = await new Promise<Ports>((resolve, reject) => {
    child.on('message', (message: FromSimulator) => {
      if (message.type === 'progress') onProgress?.(message.done, message.total, message.name);
      if (message.type === 'ready') resolve(message.ports);
      if (message.type === 'failed')
        reject(message.told === null ? new Error(message.detail) : new Sentence(message.told.zh, message.told.en));
      if (message.type === 'stats') {
        asked.get(message.id)?.resolve(message.stats);
        asked.delete(message.id);
      }
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const cause = new Error(`the simulator's process ended (${signal ?? code})`);
      reject(cause);
      for (const one of asked.values()) one.reject(cause);
      asked.clear();
    });
  }).catch(async (cause: unknown) => {
    await stop();
    throw cause;
  });

  let questions = 0;
  return {
    ports,
    pid: child.pid!,
    stats: () =>
      new Promise((resolve, reject) => {
        if (!child.connected) {
          reject(new Error("the simulator's process has ended"));
          return;
        }
        questions += 1;
        asked.set(questions, { resolve, reject });
        child.send({ type: 'stats', id: questions } satisfies ToSimulator);
      }),
    stop,
  };
};
