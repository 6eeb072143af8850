import stringWidth from 'string-width';
import { percent, type Verdict } from '../verdict/rates.ts';
import type { ClassFigures } from './content.ts';
import type { InspectionReport } from './inspection.ts';

const words: Readonly<Record<Verdict, string>> = { met: '达标', missed: '未达标', undetermined: '待定' };
export const verdictWord = (verdict: Verdict | null): string => (verdict === null ? '—' : words[verdict]);

/** Pads by what a terminal shows: a Chinese character takes two columns. */
const pad = (text: string, width: number, right: boolean): string => {
  const blank = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return right ? blank + text : text + blank;
};

const rate = (yes: number, { assessed }: Pick<ClassFigures, 'assessed'>): string =>
  `${yes}/${assessed} ${percent(yes, assessed)}`;

/**
 * The county table of an inspection for a terminal: one line a unit, the classes that are judged side by side; beside the
 * judged rates the raw ones, before exemptions and appeals.
 */
export const countyTable = (report: InspectionReport): string => {
  const titles = [
    '考核单位',
    '点位',
    '报备',
    '未知',
    '在线',
    '原始在线',
    '出图',
    '原始出图',
    '天网在线',
    '天网出图',
    '社会面在线',
    '社会面出图',
    '结论',
  ];
  const rows = report.units.map(({ name, classes, verdict }) => {
    const { total, skynet, social } = classes;
    return [
      name,
      String(total.roster),
      String(total.exempt),
      String(total.unknown),
      rate(total.online, total),
      percent(total.raw.online, total.raw.assessed),
      rate(total.image, total),
      percent(total.raw.image, total.raw.assessed),
      percent(skynet.online, skynet.assessed),
      percent(skynet.image, skynet.assessed),
      percent(social.online, social.assessed),
      percent(social.image, social.assessed),
      verdictWord(verdict),
    ];
  });
  const widths = titles.map((title, column) =>
    Math.max(stringWidth(title), ...rows.map((row) => stringWidth(row[column]!))),
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => pad(cell, widths[column]!, column > 0 && column < cells.length - 1)).join('  ');
  return [line(titles), widths.map((width) => '─'.repeat(width)).join('──'), ...rows.map(line)].join('\n');
};

/** One sentence, Chinese and English, that says how the city stands. */
export const summary = (report: InspectionReport): string => {
  const sum = { online: 0, image: 0, assessed: 0, roster: 0, unknown: 0, exempt: 0 };
  const raw = { online: 0, image: 0, assessed: 0 };
  for (const { classes } of report.units) {
    sum.online += classes.total.online;
    sum.image += classes.total.image;
    sum.assessed += classes.total.assessed;
    sum.roster += classes.total.roster;
    sum.unknown += classes.total.unknown;
    sum.exempt += classes.total.exempt;
    raw.online += classes.total.raw.online;
    raw.image += classes.total.raw.image;
    raw.assessed += classes.total.raw.assessed;
  }
  const count = (verdict: Verdict): number => report.units.filter((unit) => unit.verdict === verdict).length;
  const [met, missed, open] = [count('met'), count('missed'), count('undetermined')];
  const { id, seconds, formula, policy, revision, published } = report.inspection;
  const state = published === null ? (['草稿，未发布', 'draft'] as const) : (['已发布', 'published'] as const);
  return [
    `第 ${id} 次巡检（第 ${revision} 版，${state[0]}）：点位 ${sum.roster} 个，报备 ${sum.exempt} 个，` +
      `在线 ${percent(sum.online, sum.assessed)}（原始 ${percent(raw.online, raw.assessed)}），` +
      `出图 ${percent(sum.image, sum.assessed)}（原始 ${percent(raw.image, raw.assessed)}），未知 ${sum.unknown} 个；` +
      `${met} 个单位达标，${missed} 个未达标，${open} 个待定；用时 ${seconds} 秒（算法 ${formula}，口径第 ${policy} 版）。`,
    `Inspection ${id} (revision ${revision}, ${state[1]}): ${sum.roster} cameras, ${sum.exempt} exempt, ` +
      `online ${percent(sum.online, sum.assessed)} (raw ${percent(raw.online, raw.assessed)}), ` +
      `with a picture ${percent(sum.image, sum.assessed)} (raw ${percent(raw.image, raw.assessed)}), ${sum.unknown} unknown; ` +
      `${met} units met the target, ${missed} missed it, ${open} undetermined; ${seconds} s (formula ${formula}, policy ${policy}).`,
  ].join('\n');
};
