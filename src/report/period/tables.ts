import type { OutageFigures, Ranked, UnitPeriod } from '../../rollup/period.ts';
import { classWords } from '../daily/camera-state.ts';
import type { Cell, Column, Table } from '../print/paper.ts';
import { wordsOfFailure } from '../words/faults.ts';
import type { Fraction } from '../words/fraction.ts';
import { lengthWords } from '../words/local-time.ts';
import { beforeWord, type PeriodContent } from './content.ts';
import { availabilityOf, meanBefore, meanOf, repairWords } from './text.ts';

/** The tables of a month or a year. Widths are for A4 turned: 249 mm between the margins. */

const column = (head: string, width: number, align: Column['align'] = 'right', group?: string): Column =>
  group === undefined ? { head, width, align } : { head, width, align, group };

const rankIn = (ranking: readonly Ranked[], code: string): Cell =>
  ranking.find((one) => one.code === code)?.rank ?? '—';

const change = (content: PeriodContent, unit: string | null, now: Fraction, metric: 'online' | 'image'): Cell => ({
  change: { now, before: meanBefore(content, unit, metric) },
});

/** A line a unit: means of the inspections with rank and change, and on how many days it met. */
export const meansTable = (content: PeriodContent): Table => {
  const { units, city, rankings } = content;
  const word = `较${beforeWord(content)}`;
  const cells = (code: string | null, { classes }: Pick<UnitPeriod, 'classes'>): Cell[] => {
    const [online, image] = [meanOf(classes.total, 'online'), meanOf(classes.total, 'image')];
    const rank = (metric: 'online' | 'image'): Cell => (code === null ? '—' : rankIn(rankings[metric], code));
    return [
      classes.total.inspections,
      classes.total.assessed,
      classes.total.online,
      { rate: online },
      change(content, code, online, 'online'),
      rank('online'),
      classes.total.image,
      { rate: image },
      change(content, code, image, 'image'),
      rank('image'),
    ];
  };
  return {
    columns: [
      column('考核单位', 46, 'left'),
      column('巡检次数', 17),
      column('应评点次', 19),
      column('在线点次', 19, 'right', '在线'),
      column('在线率', 17, 'right', '在线'),
      column(word, 17, 'right', '在线'),
      column('名次', 12, 'center', '在线'),
      column('出图点次', 19, 'right', '出图'),
      column('出图率', 17, 'right', '出图'),
      column(word, 17, 'right', '出图'),
      column('名次', 12, 'center', '出图'),
      column('达标', 12, 'right', '天数'),
      column('未达标', 13, 'right', '天数'),
      column('待定', 12, 'right', '天数'),
    ],
    rows: [
      ...units.map((unit) => [
        unit.name,
        ...cells(unit.code, unit),
        unit.days.met,
        unit.days.missed,
        unit.days.undetermined,
      ]),
      ['全市', ...cells(null, city), '—', '—', '—'],
    ],
    total: true,
  };
};

export const periodClassTable = ({ units, city }: PeriodContent): Table => {
  const group = (head: string): Column[] => [
    column('应评点次', 20, 'right', head),
    column('在线点次', 20, 'right', head),
    column('在线率', 18, 'right', head),
    column('出图点次', 20, 'right', head),
    column('出图率', 18, 'right', head),
  ];
  const row = (name: string, { classes }: Pick<UnitPeriod, 'classes'>): Cell[] => [
    name,
    ...[classes.skynet, classes.social].flatMap((sums): Cell[] => [
      sums.assessed,
      sums.online,
      { rate: meanOf(sums, 'online') },
      sums.image,
      { rate: meanOf(sums, 'image') },
    ]),
  ];
  return {
    columns: [column('考核单位', 48, 'left'), ...group('天网点位'), ...group('社会面点位')],
    rows: [...units.map((unit) => row(unit.name, unit)), row('全市', city)],
    total: true,
  };
};

const hours = (seconds: number): number => Math.floor(seconds / 3_600);

/** A line a unit: time from the sweeps, and its outages. */
export const availabilityTable = ({ units, city, rankings }: PeriodContent): Table => {
  const row = (name: string, code: string | null, unit: Pick<UnitPeriod, 'availability' | 'outages'>): Cell[] => [
    name,
    hours(unit.availability.total.online),
    hours(unit.availability.total.offline),
    hours(unit.availability.total.unknown),
    { rate: availabilityOf(unit.availability.total) },
    code === null ? '—' : rankIn(rankings.availability, code),
    ...outageCells(unit.outages),
  ];
  return {
    columns: [
      column('考核单位', 48, 'left'),
      column('在线小时', 24, 'right', '巡测（各点位合计）'),
      column('离线小时', 24, 'right', '巡测（各点位合计）'),
      column('未知小时', 24, 'right', '巡测（各点位合计）'),
      column('可用率', 19, 'right', '巡测（各点位合计）'),
      column('名次', 14, 'center', '巡测（各点位合计）'),
      ...outageColumns('故障'),
    ],
    rows: [...units.map((unit) => row(unit.name, unit.code, unit)), row('全市', null, city)],
    total: true,
  };
};

const outageColumns = (group: string): Column[] => [
  column('发生', 16, 'right', group),
  column('修复', 16, 'right', group),
  column('平均修复时长', 26, 'right', group),
  column('最长', 22, 'right', group),
  column('未修复', 16, 'right', group),
];

