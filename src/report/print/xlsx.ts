import { type CellStyle, type CellValue, type WriteSheet, writeXlsx } from 'hucre/xlsx';
import stringWidth from 'string-width';
import { changeOf } from '../words/fraction.ts';
import { type Book, type Cell, type Column, cellText, plain, type Sheet } from './paper.ts';
import { coreProperties, rezip } from './zip.ts';

const line = { style: 'thin', color: { rgb: '808080' } } as const;
const border = { top: line, right: line, bottom: line, left: line };
const font = { name: '宋体', size: 10 };

const headStyle: CellStyle = {
  font: { name: '黑体', size: 10 },
  fill: { type: 'pattern', pattern: 'solid', fgColor: { rgb: 'E7E6E6' } },
  border,
  alignment: { horizontal: 'center', vertical: 'center', wrapText: true },
};
const bodyStyle = (align: Column['align'], wrap: boolean, numFmt?: string, bold = false): CellStyle => ({
  font: bold ? { ...font, bold } : font,
  border,
  alignment: { horizontal: align, vertical: 'center', ...(wrap && align === 'left' ? { wrapText: true } : {}) },
  ...(numFmt === undefined ? {} : { numFmt }),
});

const ratePattern = '0.0%';
const changePattern = '"↑"0.00;"↓"0.00;"持平"';

/** The number that a cell is, with its pattern; a rate in whole tenths of a percent, so that no program rounds it up. */
const numberOf = (cell: Cell): { readonly value: number; readonly pattern: string } | null => {
  if (typeof cell === 'number') return { value: cell, pattern: '0' };
  if (typeof cell === 'string') return null;
  if ('rate' in cell) {
    const { yes, of } = cell.rate;
    return of === 0 ? null : { value: Math.floor((1000 * yes) / of) / 1000, pattern: ratePattern };
  }
  const { now, before } = cell.change;
  const change = before === null ? null : changeOf(now, before);
  if (change === null || (change.hundredths === 0 && !change.same)) return null;
  return { value: change.hundredths / 100, pattern: changePattern };
};

/** How wide a column is, in the widths of a digit. */
const digits = ({ width }: Column): number => Math.round((width / 1.7) * 10) / 10;

const key = (row: number, at: number): string => `${row},${at}`;
type Cells = NonNullable<WriteSheet['cells']>;

/** Head, one row or two; the cells of a group merged, and those without one over both rows. */
const writeHead = (
  columns: readonly Column[],
  top: number,
  cells: Cells,
  merges: NonNullable<WriteSheet['merges']>,
) => {
  const grouped = columns.some(({ group }) => group !== undefined);
  const [upper, lower]: [CellValue[], CellValue[]] = [[], []];
  for (const [at, { head, group }] of columns.entries()) {
    cells.set(key(top, at), { style: headStyle });
    if (grouped) cells.set(key(top + 1, at), { style: headStyle });
    upper.push(group ?? head);
    lower.push(group === undefined ? null : head);
    if (!grouped) continue;
    if (group === undefined) merges.push({ startRow: top, startCol: at, endRow: top + 1, endCol: at });
    else if (columns[at - 1]?.group !== group) {
      const span = columns.slice(at).findIndex((column) => column.group !== group);
      const endCol = span === -1 ? columns.length - 1 : at + span - 1;
      merges.push({ startRow: top, startCol: at, endRow: top, endCol });
    }
  }
  return grouped ? [upper, lower] : [upper];
};

/** A line of text over the whole width, as high as it needs to be. */
const writeLine = (
  text: string,
  row: number,
  sheet: Required<Pick<WriteSheet, 'cells' | 'merges' | 'rowDefs'>>,
  columns: readonly Column[],
  title: boolean,
) => {
  const width = columns.reduce((sum, column) => sum + digits(column), 0);
  const rows = Math.max(1, Math.ceil((stringWidth(text) * (title ? 1.7 : 1.08)) / width));
  sheet.merges.push({ startRow: row, startCol: 0, endRow: row, endCol: columns.length - 1 });
  sheet.rowDefs.set(row, { height: title ? 30 * rows : 15 * rows + 3 });
  sheet.cells.set(key(row, 0), {
    style: {
      font: title ? { name: '方正小标宋简体', size: 18 } : font,
      alignment: { horizontal: title ? 'center' : 'left', vertical: 'center', wrapText: true },
    },
  });
};

const letter = (column: number): string =>
  column < 26 ? String.fromCharCode(65 + column) : letter(Math.floor(column / 26) - 1) + letter(column % 26);

const pixels = (millimetres: number): number => Math.round((millimetres * 96) / 25.4);
/** A row that nobody gave a height, of some 13 to 15 points, in pixels. */
const rowPixels = 17;

