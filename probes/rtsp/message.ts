/** RTSP messages as bytes: RFC 2326 sections 4 to 7 and 12, as cameras write them. Pure; no socket. */

export type Headers = ReadonlyMap<string, readonly string[]>;

export type Response = {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case; a repeated header keeps every value, in order. */
  readonly headers: Headers;
  readonly body: Buffer;
};

/** What stands at the front of the bytes received so far. */
export type Front =
  | { readonly type: 'response'; readonly response: Response; readonly bytes: number }
  | {
      readonly type: 'frame';
      readonly channel: number;
      readonly from: number;
      readonly to: number;
      readonly bytes: number;
    }
  | { readonly type: 'request'; readonly bytes: number }
  | { readonly type: 'skip'; readonly bytes: number }
  /**
   * `endless`: all that is missing is the end of a description whose length nobody said; give it by `ended`. `least`:
   * fewer bytes than these, counted from `from`, say nothing new; to ask before costs the reading of the header again.
   */
  | { readonly type: 'more'; readonly begun: boolean; readonly endless?: true; readonly least?: number }
  | { readonly type: 'garbage'; readonly detail: string };

/** The largest header block and body that are accepted, bytes. Bodies of 100 KB were seen of NVRs with many channels. */
export const maxHeader = 32 * 1024;
export const maxBody = 128 * 1024;

const dollar = 0x24;
const cr = 13;
const lf = 10;

/** The end of the header block (after the empty line) between `from` and `to`, or -1. Accepts LF-only lines. */
const headerEnd = (bytes: Buffer, from: number, to: number): number => {
  let at = from;
  for (;;) {
    const eol = bytes.indexOf(lf, at);
    if (eol === -1 || eol >= to) return -1;
    const next = eol + 1;
    if (next < to && bytes[next] === lf) return next + 1;
    if (next + 1 < to && bytes[next] === cr && bytes[next + 1] === lf) return next + 2;
    at = next;
  }
};

/** As far as they have come, the bytes are those of `word`. */
const startsLike = (bytes: Buffer, from: number, to: number, word: string): boolean => {
  const n = Math.min(word.length, to - from);
  for (let at = 0; at < n; at++) if (bytes[from + at] !== word.charCodeAt(at)) return false;
  return n > 0;
};

/** As text, and where that does not show them all, the first 16 bytes as numbers too. */
const shown = (bytes: Buffer, from: number, to: number): string => {
  const text = bytes.toString('latin1', from, Math.min(to, from + 40));
  const printable = text.replace(/[^\x20-\x7e]/g, '.');
  const numbers = printable === text ? '' : ` (${bytes.toString('hex', from, Math.min(to, from + 16))})`;
  return `"${printable}"${numbers}`;
};

export const parseHeaders = (block: string): Map<string, string[]> => {
  const headers = new Map<string, string[]>();
  let last: string[] | undefined;
  for (let from = 0, to = 0; from < block.length; from = to + 1) {
    // A CR alone ends a line too: it would end one of ours, where a session id is said again.
    to = from;
    for (let code = block.charCodeAt(to); to < block.length && code !== lf && code !== cr; )
      code = block.charCodeAt(++to);
    if (to === from) continue;
    const first = block[from];
    if ((first === ' ' || first === '\t') && last !== undefined && last.length > 0) {
      const more = block.slice(from, to).trim();
      const begun = last.at(-1)!;
      if (more !== '') last[last.length - 1] = begun === '' ? more : `${begun} ${more}`;
      continue;
    }
    const line = block.slice(from, to);
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    last = headers.get(name);
    if (last === undefined) {
      last = [];
      headers.set(name, last);
    }
    last.push(value);
  }
  return headers;
};

export const header = (headers: Headers, name: string): string | undefined => headers.get(name)?.[0];

/**
 * Looks at the front of `bytes[from, to)`: an interleaved frame (RFC 2326 section 10.12), a response, a request of the
 * server's own, blank lines before either (seen before `$`), or something that is no RTSP at all.
 *
 * A description without Content-Length ends with the connection (RFC 2326 section 4.4) or, of devices that keep it
 * open, with their silence (VCP, go2rtc#1663). Neither shows in the bytes: the caller says by `ended` that it came.
 */
