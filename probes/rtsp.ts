import { type Failure, type FailureKind, fail, isFailure, type Step } from './failure.ts';
import { addressOf } from './net/dial.ts';
import type { Codec, Context, Target, TimedStep } from './probe.ts';
import { Connection } from './rtsp/connection.ts';
import { KeyframeCollector } from './rtsp/keyframe.ts';
import { header, type Response, wire } from './rtsp/message.ts';
import { codecOf, type Media, parseSdp } from './rtsp/sdp.ts';
import { Session } from './rtsp/session.ts';
import { baseUrl, parseRtspUrl, resolveControl } from './rtsp/url.ts';

/** Time limits of single steps, ms; the probe's own deadline always comes first. */
const limits = { connect: 3_000, answer: 5_000, teardown: 1_000, closing: 10 } as const;

/**
 * Part of the whole that a device gets for its first word where it can be asked over ONVIF too: one whose RTSP service
 * hangs and whose ONVIF service answers is online.
 */
const firstWord = 0.6;

/** What a visit is for: `answer` only asks whether the device speaks (OPTIONS, no login), `keyframe` takes a picture. */
export type Want = 'answer' | 'keyframe';

export type Visit = {
  /** A valid RTSP message came from the device. */
  readonly heard: boolean;
  readonly failure: Failure | null;
  readonly steps: readonly TimedStep[];
  readonly codec: Codec | null;
  /** One whole key frame with its parameter sets, Annex B. */
  readonly keyframe: Buffer | null;
  /** A login was sent and not accepted: sent again, by whatever protocol, it may be the one that locks the account. */
  readonly loginUnproven: boolean;
  /** Ends when the device was left: TEARDOWN answered or given up, and the connection closed. Never rejects. */
  readonly left: Promise<void>;
};

/**
 * Visits one camera over RTSP/TCP (RFC 2326): DESCRIBE, SETUP interleaved, PLAY, one key frame, TEARDOWN. Resolves at
 * the deadline at the latest; leaving the device goes on in `left`, for at most one second.
 */
export const visit = async (target: Target, context: Context, want: Want): Promise<Visit> => {
  const visitor = new Visitor(target, context);
  const failure = await visitor.run(want);
  const { found, heard, steps, loginUnproven } = visitor;
  return { ...found, failure, heard, steps, loginUnproven, left: visitor.leave() };
};

const statusKinds: Readonly<Record<number, FailureKind>> = {
  403: 'forbidden',
  404: 'not_found',
  453: 'busy',
  503: 'busy',
  461: 'transport_refused',
};

class Visitor {
  readonly steps: TimedStep[] = [];
  found: { codec: Codec | null; keyframe: Buffer | null } = { codec: null, keyframe: null };
  heard = false;

  readonly #target: Target;
  readonly #context: Context;
  readonly #session: Session;
  readonly #end: number;
  readonly #left: Promise<void>[] = [];
  #connection: Connection | null = null;
  #address = '';
  #url = { host: '', port: 0, request: '' };
  #reconnected = false;
  #teardown = '';
  /** From a SETUP that was sent, because its answer may be what is missing, until one is refused without a session. */
  #sessionMayStand = false;

  constructor(target: Target, context: Context) {
    this.#target = target;
    this.#context = context;
    this.#session = new Session(target.login);
    this.#end = context.now() + target.deadlineMs;
  }

  get loginUnproven(): boolean {
    return this.#session.unproven;
  }

  async run(want: Want): Promise<Failure | null> {
    const url = parseRtspUrl(this.#target.url);
    if (url === null) return fail('internal', 'connect', 'not an rtsp:// URL');
    this.#url = { ...url, request: wire(url.request) };
    const address = await addressOf(url.host, 'connect', this.#remaining(), this.#context.signal);
    if (typeof address !== 'string') return address;
    this.#address = address;
    const dialled = await this.#timed('connect', () => this.#connect());
    if (dialled !== null) return dialled;
    return want === 'answer' ? this.#answer() : this.#picture();
  }

  /** Leaves every connection that was opened, TEARDOWN first where a session may stand. */
  leave(): Promise<void> {
    this.#leaveCurrent();
    return Promise.all(this.#left).then(() => undefined);
  }

  async #answer(): Promise<Failure | null> {
    return this.#timed('describe', async () => {
      const response = await this.#send('describe', 'OPTIONS', this.#url.request);
      return isFailure(response) ? response : null;
    });
  }

