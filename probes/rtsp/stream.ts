import { type Failure, type FailureKind, fail, isFailure } from '../failure.ts';
import type { Codec, Context } from '../probe.ts';
import type { Conversation } from './conversation.ts';
import { header } from './message.ts';
import type { Media } from './sdp.ts';
import { Sources } from './sources.ts';
import { type Answered, askTcp, askUdp, readTransport, type Transport } from './transport.ts';
import { UdpPair } from './udp.ts';
import { strikePasswords } from './url.ts';

/** Part of what remains after which a stream over UDP that brought nothing is asked for over TCP. */
const udpShare = 0.4;
/** Shortest time between two keepalives, ms: a device may say "timeout=1". */
const leastKeepalive = 1_000;
/** What ends the wait for a key frame and is more than that none came. */
const speaking: ReadonlySet<FailureKind> = new Set(['closed', 'no_keyframe', 'rtsp_error', 'tls_failed']);
/** How long the announced SSRC is waited for where a whole key frame of another one is there, ms. */
const strayPatience = 1_000;

/** The video of a description, by the URLs by which it is asked for. */
export type Wanted = {
  readonly codec: Codec;
  readonly media: Media;
  readonly track: string;
  readonly aggregate: string;
};

/** SETUP, PLAY and the first whole key frame of one video, over TCP and UDP. */
export class Stream {
  keyframe: Buffer | null = null;
  readonly #talk: Conversation;
  readonly #wanted: Wanted;
  readonly #context: Context;
  readonly #address: string;
  #pair: UdpPair | null = null;
  /** `null` until SETUP was answered, and again when nothing is listened to any more. */
  #sources: Sources | null = null;
  #strayTimer: NodeJS.Timeout | null = null;

  /** `address`: the camera's own, the only one that datagrams are taken from. */
  constructor(talk: Conversation, wanted: Wanted, address: string, context: Context) {
    this.#talk = talk;
    this.#wanted = wanted;
    this.#address = address;
    this.#context = context;
    talk.aggregate = wanted.aggregate;
  }

  get codec(): Codec {
    return this.#wanted.codec;
  }

