/** The only door into the library: what a camera says, without database, queue, environment, config or logger. */
export type { CameraObservation, CameraProbe } from './camera.ts';
export { probeCamera } from './camera.ts';
export type { Answer, Failure, FailureFacts, FailureKind, Origin, Party, Step } from './failure.ts';
export { fail, failures } from './failure.ts';
export { type Held, type LoginGuard, type LoginService, memoryGuard } from './guard.ts';
export { onStop } from './net/stop.ts';
export { confinement } from './picture/confine.ts';
export type { Decoded, Decoder } from './picture/decoded.ts';
export { openDecoder } from './picture/pool.ts';
export type {
  Codec,
  Context,
  Device,
  Login,
  Observation,
  Picture,
  PictureFault,
  Prober,
  Target,
  TimedStep,
  Trust,
  Video,
} from './probe.ts';
export { parseRtspUrl, type RtspUrl, strikePasswords } from './rtsp/url.ts';
