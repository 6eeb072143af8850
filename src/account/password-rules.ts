import { randomInt } from 'node:crypto';
import { Sentence } from '../sentence.ts';
import { commonPasswords, commonWords } from './common-passwords.ts';
import { keyOf } from './name.ts';

/**
 * After NIST SP 800-63B: length and what attackers try first, no rules of composition. Ten characters, since eight of them
 * fall to a stolen database even behind argon2id, and guessing online is held to some hundred tries a day.
 */
const leastLength = 10;
/** Bounds what is hashed; more than any sentence that somebody types. */
const mostLength = 128;

/** Whom a password is for: what anybody would try first. */
export type Whose = { readonly name: string; readonly unit: { readonly code: string; readonly name: string } | null };

const product = ['xunjian', '巡检'];

/** Throws a Sentence where a password is one that is tried first, or too short. */
export const requirePassword = (password: string, whose: Whose): void => {
  const text = password.normalize('NFKC');
  const length = [...text].length;
  if (/[\p{Cc}\p{Cs}]/u.test(text)) {
    throw new Sentence('新密码不得含控制字符', 'the new password must not hold control characters');
  }
  if (length < leastLength || length > mostLength) {
    throw new Sentence(
      `新密码有 ${length} 个字符，应为 ${leastLength} 至 ${mostLength} 个；可用一句话`,
      `the new password has ${length} characters; it takes ${leastLength} to ${mostLength}: a sentence will do`,
    );
  }
  const lower = text.toLowerCase();
  const told = [keyOf(whose.name), ...product, whose.unit?.code ?? '', whose.unit?.name ?? ''];
  // Two letters are in many a word.
  if (told.some((word) => (word.length > 2 || /\P{ASCII}/u.test(word)) && lower.includes(word))) {
    throw new Sentence(
      '新密码不得含登录名、单位或本系统的名称',
      'the new password must not hold your name, your unit or the name of this service',
    );
  }
  if (isCommon(lower)) {
    throw new Sentence(
      '新密码太常见，最先被人试到：请用几个不相干的词，或一句只有您知道的话',
      'the new password is among those that are tried first: take some unrelated words, or a sentence of your own',
    );
  }
};

/** Whether it is on the list, or is made as those are: of few characters, a run, a repetition, a number, a word and a year. */
const isCommon = (lower: string): boolean =>
  commonPasswords.has(lower) ||
  new Set(lower).size < 4 ||
  // Telephone and identity numbers, dates.
  /^\d{1,18}$|^\d{17}x$/.test(lower) ||
  /^(.{1,8})\1+$/su.test(lower) ||
  isRun(lower) ||
  bareWords(lower).some((word) => commonWords.has(word));

/** A password without what is put around a word, and with letters for what stands for them; a sign may be its first one. */
const bareWords = (lower: string): string[] =>
  [/^[^\p{L}]+|[^\p{L}]+$/gu, /^[^\p{L}@$]+|[^\p{L}]+$/gu].map((around) =>
    lower
      .replace(around, '')
      .replace(/[@04$5731!]/g, (sign) => letterFor[sign] ?? sign)
      .replace(/[^\p{L}]/gu, ''),
  );

const letterFor: Readonly<Record<string, string>> = {
  ...{ '@': 'a', '4': 'a', '0': 'o', $: 's', '5': 's', '7': 't', '3': 'e', '1': 'i', '!': 'i' },
};

const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  '`1234567890-=',
  'qwertyuiop[]',
  "asdfghjkl;'",
  'zxcvbnm,./',
];
/** The columns of a keyboard: 1qaz2wsx3edc. */
const columns = '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/';
const zigzags = ['q1w2e3r4t5y6u7i8o9p0', '1q2w3e4r5t6y7u8i9o0p', columns];
const runs = [...rows, ...zigzags].flatMap((row) => [row, [...row].reverse().join('')]);

/** Whether pieces of keyboard rows and sequences, of four or more each, are all of it. */
const isRun = (text: string): boolean => {
  let at = 0;
  while (at < text.length) {
    let length = Math.min(4, text.length - at);
    // What is left at the end may be short.
    const known = (piece: string): boolean => runs.some((run) => run.includes(piece));
    if (!known(text.slice(at, at + length))) return false;
    while (at + length < text.length && known(text.slice(at, at + length + 1))) length++;
    at += length;
  }
  return true;
};

/** Digits and letters that are not mistaken for each other when read out. */
const alphabet = '23456789abcdefghjkmnpqrstuvwxyz';

/** Four groups of characters, some 79 bits: to be typed once. */
export const newFirstPassword = (): string =>
  Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => alphabet[randomInt(alphabet.length)]).join('')).join(
    '-',
  );
