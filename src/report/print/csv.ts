import { stringify } from 'csv-stringify/sync';
import { cellText, type Table } from './paper.ts';

/** UTF-8 with a mark that spreadsheets tell it by; nothing in it starts a formula, whatever a camera is called. */
export const writeCsv = ({ columns, rows }: Table): Uint8Array =>
  Buffer.from(
    stringify(
      rows.map((cells) => cells.map(cellText)),
      {
        bom: true,
        escape_formulas: true,
        record_delimiter: 'windows',
        header: true,
        columns: columns.map(({ group, head }) => (group === undefined ? head : `${group}·${head}`)),
      },
    ),
  );
