import type { AccessUnit } from './annexb.ts';
import { Draw } from './draw.ts';

/** Parts of the slice that are overwritten: the middle first, as a lost stretch of packets would. */
const stretches = [
  [0.5, 0.52],
  [0.45, 0.55],
  [0.4, 0.6],
  [0.3, 0.7],
  [0.2, 0.3],
  [0.1, 0.9],
] as const;
const tries = 8;

/**
 * Key frames with a stretch of noise in the slice data, always the same ones for the same picture. The noise holds no
 * zero byte, so that it makes no start code, and the length stays, so that packets fall as before.
 */
export function* damagedCandidates(key: AccessUnit): Generator<AccessUnit> {
  for (let seed = 1; seed <= tries; seed += 1) {
    for (const [from, to] of stretches) {
      const draw = new Draw(seed);
      const nals = key.nals.map((nal) => {
        const copy = Buffer.from(nal);
        for (let at = Math.floor(nal.length * from); at < Math.floor(nal.length * to); at += 1)
          copy[at] = 1 + draw.integer(255);
        return copy;
      });
      yield { key: true, nals };
    }
  }
}
