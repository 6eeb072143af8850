import type { Begun } from './oidc.ts';

/** What a browser keeps while its person is at the provider: what the provider must give back, and where to go on to. */
export type Kept = Begun & { readonly to: string };

/** A path of this site: one slash, then nothing that a browser would take for another host. */
export const ownPath = '^/(?![/\\\\])[!-\\[\\]-~]{0,499}$';

/** Its value in a cookie. */
export const keptText = (kept: Kept): string => Buffer.from(JSON.stringify(kept)).toString('base64url');

/** Out of a `cookie` header; null where there is none, or where it is not as we wrote it: whoever has it may have changed it. */
export const keptIn = (header: string | undefined, name: string): Kept | null => {
  if (header === undefined || header.length > 8_192) return null;
  for (const pair of header.split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name && value !== undefined) return parsed(Buffer.from(value, 'base64url').toString('utf8'));
  }
  return null;
};

const secret = /^[\w-]{43}$/;

const parsed = (text: string): Kept | null => {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  const { state, nonce, verifier, to } = (read ?? {}) as Record<string, unknown>;
  const is = (value: unknown, shape: RegExp): value is string => typeof value === 'string' && shape.test(value);
  if (!is(state, secret) || !is(nonce, secret) || !is(verifier, secret) || !is(to, new RegExp(ownPath))) return null;
  return { state, nonce, verifier, to };
};
