import { EncryptedFileError, HucreError } from 'hucre';
import { parseCellRef, streamXlsxRows } from 'hucre/xlsx';
import { readXml } from 'hucre/xml';
import { Sentence } from '../sentence.ts';
import type { Cell, Line, Merge } from './cells.ts';
import { type Entry, entriesOf, NoArchive, unpack, unpackInPieces } from './zip.ts';

/** Of one part of a workbook, unpacked: a sheet of 500,000 cameras with every column has some 900 MiB. */
const mostOfSheet = 1 << 30;
const mostOfPart = 256 << 20;
/** What may stand behind the cells: merged areas, rules, links. */
const mostBehindCells = 16 << 20;
const mostMerges = 10_000;
const mostColumns = 500;

/** The sheet that is read where there is one of this name; else the first that can be seen. */
const sheetName = '点位';

/**
 * Reads the sheet of an xlsx workbook: its merged areas first, then its lines, by the rows' own numbers. Formulas count by
 * the value that they had when the workbook was saved. Throws a Sentence for what is no such workbook, is damaged, or
 * unpacks to more than a city's inventory can.
 */
export const readXlsx = async (
  bytes: Buffer,
  merged: (merges: readonly Merge[]) => void,
  take: (line: Line) => void,
): Promise<void> => {
  try {
    const entries = entriesOf(bytes);
    const { name, entry } = sheetOf(bytes, entries);
    bound(entries, entry);
    merged(await mergesOf(bytes, entry));
    for await (const { index, values } of streamXlsxRows(bytes, { sheet: name })) {
      if (!(index >= 0 && index < 1_048_576)) throw new NoArchive(`row ${index}`);
      if (values.length > mostColumns) {
        throw new Sentence(
          `第 ${index + 1} 行有 ${values.length} 列：至多 ${mostColumns} 列，请删除多余的列`,
          `row ${index + 1} has ${values.length} columns: ${mostColumns} at most, remove what is left over`,
        );
      }
      take({ line: index + 1, cells: values.map(cellOf) });
    }
  } catch (cause) {
    if (cause instanceof Sentence) throw cause;
    if (cause instanceof EncryptedFileError) throw guarded();
    if (!(cause instanceof NoArchive || cause instanceof HucreError)) throw cause;
    throw new Sentence(
      `工作簿已损坏（${cause.message}）：请用表格软件打开后另存为 xlsx`,
      `the workbook is damaged (${cause.message}): open it in a spreadsheet program and save it as xlsx again`,
      { cause },
    );
  }
};

export const guarded = (): Sentence =>
  new Sentence(
    '工作簿设有打开密码：请去掉密码后另存为 xlsx',
    'the workbook is protected by a password: take it off and save it as xlsx',
  );

const bound = (entries: ReadonlyMap<string, Entry>, sheet: Entry): void => {
  for (const entry of entries.values()) {
    const most = entry === sheet ? mostOfSheet : mostOfPart;
    // Deflate gives at most 1,032 bytes for one: what says more of itself is a bomb, and what says nothing may be one.
    const liar = entry.unpacked > 1_032 * entry.packed || (entry.unpacked === 0 && entry.packed > 2);
    if (entry.unpacked <= most && !liar) continue;
    throw new Sentence(
      `工作簿解压后过大（${entry.name}，${entry.unpacked} 字节）：请只保留点位表并另存为 xlsx，或改用 CSV`,
      `the workbook unpacks to too much (${entry.name}, ${entry.unpacked} bytes): keep the sheet of cameras only and save it again, or use CSV`,
    );
  }
};

/** Elements of one name in a small part. */
const elements = (bytes: Buffer, entry: Entry | undefined, rowTag: string): Record<string, unknown>[] => {
  if (entry === undefined || entry.unpacked > mostBehindCells) throw new NoArchive(`no list of ${rowTag}`);
  return readXml(unpack(bytes, entry).toString('utf8'), { rowTag, stripNamespaces: true }).data;
};

