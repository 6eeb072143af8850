import { Sentence } from '../sentence.ts';
import { planCity } from './city.ts';
import { loadClips } from './clips.ts';
import { type Simulator, startSimulator } from './serve.ts';
import type { FromSimulator, SimulatorOptions, ToSimulator } from './start.ts';

/** The simulator as a process of its own, started by start.ts: options as JSON in argv[2], answers over IPC. */
const say = (message: FromSimulator): void => {
  process.send?.(message);
};

const serve = async (options: SimulatorOptions): Promise<Simulator> => {
  const clips = await loadClips(options.clipsDir, (done, total, name) => say({ type: 'progress', done, total, name }));
  const { cameras, seed, household, rtspPort, onvifPort } = options;
  const city = planCity({ cameras, seed, ...(household === undefined ? {} : { household }) });
  return startSimulator({ city, clips, rtspPort, onvifPort });
};

// The parent has gone, however it went: nobody is left to stop the cameras.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the parent decides when the cameras go.
process.on('SIGINT', () => {});

try {
  const simulator = await serve(JSON.parse(process.argv[2]!) as SimulatorOptions);
  process.on('message', (message: ToSimulator) => {
    const { peakPerHost, failedLogins, ...stats } = simulator.stats();
    say({ type: 'stats', id: message.id, stats });
  });
  say({ type: 'ready', ports: simulator.ports });
} catch (cause) {
  const told = cause instanceof Sentence ? { zh: cause.zh, en: cause.en } : null;
  say({ type: 'failed', told, detail: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
}
