import { describe, expect, it } from 'vitest';
import { isTokenText, newTokenText } from '../../../src/account/token.ts';

describe('a token', () => {
  const text = newTokenText();

  it('looks like one to a scanner of secrets, and is another one each time', () => {
    expect(text).toMatch(/^xj_[0-9A-Za-z]{57}$/);
    expect(isTokenText(text)).toBe(true);
    expect(new Set(Array.from({ length: 100 }, newTokenText)).size).toBe(100);
  });

  it('that lost or changed a character is told by its checksum, without asking the database', () => {
    for (let at = 3; at < text.length; at++) {
      const other = text[at] === 'a' ? 'b' : 'a';
      expect(isTokenText(text.slice(0, at) + other + text.slice(at + 1))).toBe(false);
    }
    for (const no of ['', 'xj_', text.slice(1), `${text} `, `${text}a`, text.toUpperCase(), `xk_${text.slice(3)}`]) {
      expect(isTokenText(no)).toBe(false);
    }
  });
});
