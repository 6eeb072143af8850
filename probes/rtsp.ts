import { type Failure, fail, isFailure } from './failure.ts';
import { addressOf } from './net/dial.ts';
import type { Codec, Context, Target, TimedStep } from './probe.ts';
import { Conversation } from './rtsp/conversation.ts';
import { header, type Response, wire } from './rtsp/message.ts';
import { codecOf, parseSdp } from './rtsp/sdp.ts';
import { Stream, type Wanted } from './rtsp/stream.ts';
import type { Transport } from './rtsp/transport.ts';
import { baseUrl, parseRtspUrl, type RtspUrl, resolveControl } from './rtsp/url.ts';

/**
 * What a visit is for: `answer` only asks whether the device speaks (OPTIONS, no login; a recorder DESCRIBE, with the
 * login where it asks for one), `keyframe` takes a picture.
 */
export type Want = 'answer' | 'keyframe';

export type Visit = {
  /** A valid RTSP message came from the device. */
  readonly heard: boolean;
  readonly failure: Failure | null;
  readonly steps: readonly TimedStep[];
  readonly codec: Codec | null;
  /** One whole key frame, as its codec's decoder takes it (H.264 and H.265: Annex B with the parameter sets). */
  readonly keyframe: Buffer | null;
  /** What came from the device until now, over TCP (inside TLS) and UDP; 0 where nothing came. */
  readonly bytes: number;
  /** Ends when the device was left: TEARDOWN answered or given up, and everything closed. Never rejects. */
  readonly left: Promise<void>;
};

const unheard = { heard: false, steps: [], codec: null, keyframe: null, bytes: 0, left: Promise.resolve() } as const;

/**
 * Visits one camera over RTSP (RFC 2326), also inside TLS: DESCRIBE, SETUP, PLAY, one key frame, TEARDOWN. Resolves at
 * the deadline at the latest, the time that the login guard took put on top; leaving the device goes on in `left`, for
 * at most one second. Rejects only where the guard does.
 */
export const visit = async (target: Target, context: Context, want: Want): Promise<Visit> => {
  const end = context.now() + target.deadlineMs;
  const parsed = parseRtspUrl(target.url);
  if (parsed === null) return { ...unheard, failure: fail('internal', 'connect', 'not an rtsp:// or rtsps:// URL') };
  const url = { ...parsed, request: wire(parsed.request) };
  const found = addressOf(url.host, 'connect', end - context.now(), context.signal);
  const address = found instanceof Promise ? await found : found;
  if (typeof address !== 'string') return { ...unheard, failure: address };
  const talk = new Conversation(target, context, url, address, end);
  let stream: Stream | null = null;
  let left: Promise<void> | null = null;
  const leave = (): Promise<void> => {
    left ??= stream === null ? talk.leave() : talk.leave().then(() => stream?.close());
    return left;
  };
  try {
    let failure = await talk.timed('connect', () => talk.connect());
    if (failure === null && want === 'answer') failure = await answer(talk, url, target.recorder === true);
    else if (failure === null) {
      const wanted = await describedVideo(talk, url);
      if (isFailure(wanted)) failure = wanted;
      else {
        stream = new Stream(talk, wanted, address, context);
        failure = await stream.fetch(...transports(target, url));
      }
    }
    // The device is left while the guard writes down what it must: neither waits for the other.
    leave();
    const settling = talk.settle();
    if (settling !== null) await settling;
    const { heard, steps } = talk;
    const { codec = null, keyframe = null } = stream ?? {};
    return { heard, failure, steps, codec, keyframe, bytes: talk.intake.bytes, left: leave() };
  } finally {
    leave();
  }
};

/** What is asked for first, and what is tried after that. */
const transports = ({ transport = 'tcp' }: Target, { secure }: RtspUrl): [Transport, Transport | null] => {
  // What is asked for inside TLS does not travel in clear beside it: no UDP, whatever the target says.
  if (secure) return ['tcp', null];
  return transport === 'tcp' ? ['tcp', 'udp'] : ['udp', 'tcp'];
};

/** A recorder answers OPTIONS for any channel, also one whose camera is gone; DESCRIBE is answered for the channel. */
const answer = (talk: Conversation, url: RtspUrl, recorder: boolean): Promise<Failure | null> =>
  talk.timed('describe', async () => {
    const response = recorder ? await talk.describe('describe') : await talk.send('describe', 'OPTIONS', url.request);
    return isFailure(response) ? response : null;
  });

const describedVideo = async (talk: Conversation, url: RtspUrl): Promise<Wanted | Failure> => {
  let described: Response | Failure | undefined;
  const failure = await talk.timed('describe', async () => {
    described = await talk.describe('describe');
    return isFailure(described) ? described : null;
  });
  return failure ?? wantedOf(described as Response, url.request);
};

/** The video to ask for, and the URLs that the device gives it, on the host that was asked. */
const wantedOf = ({ body, headers }: Response, request: string): Wanted | Failure => {
  const description = parseSdp(body.toString('latin1'));
  if (description === null) return fail('bad_sdp', 'describe', `${body.length} bytes without a media line`);
  const videos = description.medias.filter(({ kind }) => kind === 'video');
  if (videos.length === 0) {
    const kinds = description.medias.map(({ kind }) => kind).join(', ');
    return fail('no_video', 'describe', `the description holds only: ${kinds}`);
  }
  // Where a device offers a JPEG track first, the stream that is recorded is the other one.
  const media =
    videos.find((candidate) => ['h264', 'h265'].includes(codecOf(candidate) ?? '')) ??
    videos.find((candidate) => codecOf(candidate) !== null);
  if (media === undefined) {
    return fail('unsupported_codec', 'describe', videos.map(({ encoding }) => encoding).join(', '));
  }
  const base = baseUrl(request, header(headers, 'content-base') ?? header(headers, 'content-location'));
  return {
    codec: codecOf(media)!,
    media,
    track: resolveControl(request, base, media.control),
    aggregate: resolveControl(request, base, description.control),
  };
};
