import { InvalidArgumentError } from 'commander';

/** What an option's value must be, said in both languages where it is not. */

export const whole =
  (from: number, to: number) =>
  (value: string): number => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= from && number <= to) return number;
    throw new InvalidArgumentError(`应为 ${from} 至 ${to} 的整数 / must be a whole number from ${from} to ${to}.`);
  };

export const yesOrNo = (value: string): boolean => {
  if (value === 'yes' || value === 'no') return value === 'yes';
  throw new InvalidArgumentError('应为 yes 或 no / must be yes or no.');
};

export const limit = (value: string): number | null => (value === 'none' ? null : whole(1, 100_000)(value));

/** Names of logins of the database. */
export const logins = (value: string): string[] => {
  const names = value === 'none' ? [] : value.split(',');
  if (names.every((name) => /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name))) return names;
  throw new InvalidArgumentError(
    '应为数据库登录名，逗号分隔，或 none / must be names of database logins by commas, or none.',
  );
};

/** A day that exists, as YYYY-MM-DD; there is no year 0. */
export const day = (value: string): string => {
  const date = /^(?!0000)\d{4}-\d{2}-\d{2}$/.test(value) ? new Date(`${value}T00:00:00Z`) : null;
  if (date !== null && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value)) return value;
  throw new InvalidArgumentError('应为日期，例如 2026-11-23 / must be a date such as 2026-11-23.');
};

export const json = ['--json', '以 JSON 输出 / print JSON'] as const;
