import { localTime as timeInTheCity } from '../../time.ts';

/** YYYY-MM-DD HH:MM:SS of an ISO 8601 instant, as a clock in the city shows it. */
export const localTime = (iso: string): string => timeInTheCity(new Date(iso));

/** YYYY-MM-DD */
export const localDay = (iso: string): string => localTime(iso).slice(0, 10);

/** HH:MM:SS */
export const localClock = (iso: string): string => localTime(iso).slice(11);

/** 2026年11月22日 */
export const dayWords = (day: string): string => {
  const [year, month, date] = day.split('-').map(Number);
  return `${year}年${month}月${date}日`;
};

/** 8时00分 */
export const clockWords = (iso: string): string => {
  const [hours, minutes] = localClock(iso).split(':');
  return `${Number(hours)}时${minutes}分`;
};

/** Whole seconds as people say them, two parts at most, cut: 2天3小时, 3小时12分, 12分, 40秒. */
export const lengthWords = (seconds: number): string => {
  const parts = [
    [86_400, '天'],
    [3_600, '小时'],
    [60, '分'],
  ] as const;
  const at = parts.findIndex(([size]) => seconds >= size);
  if (at === -1) return `${seconds}秒`;
  const [size, word] = parts[at]!;
  const [smaller, smallerWord] = parts[at + 1] ?? [null, ''];
  const rest = smaller === null ? 0 : Math.floor((seconds % size) / smaller);
  return `${Math.floor(seconds / size)}${word}${rest === 0 ? '' : `${rest}${smallerWord}`}`;
};
