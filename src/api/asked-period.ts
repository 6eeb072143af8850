import { Type } from 'typebox';
import type { Period } from '../rollup/period.ts';
import { momentOf } from '../time.ts';
import { ApiProblem } from './problem.ts';
import { Day, described } from './shapes.ts';

const dayMs = 86_400_000;
const shanghaiMs = 8 * 3_600_000;

/** Local days, the last one included. */
export const daysQuery = {
  from: Type.Optional(described(Day, '第一天（北京时间），默认 29 天前 / the first day, 29 days ago by default')),
  until: Type.Optional(described(Day, '最后一天，含当天，默认今天 / the last day, today by default')),
} as const;

/** Moments; `until` is not included. */
export const timesQuery = {
  from: Type.Optional(Type.String({ maxLength: 40, description: '起，ISO 8601，默认 until 前 24 小时 / from' })),
  until: Type.Optional(Type.String({ maxLength: 40, description: '止（不含），默认此刻 / up to, now by default' })),
} as const;

const wrong = (field: string, zh: string, en: string): ApiProblem =>
  new ApiProblem(400, 'invalid', `${field}：${zh}`, `${field}: ${en}`, field);

const dayOf = (at: number): string => new Date(at + shanghaiMs).toISOString().slice(0, 10);

const requireDay = (field: string, day: string): string => {
  if (momentOf(day) !== null && day >= '2000-01-01' && day <= '2199-12-31') return day;
  throw wrong(field, `没有 ${day} 这一天，应形如 2026-11-23`, `there is no day ${day}; it must look like 2026-11-23`);
};

/** A 400 where a day is none, they run backwards, or are more than `most`. */
export const daysAsked = (
  { from, until }: { readonly from?: string | undefined; readonly until?: string | undefined },
  now: Date,
  most: number,
): Period => {
  const last = requireDay('until', until ?? dayOf(now.getTime()));
  const first = requireDay('from', from ?? dayOf(Date.parse(`${last}T00:00:00+08:00`) - 29 * dayMs));
  requireInOrder(Date.parse(first), Date.parse(last), most);
  return { from: first, until: last };
};

const requireInOrder = (from: number, until: number, most: number): void => {
  if (until < from) throw wrong('from', '晚于 until，请对调', 'is after `until`: exchange the two');
  if (until - from > most * dayMs) {
    throw wrong('from', `至多 ${most} 天，请缩短`, `at most ${most} days at once: ask for fewer`);
  }
};

/** A 400 where a moment is none, they run backwards, or are more than `most` days apart. */
export const timesAsked = (
  { from, until }: { readonly from?: string | undefined; readonly until?: string | undefined },
  now: Date,
  most: number,
): { readonly from: Date; readonly until: Date } => {
  const end = until === undefined ? now : requireMoment('until', until);
  const begin = from === undefined ? new Date(end.getTime() - dayMs) : requireMoment('from', from);
  requireInOrder(begin.getTime(), end.getTime(), most);
  return { from: begin, until: end };
};

const requireMoment = (field: string, text: string): Date => {
  const at = momentOf(text);
  if (at !== null && at.getUTCFullYear() >= 2000 && at.getUTCFullYear() < 2200) return at;
  throw wrong(
    field,
    '不是时刻：应形如 2026-11-23T08:00:00+08:00，年份 2000 至 2199',
    'is no moment: it must look like 2026-11-23T08:00:00+08:00, in the years 2000 to 2199',
  );
};

/** The time in a cursor, ms, which somebody may have made up: within what PostgreSQL knows. */
export const timeOfKey = (ms: number): Date => new Date(Math.min(Math.max(ms, 0), 4_102_444_800_000));
