import { planCity } from '../../src/simulator/city.ts';
import { loadClips } from '../../src/simulator/clips.ts';
import { startSimulator } from '../../src/simulator/serve.ts';

/**
 * Cameras for a benchmark, in a process of their own so that their CPU is nobody's: sound, without a login, one a
 * stream that is measured. argv[2]: where the clips are kept; argv[3 …]: which. Says {ports, urls} over IPC.
 */
const bytesOf = ({ nals }: { nals: readonly Buffer[] }): number => nals.reduce((sum, nal) => sum + nal.length, 0);

const wanted = process.argv.slice(3);
const clips = (await loadClips(process.argv[2]!)).filter(({ name }) => wanted.includes(name));
const plan = planCity({ cameras: clips.length, seed: 1 });
// Cameras of one codec and stream show their clips in turn, by index: each kind has one clip here, so it is that one.
const cameras = plan.cameras.map((camera, index) => ({
  ...camera,
  codec: clips[index]!.codec,
  stream: clips[index]!.stream,
  auth: 'none' as const,
  fault: 'sound' as const,
}));
const simulator = await startSimulator({ city: { ...plan, cameras }, clips, rtspPort: 0, onvifPort: 0 });
process.on('disconnect', () => process.exit(0));
process.send!({
  streams: cameras.map(({ address, stream }, index) => ({
    clip: clips[index]!.name,
    keyframe: Math.max(...clips[index]!.pictures.filter(({ key }) => key).map(bytesOf)),
    url: `rtsp://${address}:${simulator.ports.rtsp}/Streaming/Channels/${stream === 'main' ? '101' : '102'}`,
  })),
});
