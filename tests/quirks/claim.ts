/** One collected test: `name` is a part of its full name ("suite > test") that no other test of the file has; with a "*" at its end, all rows of one table. */
export type Proof = { readonly file: string; readonly name: string };

export type Group = 'logins' | 'clock' | 'onvif' | 'rtsp' | 'video' | 'ffmpeg';

export type Quirk = {
  readonly id: string;
  readonly group: Group;
  readonly words: string;
  /** Issues as owner/name#number or name#number, and makes. Empty where it is what every make does. */
  readonly reports: readonly string[];
  readonly tests: readonly Proof[];
  /** Tests over cases recorded of real cameras, which a checkout by itself does not have. */
  readonly recorded: readonly Proof[];
};

/** Names of tests in one file below tests/. */
export const of =
  (file: string) =>
  (...names: string[]): Proof[] =>
    names.map((name) => ({ file: `tests/${file}.test.ts`, name }));

export const unit = (file: string) => of(`unit/probes/${file}`);
export const camera = unit('camera');
export const ends = unit('rtsp-ends');
export const ipv6 = unit('ipv6');
export const keepalive = unit('keepalive');
export const login = unit('login');
export const loginClose = unit('login-close');
export const loginGuard = unit('login-guard');
export const onvif = unit('onvif');
export const onvifEnds = unit('onvif-ends');
export const onvifLogin = unit('onvif-login');
export const onvifText = unit('onvif-text');
export const rtsp = unit('rtsp');
export const snapshot = unit('snapshot');
export const ssrc = unit('ssrc');
export const tls = unit('tls');
export const udpFallback = unit('udp-fallback');
export const pool = unit('picture/pool');
export const depacketize = unit('rtsp/depacketize');
export const digest = unit('rtsp/digest');
export const keyframe = unit('rtsp/keyframe');
export const manners = unit('rtsp/manners');
export const message = unit('rtsp/message');
export const sdp = unit('rtsp/sdp');
export const session = unit('rtsp/session');
export const url = unit('rtsp/url');
export const qClock = unit('quirks/clock');
export const qDecoding = unit('quirks/decoding');
export const qLogins = unit('quirks/logins');
export const qOnvif = unit('quirks/onvif');
export const qRtsp = unit('quirks/rtsp');
export const qVideo = unit('quirks/video');
export const turns = of('unit/probing/turns');
export const batch = of('integration/probing/batch');
export const results = of('integration/store/results');
export const loginBook = of('integration/probing/login-book');
export const imports = of('integration/inventory/import');
export const inspection = of('integration/schedule/inspection');
export const wrongPassword = of('integration/city/wrong-password');
export const recorder = of('integration/city/recorder');
export const killed = of('integration/city/killed-worker');
export const lateKeyframe = of('integration/probes/late-keyframe');
export const command = of('integration/probes/command');
export const recordedOnvif = unit('recorded/onvif');
export const recordedRtsp = unit('recorded/rtsp');
export const recordedRtp = unit('recorded/rtp');
export const recordedAuth = unit('recorded/auth');
export const recordedBitstream = unit('recorded/bitstream');

/** A quirk, before it is put into its group. */
export type Claim = Omit<Quirk, 'group'>;

export const quirk = (
  id: string,
  words: string,
  reports: readonly string[],
  tests: readonly Proof[],
  recorded: readonly Proof[] = [],
): Claim => ({ id, words, reports, tests, recorded });
