import type { ProbeResult } from '../../../src/probing/result.ts';
import { answerOf } from '../../support/results.ts';

/** Results of sweeps that asked whether a camera answers: every five minutes, the slots one after the other. */
export const sweepOf = (cameras: number, slots: number, from = new Date('2026-10-01T00:00:00Z')): ProbeResult[] =>
  Array.from({ length: slots * cameras }, (_, nth) => {
    const slot = new Date(from.getTime() + Math.floor(nth / cameras) * 300_000);
    return answerOf((nth % cameras) + 1, slot, {
      observedAt: new Date(slot.getTime() + ((nth * 7_919) % 5_000)),
      took: 4 + (nth % 40),
      ...(nth % 97 === 0 && {
        online: 'no',
        failure: 'unreachable',
        step: 'connect',
        detail: `10.0.0.${nth % 250}:554: connection refused`,
        took: 3_000,
      }),
    });
  });
