import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { CameraState } from './camera-state.ts';
import { streamPath } from './city.ts';
import { type Clock, Player, placeBefore } from './player.ts';
import { Login } from './rtsp-login.ts';
import { header, type Request, takeRequests } from './rtsp-request.ts';
import { beRude, hangUp } from './rude.ts';
import { describe } from './sdp.ts';
import type { Tally } from './tally.ts';

/** Each answer of a slow camera is this late, ms. */
export const slowness = 300;
/** A late key frame comes this long after PLAY, s. */
const lateness = 1.5;

const reasons: Record<number, string> = {
  200: 'OK',
  302: 'Moved Temporarily',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  453: 'Not Enough Bandwidth',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  461: 'Unsupported Transport',
  500: 'Internal Server Error',
};

const methods = 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN';

type Answer = { readonly status: number; readonly headers?: readonly string[]; readonly body?: string };

/** One RTSP connection to a camera (RFC 2326), video interleaved on the same connection (10.12). */
class Connection {
  readonly #socket: Socket;
  readonly #state: CameraState;
  readonly #clock: Clock;
  readonly #tally: Tally;
  readonly #login: Login;
  readonly #session: string;
  #rest: Buffer = Buffer.alloc(0);
  #video: number | null = null;
  #audio: number | null = null;
  #player: Player | null = null;

  constructor(socket: Socket, state: CameraState, clock: Clock, tally: Tally) {
    this.#socket = socket;
    this.#state = state;
    this.#clock = clock;
    this.#tally = tally;
    const random = randomUUID();
    this.#login = new Login(state, random.replaceAll('-', ''));
    this.#session = `${Number.parseInt(random.slice(0, 8), 16)}`;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('close', () => this.#stop());
  }

  #take(bytes: Buffer): void {
    const taken = takeRequests(this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes);
    if (taken === null) {
      this.#socket.destroy();
      return;
    }
    this.#rest = taken.rest;
    for (const request of taken.requests) {
      if (this.#state.fault === 'slow') setTimeout(() => this.#serve(request), slowness);
      else this.#serve(request);
    }
  }

  #serve(request: Request): void {
    if (this.#socket.destroyed) return;
    const { status, headers = [], body = '' } = this.#answer(request);
    const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const lines = headers.map((line) => `${line}\r\n`).join('');
    // PLAY's answer and the key frame leave in one system call.
    this.#socket.cork();
    this.#socket.write(
      `RTSP/1.0 ${status} ${reasons[status]}\r\nCSeq: ${request.cseq}\r\n${lines}${length}\r\n${body}`,
    );
    if (request.method === 'PLAY' && status === 200) this.#start();
    this.#socket.uncork();
  }

  #answer(request: Request): Answer {
    const given = header(request, 'Session');
    if (given !== null && given !== this.#session) return { status: 454 };
    switch (request.method) {
      case 'OPTIONS':
        return { status: 200, headers: [`Public: ${methods}`] };
      case 'DESCRIBE':
        if (this.#state.fault === 'redirected')
          return { status: 302, headers: ['Location: rtsp://169.254.169.254/latest/meta-data'] };
        return this.#admit(request) ?? this.#describe(request);
      case 'SETUP':
        return this.#admit(request) ?? this.#setup(request);
      case 'PLAY':
        return this.#admit(request) ?? this.#play(request);
      case 'GET_PARAMETER':
        return { status: 200, headers: [this.#sessionHeader] };
      case 'TEARDOWN':
        this.#tally.teardowns += 1;
        this.#stop();
        return { status: 200 };
      default:
        return { status: 405, headers: [`Allow: ${methods}`] };
    }
  }

  /** Why the request is not answered as asked; null where it is. */
  #admit(request: Request): Answer | null {
    const verdict = this.#login.check(request.method, header(request, 'Authorization'));
    if (verdict === 'wrong') this.#state.failedLogins += 1;
    if (verdict !== 'accepted')
      return { status: 401, headers: [`WWW-Authenticate: ${this.#login.challenge(verdict === 'stale')}`] };
    if (!request.url.includes(streamPath(this.#state.camera)) || this.#state.fault === 'not_found')
      return { status: 404 };
    return this.#state.fault === 'forbidden' ? { status: 403 } : null;
  }

  #describe(request: Request): Answer {
    const { camera, track, traits, fault } = this.#state;
    const media = { video: fault !== 'no_video', audio: traits.audio || fault === 'no_video' };
    return {
      status: 200,
      headers: ['Content-Type: application/sdp', `Content-Base: ${request.url}/`],
      body: describe(camera.address, track, media),
    };
  }

  get #sessionHeader(): string {
    return `Session: ${this.#session};timeout=60`;
  }

  #setup(request: Request): Answer {
    this.#state.setups += 1;
    const { fault } = this.#state;
    if (fault === 'rtsp_error') return { status: 500 };
    if (fault === 'busy' || (fault === 'busy_once' && this.#state.setups === 1)) return { status: 453 };
    const transport = header(request, 'Transport') ?? '';
    if (!/RTP\/AVP\/TCP/i.test(transport)) return { status: 461 };
    const audio = /trackID=2\/?$/.test(request.url);
    const channel = Number(/interleaved=(\d{1,3})/i.exec(transport)?.[1] ?? (audio ? 2 : 0)) & 0xff;
    if (audio) this.#audio = channel;
    else this.#video = channel;
    return {
      status: 200,
      headers: [
        this.#sessionHeader,
        `Transport: RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1};ssrc=78756E6A`,
      ],
    };
  }

  #play(request: Request): Answer {
    if ((this.#video === null && this.#audio === null) || this.#player !== null) return { status: 455 };
    const { sequence, timestamp } = this.#state.track.frames[this.#place()]!;
    const url = `${request.url.replace(/\/$/, '')}/trackID=1`;
    return {
      status: 200,
      headers: [this.#sessionHeader, `Range: npt=0.000-`, `RTP-Info: url=${url};seq=${sequence};rtptime=${timestamp}`],
    };
  }

  /** A play begins with the key frame after that of the play before, so that no two probes in a row get one picture. */
  #place(): number {
    const { track, plays, fault } = this.#state;
    const key = track.keys[plays % track.keys.length]!;
    if (fault === 'late_keyframe') return placeBefore(track, key, lateness);
    return fault === 'no_keyframe' ? key + 1 : key;
  }

  #start(): void {
    const { track, fault } = this.#state;
    const place = this.#place();
    this.#state.plays += 1;
    this.#tally.plays += 1;
    if (fault === 'no_media' || this.#video === null) return;
    if (fault === 'truncated') {
      const { bytes } = track.frames[place]!;
      this.#socket.end(bytes.subarray(0, bytes.length >> 1));
      return;
    }
    const manner = fault === 'damaged' ? 'damaged' : fault === 'no_keyframe' ? 'inter_only' : 'sound';
    this.#player = new Player(this.#socket, track, { place, channel: this.#video, audioChannel: this.#audio, manner });
    this.#player.next();
    this.#clock.add(this.#player);
  }

  #stop(): void {
    if (this.#player !== null) this.#clock.remove(this.#player);
    this.#player = null;
  }
}

/** Serves one accepted connection to a camera's RTSP port. */
export const serveRtsp = (socket: Socket, state: CameraState, clock: Clock, tally: Tally): void => {
  state.connections += 1;
  if (state.fault === 'blip' && state.connections === 1) hangUp(socket, 'rtsp');
  else if (!beRude(state.fault, 'rtsp', socket)) new Connection(socket, state, clock, tally);
};
