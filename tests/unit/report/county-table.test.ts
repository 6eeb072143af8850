import { expect, it } from 'vitest';
import type { ClassFigures } from '../../../src/report/content.ts';
import { countyTable, summary } from '../../../src/report/county-table.ts';
import type { InspectionReport } from '../../../src/report/inspection.ts';

const none: ClassFigures = {
  ...{ roster: 0, exempt: 0, unknown: 0, assessed: 0, online: 0, image: 0 },
  raw: { assessed: 0, online: 0, image: 0 },
  verdict: { online: null, image: null },
};
const total: ClassFigures = {
  ...{ roster: 10, exempt: 1, unknown: 0, assessed: 9, online: 9, image: 8 },
  raw: { assessed: 10, online: 9, image: 8 },
  verdict: { online: 'met', image: 'missed' },
};
const reportOf = (published: string | null): InspectionReport => ({
  inspection: {
    id: 7,
    at: '2026-11-23T00:00:00.500Z',
    formula: 'xunjian-rates/1',
    policy: 1,
    seconds: 12.3,
    revision: 2,
    published,
  },
  units: [
    {
      code: '450202',
      name: '城中区',
      classes: { total, social: total, skynet: none, household: none },
      verdict: 'missed',
    },
  ],
});

it('the county table has the raw rates beside the judged ones', () => {
  const [titles, , row] = countyTable(reportOf(null)).split('\n');
  expect(titles!.split(/ {2,}/).slice(4, 8)).toEqual(['在线', '原始在线', '出图', '原始出图']);
  expect(row!.split(/ {2,}/).slice(3, 8)).toEqual(['0', '9/9 100.0%', '90.0%', '8/9 88.8%', '80.0%']);
});

it('its last lines say which revision it is, and whether it is published or a draft', () => {
  expect(summary(reportOf(null))).toContain(
    '第 7 次巡检（第 2 版，草稿，未发布）：点位 10 个，报备 1 个，在线 100.0%（原始 90.0%）',
  );
  expect(summary(reportOf('2026-11-23T01:00:00Z'))).toContain('(revision 2, published): 10 cameras, 1 exempt');
});
