import type { Codec } from '../probe.ts';

/** Session descriptions (RFC 8866) as cameras write them: only what a probe needs. Pure; no socket. */

export type Media = {
  readonly kind: string;
  readonly payloadType: number;
  /** The encoding's name in upper case ("H264"), or the static payload type's number as text. */
  readonly encoding: string;
  readonly control: string | null;
  /** Parameter sets from fmtp, each one NAL unit without a start code. */
  readonly parameterSets: readonly Buffer[];
};

export type Description = { readonly control: string | null; readonly medias: readonly Media[] };

const fmtpValue = (fmtp: string, name: string): string | null => {
  const match = new RegExp(`(?:^|[;\\s])${name}\\s*=\\s*([^;\\s]*)`, 'i').exec(fmtp);
  return match?.[1] ?? null;
};

const startCode = (nal: Buffer): number => {
  if (nal.length > 4 && nal.readUInt32BE(0) === 1) return 4;
  return nal.length > 3 && nal.readUIntBE(0, 3) === 1 ? 3 : 0;
};

/** Base64 NAL units; start codes and empty pieces, both seen in the wild, are dropped. */
const nalUnits = (value: string | null): Buffer[] =>
  (value ?? '')
    .split(',')
    .map((piece) => Buffer.from(piece, 'base64'))
    .map((nal) => nal.subarray(startCode(nal)))
    .filter((nal) => nal.length > 1);

const codecs: Readonly<Record<string, Codec>> = { H264: 'h264', H265: 'h265', HEVC: 'h265' };
export const codecOf = (media: Media): Codec | null => codecs[media.encoding] ?? null;

/** `null` where the text holds no media line at all; every other oddity is passed over. */
export const parseSdp = (text: string): Description | null => {
  let sessionControl: string | null = null;
  // By payload type: some devices write the mapping before its m= line.
  const before = { rtpmap: new Map<number, string>(), fmtp: new Map<number, string>() };
  const medias: {
    kind: string;
    type: number;
    control: string | null;
    rtpmap: Map<number, string>;
    fmtp: Map<number, string>;
  }[] = [];
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const line = raw.trim();
    const media = medias.at(-1);
    if (line.startsWith('m=')) {
      const [kind, , , type] = line.slice(2).split(/\s+/);
      medias.push({
        kind: (kind ?? '').toLowerCase(),
        type: Number.parseInt(type ?? '', 10),
        control: null,
        rtpmap: new Map(),
        fmtp: new Map(),
      });
    } else if (line.startsWith('a=control:')) {
      const control = line.slice('a=control:'.length).trim();
      if (media === undefined) sessionControl = control;
      else media.control = control;
    } else if (line.startsWith('a=rtpmap:')) {
      const match = /^a=rtpmap:\s*(\d+)\s+([^/\s]+)/.exec(line);
      if (match !== null) (media ?? before).rtpmap.set(Number(match[1]), match[2]!.toUpperCase());
    } else if (line.startsWith('a=fmtp:')) {
      const match = /^a=fmtp:\s*(\d+)\s+(.*)$/.exec(line);
      if (match !== null) (media ?? before).fmtp.set(Number(match[1]), match[2]!);
    }
  }
  if (medias.length === 0) return null;
  return {
    control: sessionControl,
    medias: medias.map(({ kind, type, control, rtpmap, fmtp }) => {
      const encoding = rtpmap.get(type) ?? before.rtpmap.get(type) ?? String(type);
      const parameters = fmtp.get(type) ?? before.fmtp.get(type) ?? '';
      const sets =
        encoding === 'H264'
          ? nalUnits(fmtpValue(parameters, 'sprop-parameter-sets'))
          : ['sprop-vps', 'sprop-sps', 'sprop-pps'].flatMap((name) => nalUnits(fmtpValue(parameters, name)));
      return { kind, payloadType: type, encoding, control, parameterSets: sets };
    }),
  };
};
