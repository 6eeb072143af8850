/** RTSP URLs: what is asked for, and what a device answers with. Pure. */

export type RtspUrl = {
  /** Without brackets, as a dialler wants it. */
  readonly host: string;
  readonly port: number;
  /** rtsps: RTSP inside TLS. */
  readonly secure: boolean;
  /** The URL as it stands in a request line: no user, no password. */
  readonly request: string;
  readonly user: string | null;
  readonly password: string | null;
};

/**
 * Logins in URLs, passwords in paths and queries, and what stands in an Authorization header (Basic is the password, a
 * digest can be tried against a list of them), struck out of our words and a device's. Xiongmai's paths part by "_"
 * (/user=admin_password=x_channel=1.sdp), which a password may hold too: it goes up to the next "_name=". Foscam writes
 * loginpas, Hi3510 psw.
 */
export const strikePasswords = (text: string): string =>
  text
    // Up to the last "@", because a password may hold others; the rest of the word too, so that nothing is read twice.
    .replace(/(\w:\/\/)([^\s"'<>]*@)?([^\s"'<>]*)/g, (all, scheme, login, rest) =>
      login === undefined ? all : `${scheme}***@${rest}`,
    )
    .replace(
      /(?<![a-z0-9])((?:login|user|usr)?(?:passw(?:or)?d|pass?|pwd|psw))=(?:(?!_[a-z0-9]+=)[^&;\s"'<>/])*/gi,
      '$1=***',
    )
    .replace(/(\bAuthorization:[ \t]*\w*)[^\r\n]*/gi, '$1 ***');

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Registered with IANA: `rtsp` and `rtsps`. */
const ports = { rtsp: 554, rtsps: 322 } as const;

/**
 * Splits rtsp[s]://[user[:password]@]host[:port][/path][?query]; `null` for anything else. Not by the URL class: it
 * re-encodes paths, and cameras compare them by the letter.
 */
export const parseRtspUrl = (text: string): RtspUrl | null => {
  const match =
    /^(rtsps?):\/\/(?:([^/?#]*)@)?(\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^/?#:@[\]\s]+)(?::(\d{1,5}))?([/?][^\s#]*)?$/i.exec(
      text,
    );
  if (match === null) return null;
  const [, scheme, login, host, portText, rest = ''] = match;
  const secure = scheme!.toLowerCase() === 'rtsps';
  const port = portText === undefined ? ports[secure ? 'rtsps' : 'rtsp'] : Number(portText);
  if (port < 1 || port > 65535) return null;
  const colon = login?.indexOf(':') ?? -1;
  return {
    host: host!.startsWith('[') ? host!.slice(1, -1) : host!,
    port,
    secure,
    request: `${secure ? 'rtsps' : 'rtsp'}://${host}${portText === undefined ? '' : `:${port}`}${rest}`,
    user: login === undefined ? null : decode(colon === -1 ? login : login.slice(0, colon)),
    password: login === undefined || colon === -1 ? null : decode(login.slice(colon + 1)),
  };
};

const absolute = /^[a-z][a-z0-9+.-]*:\/\//i;

/** What follows scheme, login, host and port; `null` where the text is no proper RTSP URL, or one with its scheme doubled. */
const pathOf = (text: string): string | null => {
  const path = /^rtspu?s?:\/\/(?!\w+:\/\/)[^/?]*(.*)$/i.exec(text)?.[1];
  return path === undefined || path.includes('://') || /\s/.test(path) ? null : path;
};

const origin = (request: string): string => /^rtsps?:\/\/[^/?]*/i.exec(request)![0];

/**
 * The base for relative controls. A device may name any host it likes (NAT-internal, 169.254.x), drop the scheme
 * (moonfire#356) or double it (go2rtc#208): its path is kept only where it is a proper URL, and our own host always.
 */
export const baseUrl = (request: string, contentBase: string | undefined): string => {
  if (contentBase === undefined) return request;
  const path = pathOf(contentBase.trim());
  return path === null ? request : origin(request) + path;
};

/** RFC 2326 C.1.1, the way live555 and FFmpeg join: text behind the base, also behind a query. */
export const resolveControl = (request: string, base: string, control: string | null): string => {
  // A blank would end the URL in the request line.
  if (control === null || control === '' || control === '*' || /\s/.test(control)) return base;
  if (absolute.test(control)) {
    const path = pathOf(control);
    return path === null ? base : origin(request) + path;
  }
  return base.replace(/\/$/, '') + (control.startsWith('/') ? control : `/${control}`);
};
