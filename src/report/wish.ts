import type { Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { type DailyWish, dailyDocument, type MadeDocument } from './daily/document.ts';
import type { Format, ReportKind } from './format.ts';
import { type PeriodWish, periodDocument } from './period/document.ts';
import { daysOf } from './report-date.ts';

/** A document as a person asks for it. */
export type Asked = {
  readonly date: string;
  readonly format: Format;
  readonly unit: string | null;
  readonly revision: number | null;
};

export type Wish = ({ readonly kind: 'day' } & DailyWish) | PeriodWish;

/** What is meant. Throws a Sentence where it cannot be meant, whatever there is in the database. */
export const wishOf = (kind: ReportKind, { date, format, unit, revision }: Asked): Wish => {
  const period = daysOf(kind, date);
  if (unit !== null && format === 'json') {
    throw new Sentence(
      `考核单位 ${unit}：json 是全市内容的原文，不能按单位截取；请不指定单位，或用 csv、xlsx、docx`,
      `unit ${unit}: json is the content of the whole city, byte for byte; name no unit, or take csv, xlsx or docx`,
    );
  }
  if (kind === 'daily') return { kind: 'day', day: period.from, revision, unit, format };
  if (revision !== null) {
    throw new Sentence(
      `版次 ${revision}：月报与年报取各次巡检的最新版次，没有自己的版次；请不指定版次`,
      `revision ${revision}: a month or a year is summed from the newest revisions and has none of its own; leave it out`,
    );
  }
  return { kind: kind === 'monthly' ? 'month' : 'year', period, unit, format };
};

/** The document, as things stand at `now`. Throws a Sentence where there is no such day, revision or unit. */
export const documentOf = (db: Queryable, wish: Wish, now: Date): Promise<MadeDocument> =>
  wish.kind === 'day' ? dailyDocument(db, wish) : periodDocument(db, wish, now);
