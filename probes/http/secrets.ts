import { strikePasswords } from '../rtsp/url.ts';

/**
 * A device's words without what logs in: some send a request back as it came. Passwords in URLs and paths, the password
 * and nonce of a WS-Security token (Profile 1.1, section 3.1), by which a password can be guessed at leisure, and the
 * values of an Authorization header (RFC 7616, RFC 7617).
 */
export const strikeSecrets = (text: string): string =>
  strikePasswords(text)
    .replace(
      /((?:<|&(?:lt|#60|#x3c);)(?:[\w-]{1,40}:)?(?:Password|PasswordDigest|Nonce)\b[^<>&]*(?:>|&(?:gt|#62|#x3e);))[^<&]*/gi,
      '$1***',
    )
    .replace(/\b(response|cnonce)(\s*=\s*(?:"|&quot;|&#34;)?)[^\s,"&<>;]*/gi, '$1$2***')
    .replace(/\b(Basic\s+)(?!realm\b)[\w+/=-]+/gi, '$1***');
