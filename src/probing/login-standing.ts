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
/**
 * How long a login that was accepted before, and refused now, waits for its second try, s. As long: of a password that was
 * changed on the device no two failures fall into one such span, and whoever watched at eight has mostly gone by then.
 */
export const doubtedSpacing = 1_800;

/**
 * What a login may do now: go, go once the database has written down that it is tried, or not at all. A doubt over one
 * service holds all of them, because devices count failures for the host. Pure.
 */
export const standsAs = (row: Standing | null, service: LoginService, now: Date): 'go' | 'try' | Held => {
  if (row === null) return 'try';
  const accepted = row.accepted.includes(service);
  if (row.refused_kind !== null && (row.refused_by === service || !accepted)) {
    const at = row.refused_by === service ? '' : ` by ${row.refused_by}`;
    return { kind: row.refused_kind, detail: `${row.refused_detail}; no login tried, refused before${at}` };
  }
  if (accepted && row.doubted === null) return 'go';
  if (row.trying !== null) {
    return { kind: 'login_held', detail: `a login over ${row.trying} was left without an outcome` };
  }
  if (row.doubted !== null && !(accepted && past(row.doubted_at, doubtedSpacing, now))) {
    return { kind: 'busy', detail: `the login over ${row.doubted}, accepted before, was refused a moment ago` };
  }
  if (!past(row.unanswered_at, unansweredSpacing, now)) {
    return { kind: 'login_held', detail: 'the last login was left without an answer' };
  }
  return 'try';
};

export type Came =
  | { readonly came: 'accepted' | 'unanswered' }
  | { readonly came: 'doubted' | 'refused'; readonly kind: 'unauthorized' | 'forbidden'; readonly detail: string };

/**
 * Where a login stands after what came of it; the same as the database makes of it. Refused in doubt, it is refused by
 * every service. Taken by another service than the one in doubt, that one has other users (agsh/onvif#112), and is not
 * asked any more. Pure.
 */
export const standingAfter = (row: Standing | null, service: LoginService, what: Came, now: Date): Standing => {
  const before = row ?? blank;
  const { doubted } = before;
  if (what.came === 'unanswered') return { ...before, trying: null, unanswered_at: now };
  if (what.came === 'doubted') return { ...before, doubted: service, doubted_at: now };
  const settled = { ...before, trying: null, doubted: null, doubted_at: null };
  if (what.came === 'refused') {
    return {
      ...settled,
      accepted: doubted === null ? before.accepted : [],
      refused_by: service,
      refused_kind: what.kind,
      refused_detail: what.detail,
    };
  }
  const accepted = [...before.accepted.filter((one) => one !== service && one !== doubted), service];
  if (doubted === null || doubted === service) return { ...settled, accepted, unanswered_at: null };
  return {
    ...settled,
    accepted,
    unanswered_at: null,
    refused_by: doubted,
    refused_kind: 'unauthorized',
    refused_detail: `refused by ${doubted} and then accepted by ${service}`,
  };
};

const past = (at: Date | null, seconds: number, now: Date): boolean =>
  at === null || now.getTime() - at.getTime() >= seconds * 1000;
