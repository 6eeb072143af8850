import { describe, expect, it } from 'vitest';
import type { FrozenContent, UnitFigures } from '../../../src/report/content.ts';
import { countyText, planText } from '../../../src/report/county/paper.ts';
import { repairPlanOf } from '../../../src/report/county/repair-plan.ts';
import { bulletinText, troubleOf } from '../../../src/report/daily/bulletin.ts';
import { cameraTable } from '../../../src/report/daily/camera-sheet.ts';
import { isFailing, stateOf } from '../../../src/report/daily/camera-state.ts';
import { notesOf } from '../../../src/report/daily/notes.ts';
import { dailyPaper, lineOf, numeral } from '../../../src/report/daily/paper.ts';
import {
  classTable,
  exemptCameraTable,
  exemptionTable,
  exemptTable,
  failingTable,
  mainTable,
  unitTable,
} from '../../../src/report/daily/tables.ts';
import { cellText } from '../../../src/report/print/paper.ts';
import { issueOf, madeContent } from './made-city.ts';

const content = madeContent();
const text = (rows: readonly (readonly Parameters<typeof cellText>[0][])[]): string[][] =>
  rows.map((row) => row.map(cellText));

describe('the paragraph of a day', () => {
  it('tells points, rates with their fractions, changes, best and worst, and who met', () => {
    const said = bulletinText(content);
    const { total, skynet, social } = content.city;
    expect(said).toContain('2026年11月22日8时00分至9时00分');
    expect(said).toContain(`在册点位${total.roster}个，其中天网点位${skynet.roster}个、社会面点位${social.roster}个`);
    expect(said).toContain(`（${total.online}/${total.assessed}）`);
    expect(said).toContain('原始（报备前）在线率');
    expect(said).toMatch(/较昨日(上升|下降)[0-9.]+个百分点/);
    expect(said).toMatch(/在线率居前的是.+，居后的是.+（由低到高）。/);
    for (const { name, verdict } of content.units) if (verdict === 'missed') expect(said).toContain(name);
  });

  it('says of 94.999 % neither 95.0 % nor that it was met', () => {
    const near: FrozenContent = {
      ...content,
      city: { ...content.city, total: { ...content.city.total, assessed: 100_000, online: 94_999, image: 94_999 } },
    };
    expect(bulletinText(near)).toContain('在线率94.9%（94999/100000）');
    expect(bulletinText(near)).not.toContain('95.0%（94999');
  });

  it('compares with nothing where there is nothing, and names no best of one unit', () => {
    const alone = madeContent({ units: 1, cameras: 20 });
    const said = bulletinText({ ...alone, comparisons: [] });
    expect(said).not.toMatch(/较|居前/);
  });

  it('tells a unit without anything to judge apart from met, missed and undetermined ones', () => {
    const [first, ...rest] = content.units;
    const none = { roster: 0, exempt: 0, unknown: 0, assessed: 0, online: 0, image: 0 };
    const empty = { ...none, raw: { assessed: 0, online: 0, image: 0 }, verdict: { online: null, image: null } };
    const unit: UnitFigures = {
      ...first!,
      verdict: null,
      classes: { total: empty, skynet: empty, social: empty, household: empty },
    };
    const said = { ...content, units: [unit, ...rest] };
    expect(bulletinText(said)).toContain(`无点位可评1个（${unit.name}）`);
    expect(text(mainTable(said).rows)[0]).toEqual([
      unit.name,
      '0',
      '0',
      '0',
      '0',
      '—',
      '—',
      '0',
      '—',
      '—',
      '—',
      '—',
      '—',
    ]);
  });

  it('ranks nobody by a rate of too few answers', () => {
    const [first, ...rest] = content.units;
    const last = (verdict: 'missed' | 'undetermined'): UnitFigures => ({
      ...first!,
      classes: {
        ...first!.classes,
        total: { ...first!.classes.total, online: 1, image: 1, verdict: { online: verdict, image: verdict } },
      },
    });
    const said = (unit: UnitFigures): string => bulletinText({ ...content, units: [unit, ...rest] });
    expect(said(last('missed'))).toMatch(new RegExp(`居后的是${first!.name}（`));
    expect(said(last('undetermined'))).not.toMatch(new RegExp(`居[前后]的是[^。]*${first!.name}`));
    expect(countyText({ ...content, units: [last('undetermined'), ...rest] }, last('undetermined'))).not.toContain(
      '位（共',
    );
  });

  it('names all who are alike at the end of a list, with their rate once', () => {
    const units = content.units.slice(0, 6).map((unit, index) => {
      const total = { ...unit.classes.total, assessed: 20, online: index < 2 ? 20 : 19, image: 20 };
      const verdict = { online: 'met', image: 'met' } as const;
      return { ...unit, classes: { ...unit.classes, total: { ...total, verdict } } };
    });
    expect(bulletinText({ ...content, units })).toContain(
      '在线率居前的是城中区、鱼峰区（均为100.0%），居后的是柳南区、柳北区、柳江区、柳城县（均为95.0%）（由低到高）。',
    );
  });

  it('counts what is broken as the rates do: offline and without a picture are what is missing of the assessed', () => {
    const { total } = content.city;
    const { offline, no_image } = troubleOf(content, null);
    expect(offline).toBe(total.assessed - total.online);
    expect(offline + no_image).toBe(total.assessed - total.image);
  });
});

