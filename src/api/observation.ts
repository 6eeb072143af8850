import { type Static, Type } from 'typebox';
import type { ProbeRow } from '../rollup/probes-of-camera.ts';
import { ofNoInspection } from '../schedule/probe-request.ts';
import { failureOf } from './failure.ts';
import { Answer, Failure, Moment, nullable } from './shapes.ts';

/** What one probe of a camera found. */
export const Observation = Type.Object({
  slot: Moment,
  observedAt: Moment,
  inspection: nullable(
    Type.Integer({ description: '所属巡检；null 为日常巡测或临时探测 / null: of a sweep, or on demand' }),
  ),
  online: Answer,
  image: Answer,
  failure: nullable(Failure),
  tookMs: Type.Integer(),
  video: nullable(
    Type.Object({
      codec: Type.String(),
      width: Type.Integer(),
      height: Type.Integer(),
      keyframeBytes: Type.Integer(),
    }),
  ),
  picture: nullable(
    Type.Object({
      meanLuma: Type.Number(),
      contrast: Type.Number(),
      sharpness: Type.Number(),
      faults: Type.Array(Type.String()),
    }),
  ),
});

const answer = (value: boolean | null): 'yes' | 'no' | 'unknown' => (value === null ? 'unknown' : value ? 'yes' : 'no');

export const observationOf = (row: ProbeRow): Static<typeof Observation> => ({
  slot: row.slot.toISOString(),
  observedAt: row.observed_at.toISOString(),
  inspection: row.inspection === ofNoInspection ? null : row.inspection,
  online: answer(row.online),
  image: answer(row.image),
  failure: row.failure === null ? null : failureOf(row.failure, row.step, row.detail),
  tookMs: row.took,
  video:
    row.codec === null
      ? null
      : { codec: row.codec, width: row.width ?? 0, height: row.height ?? 0, keyframeBytes: row.keyframe_bytes ?? 0 },
  picture:
    row.mean_luma === null
      ? null
      : {
          meanLuma: row.mean_luma,
          contrast: row.contrast ?? 0,
          sharpness: row.sharpness ?? 0,
          faults: row.faults ?? [],
        },
});
