import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import iconv from 'iconv-lite';
import type { Fault, Line } from './cells.ts';
import { columnOf } from './columns.ts';

/** Longer lines are refused, bytes: a quote that is never closed makes one of the whole file. */
const mostOfLine = 1 << 20;

/**
 * Reads lines of CSV, in order, as they are asked for: separated by commas, semicolons or tabs, in UTF-8 with or without
 * a byte order mark, in UTF-16 with one ("Unicode text" of Excel), or else in GB18030, which office programs here write.
 * Gives back what is wrong with it as CSV, or null.
 */
export const readCsv = (bytes: Buffer, take: (line: Line) => void): Fault | null => {
  const text = inUtf8(bytes);
  let next = 1;
  try {
    parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      skip_empty_lines: false,
      relax_column_count: true,
      max_record_size: mostOfLine,
      trim: true,
      // A record ends on its line `lines`, and a cell in quotes may hold line breaks: it begins behind the one before.
      on_record: (cells: string[], { lines }: { lines: number }) => {
        take({ line: next, cells });
        next = lines + 1;
        return null;
      },
    });
    return null;
  } catch (error) {
    // The parser's own message may repeat the cell, which may be a password; its code names the fault as well.
    const { code, lines = 1 } = error as Error & { code?: string; lines?: number };
    if (code === undefined) throw error;
    // A quote that is not closed runs to the end of the file: what is wrong stands where its line began.
    const line = code === 'CSV_QUOTE_NOT_CLOSED' ? next : lines;
    const zh = `CSV 格式有误（${code}）：含引号、逗号或换行的内容须整体加双引号，其中的引号写两遍`;
    const en = `the CSV is malformed (${code}): quote a cell that holds quotes, commas or line breaks, and double its quotes`;
    return { line, column: '-', value: '', zh, en };
  }
};

const inUtf8 = (bytes: Buffer): Buffer => {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
  if (mark === 0xff_fe || mark === 0xfe_ff) {
    return Buffer.from(new TextDecoder(mark === 0xff_fe ? 'utf-16le' : 'utf-16be').decode(bytes));
  }
  return isUtf8(bytes) ? bytes : Buffer.from(iconv.decode(bytes, 'gb18030'));
};

/** What parts the titles so that most of them are known. */
const delimiterOf = (text: Buffer): string => {
  const first = text
    .subarray(0, 64 * 1024)
    .toString('utf8')
    .split(/\r?\n/, 20);
  const known = (delimiter: string): number =>
    Math.max(
      ...first.map(
        (line) => line.split(delimiter).filter((title) => columnOf(title.replaceAll('"', '')) !== undefined).length,
      ),
    );
  return [',', '\t', ';'].reduce((best, one) => (known(one) > known(best) ? one : best));
};
