import type { Codec } from '../probe.ts';

/** Session descriptions (RFC 8866) as cameras write them: only what a probe needs. Pure; no socket. */

export type Media = {
  readonly kind: string;
  readonly payloadType: number;
  /** The encoding's name in upper case ("H264"), or the static payload type's number as text. */
  readonly encoding: string;
  readonly control: string | null;
  /**
   * What the description tells of the pictures. H.264, H.265: parameter sets, each one NAL unit without a start code;
   * MPEG-4: the `config` of RFC 6416; JPEG: width and height of pictures too large for RFC 2435, u16 each.
   */
  readonly parameterSets: readonly Buffer[];
};

export type Description = { readonly control: string | null; readonly medias: readonly Media[] };

/** Further ones are not read. NVRs describe each channel; 100 KB of that are some 300. */
const maxMedias = 1_000;

/** Of one media: it has two or three. */
const maxSets = 64;

const parameter = (name: string): RegExp => new RegExp(`(?:^|[;\\s])${name}\\s*=\\s*([^;\\s]*)`, 'i');
const sprop = parameter('sprop-parameter-sets');
const sprops = ['sprop-vps', 'sprop-sps', 'sprop-pps'].map(parameter);
const config = parameter('config');

const startCode = (nal: Buffer): number => {
  if (nal.length > 4 && nal.readUInt32BE(0) === 1) return 4;
  return nal.length > 3 && nal.readUIntBE(0, 3) === 1 ? 3 : 0;
};

/** Base64 NAL units; start codes and empty pieces, both seen in the wild, are dropped. */
const nalUnits = (fmtp: string, name: RegExp): Buffer[] =>
  (name.exec(fmtp)?.[1] ?? '')
    .split(',', maxSets)
    .map((piece) => Buffer.from(piece, 'base64'))
    .map((nal) => nal.subarray(startCode(nal)))
    .filter((nal) => nal.length > 1);

/** 26 is JPEG without a mapping: RFC 3551 table 5. */
const codecs: Readonly<Record<string, Codec>> = {
  H264: 'h264',
  H265: 'h265',
  HEVC: 'h265',
  JPEG: 'mjpeg',
  '26': 'mjpeg',
  'MP4V-ES': 'mpeg4',
};
export const codecOf = (media: Media): Codec | null => codecs[media.encoding] ?? null;

/** `a=x-dimensions:3840,2160` (live555) or `a=framesize:26 3840-2160` (3GPP TS 26.234); `null` where a line is neither. */
const sizeIn = (line: string): Buffer | null => {
  const match = /^a=(?:x-dimensions:\s*(\d+)\s*,\s*|framesize:\s*\d+\s+(\d+)-)(\d+)/.exec(line);
  if (match === null) return null;
  const [width, height] = [Number(match[1] ?? match[2]), Number(match[3])];
  if (width > 0xffff || height > 0xffff) return null;
  const size = Buffer.alloc(4);
  size.writeUInt16BE(width, 0);
  size.writeUInt16BE(height, 2);
  return size;
};

/** What a media's fmtp line tells of its pictures: see `Media.parameterSets`. */
const parametersIn = (fmtp: string, encoding: string): readonly Buffer[] => {
  const codec = codecs[encoding];
  if (codec === 'h264') return nalUnits(fmtp, sprop);
  if (codec === 'h265') return sprops.flatMap((name) => nalUnits(fmtp, name));
  if (codec !== 'mpeg4') return [];
  const bytes = Buffer.from(config.exec(fmtp)?.[1] ?? '', 'hex');
  return bytes.length === 0 ? [] : [bytes];
};

const none: ReadonlyMap<number, string> = new Map();

/** `null` where the text holds no media line at all; every other oddity is passed over. */
export const parseSdp = (text: string): Description | null => {
  let sessionControl: string | null = null;
  // By payload type: some devices write the mapping before its m= line.
  const before = { rtpmap: new Map<number, string>(), fmtp: new Map<number, string>() };
  // In the section of another media; taken where only one media line has the payload type.
  const astray = { rtpmap: new Map<number, string>(), fmtp: new Map<number, string>() };
  // Which media line has a payload type; `null` where several have it.
  const claims = new Map<number, object | null>();
  const medias: {
    kind: string;
    type: number;
    control: string | null;
    rtpmap: Map<number, string>;
    fmtp: Map<number, string>;
    size: Buffer | null;
  }[] = [];
  const sectionOf = (media: (typeof medias)[number] | undefined, type: number) =>
    media === undefined ? before : media.type === type ? media : astray;
  for (const raw of text.split(/[\r\n]+/)) {
    const line = raw.trim();
    const media = medias.at(-1);
    if (line.startsWith('m=')) {
      if (medias.length === maxMedias) break;
      const [kind, , , ...listed] = line.slice(2).split(/\s+/);
      const types = listed.map((type) => Number.parseInt(type, 10));
      const begun = {
        kind: (kind ?? '').toLowerCase(),
        type: types[0] ?? Number.NaN,
        control: null,
        rtpmap: new Map(),
        fmtp: new Map(),
        size: null,
      };
      medias.push(begun);
      for (const type of types) claims.set(type, claims.has(type) && claims.get(type) !== begun ? null : begun);
    } else if (line.startsWith('a=control:')) {
      const control = line.slice('a=control:'.length).trim();
      if (media === undefined) sessionControl = control;
      else media.control = control;
    } else if (line.startsWith('a=rtpmap:')) {
      const match = /^a=rtpmap:\s*(\d+)\s+([^/\s]+)/.exec(line);
      if (match !== null) sectionOf(media, Number(match[1])).rtpmap.set(Number(match[1]), match[2]!.toUpperCase());
    } else if (line.startsWith('a=fmtp:')) {
      const match = /^a=fmtp:\s*(\d+)\s+(.*)$/.exec(line);
      if (match !== null) sectionOf(media, Number(match[1])).fmtp.set(Number(match[1]), match[2]!);
    } else if (media !== undefined) media.size ??= sizeIn(line);
  }
  if (medias.length === 0) return null;
  // Read once, however many medias they stand before: 64 KB before 5,000 medias took a second.
  const read = new Map<string, readonly Buffer[]>();
  const parametersBefore = (type: number, encoding: string): readonly Buffer[] => {
    const key = `${type} ${encoding}`;
    const known = read.get(key) ?? parametersIn(before.fmtp.get(type) ?? '', encoding);
    read.set(key, known);
    return known;
  };
  return {
    control: sessionControl,
    medias: medias.map((media) => {
      const { kind, type, control, rtpmap, fmtp, size } = media;
      const strayed = claims.get(type) === media ? astray : { rtpmap: none, fmtp: none };
      const encoding = rtpmap.get(type) ?? before.rtpmap.get(type) ?? strayed.rtpmap.get(type) ?? String(type);
      const own = fmtp.get(type) ?? (before.fmtp.has(type) ? undefined : strayed.fmtp.get(type));
      const told = own === undefined ? parametersBefore(type, encoding) : parametersIn(own, encoding);
      const parameterSets = codecs[encoding] === 'mjpeg' && size !== null ? [size] : told;
      return { kind, payloadType: type, encoding, control, parameterSets };
    }),
  };
};
