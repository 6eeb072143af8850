import { Sentence } from '../sentence.ts';
import { planCity } from './city.ts';
import { loadClips } from './clips.ts';
import { type Simulator, startSimulator } from './serve.ts';
import type { FromSimulator, Questions, SimulatorOptions, ToSimulator } from './start.ts';

/** The simulator as a process of its own, started by start.ts: options as JSON in argv[2], answers over IPC. */
const say = (message: FromSimulator): void => {
  process.send?.(message);
};

const serve = async (options: SimulatorOptions): Promise<Simulator> => {
  const clips = await loadClips(options.clipsDir, (done, total, name) => say({ type: 'progress', done, total, name }));
  const { rtspPort, onvifPort } = options;
  return startSimulator({ city: planCity(options), clips, rtspPort, onvifPort });
};

const answerTo = (simulator: Simulator, asked: ToSimulator): Questions[keyof Questions]['answer'] => {
  switch (asked.question) {
    case 'stats': {
      const { peakPerHost, failedLogins, ...stats } = simulator.stats();
      return stats;
    }
    case 'failedLogins':
      return simulator.failedLogins();
    case 'sent':
      return simulator.sent(asked.site);
    case 'peakPerHost':
      return simulator.stats().peakPerHost(asked.address);
    case 'setFaults':
      for (const { code, fault } of asked.faults) simulator.setFault(code, fault);
      return null;
    case 'setPassword':
      simulator.setPassword(asked.code, asked.password);
      return null;
  }
};

// The parent has gone, however it went: nobody is left to stop the cameras.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the parent decides when the cameras go.
process.on('SIGINT', () => {});

try {
  const simulator = await serve(JSON.parse(process.argv[2]!) as SimulatorOptions);
  process.on('message', (message: ToSimulator) => {
    const { id } = message;
    try {
      say({ type: 'answer', id, answer: answerTo(simulator, message) });
    } catch (cause) {
      say({ type: 'refused', id, why: String(cause instanceof Error ? cause.message : cause) });
    }
  });
  say({ type: 'ready', ports: simulator.ports });
} catch (cause) {
  const told = cause instanceof Sentence ? { zh: cause.zh, en: cause.en } : null;
  say({ type: 'failed', told, detail: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
}
