import { judgedClasses } from '../../verdict/budget.ts';
import type { RepairPlan } from '../../verdict/repairs.ts';
import type { FrozenContent, UnitFigures } from '../content.ts';
import { verdictWord } from '../county-table.ts';
import { changesOf, comparable, fractionOf, type Metric, troubleOf } from '../daily/bulletin.ts';
import { cameraTable } from '../daily/camera-sheet.ts';
import { dayOf, draftLine, type Issue } from '../daily/issue.ts';
import { notesOf } from '../daily/notes.ts';
import { exemptBlocks, lineOf } from '../daily/paper.ts';
import { exemptTable, failingTable, mainTable, unitTable } from '../daily/tables.ts';
import { attachment, type Book, closing, type Paper, tableOr } from '../print/paper.ts';
import { placeOf, rateWords } from '../words/fraction.ts';
import { clockWords, dayWords } from '../words/local-time.ts';
import { office } from '../words/office.ts';
import { repairPlanOf } from './repair-plan.ts';
import { budgetTable, classNames, repairTable } from './tables.ts';

/** A county's own report of a day: its figures, its place, what is broken, what to do about it, and who is excused. */

const titleOf = ({ name }: UnitFigures): string => `${name}公共安全视频监控点位在线情况日报`;

const placeWords = ({ units }: FrozenContent, unit: UnitFigures, metric: Metric): string => {
  const among = comparable(units, metric);
  const found = among.includes(unit) ? placeOf(among, unit, ({ classes }) => fractionOf(classes.total, metric)) : null;
  return found === null ? '' : `，居全市第${found.place}位（共${found.among}个单位）`;
};

const rate = (content: FrozenContent, unit: UnitFigures, metric: Metric, alone: boolean): string => {
  const now = fractionOf(unit.classes.total, metric);
  return rateWords(now) + changesOf(content, unit.code, now, metric) + (alone ? '' : placeWords(content, unit, metric));
};

export const countyText = (content: FrozenContent, unit: UnitFigures, alone = false): string => {
  const { total, skynet, social } = unit.classes;
  const { raw } = total;
  const trouble = troubleOf(content, unit.code);
  return [
    `${dayWords(dayOf(content))}${clockWords(content.inspection.startedAt)}至${clockWords(content.inspection.cutoffAt)}，`,
    `${office.centre}对${unit.name}的公共安全视频监控点位开展巡检。在册点位${total.roster}个，其中天网点位${skynet.roster}个、`,
    `社会面点位${social.roster}个；经批准报备${total.exempt}个，未知${total.unknown}个，应评${total.assessed}个。`,
    `在线率${rate(content, unit, 'online', alone)}；出图率${rate(content, unit, 'image', alone)}。`,
    `原始（报备前）在线率${rateWords(fractionOf(raw, 'online'))}，出图率${rateWords(fractionOf(raw, 'image'))}。`,
    `离线${trouble.offline}个，在线无图${trouble.no_image}个，图像异常${trouble.abnormal}个。`,
    unit.verdict === null ? '无点位可评。' : `结论：${verdictWord(unit.verdict)}。`,
  ].join('');
};

/** What to do, in a sentence; empty where there is nothing to judge, and `countyText` says so. */
export const planText = ({ budget, repairs, after }: RepairPlan): string => {
  const brought = repairs.reduce((sum, { cameras }) => sum + cameras.length, 0);
  if (repairs.length > 0) {
    const then = after.verdict === 'met' ? '即可达标' : '即无低于目标的比率，但有效应答不足，结论仍为待定';
    return `最少修复${repairs.length}处、恢复${brought}个点位，${then}；共同原因计为一处。`;
  }
  const open = judgedClasses.filter((name) => budget[name].unanswered > 0);
  if (open.length > 0) {
    const short = open.map((name) => `${classNames[name]}${budget[name].unanswered}个`).join('、');
    const sound = budget.total.online === null ? '' : '有应答的各项比率不低于目标，但';
    return `${sound}有效应答不足：至少还需有结果的点位为${short}，方有结论。`;
  }
  const { skynet, social } = budget.mayGoOffline;
  if (skynet === null && social === null) return '';
  if ((skynet ?? 0) + (social ?? 0) === 0) return '各项比率均不低于目标，但已无余量：再有任何一个点位离线即低于目标。';
  const may = (word: string, count: number | null): string[] => (count === null ? [] : [`${word}点位${count}个`]);
  const left = [...may('天网', skynet), ...may('社会面', social)];
  return `各项比率均不低于目标；再离线不超过${left.join('，或')}，仍可保持。`;
};

