import type { PeriodFigures, Sums } from '../../rollup/period.ts';
import { dayWords } from '../words/local-time.ts';

/**
 * What a month or a year came to, as its report is made from it, with a canonical form and a hash of its own: the figures,
 * and which inspections they are summed from, each with its revision and hash. Instants are ISO 8601 in UTC, days
 * YYYY-MM-DD in Asia/Shanghai.
 */
export type PeriodContent = Omit<PeriodFigures, 'sweptUntil' | 'inspections'> & {
  readonly format: 'xunjian-period/1';
  readonly kind: 'month' | 'year';
  /** The one unit that it is of; null: the city. */
  readonly unit: string | null;
  /** The last day of the period that had begun when this was added up. */
  readonly through: string;
  /** Whether the period was over then: before that its figures are a draft, whatever is published of it. */
  readonly ended: boolean;
  readonly sweptUntil: string | null;
  readonly inspections: readonly (PeriodFigures['inspections'][number] & {
    /** null: it was completed before inspections were frozen. */
    readonly sha256: string | null;
    readonly published: boolean;
  })[];
  /** The policies that its days were judged by, whole rows. */
  readonly policies: readonly (Readonly<Record<string, unknown>> & {
    readonly version: number;
    readonly note: string;
  })[];
  /** The same figures of the month or year before, where it had a daily inspection: for the change. */
  readonly before: null | {
    readonly period: PeriodFigures['period'];
    readonly units: readonly ({ readonly code: string } & Compared)[];
    readonly city: Compared;
  };
};

export type Compared = Pick<Sums, 'assessed' | 'online' | 'image'>;

/** A period's figures as they go to press. */
export type PeriodIssue = { readonly content: PeriodContent; readonly sha256: string };

/** 2026年11月, 2026年 */
export const periodWords = ({ kind, period }: Pick<PeriodContent, 'kind' | 'period'>): string => {
  const [year, month] = period.from.split('-').map(Number);
  return kind === 'year' ? `${year}年` : `${year}年${month}月`;
};

export const beforeWord = ({ kind }: Pick<PeriodContent, 'kind'>): string => (kind === 'year' ? '上年' : '上月');

/** A report of a period that is not over, or of days that are not all published, is a draft. */
export const periodDraft = ({ inspections, ended, through }: PeriodContent): string | null => {
  const open = inspections.filter(({ published }) => !published).length;
  const why = [
    ...(ended ? [] : [`本期未完，统计至${dayWords(through)}`]),
    ...(open === 0 ? [] : [`有${open}次巡检未发布`]),
  ];
  return why.length === 0 ? null : `草稿（${why.join('，')}，不作为考核依据）`;
};