describe('the tables of a day', () => {
  it('hold a line a unit in the city’s order and the city’s sums, which nobody is judged by', () => {
    const rows = text(mainTable(content).rows);
    expect(rows.map(([name]) => name)).toEqual([...content.units.map(({ name }) => name), '全市']);
    expect(rows.at(-1)!.at(-1)).toBe('不评');
    const sum = (at: number): number => rows.slice(0, -1).reduce((all, row) => all + Number(row[at]), 0);
    for (const at of [1, 2, 3, 4, 7]) expect(Number(rows.at(-1)![at])).toBe(sum(at));
  });

  it('fit the paper: no table is wider than the page between its margins', () => {
    const code = content.units[0]!.code;
    for (const table of [
      mainTable(content),
      classTable(content),
      failingTable(content.cameras, code),
      exemptTable(content, null),
      exemptionTable(content, null),
      exemptCameraTable(content, null),
      unitTable(content, code),
    ]) {
      expect(table.columns.reduce((sum, { width }) => sum + width, 0)).toBeLessThanOrEqual(249);
      for (const row of table.rows) expect(row.length).toBe(table.columns.length);
    }
  });

  it('have room for a bold 100.0 % in every column of rates', () => {
    for (const { columns } of [mainTable(content), classTable(content), unitTable(content, content.units[0]!.code)]) {
      for (const { head, width } of columns) if (head.endsWith('率')) expect(width).toBeGreaterThanOrEqual(16);
    }
  });

  it('tell an exemption once, with the number of its cameras, and each of these under its number', () => {
    const cameras = content.cameras.map((camera) =>
      camera.unit === '450203'
        ? {
            ...camera,
            exempt: { exemption: 9, reason: '供电部门计划停电：'.repeat(20), until: '2026-11-30T16:00:00.000Z' },
          }
        : { ...camera, exempt: null },
    );
    const exempt = { ...content, cameras };
    const own = cameras.filter(({ unit }) => unit === '450203');
    expect(text(exemptionTable(exempt, null).rows)).toEqual([
      ['9', '鱼峰区', own[0]!.exempt!.reason, '2026-12-01 00:00', String(own.length)],
    ]);
    const rows = text(exemptCameraTable(exempt, null).rows);
    expect(rows.map(([, , code, , , number]) => [code, number])).toEqual(own.map(({ code }) => [code, '9']));
    expect(exemptionTable(exempt, '450202').rows).toEqual([]);
  });

  it('list each failing camera once, under its unit, and no exempt one', () => {
    const listed = content.units.flatMap(({ code }) =>
      text(failingTable(content.cameras, code).rows).map((row) => row[1]),
    );
    expect(listed.toSorted()).toEqual(
      content.cameras
        .filter(isFailing)
        .map(({ code }) => code)
        .toSorted(),
    );
    const exempt = text(exemptTable(content, null).rows).map((row) => row[2]!);
    expect(exempt.length).toBe(content.city.total.exempt);
    expect(listed.filter((code) => exempt.includes(code!))).toEqual([]);
  });

  it('tell of every camera its state, its attempts and whose it is', () => {
    const table = cameraTable(content, null);
    const heads = table.columns.map(({ head }) => head);
    const rows = text(table.rows);
    expect(rows.length).toBe(content.cameras.length);
    const offline = content.cameras.findIndex((camera) => stateOf(camera) === 'offline');
    const row = rows[offline]!;
    expect(row[heads.indexOf('状态')]).toBe('离线');
    expect(row[heads.indexOf('原因')]).toBe('断电或断网，无应答');
    expect(row[heads.indexOf('探测次数')]).toBe('3');
    expect(row[heads.indexOf('各次探测')]).toMatch(/^1）08:00:00 在线否 出图否 断电或断网，无应答 \d+毫秒；2）/);
  });

  it('number the units of a list as an office does', () => {
    expect([1, 10, 11, 19, 20, 21, 99].map(numeral)).toEqual(['一', '十', '十一', '十九', '二十', '二十一', '九十九']);
  });
});

