import { describe, expect, it } from 'vitest';
import { periodFileName } from '../../../src/report/file-name.ts';
import { periodDraft } from '../../../src/report/period/content.ts';
import { courseOf, courseTable } from '../../../src/report/period/tables.ts';
import { periodNotes, periodText, unitPeriodText } from '../../../src/report/period/text.ts';
import { chartNote } from '../../../src/report/print/chart.ts';
import { cellText } from '../../../src/report/print/paper.ts';
import { madePeriod, periodIssueOf } from './made-period.ts';

const month = madePeriod();

describe('the course of a month', () => {
  it('has every day, one without an inspection or a sweep with nothing in it', () => {
    const of = (day: string) => day !== '2026-10-20';
    const cityTrend = {
      inspections: month.cityTrend.inspections.filter(({ day }) => of(day)),
      availability: month.cityTrend.availability.filter(({ day }) => of(day)),
    };
    const content = { ...month, cityTrend };
    const course = courseOf(content, null);
    expect(course.map(({ at }) => at)).toEqual(
      Array.from({ length: 31 }, (_, index) => `2026-10-${String(index + 1).padStart(2, '0')}`),
    );
    // The 13th has sweeps and no inspection.
    expect(course[12]).toMatchObject({ inspections: 0, online: { yes: 0, of: 0 } });
    expect(course[12]!.available.of).toBeGreaterThan(0);
    const row = courseTable(content, null).rows[19]!.map(cellText);
    expect(row).toEqual(['2026-10-20', '0', '0', '0', '—', '0', '—', '—']);
  });

  it('ends with the last day that had begun', () => {
    expect(courseOf({ ...month, through: '2026-10-05' }, null)).toHaveLength(5);
    const year = { ...madePeriod('year'), through: '2026-03-02' };
    expect(courseOf(year, null).map(({ at }) => at)).toEqual(['2026-01', '2026-02', '2026-03']);
  });
});

describe('the report of a month that is not over', () => {
  const open = { ...month, through: '2026-10-15', ended: false };

  it('says so in its head, its text, its date and the name of its file', () => {
    expect(periodDraft(month)).toBeNull();
    expect(periodDraft(open)).toBe('草稿（本期未完，统计至2026年10月15日，不作为考核依据）');
    expect(periodText(open)).toMatch(/^2026年10月1日至2026年10月15日，/);
    expect(periodNotes(periodIssueOf(open)).join('')).toContain('数据时间：2026-10-01至2026-10-15');
    expect(periodFileName(month, 'docx')).toBe('柳州市视频点位巡检月通报-2026-10.docx');
    expect(periodFileName(open, 'docx')).toBe('柳州市视频点位巡检月通报-2026-10-草稿.docx');
  });
});

describe('a month without sweeps', () => {
  it('tells of no outages: nobody looked', () => {
    const nothing = { online: 0, offline: 0, unknown: 0 };
    const availability = { total: nothing, skynet: nothing, social: nothing, household: nothing };
    const outages = { began: 0, ended: 0, seconds: 0, longest: 0, open: 0 };
    const [unit] = month.units.map((one) => ({ ...one, availability, outages }));
    const said = { ...month, city: { ...month.city, availability, outages }, causes: [] };
    for (const text of [periodText(said), unitPeriodText({ ...said, units: [unit!] }, unit!)]) {
      expect(text).toContain('本期没有巡测数据。');
      expect(text).not.toMatch(/发生故障/);
    }
    expect(periodText(month)).toMatch(/发生故障\d+次，修复\d+次，平均修复时长/);
  });
});

describe('the charts of a report', () => {
  it('say of which typeface they are drawn, by the hash of its file', () => {
    expect(chartNote()).toMatch(/字体为.+（字体文件 SHA-256 [0-9a-f]{16}…）/);
  });
});
