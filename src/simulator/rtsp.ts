import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import type { CameraState, Device } from './camera-state.ts';
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

/** A recorder of the cheaper sort serves so many at once. */
const mostSessions = 4;
const nothing = Buffer.alloc(0);

/** One RTSP connection to a camera or a recorder (RFC 2326), video interleaved on the same connection (10.12). */
class Connection {
  readonly #socket: Socket;
  readonly #device: Device;
  readonly #clock: Clock;
  readonly #tally: Tally;
  readonly #login: Login;
  /** Made at the first SETUP: most visits only ask whether somebody is there. */
  #session: string | null = null;
  #rest: Buffer = nothing;
  #video: number | null = null;
  #audio: number | null = null;
  #player: Player | null = null;
  #holds = false;

  constructor(socket: Socket, device: Device, clock: Clock, tally: Tally) {
    this.#socket = socket;
    this.#device = device;
    this.#clock = clock;
    this.#tally = tally;
    this.#login = new Login(device);
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
      if (this.#device.at(request.url)?.fault === 'slow') setTimeout(() => this.#serve(request), slowness);
      else this.#serve(request);
    }
  }

  #serve(request: Request): void {
    if (this.#socket.destroyed) return;
    const { status, headers = [], body = '' } = this.#answer(request);
    let text = `RTSP/1.0 ${status} ${reasons[status]}\r\nCSeq: ${request.cseq}\r\n`;
    for (const line of headers) text += `${line}\r\n`;
    text += body === '' ? '\r\n' : `Content-Length: ${body.length}\r\n\r\n${body}`;
    this.#device.meter?.add(text.length);
    if (request.method !== 'PLAY' || status !== 200) {
      this.#socket.write(text, 'latin1');
      return;
    }
    // PLAY's answer and the key frame leave in one system call.
    this.#socket.cork();
    this.#socket.write(text, 'latin1');
    this.#start(this.#device.at(request.url)!);
    this.#socket.uncork();
  }

  #answer(request: Request): Answer {
    const given = header(request, 'Session');
    if (given !== null && given !== this.#session) return { status: 454 };
    switch (request.method) {
      case 'OPTIONS':
        return { status: 200, headers: [`Public: ${methods}`] };
      case 'DESCRIBE':
        if (this.#device.fault === 'redirected')
          return { status: 302, headers: ['Location: rtsp://169.254.169.254/latest/meta-data'] };
        return this.#admitted(request, (state) => this.#describe(request, state));
      case 'SETUP':
        return this.#admitted(request, (state) => this.#setup(request, state));
      case 'PLAY':
        return this.#admitted(request, (state) => this.#play(request, state));
      case 'GET_PARAMETER':
        return { status: 200, headers: this.#session === null ? [] : [this.#sessionHeader] };
      case 'TEARDOWN':
        this.#tally.teardowns += 1;
        this.#stop();
        return { status: 200 };
      default:
        return { status: 405, headers: [`Allow: ${methods}`] };
    }
  }

  /** Answers as asked where the login is right and the stream is there; else says why not. */
  #admitted(request: Request, answer: (state: CameraState) => Answer): Answer {
    const verdict = this.#login.check(request.method, header(request, 'Authorization'));
    if (verdict === 'wrong') this.#device.failedLogins += 1;
    if (verdict !== 'accepted')
      return { status: 401, headers: [`WWW-Authenticate: ${this.#login.challenge(verdict === 'stale')}`] };
    const state = this.#device.at(request.url);
    if (state === null || !request.url.includes(streamPath(state.camera)) || state.fault === 'not_found')
      return { status: 404 };
    return state.fault === 'forbidden' ? { status: 403 } : answer(state);
  }

  #describe(request: Request, { camera, track, fault }: CameraState): Answer {
    const media = { video: fault !== 'no_video', audio: this.#device.traits.audio || fault === 'no_video' };
    return {
      status: 200,
      headers: ['Content-Type: application/sdp', `Content-Base: ${request.url}/`],
      body: describe(camera.address, track, media),
    };
  }

  get #sessionHeader(): string {
    this.#session ??= `${randomInt(2 ** 32)}`;
    return `Session: ${this.#session};timeout=60`;
  }

  #setup(request: Request, state: CameraState): Answer {
    state.setups += 1;
    const { fault } = state;
    if (fault === 'rtsp_error') return { status: 500 };
    if (fault === 'busy' || (fault === 'busy_once' && state.setups === 1)) return { status: 453 };
    if (!this.#holds && this.#device.isRecorder && this.#device.sessions >= mostSessions) return { status: 453 };
    const transport = header(request, 'Transport') ?? '';
    if (!/RTP\/AVP\/TCP/i.test(transport)) return { status: 461 };
    const audio = /trackID=2\/?$/.test(request.url);
    const channel = Number(/interleaved=(\d{1,3})/i.exec(transport)?.[1] ?? (audio ? 2 : 0)) & 0xff;
    if (audio) this.#audio = channel;
    else this.#video = channel;
    if (!this.#holds) this.#device.sessions += 1;
    this.#holds = true;
    return {
      status: 200,
      headers: [
        this.#sessionHeader,
        `Transport: RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1};ssrc=78756E6A`,
      ],
    };
  }

  #play(request: Request, state: CameraState): Answer {
    if ((this.#video === null && this.#audio === null) || this.#player !== null) return { status: 455 };
    const { sequence, timestamp } = state.track.frames[placeOf(state)]!;
    const url = `${request.url.replace(/\/$/, '')}/trackID=1`;
    return {
      status: 200,
      headers: [this.#sessionHeader, `Range: npt=0.000-`, `RTP-Info: url=${url};seq=${sequence};rtptime=${timestamp}`],
    };
  }

  #start(state: CameraState): void {
    const { track, fault } = state;
    const place = placeOf(state);
    state.plays += 1;
    this.#tally.plays += 1;
    if (fault === 'no_media' || this.#video === null) return;
    if (fault === 'truncated') {
      const { bytes } = track.frames[place]!;
      this.#device.meter?.add(bytes.length >> 1);
      this.#socket.end(bytes.subarray(0, bytes.length >> 1));
      return;
    }
    const manner = fault === 'damaged' ? 'damaged' : fault === 'no_keyframe' ? 'inter_only' : 'sound';
    const at = { place, channel: this.#video, audioChannel: this.#audio, manner } as const;
    this.#player = new Player(this.#socket, this.#device.meter, track, at);
    this.#player.next();
    this.#clock.add(this.#player);
  }

  #stop(): void {
    if (this.#player !== null) this.#clock.remove(this.#player);
    this.#player = null;
    if (this.#holds) this.#device.sessions -= 1;
    this.#holds = false;
  }
}

/** A play begins with the key frame after that of the play before, so that no two probes in a row get one picture. */
const placeOf = ({ track, plays, fault }: CameraState): number => {
  const key = track.keys[plays % track.keys.length]!;
  if (fault === 'late_keyframe') return placeBefore(track, key, lateness);
  return fault === 'no_keyframe' ? key + 1 : key;
};

/** Serves one accepted connection to the RTSP port of a camera, or of the recorder that it is a channel of. */
export const serveRtsp = (
  socket: Socket,
  { device }: { readonly device: Device },
  clock: Clock,
  tally: Tally,
): void => {
  device.connections += 1;
  if (device.fault === 'blip' && device.connections === 1) hangUp(socket, 'rtsp');
  else if (!beRude(device.fault, 'rtsp', socket)) new Connection(socket, device, clock, tally);
};
