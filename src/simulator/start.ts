import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Sentence } from '../sentence.ts';
import type { CityPlan, Ports } from './city.ts';
import type { ClipProgress } from './clips.ts';
import type { FaultName } from './faults.ts';
import type { SecondSent } from './meter.ts';
import type { Stats } from './serve.ts';

export type SimulatorOptions = CityPlan & {
  /** Where the video is kept between runs. */
  readonly clipsDir: string;
  /** 554, or 0 for a free one; a free one too where 554 is taken or not permitted. */
  readonly rtspPort: number;
  /** 80, or 0, likewise. */
  readonly onvifPort: number;
};

/** What a running simulator can be asked over IPC, and what it answers. */
export type Questions = {
  stats: { readonly ask: object; readonly answer: Stats };
  failedLogins: { readonly ask: object; readonly answer: Readonly<Record<string, number>> };
  sent: { readonly ask: { readonly site: string }; readonly answer: readonly SecondSent[] };
  peakPerHost: { readonly ask: { readonly address: string }; readonly answer: number };
  setFaults: { readonly ask: { readonly faults: readonly FaultChange[] }; readonly answer: null };
  setPassword: { readonly ask: { readonly code: string; readonly password: string }; readonly answer: null };
};
type Question = keyof Questions;

export type FaultChange = { readonly code: string; readonly fault: FaultName };

export type FromSimulator =
  | { readonly type: 'progress'; readonly done: number; readonly total: number; readonly name: string }
  | { readonly type: 'ready'; readonly ports: Ports }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Questions[Question]['answer'] }
  | { readonly type: 'refused'; readonly id: number; readonly why: string }
  | { readonly type: 'failed'; readonly told: { zh: string; en: string } | null; readonly detail: string };

export type ToSimulator = {
  [Q in Question]: { readonly question: Q; readonly id: number } & Questions[Q]['ask'];
}[Question];

/** Each of these rejects where the process has ended, and what sets with a TypeError where the simulator refuses. */
export type SimulatorProcess = {
  readonly ports: Ports;
  readonly pid: number;
  stats(): Promise<Stats>;
  /** As Simulator has them; resolved, the next request already meets them. */
  failedLogins(): Promise<Readonly<Record<string, number>>>;
  sent(site: string): Promise<readonly SecondSent[]>;
  peakPerHost(address: string): Promise<number>;
  setFault(code: string, fault: FaultName): Promise<void>;
  /** In their order; where one is refused, those before it hold and those after it do not. */
  setFaults(faults: readonly FaultChange[]): Promise<void>;
  setPassword(code: string, password: string): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Node lets its heap grow to a multiple of what lives; this keeps 200,000 cameras under 500 MB, where it took 740.
 * They live in 150 MB.
 */
const mostHeap = '--max-old-space-size=512';

/**
 * Starts the simulator in a process of its own, so that its cost is apart from the service's and the cameras keep time
 * while the service is busy. It ends with this process. Throws a Sentence where the video cannot be made.
 */
export const startSimulatorProcess = async (
  options: SimulatorOptions,
  onProgress?: ClipProgress,
): Promise<SimulatorProcess> => {
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), [JSON.stringify(options)], {
    execArgv: ['--disable-warning=ExperimentalWarning', mostHeap],
  });
  type Asked = { resolve: (answer: never) => void; reject: (cause: Error) => void };
  const asked = new Map<number, Asked>();
  const taken = (id: number): Asked | undefined => {
    const one = asked.get(id);
    asked.delete(id);
    return one;
  };
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
      if (message.type === 'answer') taken(message.id)?.resolve(message.answer as never);
      if (message.type === 'refused') taken(message.id)?.reject(new TypeError(message.why));
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
  const ask = <Q extends Question>(question: Q, what: Questions[Q]['ask']): Promise<Questions[Q]['answer']> =>
    new Promise((resolve, reject) => {
      if (!child.connected) {
        reject(new Error("the simulator's process has ended"));
        return;
      }
      questions += 1;
      asked.set(questions, { resolve, reject });
      child.send({ ...what, question, id: questions });
    });
  const setFaults = async (faults: readonly FaultChange[]): Promise<void> => {
    await ask('setFaults', { faults });
  };
  return {
    ports,
    pid: child.pid!,
    stats: () => ask('stats', {}),
    failedLogins: () => ask('failedLogins', {}),
    sent: (site) => ask('sent', { site }),
    peakPerHost: (address) => ask('peakPerHost', { address }),
    setFault: (code, fault) => setFaults([{ code, fault }]),
    setFaults,
    async setPassword(code, password) {
      await ask('setPassword', { code, password });
    },
    stop,
  };
};
