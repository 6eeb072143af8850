import { Type } from 'typebox';
import { momentOf } from '../time.ts';
import { ApiProblem } from './problem.ts';

/** One line for others to read, not blank: documents and terminals take no control characters. */
export const written = (most: number, description: string) =>
  Type.String({
    minLength: 1,
    maxLength: most,
    pattern:
      '^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$',
    description,
  });

/** As `schedule/written.ts` bounds them. */
export const name = (description: string) => written(100, description);
export const text = (description: string) => written(2_000, description);

/** A moment in ISO 8601 with its zone, of this century: PostgreSQL and Date reach further, nobody's plans do. */
export const moment = (description: string) =>
  Type.String({
    maxLength: 35,
    pattern: '^20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,3})?)?(Z|[+-]\\d\\d:\\d\\d)$',
    description: `${description}；ISO 8601，带时区 / with a zone, such as 2026-11-23T08:00:00+08:00`,
  });

/** What such a text means; a 400 where there is no such day or hour. */
export const momentIn = (value: string, field: string): Date => {
  const at = momentOf(value);
  if (at !== null) return at;
  throw new ApiProblem(
    400,
    'invalid',
    `${field}：没有 ${value} 这个时刻，请核对日期与时间`,
    `${field}: there is no such moment as ${value}; check day and hour`,
    field,
  );
};

export const isoOf = (at: Date): string => at.toISOString();
export const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

/** One of these words. */
export const oneOf = <T extends string>(words: readonly T[], options: { description?: string; default?: T } = {}) =>
  Type.Unsafe<T>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      options,
    ),
  );

/** For `listQuery` of rows that are listed by their number: the newest first, unless it is turned round. */
export const newestFirst = {
  sort: Type.Optional(
    oneOf(['-id', 'id'], { default: '-id', description: '排序，默认新的在前 / the newest first by default' }),
  ),
} as const;
