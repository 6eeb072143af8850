import { existsSync } from 'node:fs';
import { Sentence } from '../../sentence.ts';

type Font = { readonly path: string; readonly family: string };

/** Where Debian and its kin put typefaces with Chinese; the first that is there is taken. */
const places: readonly Font[] = [
  { path: '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc', family: 'Noto Sans CJK SC' },
  { path: '/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc', family: 'Noto Sans CJK SC' },
  { path: '/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc', family: 'Noto Sans CJK SC' },
  { path: '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc', family: 'WenQuanYi Micro Hei' },
];

/** The typeface of charts. Throws a Sentence where none is installed: boxes in place of words would be no chart. */
export const chartFont = (candidates: readonly Font[] = places): Font => {
  const font = candidates.find(({ path }) => existsSync(path));
  if (font !== undefined) return font;
  throw new Sentence(
    `没有找到图表所用的中文字体（${candidates.map(({ path }) => path).join('、')}）：请执行 sudo apt-get install -y fonts-noto-cjk`,
    `no typeface with Chinese was found for charts (${candidates.map(({ path }) => path).join(', ')}): run "sudo apt-get install -y fonts-noto-cjk"`,
  );
};
