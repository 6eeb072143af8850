import { InvalidArgumentError } from 'commander';
import { momentOf } from '../time.ts';

/** A moment as an option's value: a day or a time in the city, or ISO 8601 with a zone. */
export const moment = (value: string): Date => {
  const at = momentOf(value);
  if (at !== null) return at;
  throw new InvalidArgumentError(
    '应为北京时间，例如 2026-11-23 或 "2026-11-23 08:00" / must be a time in Beijing, such as 2026-11-23 or "2026-11-23 08:00".',
  );
};
