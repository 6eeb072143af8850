import { strikePasswords } from '../../probes/index.ts';
import { type Cell, cellName, type Fault, type Line, type Merge, type Naming, textOfNumber } from './cells.ts';
import { type ArchiveColumn, type Column, columnOf, needed } from './columns.ts';
import { readCsv } from './csv.ts';
import { type Known, type Row, readRow } from './row.ts';
import { allowList } from './site.ts';
import { readTitles, type Titles } from './titles.ts';

export type { Fault } from './cells.ts';
export type { Row } from './row.ts';

export type Sheet = {
  /** None where anything is wrong: all of a sheet is taken, or nothing. */
  readonly rows: readonly Row[];
  readonly faults: readonly Fault[];
  /** Nothing is wrong, and yet somebody should know: columns that are not read. */
  readonly warnings: readonly Fault[];
};

/** Units that cameras may belong to, by code and by name. */
export type Units = ReadonlyMap<string, string>;

/** Codes of sites, with their networks (CIDR) where those are known. */
export type Sites = ReadonlySet<string> | ReadonlyMap<string, readonly string[]>;

/**
 * What a sheet is held against. `today` is YYYY-MM-DD; `unit` is the one whose sheet it is, null for anybody's. Throws a
 * Sentence for networks that are none.
 */
export const knownFrom = (units: Units, sites: Sites, today: string, unit: string | null = null): Known => ({
  units,
  sites: new Map(
    sites instanceof Map
      ? [...(sites as ReadonlyMap<string, readonly string[]>)].map(([code, networks]) => [code, allowList(networks)])
      : [...(sites as ReadonlySet<string>)].map((code) => [code, null]),
  ),
  today,
  unit,
});

/**
 * Reads an inventory from CSV that is in memory, at once: for what a program made itself. Files that people bring are
 * read by readInventory. Every fault is named with line, column, value and remedy; nothing is guessed.
 */
export const readSheet = (bytes: Buffer, units: Units, sites: Sites): Sheet => {
  const judge = new Judge(knownFrom(units, sites, '9999-12-31'), 'csv');
  const fault = readCsv(bytes, (line) => judge.take(line));
  if (fault !== null) judge.refuse(fault);
  return judge.end();
};

/** Cells: with fewer of them a line is a note or a sum, and what it lacks not worth a word. */
const fewestFilled = 3;
/** Of more nobody reads, and a sheet with its columns exchanged has millions. */
const mostFaults = 10_000;
/** Lines among which the titles are looked for: above them stand a heading, a date, an office. */
const mostAboveTitles = 20;

/** Holds a sheet against what is known, line by line. */
export class Judge {
  readonly #known: Known;
  readonly #naming: Naming;
  readonly #faults: Fault[] = [];
  readonly #warnings: Fault[] = [];
  readonly #rows: Row[] = [];
  /** Lines before it is known which of them holds the titles. */
  #above: Line[] | null = [];
  #titles: Titles | null = null;
  #merges: readonly Merge[] = [];
  readonly #codes = new Map<string, number>();
  readonly #urls = new Map<string, number>();
  readonly #words = new Words();

  constructor(known: Known, naming: Naming) {
    this.#known = known;
    this.#naming = naming;
  }

  /** Before the first line. */
  merged(merges: readonly Merge[]): void {
    this.#merges = merges;
  }

