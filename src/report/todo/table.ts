import stringWidth from 'string-width';
import { localTime } from '../../time.ts';
import { type Budget, type ClassBudget, type JudgedClass, judgedClasses, type Room } from '../../verdict/budget.ts';
import type { Cause } from '../../verdict/causes.ts';
import { type ClassRates, percent, type Verdict } from '../../verdict/rates.ts';
import { verdictWord } from '../county-table.ts';
import type { Forecast } from './forecast.ts';
import type { Party, RepairTold, Todo, UnitTodo } from './todo.ts';

const classNames: Readonly<Record<JudgedClass, string>> = {
  total: '总体 total',
  skynet: '天网 Skynet',
  social: '社会面 social',
};
const causeNames: Readonly<Record<Cause['kind'], string>> = {
  onu: '光猫 ONU',
  power: '取电点 power',
  recorder: '录像机 recorder',
  pole: '杆件 pole',
  site: '站点网络 site',
  carrier: '运营商 carrier',
  camera: '点位 camera',
};
const verdictsEn: Readonly<Record<Verdict, string>> = { met: 'met', missed: 'missed', undetermined: 'undetermined' };
const verdictOf = (verdict: Verdict | null): string =>
  verdict === null ? verdictWord(null) : `${verdictWord(verdict)} ${verdictsEn[verdict]}`;

/** Repairs that a screen shows of what may wait; all of them are in the JSON. */
const othersShown = 5;
/** Whose the most of a cause's cameras are: a shared cause is seldom of more than one. */
const partiesShown = 3;

/** What is to be done, for a terminal: a part a unit, and under all of them what the figures are of. */
export const todoText = (todo: Todo): string => [...todo.units.map(unitText), footText(todo)].join('\n\n');

const unitText = (unit: UnitTodo): string =>
  [
    `${unit.name} ${unit.code}　${verdictOf(unit.verdict)}`,
    ...indented(budgetLines(unit.budget)),
    ...indented(repairLines(unit)),
    ...indented(forecastLines(unit.forecast)),
  ].join('\n');

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

/** Columns as wide as what stands in them: a Chinese character takes two. */
const columns = (rows: readonly (readonly string[])[]): string[] => {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => stringWidth(row[at]!))));
  return rows.map((row) =>
    row
      .map((cell, at) => cell + ' '.repeat(widths[at]! - stringWidth(cell)))
      .join('  ')
      .trimEnd(),
  );
};

const budgetLines = (budget: Budget): string[] => [
  ...columns([
    ['余量 budget', '在线 online', '', '出图 picture', ''],
    ...judgedClasses.map((name) => [
      classNames[name],
      ...roomCells(budget[name].online, budget[name].unanswered),
      ...roomCells(budget[name].image, budget[name].unanswered),
    ]),
  ]),
  ...(['skynet', 'social'] as const)
    .filter((name) => isMet(budget[name]) && isMet(budget.total))
    .map((name) => {
      const may = budget.mayGoOffline[name];
      return `${classNames[name]}：再离线不超过 ${may} 个，本类与总体仍达标 / ${may} more may go offline before a rate of this class or of the total is missed`;
    }),
];

const isMet = ({ online, image, unanswered }: ClassBudget): boolean =>
  online?.short === 0 && image?.short === 0 && unanswered === 0;

const roomCells = (room: Room | null, unanswered: number): [string, string] => {
  if (room === null) return ['—', unanswered > 0 ? `待定，还差 ${unanswered} 个有结果 ${unanswered} unanswered` : ''];
  const { yes, assessed, target, spare, short } = room;
  const rate = `${yes}/${assessed} ${percent(yes, assessed)} (≥${target}%)`;
  if (unanswered > 0) return [rate, `待定，还差 ${unanswered} 个有结果 ${unanswered} unanswered`];
  return [rate, short > 0 ? `差 ${short} 个 short of ${short}` : `还可掉 ${spare} 个 ${spare} to spare`];
};