  async #picture(): Promise<Failure | null> {
    let described: Response | undefined;
    const notDescribed = await this.#timed('describe', async () => {
      const response = await this.#ask('describe', 'DESCRIBE', this.#url.request, [['Accept', 'application/sdp']]);
      if (isFailure(response)) return response;
      described = response;
      return null;
    });
    if (notDescribed !== null || described === undefined) return notDescribed;
    const description = parseSdp(described.body.toString('latin1'));
    if (description === null) return fail('bad_sdp', 'describe', `${described.body.length} bytes without a media line`);
    const videos = description.medias.filter((media) => media.kind === 'video');
    const media = videos.find((candidate) => codecOf(candidate) !== null);
    if (videos.length === 0) {
      const kinds = description.medias.map(({ kind }) => kind).join(', ');
      return fail('no_video', 'describe', `the description holds only: ${kinds}`);
    }
    if (media === undefined) {
      return fail('unsupported_codec', 'describe', videos.map(({ encoding }) => encoding).join(', '));
    }
    const base = baseUrl(
      this.#url.request,
      header(described.headers, 'content-base') ?? header(described.headers, 'content-location'),
    );
    const aggregate = resolveControl(this.#url.request, base, description.control);
    this.found.codec = codecOf(media);
    return this.#stream(media, codecOf(media)!, resolveControl(this.#url.request, base, media.control), aggregate);
  }

  async #stream(media: Media, codec: Codec, track: string, aggregate: string): Promise<Failure | null> {
    const notSetUp = await this.#timed('setup', async () => {
      this.#teardown = aggregate;
      const transport: [string, string] = ['Transport', 'RTP/AVP/TCP;unicast;interleaved=0-1'];
      const response = await this.#ask('setup', 'SETUP', track, [transport]);
      return isFailure(response) ? response : null;
    });
    if (notSetUp !== null) return notSetUp;
    const collector = new KeyframeCollector(codec, media.payloadType, media.parameterSets);
    this.#connection!.listen((channel, bytes, from, to) => {
      // RTCP and foreign channels say nothing of the picture.
      if (channel % 2 === 1 || this.found.keyframe !== null) return false;
      this.found.keyframe = collector.push(bytes, from, to);
      return this.found.keyframe !== null;
    });
    const notPlaying = await this.#timed('play', async () => {
      const response = await this.#ask('play', 'PLAY', aggregate, [['Range', 'npt=0.000-']]);
      return isFailure(response) ? response : null;
    });
    if (notPlaying !== null) return notPlaying;
    return this.#timed('keyframe', async () => {
      const failure = await this.#connection!.media('keyframe', this.#remaining());
      if (failure === null || failure.origin === 'ours') return failure;
      const { packets, gaps, spoilt } = collector;
      const seen = `${packets} packets, ${gaps} gaps, ${spoilt} spoilt key frames`;
      if (failure.kind === 'closed') return fail('closed', 'keyframe', `${failure.detail}; ${seen}`);
      return fail(packets === 0 ? 'no_media' : 'no_keyframe', 'keyframe', `${seen} in ${failure.detail}`);
    });
  }

  #remaining(): number {
    return this.#end - this.#context.now();
  }

  async #timed(name: Step, step: () => Promise<Failure | null>): Promise<Failure | null> {
    const begun = this.#context.now();
    const failure = await step();
    this.steps.push({ name, ok: failure === null, ms: Math.round((this.#context.now() - begun) * 10) / 10 });
    return failure;
  }

  async #connect(): Promise<Failure | null> {
    const allow = this.#target.allow ?? (() => true);
    if (!allow(this.#address)) return fail('address_not_allowed', 'connect', this.#address);
    this.#connection = new Connection(this.#address, this.#url.port, allow, this.#context);
    return this.#connection.connected(Math.min(limits.connect, this.#remaining()));
  }

  #leaveCurrent(): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    const teardown = this.#sessionMayStand ? this.#session.request('TEARDOWN', this.#teardown) : null;
    this.#left.push(connection.leave(teardown, limits.teardown));
  }

  /** One request and its answer, whatever its status. */
  async #send(
    step: Step,
    method: string,
    url: string,
    headers: readonly (readonly [string, string])[] = [],
  ): Promise<Response | Failure> {
    const connection = this.#connection!;
    if (method === 'SETUP') this.#sessionMayStand = true;
    const text = this.#session.request(method, url, headers);
    const { onvifUrl, deadlineMs } = this.#target;
    const mute = !this.heard && onvifUrl !== undefined;
    const patience = mute ? Math.min(limits.answer, firstWord * deadlineMs) : limits.answer;
    const response = await connection.request(step, text, Math.min(patience, this.#remaining()));
    if (connection.heard) this.heard = true;
    if (isFailure(response)) return response;
    this.#session.note(response);
    if (method === 'SETUP' && response.status >= 300 && this.#session.id === null) this.#sessionMayStand = false;
    return response;
  }

  /** One request up to its 200, with the login where the device asks for one. Redirects are never followed. */
  async #ask(
    step: Step,
    method: string,
    url: string,
    headers: readonly (readonly [string, string])[],
  ): Promise<Response | Failure> {
    for (;;) {
      const response = await this.#send(step, method, url, headers);
      if (isFailure(response)) return response;
      const { status, reason } = response;
      if (status >= 200 && status < 300) return response;
      const said = `${method}: ${status} ${reason}`.slice(0, 120);
      if (status >= 300 && status < 400) return fail('redirected', step, said);
      if (status !== 401) return fail(statusKinds[status] ?? 'rtsp_error', step, said);
      const next = this.#session.challenged(response);
      if (next === 'refused') return fail('unauthorized', step, `${said} to a login`);
      if (next === 'known_refused') {
        const { login } = this.#target;
        const kind = login !== null && 'as' in login ? login.as : 'unauthorized';
        return fail(kind, step, `${said}; no login tried, refused before`);
      }
      if (next === 'no_credentials') return fail('no_credentials', step, said);
      if (next === 'unsupported') {
        const offered = (response.headers.get('www-authenticate') ?? ['nothing']).map((v) => v.split(/[\s,]/)[0]);
        return fail('auth_unsupported', step, `offered: ${offered.join(', ')}`);
      }
      const lost = await this.#reopen(response);
      if (lost !== null) return lost;
    }
  }

  /**
   * Some devices close TCP with their 401 (retina#45): dialled again once, the request then carries the login. Their
   * FIN comes right behind; waited for, because a login into a closing connection is lost and is not sent twice.
   */
  async #reopen(response: Response): Promise<Failure | null> {
    const closing = header(response.headers, 'connection')?.toLowerCase() === 'close';
    if (!closing && (await this.#connection!.stands(limits.closing))) return null;
    if (this.#reconnected) return fail('closed', 'connect', 'closed with each 401');
    this.#reconnected = true;
    this.#leaveCurrent();
    return this.#connect();
  }
}
