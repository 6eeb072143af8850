import { Sentence } from '../sentence.ts';

/** What a name to sign in by is made of: as an API's schema says it, before it is in its one form. */
export const namePattern = '^[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N}._@+-]{1,63}$';

/** The one form of a name: 张三 and ＡＤＭＩＮ are typed in several ways. */
export const keyOf = (name: string): string => name.normalize('NFKC').toLowerCase();

/** As it is kept; a Sentence where it cannot be a name. */
export const requireName = (name: string): string => {
  const kept = name.normalize('NFKC');
  if (new RegExp(namePattern, 'u').test(kept)) return kept;
  throw new Sentence(
    '登录名应为 2 至 64 个字符，以文字或数字开头，只含文字、数字与 . _ @ + -',
    'a name to sign in by has 2 to 64 characters, begins with a letter or digit, and holds letters, digits and . _ @ + - only',
  );
};
