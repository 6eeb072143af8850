/** What a depacketizer tells of the NAL units in a payload, in the order of the stream. */
export type NalSink = {
  /** A whole unit `bytes[from, to)`, its header included. */
  whole(bytes: Buffer, from: number, to: number): void;
  /** The first fragment of a unit: its rebuilt header (one or two bytes) and what follows of it. */
  begin(header: number, headerBytes: 1 | 2, bytes: Buffer, from: number, to: number): void;
  /** A further fragment of the unit begun last; `last` ends it. */
  extend(bytes: Buffer, from: number, to: number, last: boolean): void;
};
