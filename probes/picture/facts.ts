import type { Picture, PictureFault } from '../probe.ts';

/** The small grey picture is this wide at most, pixels: facts from it cost 0.05 ms, from the full frame 100 times more. */
export const greyWidth = 160;

/** 8 bits a sample, row by row without padding. */
export type Grey = { readonly width: number; readonly height: number; readonly luma: Uint8Array };

const round = (value: number): number => Math.round(value * 10) / 10;

/**
 * Mean, spread and sharpness of a grey picture, and what they say of it. The bounds are coarse on purpose: a lens cap
 * or a dead sensor is found, a dark street at night (mean near 20, lamps in it) is not.
 */
export const factsOf = ({ width: w, height: h, luma }: Grey): Picture => {
  let sum = 0;
  let squares = 0;
  const n = luma.length;
  // By index: an iterator costs 0.11 ms over 160 x 131, this 0.02.
  for (let at = 0; at < n; at++) {
    const value = luma[at]!;
    sum += value;
    squares += value * value;
  }
  const mean = sum / n;
  const contrast = Math.sqrt(Math.max(0, squares / n - mean * mean));
  let edges = 0;
  for (let y = 1; y < h - 1; y++) {
    let left = luma[y * w]!;
    let here = luma[y * w + 1]!;
    for (let at = y * w + 1; at < y * w + w - 1; at++) {
      const right = luma[at + 1]!;
      edges += Math.abs(4 * here - left - right - luma[at - w]! - luma[at + w]!);
      left = here;
      here = right;
    }
  }
  const inner = Math.max(1, (w - 2) * (h - 2));
  const sharpness = edges / inner;
  const faults: PictureFault[] = [];
  if (contrast < 3) faults.push(mean < 24 ? 'black' : mean > 232 ? 'white' : 'flat');
  else if (sharpness < 1) faults.push('blurred');
  return { meanLuma: round(mean), contrast: round(contrast), sharpness: round(sharpness), faults };
};
