/** What a depacketizer tells of the NAL units in a payload, in the order of the stream. */
export type NalSink = {
  /** A whole unit `bytes[from, to)`, its header included. */
  whole(bytes: Buffer, from: number, to: number): void;
  /** The first fragment of a unit: its rebuilt header (one or two bytes) and what follows of it. */
  begin(header: number, headerBytes: 1 | 2, bytes: Buffer, from: number, to: number): void;
  /** A further fragment of the unit begun last; `last` ends it. */
  extend(bytes: Buffer, from: number, to: number, last: boolean): void;
};

/**
 * What a NAL unit is to a key frame: a slice of one; a slice of another picture; what only comes before the slices of a
 * picture (parameter sets, SEI, delimiter, or no unit at all but a start code); or nothing (filler).
 */
export type NalKind = 'key' | 'slice' | 'lead' | 'nothing';

const startCode = Buffer.from([0, 0, 1]);

/**
 * Gives `each` the units of `bytes[from, to)` where a device put Annex B start codes (before, between or behind them)
 * into what should be one unit: V380 sends SPS, PPS and the key slice in one fragmented unit (retina#68, retina#108),
 * others in one packet (gortsplib#199), Amatek AR-N3222F its parameter sets (gortsplib#989). No sound unit holds one:
 * emulation prevention, ITU-T H.264 7.4.1. One `indexOf` where there is none.
 */
export const unitsIn = (
  bytes: Buffer,
  from: number,
  to: number,
  each: (bytes: Buffer, from: number, to: number) => void,
): void => {
  const all = bytes.subarray(from, to);
  for (let at = 0; at < all.length; ) {
    const code = all.indexOf(startCode, at);
    let end = code === -1 ? all.length : code;
    // A unit ends with a one bit: zeros behind it are of the next start code.
    if (code !== -1) while (end > at && all[end - 1] === 0) end--;
    if (end > at) each(bytes, from + at, from + end);
    if (code === -1) return;
    at = code + startCode.length;
  }
};
