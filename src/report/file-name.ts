import type { FrozenContent } from './content.ts';
import { dayOf } from './daily/issue.ts';
import type { Format } from './format.ts';
import { type PeriodContent, periodDraft } from './period/content.ts';
import { office } from './words/office.ts';

/** A unit's name may hold what no file's name may. */
const safe = (text: string): string => text.replace(/[\\/:*?"<>|\s\p{Cc}]/gu, '-');

/** 柳州市视频点位巡检通报-2026-11-22.docx; with the unit, the correction and the draft said in it. */
export const dailyFileName = (
  content: Pick<FrozenContent, 'inspection' | 'revision' | 'units'>,
  published: boolean,
  unit: string | null,
  format: Format,
): string => {
  const name = unit === null ? null : (content.units.find(({ code }) => code === unit)?.name ?? unit);
  const { number } = content.revision;
  const parts = [
    `${office.city}视频点位巡检通报`,
    ...(name === null ? [] : [safe(name)]),
    dayOf(content),
    ...(number === 1 ? [] : [`第${number}版更正`]),
    ...(published ? [] : ['草稿']),
  ];
  return `${parts.join('-')}.${format}`;
};

/** 柳州市视频点位巡检月通报-2026-11.docx */
export const periodFileName = (content: PeriodContent, format: Format): string => {
  const { kind, period, units, unit } = content;
  const name = unit === null ? null : (units.find(({ code }) => code === unit)?.name ?? unit);
  const parts = [
    `${office.city}视频点位巡检${kind === 'year' ? '年' : '月'}通报`,
    ...(name === null ? [] : [safe(name)]),
    period.from.slice(0, kind === 'year' ? 4 : 7),
    ...(periodDraft(content) === null ? [] : ['草稿']),
  ];
  return `${parts.join('-')}.${format}`;
};
