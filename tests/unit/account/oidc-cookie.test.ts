import { describe, expect, it } from 'vitest';
import { type Kept, keptIn, keptText, ownPath } from '../../../src/account/oidc-cookie.ts';

const kept: Kept = { state: 's'.repeat(43), nonce: 'n'.repeat(43), verifier: 'v'.repeat(43), to: '/account?a=1' };
const sealed = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('what a browser keeps while its person is at the provider', () => {
  it('comes back as it was, among other cookies', () => {
    expect(keptIn(`a=b; xunjian-oidc=${keptText(kept)}; c=d`, 'xunjian-oidc')).toEqual(kept);
  });

  it('is nothing where it is missing, of another name, too long, or not as we wrote it', () => {
    expect(keptIn(undefined, 'xunjian-oidc')).toBeNull();
    expect(keptIn(`other-oidc=${keptText(kept)}`, 'xunjian-oidc')).toBeNull();
    expect(keptIn(`xunjian-oidc=${keptText(kept)}; pad=${'x'.repeat(8_192)}`, 'xunjian-oidc')).toBeNull();
    const forged = [
      null,
      1,
      'text',
      [],
      {},
      { ...kept, state: 1 },
      { ...kept, nonce: 'short' },
      { ...kept, to: '//e' },
    ];
    for (const value of forged) expect(keptIn(`xunjian-oidc=${sealed(value)}`, 'xunjian-oidc')).toBeNull();
    for (const text of ['', 'x', '%', '{}', 'e30']) expect(keptIn(`xunjian-oidc=${text}`, 'xunjian-oidc')).toBeNull();
  });
});

describe('a path to go on to', () => {
  const isOwn = (to: string): boolean => new RegExp(ownPath).test(to);

  it.each(['/', '/account', '/?a=1&b=%2F#c', '/a//b', '/%09/b', `/${'a'.repeat(499)}`])('may be %s', (to) => {
    expect(isOwn(to)).toBe(true);
    expect(new URL(to, 'https://own.example').host).toBe('own.example');
  });

  it.each([
    '',
    'a',
    '//evil.example',
    '/\\evil.example',
    '/a\\b',
    '/\t/evil.example',
    '/\n/e',
    'https://evil.example',
    '/ä',
    '/ ',
  ])('is never %j', (to) => expect(isOwn(to)).toBe(false));

  it('is no longer than 500 characters', () => expect(isOwn(`/${'a'.repeat(500)}`)).toBe(false));
});
