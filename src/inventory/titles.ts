import { cellName, type Fault, type Line, type Naming } from './cells.ts';
import { type Column, columnOf, columns, meantBy, needed } from './columns.ts';

export type Titles = {
  readonly line: number;
  /** Where each column stands, from 0. */
  readonly at: ReadonlyMap<Column, number>;
  /** As they stand in the file, up to the last that is not empty. */
  readonly given: readonly string[];
  /** Cells of their line, empty ones too. */
  readonly width: number;
};

/** Fewer known titles than this, and a line may be a camera's, with its password: none of its cells is repeated. */
const fewestKnown = 3;

/** Reads the line of titles. `faults`: why nothing below it is read; `warnings`: columns that are not. */
export const readTitles = (
  { line, cells }: Line,
  naming: Naming,
): { readonly titles: Titles; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] } => {
  const all = cells.map((cell) => String(cell).trim());
  const given = all.slice(0, all.findLastIndex((title) => title !== '') + 1);
  const at = new Map<Column, number>();
  const faults: Fault[] = [];
  const warnings: Fault[] = [];
  const missing = (column: Column, value: string, zh: string, en: string): void => {
    faults.push({ line, column, value, zh, en });
  };
  const of = (nth: number, zh: string, en: string): Fault => ({
    ...{ line, column: given[nth]!, value: given[nth]!, zh, en },
    ...(naming === 'csv' ? {} : { cell: cellName({ line, column: nth }) }),
  });
  const unknown: number[] = [];
  for (const [nth, title] of given.entries()) {
    const column = columnOf(title);
    const first = column === undefined ? undefined : at.get(column);
    if (column === undefined) {
      if (title !== '') unknown.push(nth);
    } else if (first === undefined) at.set(column, nth);
    else {
      const same = given[first]!;
      faults.push(
        of(nth, `与“${same}”是同一列，出现两次：请删除其一`, `is the same column as "${same}": remove one of them`),
      );
    }
  }
  for (const column of needed) {
    if (at.has(column)) continue;
    const either = columns[column].slice(0, 2).join(' / ');
    const found = [...at.values()].map((nth) => given[nth]).join(',');
    missing(column, found, `缺少列：${either}`, `the column is missing: ${either}`);
  }
  const together = (one: Column, other: Column, zh: string, en: string): void => {
    if (at.has(one) !== at.has(other)) missing(at.has(one) ? other : one, '', zh, en);
  };
  // Taken as they stand, every login would be cut in half: a password of nothing, sent once to each camera.
  together(
    'user',
    'password',
    '有“用户名”就须有“密码”列，反之亦然；不改登录信息时请两列都去掉',
    'the columns user and password come together; leave out both where logins are not to change',
  );
  together(
    'longitude',
    'latitude',
    '有“经度”就须有“纬度”列，反之亦然',
    'the columns longitude and latitude come together',
  );
  for (const nth of at.size < fewestKnown ? [] : unknown) {
    const meant = meantBy(given[nth]!);
    const absent = meant !== null && !at.has(columnOf(meant.name)!);
    if (absent && meant.certain) {
      faults.push(
        of(
          nth,
          `没有这个列名，是否指“${meant.name}”？请改正；若是自用的列，请换一个不相似的列名`,
          `no such column; was "${meant.name}" meant? correct it, or give a column of your own a name less like it`,
        ),
      );
    } else {
      const [zh, en] = absent ? [`；是否指“${meant.name}”？`, `; was "${meant.name}" meant?`] : ['', ''];
      warnings.push(of(nth, `不认识的列，不导入${zh}`, `an unknown column, not read${en}`));
    }
  }
  return { titles: { line, at, given, width: cells.length }, faults, warnings };
};
