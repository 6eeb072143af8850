import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { writeXlsxStream } from 'hucre/xlsx';
import type { Database } from '../db/pool.ts';
import { archiveColumns, columns } from './columns.ts';
import { wordsOf } from './values.ts';

export const exportFormats = ['csv', 'xlsx'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Logins are in no export, and without their columns an import leaves them as they are. */
const exported = [
  ...(['code', 'name', 'unit', 'class', 'site', 'rtsp_url', 'onvif_url', 'snapshot_url'] as const),
  ...(['transport', 'certificate', 'deadline', 'state', ...archiveColumns] as const),
] as const;

/** Rows to one statement. */
const page = 5_000;

/**
 * The inventory as it can be imported again, without logins: in the order of codes, of one unit or of all, page by page.
 * CSV is UTF-8 with a byte order mark; codes are text in a workbook.
 */
export const exportInventory = (db: Database, format: ExportFormat, unit: string | null): Readable =>
  written(format, () => pages(db, unit));

/** The same of these cameras alone, in this order, so far as they are still of the unit (null: of any). */
export const exportCameras = (
  db: Database,
  format: ExportFormat,
  codes: readonly string[],
  unit: string | null,
): Readable => written(format, () => pagesOf(db, codes, unit));

type Page = (string | null)[][];

const written = (format: ExportFormat, read: () => AsyncGenerator<Page>): Readable => {
  const titles = exported.map((column) => columns[column][1]);
  if (format === 'xlsx') {
    const rows = async function* () {
      yield titles;
      for await (const some of read()) for (const row of some) yield row.map(asText);
    };
    const freezePane = { rows: 1 };
    return Readable.fromWeb(
      writeXlsxStream(rows(), { name: '点位', freezePane }) as Parameters<typeof Readable.fromWeb>[0],
    );
  }
  const lines = async function* () {
    yield `\uFEFF${stringify([titles])}`;
    for await (const some of read()) yield stringify(some.map((row) => row.map(escaped)));
  };
  return Readable.from(lines());
};

const ofCamera = new Set<string>(exported.filter((name) => !(archiveColumns as readonly string[]).includes(name)));
const list = exported.map((name) => `${ofCamera.has(name) ? 'c' : 'a'}.${name}::text`).join(', ');
type Exported = Record<string, string | null>;
const cellsOf = (row: Exported): Page[number] =>
  exported.map((name) => wordsOf[name]?.[row[name] ?? ''] ?? row[name] ?? null);

const pages = async function* (db: Database, unit: string | null): AsyncGenerator<Page> {
  for (let last = ''; ; ) {
    const rows = await db.many<Exported>(
      `select ${list} from camera c left join archive a on a.camera = c.id
       where c.code > $1 and ($2::text is null or c.unit = $2) order by c.code limit $3`,
      [last, unit, page],
    );
    if (rows.length === 0) return;
    yield rows.map(cellsOf);
    last = rows.at(-1)!.code!;
  }
};

const pagesOf = async function* (db: Database, codes: readonly string[], unit: string | null): AsyncGenerator<Page> {
  for (let from = 0; from < codes.length; from += page) {
    const rows = await db.many<Exported>(
      `select ${list} from camera c left join archive a on a.camera = c.id
       where c.code = any($1::text[]) and ($2::text is null or c.unit = $2) order by c.code`,
      [codes.slice(from, from + page), unit],
    );
    yield rows.map(cellsOf);
  }
};

/** What a spreadsheet would calculate gets an apostrophe, which our import takes away again. */
const escaped = (cell: string | null): string | null => (cell !== null && /^'*[=+\-@]/.test(cell) ? `'${cell}` : cell);

/** What looks like an escape of OOXML (ECMA-376 part 1, 22.9.2.19) is escaped itself. */
const asText = (cell: string | null): string | null => cell?.replaceAll(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_') ?? null;
