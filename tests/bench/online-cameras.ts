import { planCity } from '../../src/simulator/city.ts';
import { loadClips } from '../../src/simulator/clips.ts';
import { startSimulator } from '../../src/simulator/serve.ts';

/**
 * The cameras of the benchmark `online`, in a process of their own: sound, without a login, each on an address of its
 * own. argv[2]: where the clips are kept; argv[3]: how many. Says their URLs over IPC; to any message it answers
 * {connections}, how many were made since the start.
 */
const [clip] = (await loadClips(process.argv[2]!)).filter(({ name }) => name === 'crossroads-sub-h264');
const plan = planCity({ cameras: Number(process.argv[3]), seed: 1 });
const cameras = plan.cameras.map((camera) => ({
  ...camera,
  codec: clip!.codec,
  stream: clip!.stream,
  auth: 'none' as const,
  fault: 'sound' as const,
}));
const simulator = await startSimulator({ city: { ...plan, cameras }, clips: [clip!], rtspPort: 0, onvifPort: 0 });
process.on('disconnect', () => process.exit(0));
process.on('message', () => process.send!({ connections: simulator.stats().connections }));
process.send!({
  urls: cameras.map(({ address }) => `rtsp://${address}:${simulator.ports.rtsp}/Streaming/Channels/102`),
});
