import { describe, expect, it } from 'vitest';
import { cookieLine, jarOf, secretIn } from '../../../src/account/cookie.ts';
import { namePattern, requireName } from '../../../src/account/name.ts';
import { newSecret } from '../../../src/account/secret.ts';

describe("a session's cookie", () => {
  it('is of this very host and https alone where the service is reached by https', () => {
    for (const config of [
      { publicUrl: 'https://xunjian.example', tlsCertFile: null },
      { publicUrl: null, tlsCertFile: '/cert' },
    ]) {
      const jar = jarOf(config);
      expect(cookieLine(jar, jar.session, 'v', null)).toBe('__Host-xunjian=v; Path=/; HttpOnly; SameSite=Lax; Secure');
    }
  });

  it('works on a loopback without https', () => {
    const jar = jarOf({ publicUrl: 'http://127.0.0.1:8080', tlsCertFile: null });
    expect(cookieLine(jar, jar.session, '', 0)).toBe('xunjian=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0');
  });

  it('is found among others, and by its whole name', () => {
    const secret = newSecret();
    expect(secretIn(`a=b; xunjian=${secret};c=d`, 'xunjian')).toBe(secret);
    expect(secretIn(`__Host-xunjian=${secret}; xunjian-browser=${secret}`, 'xunjian')).toBe(null);
  });

  it.each([
    undefined,
    '',
    'xunjian',
    'xunjian=',
    'xunjian=short',
    `xunjian=${'a'.repeat(44)}`,
    `xunjian="${'a'.repeat(43)}"`,
  ])('is none in %j', (header) => {
    expect(secretIn(header, 'xunjian')).toBe(null);
  });
});

describe('a name to sign in by', () => {
  it.each(['li', 'zhang.san', '张三', 'a@liuzhou.gov.cn', '450202-值班', 'Ünal'])('may be %s', (name) => {
    expect(requireName(name)).toBe(name);
    expect(name).toMatch(new RegExp(namePattern, 'u'));
  });

  it('is kept in one form', () => {
    expect(requireName('ａｄｍｉｎ')).toBe('admin');
  });

  it.each(['', 'a', '.a', 'a b', 'a\nb', 'a/b', '<b>', "a'b", '=cmd', 'a'.repeat(65), 'a\u202eb', 'a\u0000b'])(
    'is not %j',
    (name) => {
      expect(() => requireName(name)).toThrow(/登录名.* \/ a name/);
    },
  );
});
