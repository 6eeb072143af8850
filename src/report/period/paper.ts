import { percent } from '../../verdict/rates.ts';
import { chartNote } from '../print/chart.ts';
import {
  attachment,
  type Block,
  type Book,
  closing,
  type Paper,
  type Sheet,
  type Table,
  tableOr,
} from '../print/paper.ts';
import { wordsOfFailure } from '../words/faults.ts';
import { dayWords } from '../words/local-time.ts';
import { office } from '../words/office.ts';
import { countBars, ratesByDay, unitBars } from './charts.ts';
import { type PeriodContent, type PeriodIssue, periodDraft, periodWords } from './content.ts';
import {
  availabilityTable,
  causeTable,
  courseOf,
  courseTable,
  meansTable,
  offenderTable,
  periodClassTable,
  sourcesTable,
} from './tables.ts';
import { availabilityOf, meanOf, periodNotes, periodText, unitPeriodText } from './text.ts';

const titleOf = ({ kind }: PeriodContent, name: string): string =>
  `${name}公共安全视频监控点位在线情况${kind === 'year' ? '年' : '月'}通报`;

/** A report is of the time of its last day: nothing in it tells when somebody asked for it. */
const timeOf = ({ through }: PeriodContent): string => `${through}T16:00:00.000Z`;

const unitOf = (content: PeriodContent) => content.units.find(({ code }) => code === content.unit) ?? null;

/** The levels of the total and of Skynet by the newest policy of the period. */
const levelsOf = ({ policies }: PeriodContent): number[] => {
  const policy = policies.at(-1);
  return ['total_online', 'skynet_online', 'total_image', 'skynet_image']
    .map((name) => policy?.[name])
    .filter((target) => typeof target === 'number');
};

const chartsOf = (content: PeriodContent): Extract<Block, { kind: 'picture' }>[] => {
  const unit = unitOf(content);
  const name = unit?.name ?? '全市';
  const course = courseOf(content, content.unit);
  const step = content.kind === 'year' ? '逐月' : '逐日';
  const days = course.map(({ at }) =>
    content.kind === 'year' ? `${Number(at.slice(5, 7))}月` : `${Number(at.slice(8))}日`,
  );
  const rates = ratesByDay(
    days,
    [
      { name: '在线率', rates: course.map(({ online }) => online) },
      { name: '出图率', rates: course.map(({ image }) => image) },
    ],
    levelsOf(content),
    `${name}在线率、出图率${step}变化`,
  );
  const available = ratesByDay(
    days,
    [{ name: '可用率', rates: course.map((point) => point.available) }],
    [],
    `${name}可用率${step}变化（按巡测时长）`,
  );
  const units = unitBars(
    content.units.map((one) => one.name),
    [
      { name: '在线率', rates: content.units.map(({ classes }) => meanOf(classes.total, 'online')) },
      { name: '出图率', rates: content.units.map(({ classes }) => meanOf(classes.total, 'image')) },
    ],
    ({ yes, of }) => percent(yes, of),
    '各考核单位平均在线率、出图率',
  );
  const availability = unitBars(
    content.units.map((one) => one.name),
    [{ name: '可用率', rates: content.units.map((one) => availabilityOf(one.availability.total)) }],
    ({ yes, of }) => percent(yes, of),
    '各考核单位可用率',
  );
  const causes = content.causes.slice(0, 10).map(({ kind, began }) => ({ name: wordsOfFailure(kind), count: began }));
  return [
    rates,
    units,
    ...(causes.length === 0
      ? []
      : [countBars(causes, `${name}故障原因（次${content.causes.length > 10 ? '，前十位' : ''}）`)]),
    ...(course.some((point) => point.available.of > 0) ? [available, availability] : []),
  ];
};

/** The report of a month or a year: of the city, or of one unit. */
export const periodPaper = (issue: PeriodIssue): Paper => {
  const { content } = issue;
  const unit = unitOf(content);
  const step = content.kind === 'year' ? '逐月' : '逐日';
  return {
    title: titleOf(content, unit?.name ?? office.city),
    line: periodWords(content),
    draft: periodDraft(content),
    at: timeOf(content),
    sections: [
      {
        landscape: false,
        blocks: [
          { kind: 'body', text: unit === null ? periodText(content) : unitPeriodText(content, unit) },
          ...closing(office.centre, dayWords(content.through), [...periodNotes(issue), chartNote()]),
          { kind: 'attachment', text: '图示' },
          ...chartsOf(content),
        ],
      },
      {
        landscape: true,
        blocks: [
          { kind: 'heading', text: '附件1　各考核单位巡检平均情况表' },
          { kind: 'table', table: meansTable(content) },
          { kind: 'attachment', text: '附件2　分类情况表' },
          { kind: 'table', table: periodClassTable(content) },
          { kind: 'attachment', text: '附件3　可用率与故障情况表' },
          { kind: 'table', table: availabilityTable(content) },
          { kind: 'heading', text: `附件4　${unit?.name ?? '全市'}故障原因表` },
          tableOr(causeTable(content), '本期没有故障记录。'),
          ...attachment(
            `附件5　反复故障点位清单（${content.offends}次以上）`,
            offenderTable(content, content.unit),
            '无。',
          ),
          { kind: 'attachment', text: `附件6　${unit?.name ?? '全市'}${step}情况表` },
          tableOr(courseTable(content, content.unit), '无。'),
          { kind: 'attachment', text: '附件7　依据的日巡检' },
          tableOr(sourcesTable(content), '本期没有日巡检。'),
        ],
      },
    ],
  };
};

/** The charts, under a list of them. */
const chartSheet = (title: string, content: PeriodContent): Sheet => {
  const pictures = chartsOf(content);
  return {
    name: '图示',
    lines: [title],
    table: {
      columns: [
        { head: '图', width: 20, align: 'center' },
        { head: '内容', width: 140, align: 'left' },
      ],
      rows: pictures.map(({ caption }, index) => [index + 1, caption]),
      total: false,
    },
    notes: [chartNote()],
    pictures,
  };
};

export const periodBook = (issue: PeriodIssue): Book => {
  const { content } = issue;
  const unit = unitOf(content);
  const draft = periodDraft(content);
  const title = titleOf(content, unit?.name ?? office.city);
  const sheet = (name: string, table: Table) => ({ name, lines: [], table, notes: [], pictures: [] });
  return {
    title,
    draft,
    at: timeOf(content),
    sheets: [
      {
        name: '通报',
        lines: [
          title,
          periodWords(content),
          ...(draft === null ? [] : [draft]),
          unit === null ? periodText(content) : unitPeriodText(content, unit),
        ],
        table: meansTable(content),
        notes: periodNotes(issue),
        pictures: [],
      },
      chartSheet(title, content),
      { ...sheet('分类', periodClassTable(content)), lines: ['分类情况表'] },
      { ...sheet('可用率与故障', availabilityTable(content)), lines: ['可用率与故障情况表'] },
      { ...sheet('故障原因', causeTable(content)), lines: [`${unit?.name ?? '全市'}故障原因表`] },
      sheet('反复故障', offenderTable(content, content.unit)),
      sheet(content.kind === 'year' ? '逐月' : '逐日', courseTable(content, content.unit)),
      sheet('依据', sourcesTable(content)),
    ],
  };
};