  take(given: Line): void {
    if (given.cells.every(isEmpty)) return;
    if (this.#above === null) this.#read(given);
    else if (this.#above.push(given) >= mostAboveTitles) this.#begin();
  }

  /** The file cannot be read further; what was found in it so far is not worth telling. */
  refuse(fault: Fault): void {
    this.#above = null;
    this.#titles = null;
    this.#rows.length = 0;
    this.#faults.splice(0, Number.POSITIVE_INFINITY, fault);
  }

  end(): Sheet {
    if (this.#above !== null) this.#begin();
    if (this.#titles !== null && this.#faults.length === 0 && this.#rows.length === 0) {
      this.#faults.push({
        ...{ line: this.#titles.line, column: '-', value: '' },
        zh: '标题行以下没有点位：请每行填写一个点位',
        en: 'there is no camera below the titles: enter one a line',
      });
    }
    const rows = this.#faults.length > 0 ? [] : this.#rows;
    return { rows, faults: this.#faults, warnings: this.#warnings };
  }

  /** The line with most known titles holds them; what stands above it is a heading. */
  #begin(): void {
    const above = this.#above!;
    this.#above = null;
    const knownIn = ({ cells }: Line): number => cells.filter((cell) => columnOf(String(cell)) !== undefined).length;
    const best = above.reduce((most, line) => (knownIn(line) > knownIn(most) ? line : most), above[0] ?? emptyLine);
    const { titles, faults, warnings } = readTitles(best, this.#naming);
    this.#faults.push(...faults);
    this.#warnings.push(...warnings);
    this.#titles = faults.length > 0 ? null : titles;
    for (const line of above) if (line.line > best.line) this.#read(line);
  }

  #read({ line, cells }: Line): void {
    const titles = this.#titles;
    if (titles === null) return;
    if (this.#faults.length >= mostFaults) {
      this.#faults.push({
        ...{ line, column: '-', value: '' },
        zh: `已有 ${this.#faults.length} 处错误，本行起未检查：请先改正以上错误（常为整列填错）再导入`,
        en: `${this.#faults.length} faults so far, and from this line on nothing was checked: correct these first (often a whole column is wrong)`,
      });
      this.#titles = null;
      return;
    }
    const merged =
      this.#merges.length === 0
        ? this.#merges
        : this.#merges.filter(({ from, to }) => from.line <= line && line <= to.line);
    const lies = (at: number): Merge | undefined =>
      merged.find(
        ({ from, to }) => from.column <= at && at <= to.column && !(from.line === line && from.column === at),
      );
    const before = this.#faults.length;
    const doubtful: number[] = [];
    const complain = (column: Column, zh: string, en: string): void => {
      const at = titles.at.get(column);
      const value = cells[at ?? -1] ?? '';
      const merge = at === undefined || !isEmpty(value) ? undefined : lies(at);
      if (mayBePassword(titles, at, value)) doubtful.push(this.#faults.length);
      const where = merge && `${cellName(merge.from)}:${cellName(merge.to)}`;
      this.#faults.push({
        line,
        column: at === undefined ? column : titles.given[at]!,
        ...(at === undefined || this.#naming === 'csv' ? {} : { cell: cellName({ line, column: at }) }),
        value: repeatable(column, value),
        zh: where ? `在合并单元格 ${where} 内，只有第一格有内容：请取消合并，逐行填写` : zh,
        en: where
          ? `lies in merged cells ${where}, of which only the first holds anything: unmerge them and fill in every row`
          : en,
      });
    };
    const beyond = cells.findIndex((cell, at) => at >= titles.given.length && !isEmpty(cell));
    if (beyond !== -1) {
      // An unquoted comma moves all that follow by one, a password among them: nothing of the line is repeated.
      this.#faults.push({
        ...{ line, column: '-', value: '' },
        ...(this.#naming === 'csv' ? {} : { cell: cellName({ line, column: beyond }) }),
        zh: `本行有 ${cells.length} 格，标题行只有 ${titles.given.length} 格：含逗号的内容须加双引号，多余的内容请删除`,
        en: `the line has ${cells.length} cells and the titles ${titles.given.length}: quote what holds a comma, and remove what is left over`,
      });
      return;
    }
    const filled = cells.filter((cell) => !isEmpty(cell)).length;
    if (filled < fewestFilled && merged.length === 0 && !/\d{15}/.test(String(cells[titles.at.get('code')!] ?? ''))) {
      complain(
        'code',
        '本行不是点位：备注、合计等请删除，或移到标题行以上；若是点位，请补齐必填的列',
        'the line is no camera: remove notes and sums or move them above the titles; of a camera, fill in the columns that are needed',
      );
      return;
    }
    const row = readRow(
      {
        line,
        has: (column) => titles.at.has(column),
        cell: (column) => this.#cell(cells[titles.at.get(column) ?? -1], column),
      },
      this.#known,
      complain,
    );
    // What is hidden in a merged area and may be empty is no fault of its own cell.
    for (const [column, at] of titles.at) {
      if (merged.length > 0 && lies(at) !== undefined && isEmpty(cells[at] ?? '') && !needed.includes(column)) {
        complain(column, '', '');
      }
    }
    const doubled = firstOf(this.#codes, row.code, line);
    if (doubled !== null) {
      complain(
        'code',
        `点位编码重复：第 ${doubled} 行已有；请删除其一`,
        `doubled: line ${doubled} has it; remove one of them`,
      );
    } else if (row.state !== 'removed') {
      // A camera that was removed may have left its place to another.
      const shown = firstOf(this.#urls, row.rtspUrl, line);
      if (shown !== null) {
        complain(
          'rtsp_url',
          `与第 ${shown} 行是同一地址，而编码不同：一个画面只能是一个点位，请核对通道号`,
          `is also the address of line ${shown}, whose code is another: a picture belongs to one camera, check the channel`,
        );
      }
    }
    if (this.#faults.length > before + 1 || cells.length > titles.width) {
      for (const nth of doubtful) this.#faults[nth] = { ...this.#faults[nth]!, value: '***' };
    }
    if (this.#faults.length === 0) this.#rows.push(row);
    else this.#rows.length = 0;
  }

  #cell(given: Cell | undefined, column: Column): Cell {
    if (typeof given !== 'string') return given ?? '';
    // A password is kept to the letter.
    if (column === 'password' || column === 'user') return given;
    const text = given.trim();
    // What our own export puts before text that a spreadsheet would calculate.
    const unescaped = this.#naming === 'csv' && /^'+[=+\-@]/.test(text) ? text.slice(1) : text;
    return this.#words.one(column, unescaped);
  }
}

/** The line that had it first; null: this one, or there is nothing to have. */
const firstOf = (seen: Map<string, number>, key: string, line: number): number | null => {
  if (key === '') return null;
  const first = seen.get(key);
  if (first === undefined) seen.set(key, line);
  return first ?? null;
};

const isEmpty = (cell: Cell): boolean => typeof cell === 'string' && cell.trim() === '';

const emptyLine: Line = { line: 1, cells: [] };

/**
 * A cell too many, or a comma without quotes, moves a password to the right, and one that is missing to the left: in a
 * line that shows such a slip what stands there is not repeated, unless it is Chinese. (A column that is needed is
 * further away than a slip goes.)
 */
const mayBePassword = ({ at: columnsAt }: Titles, at: number | undefined, value: Cell): boolean => {
  const password = columnsAt.get('password');
  if (password === undefined || at === undefined) return false;
  const beside = [-1, 1, 2].includes(at - password) && !needed.some((column) => columnsAt.get(column) === at);
  return beside && !/^[\p{Script=Han}\s]*$/u.test(String(value));
};

/** A password is never repeated, not even in a complaint about it, nor one that was put into a URL. */
const repeatable = (column: Column, value: Cell): string => {
  if (column === 'password') return '***';
  return strikePasswords(typeof value === 'number' ? textOfNumber(value) : value.trim());
};

/** Words that many cameras share are kept once: a city has few carriers, and every row would keep its own. */
class Words {
  readonly #known = new Map<string, string>();

  one(column: Column, word: string): string {
    if (!shared.has(column as ArchiveColumn)) return word;
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    if (this.#known.size < 100_000) this.#known.set(word, word);
    return word;
  }
}
const shared: ReadonlySet<Column> = new Set([
  ...(['unit', 'class', 'site', 'transport', 'kind', 'manufacturer', 'model', 'facing', 'power', 'carrier'] as const),
  ...(['onu', 'recorder', 'pole', 'box', 'managing_unit', 'managing_contact', 'managing_phone'] as const),
  ...([
    'maintaining_unit',
    'maintaining_contact',
    'maintaining_phone',
    'project',
    'built_on',
    'retention_days',
  ] as const),
]);
