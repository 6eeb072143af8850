import { imageAfter, onlineAfter } from './failure.ts';
import { visitDevice } from './onvif.ts';
import type { Decoder } from './picture/decoded.ts';
import { prove } from './picture.ts';
import type { Context, Observation, Target } from './probe.ts';
import { visit, type Want } from './rtsp.ts';

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
};

export type CameraObservation = Observation & {
  readonly jpeg: Buffer | null;
  /** A login was sent and the device did not accept it, be it in words or by silence. */
  readonly loginUnproven: boolean;
  /** Ends when the device was left; until then a connection to its host may stand. */
  readonly left: Promise<void>;
};

/**
 * One whole probe of one camera, exactly as a county is judged: RTSP up to a decoded picture, and ONVIF where RTSP
 * leaves open whether the device lives. The same for the command line and for the workers.
 */
export const probeCamera = async (target: Target, context: Context, how: CameraProbe): Promise<CameraObservation> => {
  const begun = context.now();
  const rtsp = await visit(target, context, how.want);
  const steps = [...rtsp.steps];
  let { failure, heard } = rtsp;
  const fetched = context.now();
  const proof =
    rtsp.codec !== null && rtsp.keyframe !== null
      ? await prove(how.decoder, rtsp.codec, rtsp.keyframe, how.evidence, context)
      : null;
  const decoding = context.now() - fetched;
  if (proof !== null) {
    steps.push(proof.step);
    failure = proof.failure;
  }
  let device = null;
  const unheard = !heard && failure?.origin !== 'ours';
  if (target.onvifUrl !== undefined && (how.onvif === 'facts' || unheard)) {
    await rtsp.left;
    // RTSP and ONVIF share one budget of failed logins on most makes: what RTSP did not accept is not tried again.
    const login = rtsp.loginUnproven ? ({ refused: 'by RTSP', as: 'unauthorized' } as const) : target.login;
    const deadlineMs = target.deadlineMs - (context.now() - begun - decoding);
    if (deadlineMs > 0) {
      const ask = how.onvif === 'facts' ? 'facts' : 'clock';
      const asked = await visitDevice({ ...target, login, deadlineMs }, context, ask);
      steps.push(...asked.steps);
      heard ||= asked.heard;
      device = asked.device;
      // Whether the device lives was ours to find out, and we did not.
      if (!heard && asked.failure?.origin === 'ours') failure = asked.failure;
    }
  }
  return {
    online: onlineAfter(heard, failure),
    image: how.want === 'answer' ? 'unknown' : failure === null ? 'yes' : imageAfter(failure),
    steps,
    failure,
    video: proof?.video ?? null,
    picture: proof?.picture ?? null,
    device,
    jpeg: proof?.jpeg ?? null,
    loginUnproven: rtsp.loginUnproven,
    left: rtsp.left,
  };
};
