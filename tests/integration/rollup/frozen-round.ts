import type { Database } from '../../../src/db/pool.ts';
import type { ProbeResult } from '../../../src/probing/result.ts';
import { completeInspection } from '../../../src/report/completion.ts';
import { decideExemption } from '../../../src/schedule/exemption-decide.ts';
import { type ExemptionRequest, submitExemption } from '../../../src/schedule/exemption-submit.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { insert } from '../../../src/store/writer.ts';
import { answerOf, pictureOf } from '../../support/results.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';

/** What a camera does not answer as a sound one would, by its serial. */
export type Answers = Readonly<Record<number, Partial<ProbeResult>>>;
export const down = {
  online: 'no',
  image: 'no',
  failure: 'unreachable',
  step: 'connect',
  detail: 'no answer',
} as const;
export const blind = { image: 'no', failure: 'no_keyframe', step: 'keyframe', detail: 'none in 20 s' } as const;

/** Minutes after the start at which a round is closed. */
export const closedAfter = 10;

/** A round of one attempt that began at `at` and is closed ten minutes later; its number. */
export const round = async (
  db: Database,
  ids: ReadonlyMap<number, number>,
  at: Date,
  answers: Answers = {},
  day: string | null = null,
): Promise<number> => {
  const inspection = await openInspection(db, at, null, day);
  const slot = inspection.started_at;
  const asked = { inspection: inspection.id, attempt: 1, observedAt: new Date(slot.getTime() + 1_000) };
  await insert(
    db,
    [...ids].map(([serial, camera]) => {
      const said = answers[serial];
      return said === undefined
        ? pictureOf(camera, slot, { ...asked, fingerprint: `${serial}`, jpeg: Buffer.from(`jpeg of ${serial}`) })
        : answerOf(camera, slot, { ...asked, ...said });
    }),
  );
  await completeInspection(db, inspection, new Date(slot.getTime() + closedAfter * 60_000));
  return inspection.id;
};

export const requestOf = (serials: readonly number[], more: Partial<ExemptionRequest> = {}): ExemptionRequest => ({
  unit: '450202',
  applicant: '韦某',
  phone: '0772-2825110',
  reason: 'power_cut',
  text: null,
  selection: { by: 'cameras', codes: serials.map(codeOf) },
  beginsAt: new Date('2026-10-01T00:00:00Z'),
  endsAt: new Date('2026-10-11T00:00:00Z'),
  attachment: null,
  ...more,
});

/** An exemption of these cameras that was submitted and approved at `at`; its number. */
export const exempt = async (
  db: Database,
  at: Date,
  serials: readonly number[],
  more: Partial<ExemptionRequest> = {},
): Promise<number> => {
  const { id } = await submitExemption(db, at, requestOf(serials, more));
  await decideExemption(db, id, 'approved', '黄某', null, at);
  return id;
};

/** Ten social cameras of one unit, the last of them down: 90 % is missed, and without it all is well. */
export const ten = (db: Database): Promise<Map<number, number>> =>
  putCameras(
    db,
    Array.from({ length: 10 }, (_, nth) => ({ serial: nth + 1 })),
  );
