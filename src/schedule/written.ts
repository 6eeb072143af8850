import { Sentence } from '../sentence.ts';

/** What it is called, in Chinese and English. The English is the name of the option and of the API's field. */
type What = readonly [string, string];

/** Characters of a name, and of a text. */
const mostOf = { name: 100, text: 2_000 } as const;

/**
 * What a person wrote for others to read, on a screen and in documents: throws a Sentence where it holds control
 * characters (a terminal would obey them, no document may hold them) or is longer than anybody reads.
 */
export const requireWritten = (what: What, kind: keyof typeof mostOf, value: string): void => {
  if (/\p{Cc}/u.test(value)) {
    throw new Sentence(
      `${what[0]}含换行等控制字符：请写成一行，不含控制字符`,
      `${what[1]} holds control characters: write it in one line, without them`,
    );
  }
  const [length, most] = [[...value].length, mostOf[kind]];
  if (length <= most) return;
  throw new Sentence(
    `${what[0]}有 ${length} 个字符，最多 ${most} 个：请写短些，详情可作附件`,
    `${what[1]} has ${length} characters, at most ${most} are taken: make it shorter, details may be attached`,
  );
};

/** Of whoever decides: throws a Sentence where it is blank, or nothing that can be shown. */
export const requireName = (by: string): void => {
  if (by.trim() === '') throw new Sentence('经办人为空：请写明', 'by is empty: say who decides');
  requireWritten(['经办人', 'by'], 'name', by);
};
