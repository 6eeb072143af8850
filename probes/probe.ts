import type { Answer, Failure, Step } from './failure.ts';

/**
 * How a probe may log in. `refused` says that these credentials were turned down before and have not changed since:
 * then no login is tried, because most makes count failed logins over all protocols and lock the account; `as` is the
 * kind of failure that they met.
 */
export type Login =
  | { readonly user: string; readonly password: string; readonly basicAllowed?: boolean }
  | { readonly refused: string; readonly as: 'unauthorized' | 'forbidden' }
  | null;

/** One camera to probe. URLs carry no user and no password. */
export type Target = {
  /** rtsp://host[:port]/path?query */
  readonly url: string;
  /** The device service, http://host[:port]/onvif/device_service, where the camera has one. */
  readonly onvifUrl?: string;
  readonly login: Login;
  /** The whole probe of the network, ms; decoding has a time of its own. */
  readonly deadlineMs: number;
  /** Only addresses for which this is true are spoken to; checked on the address that was connected. */
  readonly allow?: (address: string) => boolean;
};

/** What the caller lends to a probe. */
export type Context = {
  readonly signal: AbortSignal;
  /** Monotonic milliseconds; an argument so that steps can be timed in tests. */
  readonly now: () => number;
  /** The words on the wire, passwords and digests struck out. */
  readonly trace?: (direction: '>' | '<' | '-', words: string) => void;
};

export type TimedStep = { readonly name: Step; readonly ok: boolean; readonly ms: number };

export type Codec = 'h264' | 'h265';

export type Video = {
  readonly codec: Codec;
  /** Pixels as decoded; 0 until a picture was decoded and no parameter set told them. */
  readonly width: number;
  readonly height: number;
  readonly keyframeBytes: number;
};

/** Facts of a grey picture of at most 160 x 90 pixels. */
export type Picture = {
  /** 0 (black) to 255 (white). */
  readonly meanLuma: number;
  /** Standard deviation of luma, 0 to 127.5. */
  readonly contrast: number;
  /** Mean absolute Laplacian of the grey picture, 0 upward; a blurred picture is near 0. */
  readonly sharpness: number;
  /** What is wrong with the picture although it came: kept apart from "a picture came". */
  readonly faults: readonly PictureFault[];
};

export type PictureFault = 'black' | 'white' | 'flat' | 'blurred';

export type Device = {
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly firmware: string | null;
  readonly serial: string | null;
  /** Device clock minus ours, ms; null where the device told no UTC time. */
  readonly clockSkewMs: number | null;
  /** What the device says its stream is, with our host in place of whatever it named and without a password. */
  readonly streamUri: string | null;
};

/** What one probe of one camera found out. */
export type Observation = {
  readonly online: Answer;
  readonly image: Answer;
  readonly steps: readonly TimedStep[];
  readonly failure: Failure | null;
  readonly video: Video | null;
  readonly picture: Picture | null;
  readonly device: Device | null;
};

/** One prober, one file, one signature. */
export type Prober<T = Observation> = (target: Target, context: Context) => Promise<T>;
