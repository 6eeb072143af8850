/** One request of a client (RFC 2326 6): what a camera needs of it. */
export type Request = {
  readonly method: string;
  readonly url: string;
  readonly cseq: string;
  readonly head: string;
};

export const header = (request: Request, name: 'Authorization' | 'Transport' | 'Session'): string | null =>
  patterns[name].exec(request.head)?.[1]?.trim() ?? null;

const patterns = {
  Authorization: /^authorization:(.*)$/im,
  Transport: /^transport:(.*)$/im,
  Session: /^session:([^;\r\n]*)/im,
  CSeq: /^cseq:(.*)$/im,
  Length: /^content-length:\s*(\d{1,5})\s*$/im,
};

/** A client's head or body larger than this is not a client's. */
const largest = 65_536;

/**
 * Takes the requests out of the bytes of a connection. Interleaved packets from the client (RTCP) are skipped.
 * `rest` is what is not yet a whole request; null says that the bytes are no RTSP and the connection is to be closed.
 */
export const takeRequests = (bytes: Buffer): { requests: Request[]; rest: Buffer } | null => {
  const requests: Request[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] === 0x0d || bytes[at] === 0x0a) {
      at += 1;
    } else if (bytes[at] === 0x24) {
      const end = at + 4 + (bytes.length < at + 4 ? 0 : bytes.readUInt16BE(at + 2));
      if (end > bytes.length) break;
      at = end;
    } else {
      const end = bytes.indexOf('\r\n\r\n', at);
      if (end < 0) break;
      const head = bytes.toString('latin1', at, end);
      const next = end + 4 + Number(patterns.Length.exec(head)?.[1] ?? 0);
      if (next > bytes.length) break;
      const [method = '', url = '', version = ''] = head.slice(0, head.indexOf('\r\n')).split(' ');
      if (version !== 'RTSP/1.0') return null;
      requests.push({ method, url, cseq: patterns.CSeq.exec(head)?.[1]?.trim() ?? '0', head });
      at = next;
    }
  }
  return bytes.length - at > largest ? null : { requests, rest: bytes.subarray(at) };
};
