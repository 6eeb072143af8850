import pLimit from 'p-limit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Decoder, openDecoder, probeCamera } from '../../../probes/index.ts';
import { loadClips } from '../../../src/simulator/clips.ts';
import { clipsDir } from '../../support/clips.ts';
import { type Kind, kinds, startTarpits, type TarpitCity } from '../../support/tarpits.ts';

/** `npm run bench -- tarpits` measures the same with 5,000; here it is only whether it holds. */
const deadlineMs = 2_000;
const each = 8;
const sound = 360;

let decoder: Decoder;
let city: TarpitCity;
beforeAll(async () => {
  decoder = openDecoder(1);
  const counts = { sound, drip: each, silent: each, slow_header: each, fast_header: each, endless_rtp: each };
  // 4 MB a second from each endless stream: several times what a camera's main stream has.
  city = await startTarpits({ counts, seed: 3, floodBytes: 4_000_000 }, await loadClips(clipsDir));
});
afterAll(async () => {
  await city.close();
  await decoder.close();
});

it('forty tarpits among four hundred cameras: each ends for its own reason, every sound one has its picture, nothing stays open', async () => {
  const limit = pLimit(64);
  const signal = new AbortController().signal;
  const now = (): number => performance.now();
  const found = await Promise.all(
    city.cameras.map(({ kind, url }) =>
      limit(async () => {
        const begun = now();
        const { image, failure, left } = await probeCamera(
          { url, login: null, deadlineMs },
          { signal, now },
          { want: 'keyframe', decoder, evidence: false, onvif: 'ifUnheard', snapshot: 'never' },
        );
        return { kind, image, failure: failure?.kind ?? null, ms: now() - begun, left };
      }),
    ),
  );
  await Promise.all(found.map(({ left }) => left));
  await city.left();

  for (const kind of Object.keys(kinds) as Kind[]) {
    const ended = found.filter((one) => one.kind === kind);
    // Where the machine stood still at a deadline, nothing is said of the device; that may be so for a few.
    const judged = ended.filter(({ failure }) => failure !== 'overloaded');
    expect(judged.length, kind).toBeGreaterThan(ended.length / 2);
    const must = { image: kind === 'sound' ? 'yes' : 'no', failure: kinds[kind] };
    expect(
      judged.map(({ image, failure }) => ({ image, failure })),
      kind,
    ).toEqual(judged.map(() => must));
  }
  // An endless stream did flood: without that its end by the deadline would say nothing.
  expect(city.flooded()).toBeGreaterThan(each * 1_000_000);
  expect(Math.max(...found.filter(({ kind }) => kind !== 'sound').map(({ ms }) => ms))).toBeLessThan(5 * deadlineMs);
  expect(city.open()).toBe(0);
});
