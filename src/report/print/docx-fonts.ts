/**
 * The typefaces of an official notice (GB/T 9704). The names are those that offices in China have installed; the font
 * table says what to take where one is missing (altName), so that the page looks alike under another name of the same face.
 */
const face = (eastAsia: string) => ({
  ascii: 'Times New Roman',
  hAnsi: 'Times New Roman',
  cs: 'Times New Roman',
  eastAsia,
});

export const faces = {
  title: face('方正小标宋简体'),
  body: face('仿宋_GB2312'),
  head: face('黑体'),
  table: face('宋体'),
} as const;

const others: Readonly<Record<string, string>> = {
  方正小标宋简体: '方正小标宋_GBK,宋体,SimSun,Noto Serif CJK SC',
  仿宋_GB2312: '仿宋,FangSong,Noto Serif CJK SC',
  黑体: 'SimHei,Noto Sans CJK SC',
  宋体: 'SimSun,Noto Serif CJK SC',
};

/** word/fontTable.xml */
export const fontTable = (): string =>
  '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
  '<w:fonts xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">' +
  '<w:font w:name="Times New Roman"><w:altName w:val="Liberation Serif"/><w:charset w:val="00"/><w:family w:val="roman"/><w:pitch w:val="variable"/></w:font>' +
  Object.entries(others)
    .map(
      ([name, alt]) =>
        `<w:font w:name="${name}"><w:altName w:val="${alt}"/><w:charset w:val="86"/><w:family w:val="auto"/><w:pitch w:val="variable"/></w:font>`,
    )
    .join('') +
  '</w:fonts>';
