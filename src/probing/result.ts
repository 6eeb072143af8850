import type { Answer, CameraObservation } from '../../probes/index.ts';
import type { Assignment } from './assignment.ts';
import { storable } from './storable.ts';

/** What one probe found, as it is stored: one a camera and slot. */
export type ProbeResult = {
  readonly slot: Date;
  readonly camera: number;
  /** null: of a sweep; 0: of neither, somebody asked for it. */
  readonly inspection: number | null;
  readonly attempt: number | null;
  readonly observedAt: Date;
  readonly online: Answer;
  readonly image: Answer;
  readonly failure: string | null;
  readonly step: string | null;
  readonly detail: string | null;
  /** Milliseconds. */
  readonly took: number;
  readonly codec: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly keyframeBytes: number | null;
  readonly meanLuma: number | null;
  readonly contrast: number | null;
  readonly sharpness: number | null;
  readonly faults: readonly string[];
  readonly jpeg: Buffer | null;
  readonly provedBy: string | null;
  /** Of the picture's grey pixels; null where none came. */
  readonly fingerprint: string | null;
};

/** Pixels as smallint takes them; a key frame may claim more. */
const most = 32_767;
const pixels = (count: number | undefined): number | null => (count === undefined ? null : Math.min(count, most));

export const resultOf = (
  assignment: Assignment,
  observedAt: Date,
  took: number,
  { online, image, failure, video, picture, jpeg, provedBy, fingerprint }: CameraObservation,
): ProbeResult => ({
  slot: assignment.slot,
  camera: assignment.camera,
  inspection: assignment.inspection,
  attempt: assignment.attempt,
  observedAt,
  online,
  image,
  failure: failure?.kind ?? null,
  step: failure?.step ?? null,
  detail: failure === null ? null : storable(failure.detail),
  took: Math.round(took),
  codec: video?.codec ?? null,
  width: pixels(video?.width),
  height: pixels(video?.height),
  keyframeBytes: video?.keyframeBytes ?? null,
  meanLuma: picture?.meanLuma ?? null,
  contrast: picture?.contrast ?? null,
  sharpness: picture?.sharpness ?? null,
  faults: picture?.faults ?? [],
  jpeg,
  provedBy,
  fingerprint,
});
