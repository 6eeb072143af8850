import type { RateClass, Verdict } from '../../verdict/rates.ts';
import type { ClassFigures, FrozenCamera, FrozenContent } from '../content.ts';
import { verdictWord } from '../county-table.ts';
import type { Cell, Column, Table } from '../print/paper.ts';
import { localTime } from '../words/local-time.ts';
import { earlier, fractionOf } from './bulletin.ts';
import { causeOf, classWords, isFailing, maintainerOf, partyOf, stateOf, stateWords } from './camera-state.ts';

/** The tables of a day. Widths are for A4 turned: 249 mm between the margins. */

const column = (head: string, width: number, align: Column['align'] = 'right', group?: string): Column =>
  group === undefined ? { head, width, align } : { head, width, align, group };

const mainColumns: readonly Column[] = [
  column('考核单位', 48, 'left'),
  column('在册点位', 17),
  column('报备', 14),
  column('未知', 14),
  column('在线数', 17, 'right', '在线'),
  column('在线率', 18, 'right', '在线'),
  column('较昨日', 18, 'right', '在线'),
  column('出图数', 17, 'right', '出图'),
  column('出图率', 18, 'right', '出图'),
  column('较昨日', 18, 'right', '出图'),
  column('在线率', 17, 'right', '原始（报备前）'),
  column('出图率', 17, 'right', '原始（报备前）'),
  column('结论', 16, 'center'),
];

const mainRow = (content: FrozenContent, unit: string | null, name: string, total: ClassFigures, verdict: string) => {
  const online = fractionOf(total, 'online');
  const image = fractionOf(total, 'image');
  return [
    name,
    total.roster,
    total.exempt,
    total.unknown,
    total.online,
    { rate: online },
    { change: { now: online, before: earlier(content, 'yesterday', unit, 'online') } },
    total.image,
    { rate: image },
    { change: { now: image, before: earlier(content, 'yesterday', unit, 'image') } },
    { rate: fractionOf(total.raw, 'online') },
    { rate: fractionOf(total.raw, 'image') },
    verdict,
  ] satisfies Cell[];
};

/** A line a unit and one for the city, which nobody is judged by. Adjudicated rates, and beside them the raw ones. */
export const mainTable = (content: FrozenContent): Table => ({
  columns: mainColumns,
  rows: [
    ...content.units.map(({ code, name, classes, verdict }) =>
      mainRow(content, code, name, classes.total, verdictWord(verdict)),
    ),
    mainRow(content, null, '全市', content.city.total, '不评'),
  ],
  total: true,
});

/** One word for both metrics of a class: the worse one. */
export const classVerdict = ({ verdict: { online, image } }: Pick<ClassFigures, 'verdict'>): Verdict | null => {
  const both = [online, image];
  if (both.includes('missed')) return 'missed';
  if (both.includes('undetermined')) return 'undetermined';
  return online ?? image;
};

/** "天网点位（指标98%）"; both targets where they differ. */
const headOf = (word: string, policy: FrozenContent['policy'], name: 'skynet' | 'social'): string => {
  const [online, image] = [policy[`${name}_online`], policy[`${name}_image`]];
  if (typeof online !== 'number' || typeof image !== 'number') return word;
  return online === image ? `${word}（指标${online}%）` : `${word}（指标：在线${online}%、出图${image}%）`;
};

export const classTable = (content: FrozenContent): Table => {
  const columnsOf = (group: string): Column[] => [
    column('在册', 13, 'right', group),
    column('报备', 11, 'right', group),
    column('未知', 11, 'right', group),
    column('在线数', 13, 'right', group),
    column('在线率', 16, 'right', group),
    column('出图数', 13, 'right', group),
    column('出图率', 16, 'right', group),
    column('结论', 14, 'center', group),
  ];
  const cells = (figures: ClassFigures, verdict: string): Cell[] => [
    figures.roster,
    figures.exempt,
    figures.unknown,
    figures.online,
    { rate: fractionOf(figures, 'online') },
    figures.image,
    { rate: fractionOf(figures, 'image') },
    verdict,
  ];
  const { city, policy, units } = content;
  return {
    columns: [
      column('考核单位', 35, 'left'),
      ...columnsOf(headOf('天网点位', policy, 'skynet')),
      ...columnsOf(headOf('社会面点位', policy, 'social')),
    ],
    rows: [
      ...units.map(({ name, classes: { skynet, social } }) => [
        name,
        ...cells(skynet, verdictWord(classVerdict(skynet))),
        ...cells(social, verdictWord(classVerdict(social))),
      ]),
      ['全市', ...cells(city.skynet, '不评'), ...cells(city.social, '不评')],
    ],
    total: true,
  };
};

