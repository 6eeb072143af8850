import type { FrozenContent } from '../content.ts';
import { localTime } from '../words/local-time.ts';
import { renderer } from '../words/office.ts';
import type { Issue } from './issue.ts';

const against = { yesterday: '昨日', last_week: '上周同日', last_month: '上月同日' } as const;

/** How a rate comes about; for a day and for a period alike. */
export const formulaNote =
  '统计口径：应评＝在册－报备－未知；在线率＝在线÷应评，出图率＝出图÷应评；“原始”为报备与申诉之前，全部点位按实测计。' +
  '比率一律向下取到一位小数；较前变化按分子、分母精确计算，单位为百分点，小数第三位起舍去。达标与否以整数比较，不以舍入后的比率比较。';

const targetsNote = (policy: FrozenContent['policy']): string => {
  const target = (word: string, name: string): string =>
    `${word}在线率${policy[`${name}_online`]}%、出图率${policy[`${name}_image`]}%`;
  return (
    `考核指标：${target('总体', 'total')}，${target('天网', 'skynet')}，${target('社会面', 'social')}，均达到方为达标；` +
    `应评不足（在册－报备）的${policy.coverage}%时结论为待定，既不算达标也不算未达标；没有应评点位的不评。`
  );
};

const policyNote = ({ formula, policy }: FrozenContent): string => {
  const from = typeof policy.valid_from === 'string' ? `，${localTime(policy.valid_from)}起施行` : '';
  return `公式版本：${formula}；考核口径第${policy.version}版${from}：${policy.note}。`;
};

const timeNote = ({ inspection }: FrozenContent): string =>
  `数据时间：第${inspection.id}次巡检，${localTime(inspection.startedAt)}开始，${localTime(inspection.cutoffAt)}截止，` +
  `${localTime(inspection.completedAt)}完成（北京时间）。`;

const comparisonNote = ({ comparisons }: FrozenContent): string =>
  comparisons.length === 0
    ? '比较对象：没有可比的前次日巡检。'
    : `比较对象：${comparisons
        .map(
          ({ against: which, day, inspection, revision, sha256 }) =>
            `${against[which]}（${day}）为第${inspection}次巡检第${revision}版，SHA-256 ${sha256.slice(0, 16)}…`,
        )
        .join('；')}。`;

const revisionNote = ({ revision }: FrozenContent): string => {
  const { number, previous, madeAt, madeBy, why } = revision;
  const made = `${localTime(madeAt)}由${madeBy}形成，${why}`;
  return previous === null
    ? `版次：第${number}版，${made}。`
    : `版次：第${number}版（更正），更正第${previous.number}版（SHA-256 ${previous.sha256}）；${made}。`;
};

/** The foot of a day's documents: all that is needed to make the figures again by hand, and to tell this text from another. */
export const notesOf = ({ content, sha256 }: Issue): string[] => [
  formulaNote,
  targetsNote(content.policy),
  policyNote(content),
  timeNote(content),
  comparisonNote(content),
  revisionNote(content),
  `内容校验：SHA-256 ${sha256}；文书格式 ${renderer}。`,
];
