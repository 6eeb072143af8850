import type { Period } from '../rollup/period.ts';
import { Sentence } from '../sentence.ts';
import type { ReportKind } from './format.ts';

const existing = (day: string): boolean => {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
};

const forms = {
  daily: { form: /^(\d{4})-(\d{2})-(\d{2})$/, zh: '日期，例如 2026-11-22', en: 'a day such as 2026-11-22' },
  monthly: {
    form: /^(\d{4})-(\d{2})(?:-(\d{2}))?$/,
    zh: '月份或其中一天，例如 2026-11',
    en: 'a month such as 2026-11, or a day of it',
  },
  yearly: {
    form: /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$/,
    zh: '年份或其中一天，例如 2026',
    en: 'a year such as 2026, or a day of it',
  },
} as const;

/** The days that a date means: one, those of its month, or those of its year. Throws a Sentence where it is no date. */
export const daysOf = (kind: ReportKind, date: string): Period => {
  const { form, zh, en } = forms[kind];
  const [, year, month, day] = form.exec(date) ?? [];
  if (year === undefined || !existing(`${year}-${month ?? '01'}-${day ?? '01'}`)) {
    throw new Sentence(`日期 ${date}：应为${zh}`, `date ${date}: must be ${en}`);
  }
  if (kind === 'daily') return { from: date, until: date };
  if (kind === 'yearly') return { from: `${year}-01-01`, until: `${year}-12-31` };
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return { from: `${year}-${month}-01`, until: `${year}-${month}-${last}` };
};
