import { loadClips } from '../../src/simulator/clips.ts';
import { startTarpits } from '../support/tarpits.ts';

/**
 * The cameras of the benchmark `tarpits`, in a process of their own. argv[2]: where the clips are kept; argv[3]: the
 * plan. Says the list of cameras over IPC; to any message it answers {open}, the connections that stand, when all were
 * left, or after five seconds.
 */
const city = await startTarpits(JSON.parse(process.argv[3]!), await loadClips(process.argv[2]!));
process.on('disconnect', () => process.exit(0));
process.on('message', async () => {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([city.left(), new Promise((resolve) => (timer = setTimeout(resolve, 5_000)))]);
  clearTimeout(timer);
  process.send!({ open: city.open() });
});
process.send!(city.cameras);
