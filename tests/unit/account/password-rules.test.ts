import { describe, expect, it } from 'vitest';
import { newFirstPassword, requirePassword } from '../../../src/account/password-rules.ts';

const whose = { name: 'zhang.san', unit: { code: '450202', name: '城中区' } };
const taken = (password: string): void => requirePassword(password, whose);

describe('a new password', () => {
  it.each([
    'correct-horse-of-liuzhou-42',
    '我家门前有三棵老榕树',
    'tR7vq9mKx2',
    'monkey riding a blue bicycle',
    'liuzhou luosifen no. 1 noodles',
    `${'abdhwyqpmv'.repeat(12)}abcdefg8`,
  ])('%s is taken: it is long enough, and nobody tries it first', (password) => {
    expect(() => taken(password)).not.toThrow();
  });

  it.each([
    ['nine characters', 'tR7vq9mKx', '9'],
    ['129 characters', 'ab3dhwyqp'.repeat(15), '128'],
    ['a control character', 'tR7vq9mKx2\t', '控制字符'],
  ])('of %s is refused, and says why', (_, password, word) => {
    expect(() => taken(password)).toThrow(word);
  });

  it.each([
    ['on every list', 'password123'],
    ['on every list, in capitals', 'PASSWORD123'],
    ['on every list, typed in full width', 'ｐａｓｓｗｏｒｄ１２３'],
    ['a word with letters replaced', 'P@ssw0rd2026'],
    ['a word and a year', 'Liuzhou@2026'],
    ['a word that begins with a sign', '@dmin!2026!!'],
    ['a word between signs', '!!admin!!2024!!'],
    ['a pinyin favourite', 'woaini1314520'],
    ['the trade', 'hikvision2025'],
    ['a telephone number', '13877212345'],
    ['an identity number', '45220119900101123x'],
    ['a date and a date', '19900101199001'],
    ['a row of the keyboard', 'qwertyuiop'],
    ['two rows of it', 'qwertyuiopasdfghjkl'],
    ['its columns', '1qaz2wsx3edc'],
    ['digits up and letters on', '123456789abcdef'],
    ['backwards', 'zyxwvutsrqp'],
    ['one character', 'aaaaaaaaaaaa'],
    ['three characters', 'abcabcabcabc'],
    ['a piece again and again', 'luzhai8luzhai8'],
  ])('that is %s is refused: %s', (_, password) => {
    expect(() => taken(password)).toThrow('最先被人试到');
  });

  it.each([
    ['the name', 'my-Zhang.San-is-9'],
    ['the unit', 'k7 城中区 k8 m2 q4'],
    ["the unit's code", 'abc-450202-xyw'],
    ['the product', 'Xunjian-k7m2q4w9'],
  ])('that holds %s is refused', (_, password) => {
    expect(() => taken(password)).toThrow('登录名、单位');
  });

  it('may hold a name of two letters, which many a word does', () => {
    expect(() => requirePassword('believe-in-noodles', { name: 'li', unit: null })).not.toThrow();
  });

  it('has both languages in its refusal', () => {
    expect(() => taken('short')).toThrow(/\p{Script=Han}.* \/ the new password/u);
  });
});

describe('a first password', () => {
  it('holds to the rules, is never the same, and has no characters that are mistaken for each other', () => {
    const made = Array.from({ length: 200 }, newFirstPassword);
    expect(new Set(made).size).toBe(200);
    for (const password of made) {
      expect(password).toMatch(/^[2-9a-hjkmnp-z]{4}(-[2-9a-hjkmnp-z]{4}){3}$/);
      expect(() => taken(password)).not.toThrow();
    }
  });
});