/** In place of the list of repairs where it is empty. */
const nothingToRepair = ({ after }: RepairPlan): string => {
  if (after.verdict === null) return '无点位可评。';
  return after.verdict === 'met'
    ? '各项比率均不低于目标，无须修复即可达标。'
    : '没有低于目标的比率；结论待定，是因为有效应答不足，不是修复所能解决的。';
};

/** Who meets one unit alone is not told why an inspection was corrected: it may have been for another. */
const metBy = (issue: Issue, alone: boolean): Issue => {
  const { content } = issue;
  if (!alone || content.revision.number === 1) return issue;
  return { ...issue, content: { ...content, revision: { ...content.revision, why: '更正' } } };
};

/** `alone`: for readers who meet this unit only: without the city's table, and its place in it. */
export const countyPaper = (whole: Issue, code: string, alone = false): Paper => {
  const issue = metBy(whole, alone);
  const { content } = issue;
  const unit = content.units.find((one) => one.code === code)!;
  const plan = repairPlanOf(content, code);
  const failing = failingTable(content.cameras, code);
  return {
    title: titleOf(unit),
    line: lineOf(issue),
    draft: draftLine(issue),
    at: content.revision.madeAt,
    sections: [
      {
        landscape: false,
        blocks: [
          { kind: 'body', text: countyText(content, unit, alone) },
          ...(planText(plan) === '' ? [] : [{ kind: 'body', text: planText(plan) } as const]),
          ...closing(office.centre, dayWords(dayOf(content)), notesOf(issue)),
        ],
      },
      {
        landscape: true,
        blocks: [
          { kind: 'heading', text: `附件1　${unit.name}点位在线情况表` },
          { kind: 'table', table: unitTable(content, code) },
          { kind: 'heading', text: '附件2　距目标的点位数' },
          tableOr(budgetTable(plan), '无点位可评。'),
          { kind: 'heading', text: '附件3　达标最少修复清单' },
          tableOr(repairTable(plan.repairs), nothingToRepair(plan)),
          { kind: 'heading', text: '其余待修复' },
          tableOr(repairTable(plan.others), '无。'),
          ...attachment(`附件4　故障点位清单（${failing.rows.length}个）`, failing, '无。'),
          ...exemptBlocks(content, code, '附件5'),
          ...(alone
            ? []
            : [
                { kind: 'attachment', text: '附件6　全市各考核单位点位在线情况表' } as const,
                { kind: 'table', table: mainTable(content) } as const,
              ]),
        ],
      },
    ],
  };
};

export const countyBook = (whole: Issue, code: string, alone = false): Book => {
  const issue = metBy(whole, alone);
  const { content } = issue;
  const unit = content.units.find((one) => one.code === code)!;
  const plan = repairPlanOf(content, code);
  const draft = draftLine(issue);
  const none = { lines: [], notes: [], pictures: [] };
  return {
    title: titleOf(unit),
    draft,
    at: content.revision.madeAt,
    sheets: [
      {
        name: '日报',
        lines: [
          titleOf(unit),
          lineOf(issue),
          ...(draft === null ? [] : [draft]),
          countyText(content, unit, alone),
          planText(plan),
        ].filter((line) => line !== ''),
        table: unitTable(content, code),
        notes: notesOf(issue),
        pictures: [],
      },
      { ...none, name: '距目标', lines: ['距目标的点位数'], table: budgetTable(plan) },
      { ...none, name: '最少修复', lines: ['达标最少修复清单'], table: repairTable(plan.repairs) },
      { ...none, name: '其余待修复', lines: ['其余待修复'], table: repairTable(plan.others) },
      { ...none, name: '全部点位', table: cameraTable(content, code) },
      { ...none, name: '报备', table: exemptTable(content, code) },
      ...(alone ? [] : [{ ...none, name: '全市', lines: ['全市各考核单位点位在线情况表'], table: mainTable(content) }]),
    ],
  };
};
