import type { AccessUnit } from './annexb.ts';
import type { VideoCodec } from './city.ts';
import type { Clip } from './clips.ts';
import { frame, packetize } from './packetize.ts';
import { fps } from './scenes.ts';

export const payloadType = 96;
/** RTP clock ticks from picture to picture. */
export const ticks = 90_000 / fps;
const ssrc = 0x78756e6a;
/** Near the wrap, so that every long play shows a client the wrap of the sequence number. */
const firstSequence = 65_000;
const firstTimestamp = 1_000_000;

/** One picture, ready to be written to a socket whose channel for video is 0. */
export type Frame = {
  readonly key: boolean;
  readonly bytes: Buffer;
  readonly packets: number;
  readonly sequence: number;
  readonly timestamp: number;
};

/** A clip cut into packets once and shared by all cameras that show it. */
export type Track = {
  readonly codec: VideoCodec;
  readonly stream: Clip['stream'];
  /** For the SDP; empty where the clip carries its parameter sets in band only. */
  readonly sprop: readonly Buffer[];
  /** profile_idc, constraint flags and level_idc of H.264 (RFC 6184 8.1), six hex digits. */
  readonly profile: string;
  readonly frames: readonly Frame[];
  /** Where the key frames are. */
  readonly keys: readonly number[];
  /** The damaged double of each key frame, by its place. */
  readonly damaged: ReadonlyMap<number, Frame>;
  /** Packets and clock ticks of one round. */
  readonly packets: number;
  readonly ticks: number;
};

export const trackOf = (clip: Clip): Track => {
  const frames: Frame[] = [];
  const keys: number[] = [];
  const damaged = new Map<number, Frame>();
  let packets = 0;
  const cut = ({ key, nals }: AccessUnit, place: number): Frame => {
    const sets = key && clip.sets !== 'sdp' ? clip.parameterSets : [];
    const payloads = packetize(clip.codec, [...sets, ...nals]);
    const sequence = (firstSequence + packets) & 0xffff;
    const timestamp = firstTimestamp + place * ticks;
    const bytes = frame(payloads, { channel: 0, payloadType, sequence, timestamp, ssrc });
    return { key, bytes, packets: payloads.length, sequence, timestamp };
  };
  clip.pictures.forEach((picture, place) => {
    if (picture.key) {
      damaged.set(place, cut(clip.damagedKeys[keys.length]!, place));
      keys.push(place);
    }
    const made = cut(picture, place);
    packets += made.packets;
    frames.push(made);
  });
  return {
    codec: clip.codec,
    stream: clip.stream,
    sprop: clip.sets === 'band' ? [] : clip.parameterSets,
    profile: clip.codec === 'h264' ? clip.parameterSets[0]!.toString('hex', 1, 4) : '',
    frames,
    keys,
    damaged,
    packets,
    ticks: frames.length * ticks,
  };
};
