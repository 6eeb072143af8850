/** The 20-digit code of a camera, GB/T 28181 appendix D: centre (8), trade (2), type (3), network (1), serial (6). */

/** Civil codes of the city (GB/T 2260): every code of a point begins with one of them. */
export const cityPrefix = '4502';

/** Types of a point: camera, IP camera, and the recorders whose channel may be entered as a point. */
const types: ReadonlySet<string> = new Set(['111', '118', '131', '132']);

export type CodeFault = { readonly zh: string; readonly en: string };

/** What is wrong with a code, or `null`. */
export const faultOfCode = (code: string): CodeFault | null => {
  if (!/^\d{20}$/.test(code)) {
    return { zh: '应为 20 位数字（GB/T 28181）', en: 'must be 20 digits (GB/T 28181)' };
  }
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
