import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Resvg } from '@resvg/resvg-js';
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { chartFont } from './chart-font.ts';
import type { Block } from './paper.ts';

use([BarChart, LineChart, GridComponent, LegendComponent, MarkLineComponent, SVGRenderer]);

const fontSha256 = (path: string): string => {
  const known = hashes.get(path) ?? createHash('sha256').update(readFileSync(path)).digest('hex');
  hashes.set(path, known);
  return known;
};
const hashes = new Map<string, string>();

/** What a picture's bytes hang on besides the content: another file of the typeface gives the same chart in other dots. */
export const chartNote = (): string => {
  const { family, path } = chartFont();
  return `图示由本文内容绘成，字体为${family}（字体文件 SHA-256 ${fontSha256(path).slice(0, 16)}…）；换用其他字体文件时图片字节不同，数据不变。`;
};

/** Drawn in units of which 700 are as wide as the text of a page: a type of 14 prints as 9 pt. */
const unitsWide = 700;
const millimetresWide = 156;
/** 1,680 dots on 156 mm: 273 to the inch. */
const zoom = 2.4;

export type Picture = Extract<Block, { kind: 'picture' }>;

/**
 * A chart as a picture that prints well, on a black-and-white printer too. The same option gives the same bytes: nothing
 * moves, the typeface comes from one file and no font of the machine is looked for.
 */
export const draw = (option: EChartsCoreOption, height: number, caption: string): Picture => {
  const font = chartFont();
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: unitsWide, height });
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: font.family, fontSize: 14, color: '#000' },
      ...option,
    });
    const image = new Resvg(chart.renderToSVGString(), {
      background: '#fff',
      fitTo: { mode: 'zoom', value: zoom },
      font: { fontFiles: [font.path], loadSystemFonts: false, defaultFontFamily: font.family },
    }).render();
    return {
      kind: 'picture',
      png: image.asPng(),
      width: millimetresWide,
      height: Math.round((height * millimetresWide) / unitsWide),
      caption,
    };
  } finally {
    chart.dispose();
  }
};
