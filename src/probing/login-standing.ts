import type { Held, LoginService } from '../../probes/index.ts';

/** Where one login on one host stands, over all its services: a row of `login`. */
export type Standing = {
  accepted: readonly LoginService[];
  /** Sent by somebody who has not yet said what came of it, and may have died over it. */
  trying: LoginService | null;
  unanswered_at: Date | null;
  doubted: LoginService | null;
  doubted_at: Date | null;
  refused_by: LoginService | null;
  refused_kind: 'unauthorized' | 'forbidden' | null;
  refused_detail: string | null;
};

/** Of a login of which nothing is known. */
export const blank: Standing = {
  accepted: [],
  trying: null,
  unanswered_at: null,
  doubted: null,
  doubted_at: null,
  refused_by: null,
  refused_kind: null,
  refused_detail: null,
};

/**
 * How long a login that met silence waits for its next try, s. Devices lock for 30 minutes, or count within them
 * (rroller/dahua#729, evercam#91): one unknown outcome in each such span is never a second failure in it.
 */
export const unansweredSpacing = 1_800;
/** How long a login that was accepted before, and refused now, waits for its second try, s: watchers come and go. */
export const doubtedSpacing = 60;

/** What a login may do now: go, go once the database has written down that it is tried, or not at all. Pure. */
export const standsAs = (row: Standing | null, service: LoginService, now: Date): 'go' | 'try' | Held => {
  if (row === null) return 'try';
  const refused = row.refused_kind !== null && (row.refused_by === service || !row.accepted.includes(service));
  if (refused) {
    const at = row.refused_by === service ? '' : ` by ${row.refused_by}`;
    return { kind: row.refused_kind!, detail: `${row.refused_detail}; no login tried, refused before${at}` };
  }
  if (row.accepted.includes(service) && row.doubted !== service) return 'go';
  if (row.trying !== null)
    return { kind: 'login_held', detail: `a login over ${row.trying} was left without an outcome` };
  if (row.doubted !== null) {
    const waits = row.doubted !== service || !past(row.doubted_at, doubtedSpacing, now);
    if (waits)
      return { kind: 'busy', detail: `the login over ${row.doubted}, accepted before, was refused a moment ago` };
  }
  if (!past(row.unanswered_at, unansweredSpacing, now)) {
    return { kind: 'login_held', detail: 'the last login was left without an answer' };
  }
  return 'try';
};

const past = (at: Date | null, seconds: number, now: Date): boolean =>
  at === null || now.getTime() - at.getTime() >= seconds * 1000;
