import type { Codec } from '../../../../probes/index.ts';
import * as h264 from '../../../../probes/rtsp/h264.ts';
import * as h265 from '../../../../probes/rtsp/h265.ts';
import type { NalSink } from '../../../../probes/rtsp/nal.ts';

/** Every NAL unit that a depacketizer tells of, whole; the plainest sink there is. */
export class NalGatherer implements NalSink {
  readonly nals: Buffer[] = [];
  #open: Buffer[] | null = null;

  whole(bytes: Buffer, from: number, to: number): void {
    this.#open = null;
    this.nals.push(Buffer.from(bytes.subarray(from, to)));
  }

  begin(header: number, headerBytes: 1 | 2, bytes: Buffer, from: number, to: number): void {
    const head = headerBytes === 2 ? [header >> 8, header & 255] : [header];
    this.#open = [Buffer.from(head), Buffer.from(bytes.subarray(from, to))];
  }

  extend(bytes: Buffer, from: number, to: number, last: boolean): void {
    this.#open?.push(Buffer.from(bytes.subarray(from, to)));
    if (!last || this.#open === null) return;
    this.nals.push(Buffer.concat(this.#open));
    this.#open = null;
  }
}

export const nalsFrom = (codec: Codec, payloads: readonly Buffer[]): Buffer[] => {
  const gatherer = new NalGatherer();
  const { depacketize } = codec === 'h264' ? h264 : h265;
  for (const payload of payloads) depacketize(payload, 0, payload.length, gatherer);
  return gatherer.nals;
};
