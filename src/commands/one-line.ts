import { Sentence } from '../sentence.ts';

/** What a screen shows in one line: throws a Sentence where it is blank, too long or holds control characters. */
export const requireOneLine = (option: string, value: string, most: number): void => {
  const length = [...value].length;
  if (value.trim() !== '' && length <= most && !/[\p{Cc}\p{Cs}]/u.test(value)) return;
  throw new Sentence(
    `${option}：应为 1 至 ${most} 个字符的一行文字，不含控制字符`,
    `${option}: must be one line of 1 to ${most} characters, without control characters`,
  );
};
