import type { FrozenContent } from '../content.ts';
import { type Block, type Book, closing, type Paper } from '../print/paper.ts';
import { dayWords } from '../words/local-time.ts';
import { office } from '../words/office.ts';
import { bulletinText } from './bulletin.ts';
import { cameraTable } from './camera-sheet.ts';
import { dayOf, draftLine, type Issue } from './issue.ts';
import { notesOf } from './notes.ts';
import { classTable, exemptCameraTable, exemptionTable, exemptTable, failingTable, mainTable } from './tables.ts';

const titleOf = (word: string): string => `${office.city}公共安全视频监控点位在线情况${word}`;

/** Which inspection and which revision; a corrected one says so here, where nobody overlooks it. */
export const lineOf = ({ content }: Issue): string => {
  const { number, previous } = content.revision;
  const correction = previous === null ? '' : `　第${number}版（更正第${previous.number}版）`;
  return `第${content.inspection.id}次巡检　${dayWords(dayOf(content))}${correction}`;
};

const numerals = ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十'];

/** 一 … 十, 十一 … 九十九; a city has no more units. */
export const numeral = (n: number): string => {
  const tens = Math.floor(n / 10);
  if (n <= 10) return numerals[n - 1]!;
  return `${tens === 1 ? '' : numerals[tens - 1]}十${n % 10 === 0 ? '' : numerals[(n % 10) - 1]}`;
};

/** The failing cameras, a table a unit; those that have none are named together. */
const failing = ({ content }: Issue): Block[] => {
  const units = content.units.map(({ code, name }) => ({ name, table: failingTable(content.cameras, code) }));
  const sound = units.filter(({ table }) => table.rows.length === 0);
  return [
    { kind: sound.length === units.length ? 'heading' : 'attachment', text: '附件3　故障点位清单' },
    ...units
      .filter(({ table }) => table.rows.length > 0)
      .flatMap(({ name, table }, index): Block[] => [
        { kind: 'subheading', text: `（${numeral(index + 1)}）${name}（${table.rows.length}个）` },
        { kind: 'table', table },
      ]),
    ...(sound.length === 0
      ? []
      : [{ kind: 'note', text: `无故障点位的单位：${sound.map(({ name }) => name).join('、')}。` } as const]),
  ];
};

/** Who is excused: the exemptions, then their cameras. */
export const exemptBlocks = (content: FrozenContent, unit: string | null, place: string): Block[] => {
  const cameras = exemptCameraTable(content, unit);
  const heading = `${place}　报备点位清单（${cameras.rows.length}个）`;
  if (cameras.rows.length === 0) {
    return [
      { kind: 'heading', text: heading },
      { kind: 'note', text: '无。' },
    ];
  }
  return [
    { kind: 'attachment', text: heading },
    { kind: 'table', table: exemptionTable(content, unit) },
    { kind: 'subheading', text: '报备点位' },
    { kind: 'table', table: cameras },
  ];
};

/** The bulletin of a day: a page to read out, the tables, who is to repair what, and who is excused. */
export const dailyPaper = (issue: Issue): Paper => {
  const { content } = issue;
  return {
    title: titleOf('日通报'),
    line: lineOf(issue),
    draft: draftLine(issue),
    at: content.revision.madeAt,
    sections: [
      {
        landscape: false,
        blocks: [
          { kind: 'body', text: bulletinText(content) },
          { kind: 'body', text: '附件：1．各考核单位点位在线情况表　2．分类情况表　3．故障点位清单　4．报备点位清单' },
          ...closing(office.centre, dayWords(dayOf(content)), notesOf(issue)),
        ],
      },
      {
        landscape: true,
        blocks: [
          { kind: 'heading', text: '附件1　各考核单位点位在线情况表' },
          { kind: 'table', table: mainTable(content) },
          { kind: 'attachment', text: '附件2　分类情况表' },
          { kind: 'table', table: classTable(content) },
          ...failing(issue),
          ...exemptBlocks(content, null, '附件4'),
        ],
      },
    ],
  };
};

/** The same as a workbook, with all cameras. */
export const dailyBook = (issue: Issue): Book => {
  const { content } = issue;
  const draft = draftLine(issue);
  const lines = (title: string): string[] => [title, lineOf(issue), ...(draft === null ? [] : [draft])];
  const none = { lines: [], notes: [], pictures: [] };
  return {
    title: titleOf('日通报'),
    draft,
    at: content.revision.madeAt,
    sheets: [
      {
        name: '通报',
        lines: [...lines(titleOf('日通报')), bulletinText(content)],
        table: mainTable(content),
        notes: notesOf(issue),
        pictures: [],
      },
      { name: '分类', lines: lines('分类情况表'), table: classTable(content), notes: [], pictures: [] },
      { name: '全部点位', ...none, table: cameraTable(content, null) },
      { name: '报备', ...none, table: exemptTable(content, null) },
    ],
  };
};
