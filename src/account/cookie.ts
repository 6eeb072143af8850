import type { Config } from '../config/env.ts';

/** How cookies are named and set: over https with a name that browsers take from this very host alone. */
export type Jar = {
  readonly secure: boolean;
  readonly session: string;
  readonly browser: string;
};

/** Over https where the service itself speaks it, or is reached by it. */
export const jarOf = ({ publicUrl, tlsCertFile }: Pick<Config, 'publicUrl' | 'tlsCertFile'>): Jar => {
  const secure = tlsCertFile !== null || (publicUrl?.startsWith('https:') ?? false);
  const prefix = secure ? '__Host-' : '';
  return { secure, session: `${prefix}xunjian`, browser: `${prefix}xunjian-browser` };
};

/** The value of a cookie that holds a secret of ours; null where there is none, or it cannot be one. */
export const secretIn = (header: string | undefined, name: string): string | null => {
  if (header === undefined || header.length > 8_192) return null;
  for (const pair of header.split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name && value !== undefined && /^[\w-]{43}$/.test(value)) return value;
  }
  return null;
};

/** A `set-cookie` that no script sees and no other site sends along; of `seconds` 0 it is removed, null: with the browser. */
export const cookieLine = (jar: Jar, name: string, value: string, seconds: number | null): string =>
  [
    `${name}=${value}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Lax',
    ...(jar.secure ? ['Secure'] : []),
    ...(seconds === null ? [] : [`Max-Age=${seconds}`]),
  ].join('; ');
