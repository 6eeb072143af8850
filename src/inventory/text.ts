import type { Wrong } from './values.ts';

/** What a spreadsheet shows where a formula failed. */
const failedFormula = /^#(N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NULL!|NUM!)$/;

/** Most cells, told apart from the rest at the cost of one look. */
export const plain = /^[^\p{Cc}\p{Cs}�#]*$/u;

/** What cannot be kept, or read again; null: nothing. */
export const faultOfText = (value: string): Wrong | null => {
  if (failedFormula.test(value)) {
    return { zh: '公式出错：请改正公式或直接填写内容', en: 'a formula failed: correct it or enter the value itself' };
  }
  if (/\p{Cc}/u.test(value)) {
    return { zh: '不得含换行等控制字符：请写成一行', en: 'must not hold control characters: write it in one line' };
  }
  if (/[�\p{Cs}]/u.test(value)) {
    return {
      zh: '含无法识别的字符：请把文件另存为 UTF-8 编码的 CSV 或 xlsx',
      en: 'holds characters that could not be read: save the file as CSV in UTF-8, or as xlsx',
    };
  }
  return null;
};

export const lostDigitsOfText: Wrong = {
  zh: '被表格软件当作数字，15 位以后已丢失：请把该列设为“文本”格式后重新填写',
  en: 'a spreadsheet made it a number and lost what is past 15 digits: format the column as text and enter it again',
};
