import type { Socket } from 'node:net';
import type { Meter } from './meter.ts';
import { frame, restamp } from './packetize.ts';
import { fps } from './scenes.ts';
import { type Frame, type Track, ticks } from './track.ts';

/** What a client reads too slowly is left out beyond this many bytes in its socket. */
const mostBuffered = 1_000_000;
const period = 1000 / fps;

/** Wakes all that play, 25 times a second, with one timer; it runs only while somebody plays. */
export class Clock {
  readonly #players = new Set<Player>();
  #timer: NodeJS.Timeout | undefined;

  add(player: Player): void {
    this.#players.add(player);
    this.#timer ??= setInterval(() => {
      for (const one of this.#players) one.next();
    }, period);
  }

  remove(player: Player): void {
    this.#players.delete(player);
    if (this.#players.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

export type Manner = 'sound' | 'damaged' | 'inter_only';

/** 40 ms of PCMA silence at 8 kHz (RFC 3551 4.5.14). */
const silence = [Buffer.alloc(320, 0xd5)];

/** One connection's way through a track, repeated for ever with sequence numbers and times that go on. */
export class Player {
  readonly #socket: Socket;
  readonly #meter: Meter | null;
  readonly #track: Track;
  readonly #channel: number;
  readonly #audioChannel: number | null;
  readonly #manner: Manner;
  #place: number;
  #sequence = 0;
  #timestamp = 0;
  #sounds = 0;
  /** True after something was left out: then nothing decodes before the next key frame. */
  #starved = false;

  constructor(
    socket: Socket,
    meter: Meter | null,
    track: Track,
    at: { place: number; channel: number; audioChannel: number | null; manner: Manner },
  ) {
    this.#socket = socket;
    this.#meter = meter;
    this.#track = track;
    this.#place = at.place;
    this.#channel = at.channel;
    this.#audioChannel = at.audioChannel;
    this.#manner = at.manner;
  }

  /** Sends the picture that is due and steps on. */
  next(): void {
    const due = this.#track.frames[this.#place]!;
    if (this.#socket.writableLength > mostBuffered) this.#starved = true;
    if (due.key) this.#starved = this.#socket.writableLength > mostBuffered;
    if (this.#starved || (due.key && this.#manner === 'inter_only')) this.#sequence -= due.packets;
    else this.#send(due.key && this.#manner === 'damaged' ? this.#track.damaged.get(this.#place)! : due);
    if (this.#audioChannel !== null && !this.#starved) this.#sendSilence(this.#audioChannel);
    this.#place += 1;
    if (this.#place === this.#track.frames.length) {
      this.#place = 0;
      this.#sequence += this.#track.packets;
      this.#timestamp += this.#track.ticks;
    }
  }

  #send({ bytes }: Frame): void {
    const shared = this.#channel === 0 && this.#sequence === 0 && this.#timestamp === 0;
    this.#write(shared ? bytes : restamp(bytes, this.#channel, this.#sequence, this.#timestamp));
  }

  #sendSilence(channel: number): void {
    const stamp = { channel, payloadType: 8, sequence: this.#sounds, timestamp: this.#sounds * 320, ssrc: 0x78756e6b };
    this.#write(frame(silence, stamp));
    this.#sounds += 1;
  }

  #write(bytes: Buffer): void {
    this.#meter?.add(bytes.length);
    this.#socket.write(bytes);
  }
}

/** Where a play begins whose first key frame comes after `seconds`: that much before the key frame at `key`. */
export const placeBefore = (track: Track, key: number, seconds: number): number =>
  (key - Math.round((seconds * 90_000) / ticks) + track.frames.length) % track.frames.length;
