import { type Failure, imageAfter, onlineAfter } from './failure.ts';
import { type Held, type LoginGuard, type LoginService, memoryGuard } from './guard.ts';
import { visitDevice } from './onvif.ts';
import type { Decoder } from './picture/decoded.ts';
import { type Proof, prove } from './picture.ts';
import type { Codec, Context, Device, Observation, Target, TimedStep } from './probe.ts';
import { visit, type Want } from './rtsp.ts';
import { visitSnapshot } from './snapshot.ts';

export type CameraProbe = {
  readonly want: Want;
  readonly decoder: Decoder;
  /** Also take a JPEG of 320 px width as evidence. */
  readonly evidence: boolean;
  /**
   * Within what RTSP left of the deadline. `ifUnheard`: ask the ONVIF clock only where RTSP said nothing valid;
   * `facts`: also who the device is.
   */
  readonly onvif: 'ifUnheard' | 'facts';
  /**
   * `proves`: where the stream gave no picture, a decoded snapshot is one. `ask`: the snapshot is a step to look at and
   * says nothing of the picture: many devices serve the last one that they took.
   */
  readonly snapshot: 'never' | 'ask' | 'proves';
};

export type CameraObservation = Observation & {
  readonly jpeg: Buffer | null;
  /** Of the picture's grey pixels, 16 hexadecimal digits: the same one twice is a picture that stands still. */
  readonly fingerprint: string | null;
  /** What the picture came by; null where none did. */
  readonly provedBy: 'stream' | 'snapshot' | null;
  /** What came from the device over RTSP, TCP (inside TLS) and UDP together; 0 where nothing came. */
  readonly bytes: number;
  /** Ends when the device was left; until then a connection to its host may stand. */
  readonly left: Promise<void>;
};

/**
 * One whole probe of one camera, exactly as a county is judged: RTSP up to a decoded picture, ONVIF where RTSP leaves
 * open whether the device lives, a snapshot where the policy takes one. The same for the command line and the workers.
 * One connection at a time, and one guard for all three.
 */
