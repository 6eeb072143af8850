const startCode = Buffer.from([0, 0, 1]);

/** The first slice of a picture in Annex B: where its start code is, and its nal_unit_type. */
export type Slice = { readonly at: number; readonly type: number };

/** Null where there is none. Slices are types 1 to 5 (ITU-T H.264, table 7-1) and 0 to 31 (H.265, table 7-1). */
export const firstSliceOf = (codec: 'h264' | 'h265', bytes: Buffer): Slice | null => {
  for (let at = bytes.indexOf(startCode); at !== -1 && at + 3 < bytes.length; at = bytes.indexOf(startCode, at + 3)) {
    const header = bytes[at + 3]!;
    const type = codec === 'h264' ? header & 31 : (header >> 1) & 63;
    if (codec === 'h264' ? type >= 1 && type <= 5 : type <= 31) return { at, type };
  }
  return null;
};

/** Instantaneous decoding refresh: a picture behind which no reference to any other before it is left (H.264, 7.4.1.2.4). */
export const idr = 5;
