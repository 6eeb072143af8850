import type { Against, Answer } from '../report/content.ts';
import { verdictWord } from '../report/county-table.ts';
import type { Compared, Figure, FigureChange, Judged, RevisionChanges } from '../report/revision-changes.ts';

const classWords = { total: '合计', skynet: '天网', social: '社会面', household: '平安家园' } as const;
const figureWords: Readonly<Record<Figure, string>> = {
  roster: '点位 roster',
  exempt: '报备 exempt',
  unknown: '未知 unknown',
  assessed: '分母 assessed',
  online: '在线 online',
  image: '出图 image',
  online_verdict: '在线结论 online verdict',
  image_verdict: '出图结论 image verdict',
};
const answers: Readonly<Record<Answer, string>> = { yes: '是', no: '否', unknown: '未知' };

/** Of a terminal; more are in the JSON. */
const mostCameras = 50;

const value = (of: FigureChange['from']): string => (typeof of === 'number' ? String(of) : verdictWord(of));

const judged = ({ exemption, online, image, appeal }: Judged): string =>
  [
    `在线${answers[online]} 出图${answers[image]}`,
    ...(exemption === null ? [] : [`报备 ${exemption} 号`]),
    ...(appeal === null ? [] : [`申诉 ${appeal} 号`]),
  ].join('，');

const againstWords: Readonly<Record<Against, string>> = {
  yesterday: '较昨日 on yesterday',
  last_week: '较上周 on last week',
  last_month: '较上月 on last month',
};
const compared = (one: Compared): string =>
  one === null ? '无 none' : `第 ${one.inspection} 次巡检第 ${one.revision} 版`;

/** What a revision says otherwise than the one before, line by line: verdicts, figures, comparisons, cameras. */
export const changeLines = ({ verdicts, figures, comparisons, cameras }: RevisionChanges): string[] => [
  ...verdicts.map(({ name, from, to }) => `  ${name}：结论 verdict ${verdictWord(from)} → ${verdictWord(to)}`),
  ...figures.map(
    (one) =>
      `  ${one.unit ?? '全市 city'} ${classWords[one.class]} ${figureWords[one.figure]} ${value(one.from)} → ${value(one.to)}`,
  ),
  ...comparisons.map(({ against, from, to }) => `  ${againstWords[against]}：${compared(from)} → ${compared(to)}`),
  ...cameras
    .slice(0, mostCameras)
    .map(({ code, name, from, to }) => `  ${code} ${name}：${judged(from)} → ${judged(to)}`),
  ...(cameras.length > mostCameras
    ? [
        `  另有 ${cameras.length - mostCameras} 个点位，见 --json / and ${cameras.length - mostCameras} more cameras: see --json`,
      ]
    : []),
];
