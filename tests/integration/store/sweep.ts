import type { ProbeResult } from '../../../src/probing/result.ts';

/** Results of sweeps that asked whether a camera answers: every five minutes, the slots one after the other. */
export const sweepOf = (cameras: number, slots: number, from = new Date('2026-10-01T00:00:00Z')): ProbeResult[] =>
  Array.from({ length: slots * cameras }, (_, nth): ProbeResult => {
    const slot = new Date(from.getTime() + Math.floor(nth / cameras) * 300_000);
    const unreachable = nth % 97 === 0;
    return {
      slot,
      camera: (nth % cameras) + 1,
      inspection: null,
      attempt: null,
      observedAt: new Date(slot.getTime() + ((nth * 7_919) % 5_000)),
      online: unreachable ? 'no' : 'yes',
      image: 'unknown',
      failure: unreachable ? 'unreachable' : null,
      step: unreachable ? 'connect' : null,
      detail: unreachable ? `10.0.0.${nth % 250}:554: connection refused` : null,
      took: unreachable ? 3_000 : 4 + (nth % 40),
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
    };
  });
