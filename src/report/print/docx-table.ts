import {
  AlignmentType,
  Table as DocxTable,
  Paragraph,
  TableCell,
  TableLayoutType,
  TableRow,
  TextRun,
  VerticalAlignTable,
  VerticalMergeType,
  WidthType,
} from 'docx';
import { faces } from './docx-fonts.ts';
import { type Column, cellText, type Table } from './paper.ts';

/** Twentieths of a point in a millimetre. */
export const twips = (mm: number): number => Math.round((mm * 1440) / 25.4);

const alignments = {
  left: AlignmentType.LEFT,
  center: AlignmentType.CENTER,
  right: AlignmentType.RIGHT,
} as const;

/** Half points: 小五, 9 pt. */
const size = 18;

const words = (text: string, align: Column['align'], bold: boolean): Paragraph =>
  new Paragraph({
    alignment: alignments[align],
    spacing: { before: 20, after: 20, line: 240 },
    children: [new TextRun({ text, size, font: bold ? faces.head : faces.table, ...(bold ? { bold } : {}) })],
  });

const cell = (text: string, column: Column, bold: boolean, shade: boolean): TableCell =>
  new TableCell({
    width: { size: twips(column.width), type: WidthType.DXA },
    verticalAlign: VerticalAlignTable.CENTER,
    ...(shade ? { shading: { fill: 'E7E6E6' } } : {}),
    children: [words(text, bold && !shade ? column.align : shade ? 'center' : column.align, bold)],
  });

/** One head row, or two where columns stand in groups: the head of a group over its columns, the others over both rows. */
const headRows = (columns: readonly Column[]): TableRow[] => {
  const row = (cells: TableCell[]): TableRow => new TableRow({ tableHeader: true, cantSplit: true, children: cells });
  if (columns.every(({ group }) => group === undefined)) {
    return [row(columns.map((column) => cell(column.head, column, true, true)))];
  }
  const upper: TableCell[] = [];
  const lower: TableCell[] = [];
  for (const [index, column] of columns.entries()) {
    if (column.group === undefined) {
      const merged = (merge: (typeof VerticalMergeType)[keyof typeof VerticalMergeType], text: string): TableCell =>
        new TableCell({
          width: { size: twips(column.width), type: WidthType.DXA },
          verticalAlign: VerticalAlignTable.CENTER,
          verticalMerge: merge,
          shading: { fill: 'E7E6E6' },
          children: [words(text, 'center', true)],
        });
      upper.push(merged(VerticalMergeType.RESTART, column.head));
      lower.push(merged(VerticalMergeType.CONTINUE, ''));
      continue;
    }
    lower.push(cell(column.head, column, true, true));
    if (columns[index - 1]?.group === column.group) continue;
    const members = spanFrom(columns, index);
    upper.push(
      new TableCell({
        columnSpan: members.length,
        width: { size: twips(members.reduce((sum, { width }) => sum + width, 0)), type: WidthType.DXA },
        verticalAlign: VerticalAlignTable.CENTER,
        shading: { fill: 'E7E6E6' },
        children: [words(column.group, 'center', true)],
      }),
    );
  }
  return [row(upper), row(lower)];
};

const spanFrom = (columns: readonly Column[], from: number): readonly Column[] => {
  const end = columns.findIndex((column, index) => index > from && column.group !== columns[from]!.group);
  return columns.slice(from, end === -1 ? columns.length : end);
};

/** A table of fixed widths whose head is repeated on every page and whose rows stay whole. */
export const docxTable = ({ columns, rows, total }: Table): DocxTable =>
  new DocxTable({
    layout: TableLayoutType.FIXED,
    alignment: AlignmentType.CENTER,
    width: { size: columns.reduce((sum, { width }) => sum + twips(width), 0), type: WidthType.DXA },
    columnWidths: columns.map(({ width }) => twips(width)),
    margins: { left: 60, right: 60, top: 0, bottom: 0, marginUnitType: WidthType.DXA },
    rows: [
      ...headRows(columns),
      ...rows.map(
        (cells, index) =>
          new TableRow({
            cantSplit: true,
            children: cells.map((value, at) =>
              cell(cellText(value), columns[at]!, total && index === rows.length - 1, false),
            ),
          }),
      ),
    ],
  });
