import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** What bears a secret is named so, in whatever case and however joined. */
const secretKey = String.raw`[\w-]{0,40}(?:passw(?:or)?d|passphrase|secret|authorization|cookie|csrf|otpauth|totp)[\w-]{0,40}|x-api-key|pwd|token`;
const hidden = '[hidden]';

/**
 * One rule a shape. They work on the line as it is written, so that it does not matter how deep a secret lies, or whether
 * an error's text or another service's answer held it. None looks at a text more than once from the same place.
 */
const shapes: readonly (readonly [shape: RegExp, instead: string])[] = [
  // "password":"…" and "password":12345678; not "token":7 or "totp":true, which are no secrets.
  [new RegExp(String.raw`("(?:${secretKey})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\d{4,})`, 'gi'), `$1"${hidden}"`],
  [new RegExp(String.raw`("(?:${secretKey})"\s*:\s*)\[[^\]]*\]`, 'gi'), `$1"${hidden}"`],
  // The same in JSON within a text.
  [
    new RegExp(String.raw`(\\"(?:${secretKey})\\"\s*:\s*)\\"(?:[^"\\]|\\\\(?:\\["\\]|[^"\\])|\\[^"\\])*\\"`, 'gi'),
    `$1\\"${hidden}\\"`,
  ],
  // rtsp://user:password@host, also with an @ or a / in the password, as cameras have it.
  [/([a-z][a-z0-9+.-]{1,15}:\/\/)[^\s"<>]{1,300}@/gi, `$1${hidden}@`],
  // Of an Authorization header: what a password is guessed by is hidden as well.
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${hidden}`],
  [/\b((?:response|nonce|cnonce)=)\\*"[^"\\]*/gi, `$1${hidden}`],
  // A token of ours.
  [/\bxj_[\w-]{6,}/g, `xj_${hidden}`],
  // password=… in an address, a form or a command.
  [/\b((?:[a-z]+_)?(?:passw(?:or)?d|pwd|secret|token)=)[^\s&"',;\\]+/gi, `$1${hidden}`],
];

/** A line without what must never be in a log: passwords, cookies, tokens, logins in addresses. */
export const withoutSecrets = (line: string): string =>
  shapes.reduce((text, [shape, instead]) => text.replace(shape, instead), line);

/** Lines of JSON on stderr: stdout belongs to what a command prints. */
export const openLog = (
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Keys that stand where they are looked for cost nothing more; the rest is found in the line.
      redact: {
        paths: ['password', 'authorization', 'cookie', 'headers.authorization', 'headers.cookie'],
        censor: hidden,
      },
      hooks: { streamWrite: withoutSecrets },
    },
    destination,
  );