const rateClasses: readonly (readonly [RateClass, string])[] = [
  ['skynet', '天网'],
  ['social', '社会面'],
  ['total', '合计（考核）'],
];

/** One unit's own figures, a line a class; the change is that of the total. */
export const unitTable = (content: FrozenContent, code: string): Table => {
  const unit = content.units.find((one) => one.code === code)!;
  return {
    columns: [column('点位类别', 48, 'left'), ...mainColumns.slice(1)],
    rows: rateClasses.map(([name, word]) => {
      const figures = unit.classes[name];
      const row: Cell[] = mainRow(content, code, word, figures, verdictWord(classVerdict(figures)));
      if (name === 'total') return row.with(-1, verdictWord(unit.verdict));
      return row.with(6, '—').with(9, '—');
    }),
    total: true,
  };
};

const failingColumns: readonly Column[] = [
  column('序号', 12, 'center'),
  column('点位编码', 45, 'center'),
  column('点位名称', 62, 'left'),
  column('类别', 15, 'center'),
  column('状态', 18, 'center'),
  column('原因', 33, 'left'),
  column('应处置方', 25, 'left'),
  column('维护单位、联系人及电话', 39, 'left'),
];

/** The failing cameras of one unit, in the order of codes. */
export const failingTable = (cameras: readonly FrozenCamera[], unit: string): Table => ({
  columns: failingColumns,
  rows: cameras
    .filter((camera) => camera.unit === unit && isFailing(camera))
    .map((camera, index) => [
      index + 1,
      camera.code,
      camera.name,
      classWords[camera.class],
      stateWords[stateOf(camera)],
      causeOf(camera),
      partyOf(camera),
      maintainerOf(camera),
    ]),
  total: false,
});

export const untilWords = (until: string): string => (until.includes('T') ? localTime(until).slice(0, 16) : until);

type Exempt = FrozenCamera & { readonly exempt: NonNullable<FrozenCamera['exempt']> };

const exemptOf = ({ cameras }: FrozenContent, unit: string | null): Exempt[] =>
  cameras.filter((camera): camera is Exempt => camera.exempt !== null && (unit === null || camera.unit === unit));

/** The exemptions themselves, each with its reason once, however many cameras it is of. */
export const exemptionTable = (content: FrozenContent, unit: string | null): Table => {
  const names = new Map(content.units.map(({ code, name }) => [code, name]));
  const each = Map.groupBy(exemptOf(content, unit), (camera) => JSON.stringify([camera.unit, camera.exempt]));
  return {
    columns: [
      column('报备编号', 18, 'center'),
      column('考核单位', 42, 'left'),
      column('报备事由', 135, 'left'),
      column('报备至', 34, 'center'),
      column('点位数', 20),
    ],
    rows: [...each.values()]
      .map((cameras) => ({ ...cameras[0]!, count: cameras.length }))
      .sort((a, b) => a.exempt.exemption - b.exempt.exemption)
      .map(({ exempt: { exemption, reason, until }, unit: of, count }) => [
        ...[exemption, names.get(of) ?? of, reason, untilWords(until), count],
      ]),
    total: false,
  };
};

/** The cameras under them, without what the table of exemptions says. */
export const exemptCameraTable = (content: FrozenContent, unit: string | null): Table => {
  const { columns, rows } = exemptTable(content, unit);
  const kept = [0, 1, 2, 3, 4, 5, 8];
  const widths: Readonly<Record<string, number>> = { 考核单位: 42, 点位名称: 99 };
  return {
    columns: kept.map((at) => ({ ...columns[at]!, width: widths[columns[at]!.head] ?? columns[at]!.width })),
    rows: rows.map((row) => kept.map((at) => row[at]!)),
    total: false,
  };
};

/** The cameras under an exemption, with what was found of them all the same. */
export const exemptTable = (content: FrozenContent, unit: string | null): Table => {
  const names = new Map(content.units.map(({ code, name }) => [code, name]));
  return {
    columns: [
      column('序号', 12, 'center'),
      column('考核单位', 33, 'left'),
      column('点位编码', 45, 'center'),
      column('点位名称', 50, 'left'),
      column('类别', 15, 'center'),
      column('报备编号', 16, 'center'),
      column('报备事由', 26, 'left'),
      column('报备至', 34, 'center'),
      column('实测', 18, 'center'),
    ],
    rows: exemptOf(content, unit).map((camera, index) => [
      index + 1,
      names.get(camera.unit) ?? camera.unit,
      camera.code,
      camera.name,
      classWords[camera.class],
      camera.exempt.exemption,
      camera.exempt.reason,
      untilWords(camera.exempt.until),
      stateWords[stateOf(camera)],
    ]),
    total: false,
  };
};
