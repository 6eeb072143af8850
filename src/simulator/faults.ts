import type { Answer, FailureKind } from '../../probes/index.ts';

/**
 * What a right prober reports of a camera with this fault, after the attempts of one inspection.
 * `group` says which quota of the city it is dealt from: `quirk` cameras are sound but awkward.
 */
export type FaultFacts = {
  readonly online: Answer;
  readonly image: Answer;
  readonly kind: FailureKind | 'sound';
  readonly group: 'sound' | 'quirk' | 'busy' | 'failing';
  /** Part of its group, relative to the others in it. */
  readonly weight: number;
  /** True where the fault shows only to somebody who has to log in. */
  readonly login?: true;
};

const yes = (kind: FailureKind, weight: number) =>
  ({ online: 'yes', image: 'no', kind, group: 'failing', weight }) as const;
const no = (kind: FailureKind, weight: number) =>
  ({ online: 'no', image: 'no', kind, group: 'failing', weight }) as const;
const quirk = (weight: number) => ({ online: 'yes', image: 'yes', kind: 'sound', group: 'quirk', weight }) as const;

/** The fault plan: every way in which a simulated camera can behave. */
export const faults = {
  sound: { online: 'yes', image: 'yes', kind: 'sound', group: 'sound', weight: 1 },
  /** Each answer 300 ms late. */
  slow: quirk(4),
  /** Inter frames first, a key frame after about 1.5 s. */
  late_keyframe: quirk(3),
  /** Closes the first RTSP connection that it ever gets without a word. */
  blip: quirk(2),
  /** 453 to the first SETUP that it ever gets. */
  busy_once: quirk(2),
  /** Nothing listens, for ONVIF neither. */
  refused: no('refused', 8),
  /** RTSP is refused, ONVIF answers. */
  rtsp_dead: yes('refused', 5),
  /** A SYN is never answered. */
  unreachable: no('unreachable', 14),
  /** Accepts and never says a word, on both ports. */
  silent: no('silent', 5),
  /** A byte of a header every 400 ms, on both ports, never done. */
  dripping: no('dripping', 1),
  /** A web server on the RTSP port; the ONVIF port closes as soon as a request came. */
  not_rtsp: no('not_rtsp', 1),
  /** Closes as soon as a request came, on both ports. */
  closed: no('closed', 3),
  /** The inventory's password is wrong. */
  unauthorized: { ...yes('unauthorized', 10), login: true },
  /** The inventory holds no user and no password. */
  no_credentials: { ...yes('no_credentials', 3), login: true },
  /** Offers Basic alone, over TCP in the clear, which nobody marked as allowed. */
  basic_only: { ...yes('auth_unsupported', 1), login: true },
  /** 403 to DESCRIBE after the login. */
  forbidden: { ...yes('forbidden', 2), login: true },
  /** 404 to DESCRIBE. */
  not_found: yes('not_found', 3),
  /** 302 to a link-local address, before any login. */
  redirected: yes('redirected', 1),
  /** 500 to SETUP. */
  rtsp_error: yes('rtsp_error', 2),
  /** The SDP holds audio only. */
  no_video: yes('no_video', 1),
  /** PLAY is answered, and nothing follows. */
  no_media: yes('no_media', 4),
  /** Inter frames only, for ever. */
  no_keyframe: yes('no_keyframe', 2),
  /** Closes in the middle of the key frame. */
  truncated: yes('closed', 2),
  /** Key frames that a decoder must refuse. */
  damaged: yes('damaged_picture', 4),
  /** 453 to every SETUP. */
  busy: { online: 'yes', image: 'unknown', kind: 'busy', group: 'busy', weight: 1 },
} as const satisfies Record<string, FaultFacts>;

export type FaultName = keyof typeof faults;

/** Those that one channel of a recorder can have while its neighbours are sound; the others are a whole device's. */
export const channelFaults: ReadonlySet<FaultName> = new Set([
  ...(['sound', 'slow', 'late_keyframe', 'busy_once', 'not_found', 'rtsp_error', 'no_video'] as const),
  ...(['no_media', 'no_keyframe', 'truncated', 'damaged', 'busy'] as const),
]);

export const factsOf = (fault: FaultName): FaultFacts => faults[fault];

export const faultsOf = (group: FaultFacts['group']): FaultName[] =>
  (Object.keys(faults) as FaultName[]).filter((name) => faults[name].group === group);

/**
 * What is true of a camera with this fault. Of household cameras no picture is taken by default: the probe ends with the
 * first valid answer and before any login, so that whatever would have come later is not seen. A channel that its
 * recorder does not have is offline: the recorder spoke, and not the camera.
 */
export const truthFor = (
  fault: FaultName,
  household: boolean,
  channel: boolean,
): { online: Answer; image: Answer; kind: FailureKind | 'sound' } => {
  const facts = factsOf(fault);
  const online = channel && fault === 'not_found' ? 'no' : facts.online;
  if (!household) return { online, image: facts.image, kind: facts.kind };
  return { online, image: 'unknown', kind: online === 'yes' ? 'sound' : facts.kind };
};
