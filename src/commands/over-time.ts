import stringWidth from 'string-width';
import type { Queryable } from '../db/pool.ts';
import { everything, type Scope } from '../rollup/availability.ts';
import type { Period, PeriodClass } from '../rollup/period.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';

export type OverTimeOptions = {
  /** YYYY-MM-DD in Asia/Shanghai. */
  readonly from: string;
  /** The last day, included. */
  readonly until: string;
  readonly camera?: string;
  readonly site?: string;
  readonly unit?: string;
  readonly class?: Exclude<PeriodClass, 'total'>;
  readonly json?: true;
};

/** The days that were asked for; a Sentence where they run backwards or have not begun at `now`. */
export const periodAsked = ({ from, until }: Period, now: Date): Period => {
  if (until < from) {
    throw new Sentence(
      `--until ${until} 早于 --from ${from}：请把较早的日期写在 --from`,
      `--until ${until} is before --from ${from}: put the earlier day into --from`,
    );
  }
  if (new Date(`${from}T00:00:00+08:00`) > now) {
    throw new Sentence(
      `--from ${from} 尚未到来：请给出今天或更早的日期`,
      `--from ${from} has not come yet: give today or an earlier day`,
    );
  }
  return { from, until };
};

/** What was asked about, found in the inventory; a Sentence that names what is not there. */
export const scopeAsked = async (
  db: Queryable,
  { camera, site, unit, class: of }: Pick<OverTimeOptions, 'camera' | 'site' | 'unit' | 'class'>,
): Promise<Scope> => {
  const found = await db.one<{ camera: number | null; site: string | null; unit: string | null }>(
    `select (select id from camera where code = $1) as camera, (select code from site where code = $2) as site,
       (select code from unit where code = $3) as unit`,
    [camera ?? null, site ?? null, unit ?? null],
  );
  const missing = (option: string, value: string, zh: string, en: string): Sentence =>
    new Sentence(`${option} ${value}：${zh}`, `${option} ${value}: ${en}`);
  if (camera !== undefined && found.camera === null) {
    throw missing(
      '--camera',
      camera,
      '没有这个点位；请给出档案中的 20 位编码',
      'no such camera; give the 20-digit code as it is in the inventory',
    );
  }
  if (site !== undefined && found.site === null) {
    throw missing('--site', site, '没有这个站点；用 xunjian site 查看', 'no such site; xunjian site lists them');
  }
  if (unit !== undefined && found.unit === null) {
    throw missing(
      '--unit',
      unit,
      '没有这个考核单位；请给出 6 位代码，例如 450202',
      'no such unit; give its code of six digits, such as 450202',
    );
  }
  return { ...everything, ...found, class: of ?? null };
};

export const classWords: Readonly<Record<PeriodClass, string>> = {
  total: '合计',
  skynet: '天网',
  social: '社会面',
  household: '平安家园',
};

/** Days, hours and minutes, rounded down to the minute: 3天04:05; under a day 04:05. */
export const duration = (seconds: number): string => {
  const minutes = Math.floor(seconds / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`;
  return minutes < 1440 ? clock : `${Math.floor(minutes / 1440)}天${clock}`;
};

/** MM-DD HH:MM in Asia/Shanghai. */
export const localMinute = (at: Date): string => localTime(at).slice(5, 16);

/** A table for a terminal, where a Chinese character takes two columns: the first `left` columns stand left, the others right. */
export const table = (titles: readonly string[], rows: readonly (readonly string[])[], left: number): string => {
  const widths = titles.map((title, column) =>
    Math.max(stringWidth(title), ...rows.map((row) => stringWidth(row[column]!))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const blank = ' '.repeat(widths[column]! - stringWidth(cell));
        return column < left ? cell + blank : blank + cell;
      })
      .join('  ')
      .trimEnd();
  return [line(titles), widths.map((width) => '─'.repeat(width)).join('──'), ...rows.map(line)].join('\n');
};
