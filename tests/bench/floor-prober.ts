import { readFileSync } from 'node:fs';
import pLimit from 'p-limit';
import { openDecoder, probeCamera } from '../../probes/index.ts';
import { cpuMs } from './usage.ts';

/**
 * What a worker's probes cost without a queue, a database, leases and a memory of logins: the floor of the benchmarks
 * `city` and `sweep`. argv[2]: a file of {want, targets}. Says {} when it stands; told to go, it answers with a Floor.
 */
export type FloorTarget = {
  readonly url: string;
  readonly onvifUrl: string | null;
  readonly deadlineMs: number;
  readonly login: { readonly user: string; readonly password: string } | null;
};

const { want, targets } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as {
  want: 'answer' | 'keyframe';
  targets: FloorTarget[];
};
const decoder = openDecoder(2);
const limit = pLimit(1_000);
const { signal } = new AbortController();
const now = (): number => performance.now();

const probe = async ({ onvifUrl, login, ...target }: FloorTarget): Promise<void> => {
  const { left } = await probeCamera(
    { ...target, login: want === 'answer' ? null : login, ...(onvifUrl === null ? {} : { onvifUrl }) },
    { signal, now },
    { want, decoder, evidence: false, onvif: 'ifUnheard', snapshot: 'never' },
  );
  await left;
};

process.once('message', async () => {
  const before = cpuMs(process.pid);
  const begun = now();
  await Promise.all(targets.map((target) => limit(probe, target)));
  const seconds = (now() - begun) / 1000;
  const after = cpuMs(process.pid);
  process.send!({ seconds, ownMs: after.own - before.own, childrenMs: after.children - before.children });
});
process.on('disconnect', () => decoder.close());
process.send!({});
