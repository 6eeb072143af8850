import { Secret, TOTP } from 'otpauth';

/** The second factor (RFC 6238): six digits, every 30 seconds, SHA-1, as every authenticator takes it. */
const periodS = 30;

const of = (secret: string, name: string): TOTP =>
  new TOTP({ issuer: 'xunjian', label: name, algorithm: 'SHA1', digits: 6, period: periodS, secret });

/** 160 bits in base 32, as a person types it into an authenticator. */
export const newTotpSecret = (): string => new Secret({ size: 20 }).base32;

/** What the QR code holds. */
export const totpUri = (secret: string, name: string): string => of(secret, name).toString();

/**
 * The time step that a code is of: the one of `now`, the one before or after, for clocks that differ; null: of none. Whether
 * it was taken before is the caller's to know.
 */
export const stepOf = (secret: string, code: string, now: Date): number | null => {
  if (!/^\d{6}$/.test(code)) return null;
  const delta = of(secret, '').validate({ token: code, timestamp: now.getTime(), window: 1 });
  return delta === null ? null : Math.floor(now.getTime() / 1_000 / periodS) + delta;
};
