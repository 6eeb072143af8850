import type { ProbeResult } from '../../src/probing/result.ts';

const blind = {
  inspection: null,
  attempt: null,
  online: 'yes',
  image: 'unknown',
  failure: null,
  step: null,
  detail: null,
  took: 12,
  codec: null,
  width: null,
  height: null,
  keyframeBytes: null,
  meanLuma: null,
  contrast: null,
  sharpness: null,
  faults: [],
  jpeg: null,
  provedBy: null,
  fingerprint: null,
} as const;

/** As a sweep gives it that asks whether the camera answers, and for no picture: it does, in the instant of its slot. */
export const answerOf = (camera: number, slot: Date, more: Partial<ProbeResult> = {}): ProbeResult => ({
  ...blind,
  slot,
  camera,
  observedAt: slot,
  ...more,
});

/** The same with a picture in which nothing is wrong. */
export const pictureOf = (camera: number, slot: Date, more: Partial<ProbeResult> = {}): ProbeResult =>
  answerOf(camera, slot, {
    image: 'yes',
    codec: 'h264',
    width: 1920,
    height: 1080,
    keyframeBytes: 46_000,
    meanLuma: 101.5,
    contrast: 40.25,
    sharpness: 3,
    provedBy: 'stream',
    ...more,
  });
