import type { Answer, Failure, Step } from './failure.ts';
import type { LoginGuard } from './guard.ts';

/** The stored login of a camera; `null` where there is none. Whether it may be sent is the guard's to say (guard.ts). */
export type Login = {
  readonly user: string;
  readonly password: string;
  /** Basic sends the password in clear: only where somebody said so, or over TLS. */
  readonly basicAllowed?: boolean;
} | null;

/** Whom to believe over TLS. Absent from a target: the certificate authorities that this machine trusts. */
export type Trust =
  | { readonly by: 'ca' /** Certificates of one's own authorities, PEM. */; readonly pem: string }
  | {
      readonly by: 'pin' /** SHA-256 of the device's certificate (DER), 64 hexadecimal digits. */;
      readonly sha256: string;
    }
  | { readonly by: 'nothing' };

/** One camera to probe. URLs carry no user and no password. */
export type Target = {
  /** rtsp://host[:port]/path?query, or rtsps:// for RTSP over TLS (port 322). */
  readonly url: string;
  /** The device service, http://host[:port]/onvif/device_service, where the camera has one. */
  readonly onvifUrl?: string;
  /** http://host[:port]/path of a JPEG, where the camera has one. */
  readonly snapshotUrl?: string;
  readonly login: Login;
  readonly trust?: Trust;
  /**
   * The host is a recorder, and the camera one of its channels: where it has no such stream (404), the camera is not
   * online, because the recorder spoke and not the camera. Most recorders list only the channels that are online.
   */
  readonly recorder?: boolean;
  /** How video is asked for first; the other is tried once where the device refuses. TCP where absent. */
  readonly transport?: 'tcp' | 'udp';
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
  /** Asked before every first login of a prober; where absent, the probe keeps one of its own (`memoryGuard`). */
  readonly guard?: LoginGuard;
};

export type TimedStep = {
  readonly name: Step;
  readonly ok: boolean;
  readonly ms: number;
  /** Why a step failed, of those that do not decide the probe: ONVIF and snapshot have failures of their own. */
  readonly failure?: Failure;
};

export type Codec = 'h264' | 'h265' | 'mjpeg' | 'mpeg4';

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

/** `frozen` is told by whoever remembers the picture before. */
export type PictureFault = 'black' | 'white' | 'flat' | 'blurred' | 'frozen';

export type Device = {
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly firmware: string | null;
  readonly serial: string | null;
  /** Device clock minus ours, ms; null where the device told no UTC time. */
  readonly clockSkewMs: number | null;
  /** What the device says its stream is, with our host in place of whatever it named and without a password. */
  readonly streamUri: string | null;
  /** The stream of the smallest picture, where it lists more than one. */
  readonly subStreamUri: string | null;
  readonly snapshotUri: string | null;
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
