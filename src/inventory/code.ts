/** The 20-digit code of a camera, GB/T 28181 appendix D: centre (8), trade (2), type (3), network (1), serial (6). */

/** Civil codes of the city (GB/T 2260): every code of a point begins with one of them. */
const cityPrefix = '4502';

/** Types of a point: camera, IP camera, and the recorders whose channel may be entered as a point. */
const types: ReadonlySet<string> = new Set(['111', '118', '131', '132']);

export type CodeFault = { readonly zh: string; readonly en: string };

/**
 * What is wrong with a code, or `null`. The trade (digits 9-10) is not looked at: the standard leaves most of its hundred
 * numbers to be given out, and cities have given out their own.
 */
export const faultOfCode = (code: string): CodeFault | null => {
  if (!/^\d{20}$/.test(code)) return faultOfForm(code);
  if (!code.startsWith(cityPrefix)) {
    return {
      zh: `属于其他城市：应以 ${cityPrefix} 开头`,
      en: `belongs to another city: it must begin with ${cityPrefix}`,
    };
  }
  if (!types.has(code.slice(10, 13))) {
    return {
      zh: `第 11-13 位类型码 ${code.slice(10, 13)} 不是摄像机（131、132）或录像机（111、118）`,
      en: `digits 11-13, ${code.slice(10, 13)}, are no camera (131, 132) or recorder (111, 118)`,
    };
  }
  return null;
};

/** Why it is no 20 digits: each slip has a remedy of its own. */
const faultOfForm = (code: string): CodeFault => {
  const must = { zh: '应为 20 位数字（GB/T 28181）', en: 'must be 20 digits (GB/T 28181)' };
  const because = (zh: string, en: string): CodeFault => ({ zh: `${zh}；${must.zh}`, en: `${en}; it ${must.en}` });
  if (code === '') return must;
  if (/^\d(\.\d+)?e\+?\d+$/i.test(code)) return lostDigits;
  if (/^['‘’＇]/.test(code)) {
    return because('以撇号开头：请删除撇号', 'begins with an apostrophe: take it away');
  }
  const narrow = code.normalize('NFKC');
  if (narrow !== code && /^\d+$/.test(narrow)) {
    return because('含全角数字：请改为半角', 'has full-width digits: write them as 0 to 9');
  }
  if (/^[\d\s-]+$/.test(code) && /[\s-]/.test(code)) {
    return because('中间有空格或横线：请删除', 'has blanks or dashes in it: take them away');
  }
  if (/^\d+$/.test(code)) {
    return because(`有 ${code.length} 位`, `has ${code.length}`);
  }
  return because('含数字以外的字符', 'has signs that are no digits');
};

/** A spreadsheet keeps 15 digits of a number, and the last five of every code would be the same. */
export const lostDigits: CodeFault = {
  zh: '编码被表格软件当作数字，末几位已丢失：请把该列设为“文本”格式后从原始资料重新填写；应为 20 位数字（GB/T 28181）',
  en: 'a spreadsheet made it a number and lost its last digits: format the column as text and enter the codes again from their source; it must be 20 digits (GB/T 28181)',
};