export const probeCamera = async (target: Target, context: Context, how: CameraProbe): Promise<CameraObservation> => {
  const begun = context.now();
  // Decoding and the waiting for a guard are not the device's time.
  let decoding = 0;
  const guard = new TimedGuard(context);
  const guarded: Context = { ...context, guard };
  const remaining = (): Target => {
    const spent = context.now() - begun - decoding - guard.spent;
    return { ...target, deadlineMs: target.deadlineMs - spent };
  };
  const decode = async (codec: Codec, bytes: Buffer): Promise<Proof> => {
    const from = context.now();
    const proof = await prove(how.decoder, codec, bytes, how.evidence, context);
    decoding += context.now() - from;
    return proof;
  };

  const rtsp = await visit(target, guarded, how.want);
  const leaving: Promise<void>[] = [rtsp.left];
  const steps: TimedStep[] = [...rtsp.steps];
  let { heard, failure } = rtsp;
  let proof: Proof | null = null;
  if (rtsp.codec !== null && rtsp.keyframe !== null) {
    proof = await decode(rtsp.codec, rtsp.keyframe);
    steps.push(proof.step);
    failure = proof.failure;
  }
  let provedBy: CameraObservation['provedBy'] = proof !== null && failure === null ? 'stream' : null;

  let device: Device | null = null;
  const unheard = !heard && failure?.origin !== 'ours';
  if (target.onvifUrl !== undefined && (how.onvif === 'facts' || unheard)) {
    await rtsp.left;
    const rest = remaining();
    if (rest.deadlineMs > 0) {
      const asked = await visitDevice(rest, guarded, how.onvif === 'facts' ? 'facts' : 'clock');
      leaving.push(asked.left);
      steps.push(...explained(asked.steps, asked.failure));
      // A recorder that lives says nothing of a channel that is silent.
      if (target.recorder !== true) heard ||= asked.heard;
      device = asked.device;
      // Whether the device lives was ours to find out, and we did not.
      if (!heard && asked.failure?.origin === 'ours') failure = asked.failure;
    }
  }

  const reached = failure;
  const wanted = how.snapshot === 'ask' || (how.snapshot === 'proves' && how.want === 'keyframe' && failure !== null);
  if (target.snapshotUrl !== undefined && wanted && !context.signal.aborted) {
    await rtsp.left;
    const rest = remaining();
    if (rest.deadlineMs > 0) {
      const snapshot = await visitSnapshot(rest, guarded);
      leaving.push(snapshot.left);
      const shown = snapshot.jpeg === null ? null : await decode('mjpeg', snapshot.jpeg);
      // A step fails with what the picture turns out to be: a JPEG that does not decode is no snapshot.
      const wrong = snapshot.failure ?? shown?.failure ?? null;
      steps.push(...explained(snapshot.steps, wrong));
      // What kept a proof from being made, and is not the camera's, leaves the picture unknown.
      if (wrong !== null && how.snapshot === 'proves' && imageAfter(wrong) === 'unknown') failure = wrong;
      if (wrong === null && how.snapshot === 'proves') {
        proof = shown;
        provedBy = 'snapshot';
        // A picture of now is an answer of the device; a JPEG that proves nothing may be a web server's before a dead one.
        heard = true;
        failure = null;
      }
    }
  }

  const missing = target.recorder === true && reached?.kind === 'not_found' && provedBy === null;
  return {
    online: missing ? 'no' : onlineAfter(heard, reached),
    image: how.want === 'answer' ? 'unknown' : failure === null ? 'yes' : imageAfter(failure),
    steps,
    failure,
    video: proof?.video ?? null,
    picture: proof?.picture ?? null,
    device,
    jpeg: proof?.jpeg ?? null,
    fingerprint: proof?.fingerprint ?? null,
    provedBy,
    bytes: rtsp.bytes,
    left: leaving.length === 1 ? rtsp.left : Promise.all(leaving).then(() => undefined),
  };
};

/** The step that failed says why; a snapshot that does not decode is a snapshot that failed. */
const explained = (steps: readonly TimedStep[], failure: Failure | null): TimedStep[] => {
  if (failure === null) return [...steps];
  const named = steps.findIndex(({ name }) => name === failure.step);
  const failed = named === -1 ? steps.length - 1 : named;
  return steps.map((step, nth) => (nth === failed ? { ...step, ok: false, failure } : step));
};

/** The caller's guard, or one that remembers for this probe; counts the time spent in it, ms. */
class TimedGuard implements LoginGuard {
  spent = 0;
  readonly #now: () => number;
  #guard: LoginGuard | undefined;

  constructor({ guard, now }: Context) {
    this.#guard = guard;
    this.#now = now;
  }

  mayTry(service: LoginService): Promise<Held | null> {
    return this.#timed((guard) => guard.mayTry(service));
  }

  accepted(service: LoginService): Promise<void> {
    return this.#timed((guard) => guard.accepted(service));
  }

  refused(
    service: LoginService,
    kind: 'unauthorized' | 'forbidden',
    detail: string,
  ): ReturnType<LoginGuard['refused']> {
    return this.#timed((guard) => guard.refused(service, kind, detail));
  }

  unanswered(service: LoginService): Promise<void> {
    return this.#timed((guard) => guard.unanswered(service));
  }

  withdrawn(service: LoginService): Promise<void> {
    return this.#timed((guard) => guard.withdrawn(service));
  }

  async #timed<T>(ask: (guard: LoginGuard) => Promise<T>): Promise<T> {
    // Made when it is needed: most probes of a sweep send no login.
    this.#guard ??= memoryGuard();
    const begun = this.#now();
    try {
      return await ask(this.#guard);
    } finally {
      this.spent += this.#now() - begun;
    }
  }
}