  /** Asks over `first`, and once over the other where that is refused or, over UDP, brings nothing. */
  async fetch(first: Transport, other: Transport | null): Promise<Failure | null> {
    const failure = await this.#over(first, other === null ? 1 : udpShare);
    const another = failure?.kind === 'transport_refused' || (first === 'udp' && failure?.kind === 'no_media');
    if (failure === null || other === null || !another || this.#talk.remaining <= 0) return failure;
    const lost = await this.#talk.restart(failure.step);
    if (lost !== null) return lost;
    const second = await this.#over(other, 1);
    // Nothing over the one and a refusal of the other is not what "accepts neither" says.
    return second?.kind === 'transport_refused' && failure.kind === 'no_media' ? failure : second;
  }

  /** Takes nothing any more; sockets of our own are closed. */
  close(): void {
    this.#deafen();
    this.#pair?.close();
    this.#pair = null;
  }

  async #over(transport: Transport, udpPart: number): Promise<Failure | null> {
    this.close();
    try {
      const notSetUp = await this.#talk.timed('setup', () =>
        transport === 'tcp' ? this.#setUpTcp() : this.#setUpUdp(),
      );
      if (notSetUp !== null) return notSetUp;
      const notPlaying = await this.#talk.timed('play', async () => {
        const response = await this.#talk.ask('play', 'PLAY', this.#wanted.aggregate, [['Range', 'npt=0.000-']]);
        return isFailure(response) ? response : null;
      });
      if (notPlaying !== null) return notPlaying;
      return await this.#talk.timed('keyframe', () => this.#fetchKeyframe(transport, udpPart));
    } finally {
      this.#deafen();
    }
  }

  async #fetchKeyframe(transport: Transport, udpPart: number): Promise<Failure | null> {
    const sources = this.#sources!;
    const begun = this.#context.now();
    const patience = this.#talk.remaining * (transport === 'udp' ? udpPart : 1);
    const failure = await this.#wait(sources, begun + patience);
    if (failure === null || failure.origin === 'ours') return failure;
    this.keyframe ??= sources.stray;
    if (this.keyframe !== null) return null;
    const { packets, gaps, spoilt, foreign } = sources.tally;
    const others = foreign === 0 ? '' : `, ${foreign} packets of another SSRC`;
    const seen = `${packets} packets, ${gaps} gaps, ${spoilt} spoilt key frames${others}`;
    const { kind } = failure;
    if (speaking.has(kind)) return fail(kind, 'keyframe', `${failure.detail}; ${seen}`);
    const spent = `${Math.round(this.#context.now() - begun)} ms over ${transport.toUpperCase()}`;
    return fail(packets === 0 ? 'no_media' : 'no_keyframe', 'keyframe', `${seen} in ${spent}`);
  }

  async #setUpTcp(): Promise<Failure | null> {
    const answered = await this.#setUp(askTcp, 'tcp');
    if (isFailure(answered)) return answered;
    const channel = answered.channel ?? 0;
    // RTCP and channels that nobody agreed on say nothing of the picture.
    this.#talk.listen((on, bytes, from, to) => on === channel && this.#take(bytes, from, to));
    return null;
  }

  async #setUpUdp(): Promise<Failure | null> {
    const pair = await UdpPair.open(this.#talk.connection.localAddress, this.#address, 'setup', {
      came: (bytes) => {
        this.#talk.intake.bytes += bytes;
        const flood = this.keyframe === null ? this.#talk.intake.flood() : null;
        if (flood !== null) this.#talk.connection.settle(flood);
      },
      packet: (packet) => {
        if (this.#take(packet, 0, packet.length)) this.#talk.connection.settle(null);
      },
      failed: (failure) => this.#talk.connection.settle(failure),
    });
    if (isFailure(pair)) return pair;
    this.#pair = pair;
    const answered = await this.#setUp(askUdp(pair.port), 'udp');
    if (isFailure(answered)) return answered;
    pair.punch(answered.serverPort ?? 0);
    return null;
  }

  /** SETUP; what is answered to it, or a failure where that is of another transport. */
  async #setUp(ask: string, asked: Transport): Promise<Answered | Failure> {
    const { codec, media, track } = this.#wanted;
    const response = await this.#talk.ask('setup', 'SETUP', track, [['Transport', ask]]);
    if (isFailure(response)) return response;
    const value = header(response.headers, 'transport');
    const answered = readTransport(value, asked);
    if (answered.transport !== asked) {
      const said = strikePasswords(value ?? 'nothing').slice(0, 120);
      return fail('transport_refused', 'setup', `asked for ${asked.toUpperCase()}, answered ${said}`);
    }
    this.#sources = new Sources(codec, media.payloadType, media.parameterSets, answered.ssrc);
    return answered;
  }

  /** One RTP packet; true where it completes the key frame. */
  #take(bytes: Buffer, from: number, to: number): boolean {
    const sources = this.#sources;
    if (sources === null || this.keyframe !== null) return false;
    this.keyframe = sources.push(bytes, from, to);
    if (this.keyframe !== null) return true;
    if (this.#strayTimer === null && sources.stray !== null) {
      this.#strayTimer = setTimeout(() => {
        this.keyframe ??= sources.stray;
        if (this.keyframe !== null) this.#talk.connection.settle(null);
      }, strayPatience);
    }
    return false;
  }

  /** Packets that come from now on, while the device is left, are nothing to us. */
  #deafen(): void {
    this.#sources = null;
    this.#pair?.deafen();
    if (this.#strayTimer !== null) clearTimeout(this.#strayTimer);
    this.#strayTimer = null;
  }

  /**
   * Waits for the key frame, until `quiet` while nothing has come and until the end once something has. First key
   * frames after 40 to 78 s were seen (Hikvision at 2 to 4 fps): the session is kept alive. A keepalive that is not
   * answered, or refused, is no failure; OPTIONS takes the place of GET_PARAMETER then (454 of live555, 501).
   */
  async #wait(sources: Sources, quiet: number): Promise<Failure | null> {
    const { session, connection } = this.#talk;
    const { now } = this.#context;
    const every = Math.max(leastKeepalive, session.timeoutMs / 2);
    let due = now() + every;
    let method: 'GET_PARAMETER' | 'OPTIONS' = 'GET_PARAMETER';
    let unanswered = false;
    for (;;) {
      const end = sources.tally.packets === 0 ? quiet : now() + this.#talk.remaining;
      const heard = await connection.media('keyframe', Math.min(end, due) - now());
      if (heard === null) return null;
      if (!isFailure(heard)) {
        unanswered = false;
        if (heard.status >= 400) method = 'OPTIONS';
        if (heard.status === 401) session.renew(heard);
        continue;
      }
      // A pause of ours is one only where no time is left to listen in.
      const over = heard.kind === 'silent' || heard.kind === 'dripping' || heard.kind === 'overloaded';
      if (!over) return heard;
      const left = (sources.tally.packets === 0 ? quiet : now() + this.#talk.remaining) - now();
      if (left <= 0) return heard;
      if (now() < due) continue;
      if (unanswered) method = 'OPTIONS';
      this.#talk.keepAlive(method);
      unanswered = true;
      due = now() + every;
    }
  }
}