/** Of a relationship's target: from the root, or from the folder of the part that names it. */
const resolved = (folder: string, target: string): string => new URL(target, `file:///${folder}`).pathname.slice(1);

const sheetOf = (bytes: Buffer, entries: ReadonlyMap<string, Entry>): { name: string; entry: Entry } => {
  const root = elements(bytes, entries.get('_rels/.rels'), 'Relationship');
  const book = root.find((one) => String(one['@Type']).endsWith('/officeDocument'));
  const path = resolved('', String(book?.['@Target'] ?? ''));
  if (!/\.xml$/.test(path)) throw notAWorkbook();
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const parts = elements(bytes, entries.get(`${folder}_rels/${path.slice(folder.length)}.rels`), 'Relationship');
  const sheets = elements(bytes, entries.get(path), 'sheet').flatMap((sheet) => {
    const id = Object.entries(sheet).find(([name]) => /:id$/.test(name))?.[1];
    const part = parts.find((one) => one['@Id'] === id && String(one['@Type']).endsWith('/worksheet'));
    const entry = part && entries.get(resolved(folder, String(part['@Target'])));
    return entry === undefined
      ? []
      : [{ name: String(sheet['@name']), seen: (sheet['@state'] ?? 'visible') === 'visible', entry }];
  });
  const chosen = sheets.find(({ name }) => name === sheetName) ?? sheets.find(({ seen }) => seen) ?? sheets[0];
  if (chosen === undefined) throw notAWorkbook();
  return chosen;
};

export const notAWorkbook = (): Sentence =>
  new Sentence(
    '不是 xlsx 工作簿：请用表格软件另存为 xlsx 或 CSV',
    'this is no xlsx workbook: save it as xlsx or CSV in a spreadsheet program',
  );

const slash = 0x2f;

/** They stand behind the cells: the sheet is unpacked once for them, which also shows whether it is whole. */
const mergesOf = async (bytes: Buffer, sheet: Entry): Promise<Merge[]> => {
  let behind: string | null = null;
  let before = Buffer.alloc(0);
  const decoder = new TextDecoder();
  for await (const piece of unpackInPieces(bytes, sheet)) {
    if (behind !== null) behind += decoder.decode(piece, { stream: true });
    else {
      const joined = Buffer.concat([before, piece]);
      const end = joined.lastIndexOf('sheetData>');
      if (end !== -1 && joined[joined.lastIndexOf('<', end) + 1] === slash) {
        behind = decoder.decode(joined.subarray(end + 'sheetData>'.length), { stream: true });
      }
      before = Buffer.from(joined.subarray(-80));
    }
    if (behind !== null && behind.length > mostBehindCells)
      throw new NoArchive(`${behind.length} characters behind the cells`);
  }
  if (behind === null) return [];
  const whole = `<sheet>${behind.slice(0, behind.lastIndexOf('</'))}</sheet>`;
  const merges = readXml(whole, { rowTag: 'mergeCell', stripNamespaces: true }).data;
  if (merges.length > mostMerges) {
    throw new Sentence(
      `工作表有 ${merges.length} 处合并单元格：请取消合并，逐行填写`,
      `the sheet has ${merges.length} merged areas: unmerge them and fill in every row`,
    );
  }
  return merges.map((one) => {
    const [from, to] = String(one['@ref'])
      .split(':')
      .map((ref) => {
        const { row, col } = parseCellRef(ref);
        return { line: row + 1, column: col };
      });
    if (from === undefined) throw new NoArchive('a merged area without cells');
    return { from, to: to ?? from };
  });
};

type Value = string | number | boolean | Date | null;

const cellOf = (value: Value): Cell => {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (!(value instanceof Date)) return value;
  // A number past what a calendar has, in a cell that is shown as a date.
  if (Number.isNaN(value.getTime())) return '#NUM!';
  return value.toISOString().replace('T00:00:00.000Z', '').replace('T', ' ').replace('Z', '');
};