describe('what a document says of itself', () => {
  it('is formula, policy, times, what it was compared with, revision and hash', () => {
    const issue = issueOf(content);
    const said = notesOf(issue).join('\n');
    for (const words of [
      'xunjian-rates/1',
      '考核口径第3版',
      '柳州市 2026 年考核口径',
      '第321次巡检',
      '2026-11-22 08:00:00开始',
      issue.sha256,
      'xunjian-documents/',
    ]) {
      expect(said).toContain(words);
    }
    expect(said).toContain(
      `昨日（2026-11-21）为第320次巡检第1版，SHA-256 ${content.comparisons[0]!.sha256.slice(0, 16)}`,
    );
  });

  it('is, of a correction, which revision it corrects, who made it and why', () => {
    const corrected = issueOf(madeContent({ corrected: true }));
    const said = notesOf(corrected).join('\n');
    const { previous, madeBy, why } = corrected.content.revision;
    expect(said).toContain(`第2版（更正），更正第1版（SHA-256 ${previous!.sha256}）`);
    expect(said).toContain(`由${madeBy}形成，${why}`);
    expect(lineOf(corrected)).toContain('第2版（更正第1版）');
  });

  it('is, of what is not published, that it is a draft, on every page', () => {
    expect(dailyPaper(issueOf(content, false)).draft).toMatch(/草稿/);
    expect(dailyPaper(issueOf(content, true)).draft).toBeNull();
  });
});

describe('a county’s own report', () => {
  it('tells its place among all, and the fewest repairs that bring it back', () => {
    const missed = content.units.find(({ verdict }) => verdict === 'missed')!;
    expect(countyText(content, missed)).toMatch(/居全市第\d+位（共12个单位）.+结论：未达标。$/);
    const plan = repairPlanOf(content, missed.code);
    expect(plan.repairs.length).toBeGreaterThan(0);
    expect(plan.after.verdict).toBe('met');
    expect(planText(plan)).toMatch(/^最少修复\d+处、恢复\d+个点位，即可达标/);
  });

  it('tells how many more may be lost where it met its targets', () => {
    const met = content.units.find(({ verdict }) => verdict === 'met')!;
    const plan = repairPlanOf(content, met.code);
    expect(plan.repairs).toEqual([]);
    expect(planText(plan)).toMatch(/^各项比率均不低于目标，但已无余量/);
  });

  it('tells that nothing is left where one more costs a target, and nothing of a unit without anything to judge', () => {
    const none = { roster: 0, exempt: 0, unknown: 0, assessed: 0, online: 0, image: 0 };
    const empty = { ...none, raw: { assessed: 0, online: 0, image: 0 }, verdict: { online: null, image: null } };
    const plan = (skynet: number, exempt = 0) => {
      const class_ = { ...empty, roster: skynet + exempt, exempt, assessed: skynet, online: skynet, image: skynet };
      const classes = { total: class_, skynet: class_, social: empty, household: empty };
      return repairPlanOf(
        { ...content, units: [{ ...content.units[0]!, classes }], cameras: [] },
        content.units[0]!.code,
      );
    };
    expect(planText(plan(20))).toBe('各项比率均不低于目标，但已无余量：再有任何一个点位离线即低于目标。');
    expect(planText(plan(100))).toBe('各项比率均不低于目标；再离线不超过天网点位2个，仍可保持。');
    expect(planText(plan(0, 5))).toBe('');
  });

  it('tells how many answers are missing where no rate is under its target and there is no verdict yet', () => {
    const met = content.units.find(({ verdict }) => verdict === 'met')!;
    const silent = madeContent();
    // All that the unit lacks is the answer of three Skynet cameras.
    const { skynet, total } = met.classes;
    const less = (figures: typeof total) => ({
      ...figures,
      unknown: figures.unknown + 3,
      assessed: figures.assessed - 3,
      online: figures.online - 3,
      image: figures.image - 3,
    });
    const unit = { ...met, classes: { ...met.classes, skynet: less(skynet), total: less(total) } };
    const plan = repairPlanOf({ ...silent, units: [unit] }, unit.code);
    expect(planText(plan)).toMatch(/^有应答的各项比率不低于目标，但有效应答不足：.+天网\d+个/);
  });
});
