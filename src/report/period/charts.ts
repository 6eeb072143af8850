import type { EChartsCoreOption } from 'echarts/core';
import { draw, type Picture } from '../print/chart.ts';
import type { Fraction } from '../words/fraction.ts';

/** Lines differ by stroke and mark, bars by light and dark: none needs its colour to be told from another. */

const dark = '#1f3b63';
const light = '#b9c6d8';
const axis = { lineStyle: { color: '#444' } };
const label = { color: '#000', fontSize: 13 };
const split = { lineStyle: { color: '#ddd' } };

/** For drawing only: what is written anywhere comes from whole numbers. Hundredths of a percent, cut. */
const height = ({ yes, of }: Fraction): number | null => (of === 0 ? null : Math.floor((10_000 * yes) / of) / 100);

/** A scale that begins at a mark under all that is drawn, so that what matters fills the picture: by fives, or by twenties. */
const scaleOf = (
  values: readonly (number | null)[],
): { readonly min: number; readonly max: 100; readonly interval: number } => {
  const lowest = Math.min(95, ...values.filter((value) => value !== null)) - 1;
  const interval = lowest < 60 ? 20 : 5;
  return { min: Math.max(0, Math.floor(lowest / interval) * interval), max: 100, interval };
};

/** A bar that does not begin at nothing says so. */
const from = (min: number): string => (min === 0 ? '' : `（横轴自${min}%起）`);

export type Line = {
  readonly name: string;
  /** One a day, as the days stand. */
  readonly rates: readonly Fraction[];
};

const strokes = [
  { color: dark, type: 'solid', symbol: 'circle' },
  { color: '#8a4b08', type: 'dashed', symbol: 'triangle' },
  { color: '#4b6b2a', type: 'dotted', symbol: 'rect' },
] as const;

/** Rates by day with the targets as level lines. `days` are as they shall be read under the axis. */
export const ratesByDay = (
  days: readonly string[],
  lines: readonly Line[],
  targets: readonly number[],
  caption: string,
): Picture => {
  const values = lines.map(({ rates }) => rates.map(height));
  const levels = [...new Set(targets)].map((target, index) => ({
    yAxis: target,
    lineStyle: { color: '#c00000', width: 1.5, type: index % 2 === 0 ? 'dashed' : 'dotted' },
    label: { formatter: `${target}%`, position: 'end', color: '#c00000', fontSize: 13 },
  }));
  const scale = scaleOf(values.flat());
  const option: EChartsCoreOption = {
    legend: { top: 0, itemWidth: 44, textStyle: label, data: lines.map(({ name }) => name) },
    grid: { left: 56, right: 52, top: 36, bottom: 34 },
    xAxis: {
      type: 'category',
      data: [...days],
      axisLine: axis,
      axisLabel: { ...label, hideOverlap: true },
      axisTick: { alignWithLabel: true },
    },
    yAxis: {
      type: 'value',
      ...scale,
      axisLabel: { ...label, formatter: '{value}%' },
      splitLine: split,
      axisLine: { show: true, ...axis },
    },
    series: lines.map(({ name }, index) => {
      const { color, type, symbol } = strokes[index % strokes.length]!;
      return {
        name,
        type: 'line',
        data: values[index],
        symbol,
        symbolSize: days.length > 60 ? 4 : 7,
        showSymbol: days.length <= 62,
        lineStyle: { color, type, width: 2 },
        itemStyle: { color },
        ...(index === 0 ? { markLine: { symbol: 'none', data: levels } } : {}),
      };
    }),
  };
  return draw(option, 300, caption);
};

/** A pair of bars (or one) a unit, lying, the first unit on top, with the rate written at each end. */
export const unitBars = (
  units: readonly string[],
  series: readonly Line[],
  written: (rate: Fraction) => string,
  caption: string,
): Picture => {
  const values = series.map(({ rates }) => rates.map(height));
  const scale = scaleOf(values.flat());
  const option: EChartsCoreOption = {
    legend: { top: 0, textStyle: label, data: series.map(({ name }) => name) },
    grid: { left: 8, right: 60, top: 34, bottom: 8, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    xAxis: {
      type: 'value',
      ...scale,
      axisLabel: { ...label, formatter: '{value}%' },
      splitLine: split,
    },
    yAxis: {
      type: 'category',
      data: [...units],
      inverse: true,
      axisLine: axis,
      axisLabel: label,
      axisTick: { show: false },
    },
    series: series.map(({ name, rates }, index) => ({
      name,
      type: 'bar',
      barGap: '10%',
      data: values[index]!.map((value, at) => ({ value, label: { formatter: written(rates[at]!) } })),
      itemStyle: { color: index === 0 ? dark : light, borderColor: dark, borderWidth: 1 },
      label: { show: true, position: 'right', color: '#000', fontSize: 12 },
    })),
  };
  return draw(option, 60 + units.length * (series.length > 1 ? 40 : 28), `${caption}${from(scale.min)}`);
};

/** How many, a lying bar each, the most on top. */
export const countBars = (
  bars: readonly { readonly name: string; readonly count: number }[],
  caption: string,
): Picture =>
  draw(
    {
      grid: { left: 8, right: 60, top: 10, bottom: 8, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
      xAxis: { type: 'value', minInterval: 1, axisLabel: label, splitLine: split },
      yAxis: {
        type: 'category',
        data: bars.map(({ name }) => name),
        inverse: true,
        axisLine: axis,
        axisLabel: label,
        axisTick: { show: false },
      },
      series: [
        {
          type: 'bar',
          data: bars.map(({ count }) => count),
          itemStyle: { color: light, borderColor: dark, borderWidth: 1 },
          label: { show: true, position: 'right', color: '#000', fontSize: 13 },
        },
      ],
    },
    50 + bars.length * 30,
    caption,
  );