export const front = (bytes: Buffer, from: number, to: number, ended = false): Front => {
  if (from >= to) return { type: 'more', begun: false };
  const first = bytes[from]!;
  if (first === dollar) {
    if (to - from < 4) return { type: 'more', begun: true };
    const length = bytes.readUInt16BE(from + 2);
    if (to - from < 4 + length) return { type: 'more', begun: true, least: 4 + length };
    return { type: 'frame', channel: bytes[from + 1]!, from: from + 4, to: from + 4 + length, bytes: 4 + length };
  }
  if (first === cr || first === lf) return { type: 'skip', bytes: 1 };
  const isResponse = startsLike(bytes, from, to, 'RTSP/1.') || startsLike(bytes, from, to, 'RTSP/2.');
  if (!isResponse && !startsLikeRequest(bytes, from, to)) return { type: 'garbage', detail: shown(bytes, from, to) };
  const end = headerEnd(bytes, from, to);
  // Also where all of it came at once: what is accepted does not depend on how it was cut.
  if ((end === -1 ? to : end) - from > maxHeader) {
    return { type: 'garbage', detail: `a header of more than ${maxHeader} bytes` };
  }
  if (end === -1) return { type: 'more', begun: true };
  const text = bytes.toString('latin1', from, end);
  const eol = text.indexOf('\n');
  const line = text.slice(0, eol).trimEnd();
  const headers = parseHeaders(text.slice(eol + 1));
  const unsaid = isResponse && describes(headers) && startsLikeSdp(bytes, end, to);
  if (unsaid && !ended && to - end <= maxBody) {
    // Before its first line shows, it may also be no description at all: what follows then must be looked at as it comes.
    const shows = to - end >= 2;
    return { type: 'more', begun: true, endless: true, ...(shows ? { least: end + maxBody + 1 - from } : {}) };
  }
  const declared = header(headers, 'content-length') ?? (unsaid ? String(to - end) : '0');
  if (!/^\d{1,9}$/.test(declared)) return { type: 'garbage', detail: `Content-Length "${declared.slice(0, 40)}"` };
  const length = Number(declared);
  if (length > maxBody) return { type: 'garbage', detail: `a body of ${length} bytes, more than ${maxBody}` };
  if (to - end < length) return { type: 'more', begun: true, least: end + length - from };
  const total = end + length - from;
  if (!isResponse) return { type: 'request', bytes: total };
  const match = /^RTSP\/\d\.\d\s+(\d{3})(?:\s+(.*))?$/.exec(line);
  if (match === null) return { type: 'garbage', detail: `"${line.slice(0, 40)}"` };
  return {
    type: 'response',
    bytes: total,
    response: {
      status: Number(match[1]),
      reason: match[2] ?? '',
      headers,
      // A copy: the caller's buffer is used again for what comes next.
      body: length === 0 ? noBody : Buffer.from(bytes.subarray(end, end + length)),
    },
  };
};

const noBody = Buffer.alloc(0);

/** A description is announced and its length is not. */
const describes = (headers: Headers): boolean =>
  header(headers, 'content-length') === undefined && /^application\/sdp\b/i.test(header(headers, 'content-type') ?? '');

/** Every line of a description is a small letter and "=" (RFC 8866 section 5); true while nothing has come yet. */
const startsLikeSdp = (bytes: Buffer, from: number, to: number): boolean =>
  /^(?:[a-z](?:=|$)|$)/.test(bytes.toString('latin1', from, Math.min(from + 2, to)));

/** Requests that a server may send by itself; everything else that is no response is not RTSP. */
const requests = ['OPTIONS ', 'ANNOUNCE ', 'REDIRECT ', 'SET_PARAMETER ', 'GET_PARAMETER ', 'PLAY_NOTIFY '] as const;
const startsLikeRequest = (bytes: Buffer, from: number, to: number): boolean =>
  requests.some((word) => startsLike(bytes, from, to, word));

/** Text of ours (a user, a path) as UTF-8 with a byte a character, the way everything that is on the wire is kept here. */
export const wire = (text: string): string =>
  /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');

/** A request's bytes. CSeq comes last: some devices read only as far as they understand (gortsplib#437). */
export const formatRequest = (
  method: string,
  url: string,
  headers: readonly (readonly [string, string])[],
  cseq: number,
): string => {
  let text = `${method} ${url} RTSP/1.0\r\nUser-Agent: xunjian\r\n`;
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  return `${text}CSeq: ${cseq}\r\n\r\n`;
};
