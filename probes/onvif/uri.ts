import { strikePasswords } from '../rtsp/url.ts';

/** What a device names is a path on our host and never a host to dial (169.254.x, NAT-internal). Pure. */

/** Longer ones are refused, characters: they go into tables and on screens. */
const longest = 2_000;

/** Path and query of a service's XAddr, or `null`. */
export const servicePath = (xaddr: string | null): string | null => {
  if (xaddr === null || xaddr.length > longest) return null;
  const url = URL.parse(xaddr, 'http://device/');
  return url !== null && /^https?:$/.test(url.protocol) ? url.pathname + url.search : null;
};

/**
 * A URI that a device gives for its stream or snapshot, as it may be shown and stored: `host` in place of the one
 * named, no login, no password. The port is the one named: it is the service's own, and only reported, never dialled.
 * `null` for whatever is no URI of these schemes. Not by the URL class, which writes paths anew.
 */
export const ownUri = (
  uri: string | null,
  schemes: 'rtsp' | 'http',
  host: string,
  password: string | null,
): string | null => {
  if (uri === null || uri.length > longest) return null;
  const match = /^(\w+):\/\/(?:[^/?#]*@)?(?:\[[0-9a-f:.%\w]+\]|[^/?#:@[\]\s]+)(:\d{1,5})?([/?][^\s\p{Cc}#@]*)?$/iu.exec(
    uri,
  );
  // An "@" behind the host is, as often as not, that of a login whose password holds a "/": then nothing is told.
  if (match === null) return null;
  const [, scheme, port = '', rest = ''] = match;
  if (!(schemes === 'rtsp' ? /^rtsps?$/i : /^https?$/i).test(scheme!)) return null;
  return `${scheme!.toLowerCase()}://${host}${port}${withoutPassword(strikePasswords(rest), password)}`;
};

/** Some makes put the password into paths under names that nobody knows; as short a one as "1" is in every path. */
const withoutPassword = (path: string, password: string | null): string =>
  password === null || password.length < 4
    ? path
    : path.replaceAll(password, '***').replaceAll(encodeURIComponent(password), '***');
