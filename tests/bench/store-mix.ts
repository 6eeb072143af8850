import type { ProbeResult } from '../../src/probing/result.ts';
import { answerOf } from '../support/results.ts';

/** Numbers in [0, 1) that are the same in every run. */
const chance = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
};

/** `count` results of a city's sweeps from the `first` on: every camera answers, nobody asked for a picture. */
export const answersOf = (cameras: number, first: number, count: number): ProbeResult[] =>
  Array.from({ length: count }, (_, nth) => {
    const slot = new Date(Date.UTC(2026, 8, 1) + Math.floor((first + nth) / cameras) * 300_000);
    const observedAt = new Date(slot.getTime() + ((nth * 7_919) % 8_000));
    return answerOf(((first + nth) % cameras) + 1, slot, { observedAt, took: 4 + (nth % 40) });
  });

const seen = (one: ProbeResult, random: () => number, jpeg: Buffer | null): ProbeResult => ({
  ...one,
  image: 'yes',
  codec: 'h264',
  width: 704,
  height: 576,
  keyframeBytes: 14_000 + Math.floor(random() * 5_000),
  meanLuma: 60 + random() * 80,
  contrast: 30 + random() * 30,
  sharpness: 2 + random() * 10,
  provedBy: 'stream',
  fingerprint: random().toString(36),
  jpeg,
});

/** The same, each with a picture's facts and a JPEG of 8 KB: bytes that no compression makes smaller. */
export const picturesOf = (cameras: number, first: number, count: number): ProbeResult[] => {
  const random = chance(first + 1);
  const jpeg = Buffer.from(Array.from({ length: 8_192 }, () => random() * 256));
  return answersOf(cameras, first, count).map((one) => seen(one, random, jpeg));
};

/**
 * Days of a city, slot by slot: 288 probes of each camera a day, up to 8 s late; a picture every hour of 12 % of them (16,610
 * of 138,698). 3 % of the cameras fail in 3 of 10 probes, the others in one of a thousand: 1 % of all.
 */
export const historyOf = (cameras: number, days: number): ProbeResult[] => {
  const random = chance(7);
  const usual = Array.from({ length: cameras }, () => 2 + Math.exp(1 + random() * 2.5));
  const bad = Array.from({ length: cameras }, () => random() < 0.03);
  return Array.from({ length: 288 * days * cameras }, (_, nth): ProbeResult => {
    const camera = nth % cameras;
    const tick = Math.floor(nth / cameras);
    // A job's cameras share their slot, and the jobs are spread over the five minutes.
    const spread = (Math.floor(camera / 100) * 35) % 300;
    const slot = new Date(Date.UTC(2026, 9, 1) + (tick * 300 + spread) * 1_000);
    const observedAt = new Date(slot.getTime() + Math.floor(random() * 8_000));
    const took = Math.round(usual[camera]! * (0.8 + random() * 0.6));
    const one = answerOf(camera + 1, slot, { observedAt, took });
    const wanted = camera < cameras * 0.12 && tick % 12 === camera % 12;
    if (random() >= (bad[camera] ? 0.3 : 0.001)) {
      return wanted ? seen({ ...one, took: took * 6 }, random, null) : one;
    }
    const silent = random() < 0.5;
    return {
      ...one,
      online: 'no',
      image: wanted ? 'no' : 'unknown',
      failure: 'unreachable',
      step: 'connect',
      detail: `10.${camera >> 8}.${camera & 255}.7:554: ${silent ? 'no answer within 5000 ms' : 'connection refused'}`,
      took: silent ? 5_000 + Math.floor(random() * 5) : 3 + Math.floor(random() * 5),
    };
  });
};