const outageCells = (figures: OutageFigures): Cell[] => [
  figures.began,
  figures.ended,
  repairWords(figures),
  figures.ended === 0 ? '—' : lengthWords(figures.longest),
  figures.open,
];

export const causeTable = ({ causes }: PeriodContent): Table => ({
  columns: [column('原因', 60, 'left'), ...outageColumns('故障')],
  rows: causes.map((cause) => [wordsOfFailure(cause.kind), ...outageCells(cause)]),
  total: false,
});

/** Cameras that were down again and again: of the city, or of one unit. */
export const offenderTable = ({ offenders, units }: PeriodContent, unit: string | null): Table => {
  const names = new Map(units.map(({ code, name }) => [code, name]));
  return {
    columns: [
      column('序号', 12, 'center'),
      column('考核单位', 40, 'left'),
      column('点位编码', 45, 'center'),
      column('点位名称', 66, 'left'),
      column('类别', 16, 'center'),
      column('次数', 14),
      column('累计时长', 24),
      column('主要原因', 32, 'left'),
    ],
    rows: offenders
      .filter((camera) => unit === null || camera.unit === unit)
      .map((camera, index) => [
        index + 1,
        names.get(camera.unit) ?? camera.unit,
        camera.code,
        camera.name,
        classWords[camera.class],
        camera.outages,
        lengthWords(camera.seconds),
        wordsOfFailure(camera.kind),
      ]),
    total: false,
  };
};

export type Point = {
  /** YYYY-MM-DD, or YYYY-MM where days are summed. */
  readonly at: string;
  readonly inspections: number;
  readonly online: Fraction;
  readonly image: Fraction;
  readonly available: Fraction;
};

/** Every day from `from` to `through`; of months, the first seven characters of each. */
const steps = ({ kind, period, through }: PeriodContent): string[] => {
  const days: string[] = [];
  for (let at = Date.parse(`${period.from}T00:00:00Z`); at <= Date.parse(`${through}T00:00:00Z`); at += 86_400_000) {
    days.push(new Date(at).toISOString().slice(0, kind === 'year' ? 7 : 10));
  }
  return [...new Set(days)];
};

/**
 * The course of the period: by day for a month, by month for a year, of the city or of one unit; a day of which nothing is
 * known stands in it with nothing. Sums, never means of rates.
 */
export const courseOf = (content: PeriodContent, unit: string | null): Point[] => {
  const trend = unit === null ? content.cityTrend : content.trends.find(({ code }) => code === unit);
  if (trend === undefined) return [];
  const at = (day: string): string => (content.kind === 'year' ? day.slice(0, 7) : day);
  const inspections = Map.groupBy(trend.inspections, ({ day }) => at(day));
  const availability = Map.groupBy(trend.availability, ({ day }) => at(day));
  return steps(content).map((key) => {
    const found = inspections.get(key) ?? [];
    const swept = availability.get(key) ?? [];
    const sum = <T>(list: readonly T[], of: (item: T) => number): number => list.reduce((all, one) => all + of(one), 0);
    const assessed = sum(found, (one) => one.assessed);
    const online = sum(swept, (one) => one.online);
    return {
      at: key,
      inspections: found.length,
      online: { yes: sum(found, (one) => one.online), of: assessed },
      image: { yes: sum(found, (one) => one.image), of: assessed },
      available: { yes: online, of: online + sum(swept, (one) => one.offline) },
    };
  });
};

export const courseTable = (content: PeriodContent, unit: string | null): Table => ({
  columns: [
    column(content.kind === 'year' ? '月份' : '日期', 40, 'center'),
    column('巡检次数', 24),
    column('应评点次', 30),
    column('在线点次', 30),
    column('在线率', 28),
    column('出图点次', 30),
    column('出图率', 28),
    column('可用率', 28),
  ],
  rows: courseOf(content, unit).map(({ at, inspections, online, image, available }) => [
    at,
    inspections,
    online.of,
    online.yes,
    { rate: online },
    image.yes,
    { rate: image },
    { rate: available },
  ]),
  total: false,
});

/** What the sums are made of: each inspection with its revision and hash, to be looked up. */
export const sourcesTable = ({ inspections }: PeriodContent): Table => ({
  columns: [
    column('日期', 26, 'center'),
    column('巡检编号', 22, 'center'),
    column('版次', 14, 'center'),
    column('口径', 14, 'center'),
    column('发布', 16, 'center'),
    column('内容 SHA-256', 150, 'left'),
  ],
  rows: inspections.map(({ day, id, revision, policy, published, sha256 }) => [
    day,
    id,
    revision,
    policy,
    published ? '已发布' : '未发布',
    sha256 ?? '未冻结（早于版次制度）',
  ]),
  total: false,
});

/** All that is known of each unit in one table, for a program that reads CSV. */
export const periodTable = (content: PeriodContent): Table => {
  const [means, classes, availability] = [meansTable(content), periodClassTable(content), availabilityTable(content)];
  return {
    columns: [...means.columns, ...classes.columns.slice(1), ...availability.columns.slice(1)],
    rows: means.rows.map((row, index) => [
      ...row,
      ...classes.rows[index]!.slice(1),
      ...availability.rows[index]!.slice(1),
    ]),
    total: true,
  };
};
