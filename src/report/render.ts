import { Sentence } from '../sentence.ts';
import type { FrozenContent } from './content.ts';
import type { Format } from './format.ts';
import type { PeriodContent } from './period/content.ts';
import type { Book, Paper } from './print/paper.ts';

/** What shall be made of a content: its canonical bytes and their hash, as they were frozen. */
export type Order = {
  readonly format: Format;
  readonly bytes: Uint8Array;
  /** Of `bytes`, lower-case hex. */
  readonly sha256: string;
} & (
  | { readonly report: 'daily'; readonly published: boolean; readonly unit: string | null; readonly alone?: true }
  | { readonly report: 'period' }
);

/**
 * The file. The same order gives the same bytes, in any process, zone and year. JSON is the content itself, byte for byte
 * what the hash is of. Some seconds of work for a whole city: for a thread of its own (press.ts).
 */
export const render = async (order: Order): Promise<Uint8Array> => {
  if (order.format === 'json') return order.bytes;
  const content: unknown = JSON.parse(new TextDecoder().decode(order.bytes));
  return order.report === 'daily'
    ? renderDay(content as FrozenContent, order)
    : renderPeriod(content as PeriodContent, order);
};

// Each document loads what it is made with and no more: a thread for a list of cameras needs no charts.

const renderDay = async (content: FrozenContent, order: Extract<Order, { report: 'daily' }>): Promise<Uint8Array> => {
  const { format, sha256, published, unit, alone = false } = order;
  if (unit !== null) requireUnit(content, unit);
  const issue = { content, sha256, published };
  if (format === 'csv') {
    const [{ writeCsv }, { cameraTable }] = await Promise.all([
      import('./print/csv.ts'),
      import('./daily/camera-sheet.ts'),
    ]);
    return writeCsv(cameraTable(content, unit));
  }
  if (unit === null) {
    const { dailyBook, dailyPaper } = await import('./daily/paper.ts');
    return format === 'docx' ? word(dailyPaper(issue)) : workbook(dailyBook(issue));
  }
  const { countyBook, countyPaper } = await import('./county/paper.ts');
  return format === 'docx' ? word(countyPaper(issue, unit, alone)) : workbook(countyBook(issue, unit, alone));
};

const renderPeriod = async (content: PeriodContent, { format, sha256 }: Order): Promise<Uint8Array> => {
  if (format === 'csv') {
    const [{ writeCsv }, { periodTable }] = await Promise.all([import('./print/csv.ts'), import('./period/tables.ts')]);
    return writeCsv(periodTable(content));
  }
  const { periodBook, periodPaper } = await import('./period/paper.ts');
  const issue = { content, sha256 };
  return format === 'docx' ? word(periodPaper(issue)) : workbook(periodBook(issue));
};

const word = async (paper: Paper): Promise<Uint8Array> => (await import('./print/docx.ts')).writeDocx(paper);
const workbook = async (book: Book): Promise<Uint8Array> => (await import('./print/xlsx.ts')).writeBook(book);

/** Throws a Sentence where the inspection has no such unit. */
const requireUnit = ({ units }: FrozenContent, code: string): void => {
  if (units.some((unit) => unit.code === code)) return;
  const known = units.map((unit) => `${unit.code} ${unit.name}`).join('、');
  throw new Sentence(
    `考核单位 ${code}：这次巡检中没有这个考核单位；有 ${known}`,
    `unit ${code}: no such unit in this inspection; there are ${units.map((unit) => unit.code).join(', ')}`,
  );
};