const repairLines = ({ repairs, others, after }: UnitTodo): string[] => {
  const { total } = after.classes;
  const rates = `在线 ${rateOf(total.online, total)}，出图 ${rateOf(total.image, total)}`;
  const ratesEn = `online ${rateOf(total.online, total)}, picture ${rateOf(total.image, total)}`;
  const head =
    repairs.length === 0
      ? ['修复：各项已在目标之上，无须为达标而修 / repairs: no rate is under its target']
      : [
          `修复：至少 ${repairs.length} 处，之后${verdictWord(after.verdict)}，${rates}`,
          `repairs: ${repairs.length} at least; then ${after.verdict ?? '—'}, ${ratesEn}`,
          ...repairs.flatMap((repair, nth) => repairText(repair, `${nth + 1}.`)),
        ];
  if (others.length === 0) return head;
  const more = others.length - othersShown;
  return [
    ...head,
    `另有 ${others.length} 处故障 / ${others.length} more that are broken${more > 0 ? `，列出前 ${othersShown} 处 / the first ${othersShown}` : ''}`,
    ...others.slice(0, othersShown).flatMap((repair) => repairText(repair, '-')),
  ];
};

const repairText = ({ kind, key, symptom, cameras, brings, parties }: RepairTold, mark: string): string[] => {
  const symptomWords = symptom === 'offline' ? '离线 offline' : '在线无图 no picture';
  const what = kind === 'camera' ? `${key} ${cameras[0]!.name}` : key;
  const { skynet, social } = brings;
  const size = `${cameras.length} 个 (天网 Skynet ${skynet.image}，社会面 social ${social.image})`;
  return [
    `${mark} ${causeNames[kind]} ${what}：${symptomWords} ${size}`,
    ...parties.slice(0, partiesShown).map((party) => `     维护 maintained by ${partyText(party)}`),
  ];
};

const partyText = ({ unit, contact, phone, cameras }: Party): string =>
  [unit, contact, phone, `(${cameras})`].filter((part) => part !== null).join(' ');

const forecastLines = ({ at, data, classes, verdict, down, flapping }: Forecast): string[] => {
  const { total } = classes;
  if (data === null) {
    return [`预测：近期没有巡测结果，无法预测 / forecast: no sweep of the last hours told anything (${localTime(at)})`];
  }
  const judged = `在线 ${rateOf(total.online, total)}，出图 ${rateOf(total.image, total)}，报备 ${total.exempt}，未知 ${total.unknown}`;
  const judgedEn = `online ${rateOf(total.online, total)}, picture ${rateOf(total.image, total)}, ${total.exempt} exempt, ${total.unknown} unknown`;
  return [
    `预测：若 ${localTime(at)} 截止，${verdictWord(verdict)}；${judged}（数据 ${localTime(data.from)} 至 ${localTime(data.until)}）`,
    `forecast: cut off then, ${verdict ?? '—'}; ${judgedEn}`,
    `连续探测失败 ${down.length} 个，频繁通断 ${flapping.length} 个 / ${down.length} down, ${flapping.length} flapping`,
    ...flapping.map(({ code, name }) => `  频繁通断 flapping ${code} ${name}`),
  ];
};

const rateOf = (yes: number, { assessed }: ClassRates): string => `${yes}/${assessed} ${percent(yes, assessed)}`;

const footText = ({ inspection, units }: Todo): string => {
  const { id, revision, formula, policy, at, completedAt } = inspection;
  const [began, ended] = [localTime(new Date(at)), localTime(new Date(completedAt))];
  const forecast = units[0]?.forecast;
  return [
    `余量与修复：第 ${id} 次巡检第 ${revision} 版，${began} 至 ${ended}，公式 ${formula}，口径第 ${policy} 版`,
    `budget and repairs: revision ${revision} of inspection ${id}, formula ${formula}, policy ${policy}`,
    ...(forecast === undefined
      ? []
      : [
          `预测：公式 ${forecast.formula}，口径第 ${forecast.policy} 版，时间为北京时间 / ` +
            `forecast: formula ${forecast.formula}, policy ${forecast.policy}, times of Asia/Shanghai`,
        ]),
  ].join('\n');
};