/** Pictures one under the other from `row` on. */
const placed = (pictures: Sheet['pictures'], row: number): NonNullable<WriteSheet['images']> => {
  let next = row;
  return pictures.map(({ png, width, height, caption }) => {
    const anchor = { from: { row: next, col: 0 } };
    next += Math.ceil(pixels(height) / rowPixels) + 2;
    const size = { width: pixels(width), height: pixels(height) };
    return { data: png, type: 'png', anchor, ...size, altText: caption, title: caption };
  });
};

/** The package ties a picture to a cell at either corner, and stretches it: here it begins at a cell and has its own size. */
const unstretched = (drawing: string): string =>
  drawing.replaceAll(
    /<xdr:twoCellAnchor[^>]*>(<xdr:from>.*?<\/xdr:from>)<xdr:to>.*?<\/xdr:to>(.*?<a:ext (cx="\d+" cy="\d+")\/>.*?)<\/xdr:twoCellAnchor>/gs,
    '<xdr:oneCellAnchor>$1<xdr:ext $3/>$2</xdr:oneCellAnchor>',
  );

/** Sheets with lines above are for reading; those without are for sorting, with a frozen head and filters. */
const sheetOf = (
  { name, lines, table: { columns, rows, total }, notes, pictures }: Sheet,
  draft: string | null,
): WriteSheet => {
  const cells: Cells = new Map();
  const merges: NonNullable<WriteSheet['merges']> = [];
  const rowDefs: NonNullable<WriteSheet['rowDefs']> = new Map();
  const parts = { cells, merges, rowDefs };
  const values: CellValue[][] = [];
  for (const [index, text] of lines.entries()) {
    writeLine(plain(text), values.length, parts, columns, index === 0);
    values.push([plain(text)]);
  }
  const top = values.length;
  values.push(...writeHead(columns, top, cells, merges));
  const first = values.length;
  for (const [index, row] of rows.entries()) {
    const bold = total && index === rows.length - 1;
    values.push(
      row.map((cell, at) => {
        const number = numberOf(cell);
        // Sheets for sorting have thousands of rows and a style a column; only what is no plain text has one of its own.
        if (top > 0 || number !== null)
          cells.set(key(values.length, at), { style: bodyStyle(columns[at]!.align, top > 0, number?.pattern, bold) });
        return number?.value ?? cellText(cell);
      }),
    );
  }
  const last = values.length;
  for (const text of notes) {
    writeLine(plain(text), values.length, parts, columns, false);
    values.push([plain(text)]);
  }
  const images = placed(pictures, values.length + 1);
  return {
    name,
    rows: values,
    columns: columns.map((column) => ({
      width: digits(column),
      ...(top === 0 ? { style: bodyStyle(column.align, false) } : {}),
    })),
    ...parts,
    freezePane: { rows: first, columns: 0 },
    ...(top === 0 ? { autoFilter: { range: `A1:${letter(columns.length - 1)}${Math.max(last, 1)}` } } : {}),
    ...(images.length > 0
      ? { images, rowBreaks: images.filter((_, at) => at > 0 && at % 2 === 0).map(({ anchor }) => anchor.from.row - 1) }
      : {}),
    pageSetup: {
      paperSize: top === 0 ? 'a3' : 'a4',
      orientation: images.length > 0 ? 'portrait' : 'landscape',
      fitToPage: true,
      fitToWidth: 1,
      fitToHeight: 0,
      ...(images.length > 0 ? {} : { printTitlesRow: `$${top + 1}:$${first}` }),
      margins: { top: 0.8, bottom: 0.8, left: 0.5, right: 0.5, header: 0.4, footer: 0.4 },
      horizontalCentered: true,
    },
    headerFooter: { ...(draft === null ? {} : { oddHeader: `&C${draft}` }), oddFooter: '&C— &P —' },
  };
};

/** A workbook. Codes are text, rates and counts numbers; the same book gives the same bytes, anywhere and always. */
export const writeBook = async ({ title, draft, at, sheets }: Book): Promise<Uint8Array> => {
  const file = await writeXlsx({
    sheets: sheets.map((sheet) => sheetOf(sheet, draft)),
    defaultFont: font,
    properties: { title, modified: new Date(at) },
  });
  const drawings = sheets.flatMap(({ pictures }, index) =>
    pictures.length === 0 ? [] : [[`xl/drawings/drawing${index + 1}.xml`, unstretched] as const],
  );
  return rezip(file, {
    'docProps/core.xml': () => coreProperties(title, at),
    ...Object.fromEntries(drawings),
  });
};
