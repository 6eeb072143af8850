import { percent } from '../../verdict/rates.ts';
import { changeMark, type Fraction } from '../words/fraction.ts';

/** What a document is made of, before it is a file of any format. */

/** A number keeps being one in a spreadsheet; a rate is shown rounded down; a change needs both of its ends. */
export type Cell =
  | string
  | number
  | { readonly rate: Fraction }
  | { readonly change: { readonly now: Fraction; readonly before: Fraction | null } };

export type Column = {
  readonly head: string;
  /** Neighbours of one group stand under a common head. */
  readonly group?: string;
  /** Millimetres on paper; a spreadsheet's column follows from it. */
  readonly width: number;
  readonly align: 'left' | 'center' | 'right';
};

export type Table = {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Whether the last row is the sum of those before it. */
  readonly total: boolean;
};

/** `attachment` is a heading that begins a new page: one that has more to say than a line. */
export type Block =
  | {
      readonly kind: 'body' | 'attachment' | 'heading' | 'subheading' | 'signature' | 'note';
      readonly text: string;
    }
  | { readonly kind: 'table'; readonly table: Table }
  | {
      readonly kind: 'picture';
      readonly png: Uint8Array;
      /** Millimetres. */
      readonly width: number;
      readonly height: number;
      readonly caption: string;
    };

/** A table under its heading; empty, it is said in words. */
export const tableOr = (table: Table, otherwise: string): Block =>
  table.rows.length === 0 ? { kind: 'note', text: otherwise } : { kind: 'table', table };

/** The same as an attachment; empty, it takes no page of its own. */
export const attachment = (text: string, table: Table, otherwise: string): Block[] => [
  { kind: table.rows.length === 0 ? 'heading' : 'attachment', text },
  tableOr(table, otherwise),
];

export type Section = { readonly landscape: boolean; readonly blocks: readonly Block[] };

export type Paper = {
  readonly title: string;
  /** Number and date, under the title. */
  readonly line: string;
  /** Stands on every page where it is not null: "草稿 …". */
  readonly draft: string | null;
  /** ISO 8601; a document's own time is that of its content. */
  readonly at: string;
  readonly sections: readonly Section[];
};

export type Sheet = {
  readonly name: string;
  /** Lines above the table: the first is the title. Without any, the head is row 1, frozen, with filters. */
  readonly lines: readonly string[];
  readonly table: Table;
  /** Lines below it. */
  readonly notes: readonly string[];
  /** Under all that, two a printed page. */
  readonly pictures: readonly Extract<Block, { kind: 'picture' }>[];
};

export type Book = {
  readonly title: string;
  /** Stands at the head of every printed page where it is not null. */
  readonly draft: string | null;
  readonly at: string;
  readonly sheets: readonly Sheet[];
};

/** What a cell reads on paper. Control characters are in no XML: a camera's name may have brought some. */
export const cellText = (cell: Cell): string => {
  if (typeof cell === 'number') return String(cell);
  if (typeof cell === 'string') return plain(cell);
  if ('rate' in cell) return percent(cell.rate.yes, cell.rate.of);
  return changeMark(cell.change.now, cell.change.before);
};

/** One line of well-formed text, fit for XML. */
export const plain = (text: string): string =>
  text
    .replace(/[\p{Cc}\uFFFE\uFFFF]+/gu, ' ')
    .trim()
    .toWellFormed();

/** What ends the text of every document: by whom and of when it is, and by what its figures can be made again. */
export const closing = (by: string, day: string, notes: readonly string[]): Block[] => [
  { kind: 'signature', text: by },
  { kind: 'signature', text: day },
  { kind: 'heading', text: '说明' },
  ...notes.map((text): Block => ({ kind: 'note', text })),
];
