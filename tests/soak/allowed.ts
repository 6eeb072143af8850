import type { Answer, FailureKind } from '../../probes/index.ts';
import { type FaultName, truthFor } from '../../src/simulator/faults.ts';

export type Want = 'answer' | 'picture';

/** What one probe says, in the words of the simulator's truth. */
export type Said = { readonly online: Answer; readonly image: Answer; readonly kind: FailureKind | 'sound' };

/** What a single visit may find where an inspection's later attempts would find more. */
const firstVisit: Partial<Record<FaultName, Said>> = {
  // ONVIF answers, which makes it online.
  blip: { online: 'yes', image: 'no', kind: 'closed' },
  busy_once: { online: 'yes', image: 'unknown', kind: 'busy' },
};

const sound: Said = { online: 'yes', image: 'yes', kind: 'sound' };

/** What a right probe says of a camera that had this one fault all the while. */
export const allowedBy = (fault: FaultName, want: Want, channel: boolean): Said[] => {
  const truth = truthFor(fault, false, channel);
  const first = firstVisit[fault];
  if (want === 'picture') return first === undefined ? [truth] : [first, truth];
  const asked = { online: truth.online, image: 'unknown' } as const;
  if (truth.online === 'no') return [{ ...asked, kind: truth.kind }];
  // Asked only whether it answers, a device shows none of what comes later; a dead RTSP service shows at once.
  const answers: Said[] = [{ ...asked, kind: fault === 'rtsp_dead' ? 'refused' : 'sound' }];
  return fault === 'blip' ? [...answers, { ...asked, kind: 'closed' }] : answers;
};

/**
 * Whether a probe may have said so of a camera that had these faults, one after the other, while it lasted. Where there
 * are several, each part of the answer may be another's: RTSP met the one and ONVIF the next.
 */
export const mayBe = (said: Said, faults: readonly FaultName[], want: Want, channel: boolean): boolean => {
  const allowed = faults.flatMap((fault) => allowedBy(fault, want, channel));
  const has = <K extends keyof Said>(part: K): boolean => allowed.some((one) => one[part] === said[part]);
  if (allowed.some(({ online, image, kind }) => online === said.online && image === said.image && kind === said.kind))
    return true;
  if (faults.length < 2 || !has('online') || !has('image') || !has('kind')) return false;
  // A picture is never half another's: it is a sound visit from end to end.
  return said.image !== 'yes' || (said.online === sound.online && said.kind === sound.kind);
};
