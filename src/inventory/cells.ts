/**
 * What stands in one cell. A number is what a workbook keeps as a number: it has 15 digits, and a code has 20. Everything
 * else is text, dates as YYYY-MM-DD.
 */
export type Cell = string | number;

/** One line of a table, by the number that the person sees in front of it. */
export type Line = { readonly line: number; readonly cells: readonly Cell[] };

/** Cells that a workbook shows as one: only the first of them holds what is shown. Lines as in Line, columns from 0. */
export type Merge = { readonly from: Position; readonly to: Position };
export type Position = { readonly line: number; readonly column: number };

/** How cells are called in a kind of file: `C17` in a workbook, and nothing beyond line and title in a CSV. */
export type Naming = 'csv' | 'workbook';

/** A1 notation. */
export const cellName = ({ line, column }: Position): string => {
  let letters = '';
  for (let rest = column; rest >= 0; rest = Math.floor(rest / 26) - 1) {
    letters = String.fromCharCode(65 + (rest % 26)) + letters;
  }
  return `${letters}${line}`;
};

/** A number as the workbook shows it in a cell that is wide enough: 15 digits, which is all that it kept. */
export const textOfNumber = (value: number): string => {
  const rounded = Number(value.toPrecision(15));
  if (Math.abs(rounded) < mostExact) return String(rounded);
  const [digits, power] = rounded.toExponential(14).split('e') as [string, string];
  return Number(power) > 40
    ? String(rounded)
    : digits.replace('.', '').padEnd(Number(power) + 1 + (rounded < 0 ? 1 : 0), '0');
};

/** From here on a number in a workbook has lost digits. */
export const mostExact = 1e15;

/** One thing wrong with the file, at its cell. */
export type Fault = {
  /** As the person sees it: of a workbook the row, of a CSV the line. */
  readonly line: number;
  /** Its title as it stands in the file; of a column that is missing its name; `-` for the file itself. */
  readonly column: string;
  /** Of a workbook: C17. */
  readonly cell?: string;
  /** Without passwords. */
  readonly value: string;
  readonly zh: string;
  readonly en: string;
};
