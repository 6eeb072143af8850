import { describe, expect, it } from 'vitest';
import { newTotpSecret, stepOf, totpUri } from '../../../src/account/totp.ts';

/** `12345678901234567890` in base 32: the secret of RFC 6238's own table, whose codes end in these six digits. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('a code of the second factor', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('is as RFC 6238 has it at %i s', (seconds, code) => {
    expect(stepOf(secret, code, new Date(seconds * 1_000))).toBe(Math.floor(seconds / 30));
  });

  it('is taken a step early and a step late, with the step that it is of, and no further', () => {
    const at = (seconds: number) => stepOf(secret, '287082', new Date(seconds * 1_000));
    expect([at(29), at(30), at(59), at(60), at(89)]).toEqual([1, 1, 1, 1, 1]);
    expect([at(-1), at(90), at(3_600)]).toEqual([null, null, null]);
  });

  it.each(['', '28708', '2870822', '28708a', ' 287082', '２８７０８２', '-87082'])('%j is none', (code) => {
    expect(stepOf(secret, code, new Date(59_000))).toBe(null);
  });
});

describe('a secret', () => {
  it('has 160 bits, and goes into an authenticator by its address', () => {
    const made = newTotpSecret();
    expect(made).toMatch(/^[A-Z2-7]{32}$/);
    expect(newTotpSecret()).not.toBe(made);
    const uri = new URL(totpUri(made, '张三@柳州'));
    expect([uri.protocol, uri.host]).toEqual(['otpauth:', 'totp']);
    expect(decodeURIComponent(uri.pathname)).toBe('/xunjian:张三@柳州');
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      ...{ issuer: 'xunjian', secret: made, algorithm: 'SHA1', digits: '6', period: '30' },
    });
  });
});
