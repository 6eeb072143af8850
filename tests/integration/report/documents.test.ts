import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ReportOptions, report } from '../../../src/commands/report.ts';
import type { ReportKind } from '../../../src/report/format.ts';
import { publish } from '../../../src/report/revision.ts';
import { type Caller, startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { madeContent } from '../../unit/report/made-city.ts';
import { unread } from '../commands/xunjian.ts';
import { blind, down, exempt, round } from '../rollup/frozen-round.ts';
import { putCameras } from '../schedule/roster.ts';
import { putFrozen } from './frozen-day.ts';

let ground: TestGround;
let api: TestApi;
let viewer: Caller;
let first: string;
let folder: string;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const wordsOf = (docx: Uint8Array): string =>
  new TextDecoder().decode(unzipSync(docx)['word/document.xml']).replaceAll(/<[^>]+>/g, '');

const day = '2026-11-22';
const wish = { cameras: 48, day, id: 12 } as const;

beforeAll(async () => {
  ground = await startGround();
  const { db } = ground;
  await putFrozen(db, madeContent({ cameras: 48, seed: 2, day: '2026-10-30', id: 7 }));
  await publish(db, 7, '市综治中心', new Date('2026-10-30T02:00:00Z'));
  first = await putFrozen(db, madeContent(wish));
  api = await startTestApi(ground);
  viewer = await api.as('viewer');
});
afterAll(async () => {
  await api?.close();
  await ground?.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian-report-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

type Printed = {
  file: string;
  bytes: number;
  contentSha256: string;
  fileSha256: string;
  revision: number | null;
  published: boolean;
};

/** Runs the command into the test's own folder; gives what it printed, and the file. */
const made = async (
  kind: ReportKind,
  options: Omit<ReportOptions, 'out' | 'json'>,
): Promise<Printed & { content: Buffer }> => {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  expect(await report(ground, kind, { ...options, out: join(folder, 'made'), json: true })).toBe(0);
  vi.restoreAllMocks();
  const printed = JSON.parse(lines.join('')) as Printed;
  return { ...printed, content: await readFile(printed.file) };
};

describe('xunjian report daily', () => {
  it('makes of one inspection the same bytes twice, and names both hashes', async () => {
    const [one, two] = [
      await made('daily', { date: day, format: 'docx' }),
      await made('daily', { date: day, format: 'docx' }),
    ];
    expect(one).toEqual(two);
    expect(one).toMatchObject({ contentSha256: first, fileSha256: sha256(one.content), revision: 1, published: false });
  });

  it('makes last month’s again as well, by what was frozen then', async () => {
    const then = await made('daily', { date: '2026-10-30', format: 'docx' });
    expect(wordsOf(then.content)).toContain('第7次巡检　2026年10月30日');
    expect((await made('daily', { date: '2026-10-30', format: 'docx' })).fileSha256).toBe(then.fileSha256);
    expect(then.published).toBe(true);
  });

  it('gives as JSON the very bytes that the hash is of', async () => {
    const { content, contentSha256 } = await made('daily', { date: day, format: 'json' });
    expect(sha256(content)).toBe(contentSha256);
  });

  it('makes a county’s own, and tells which units there are where it is asked for a stranger', async () => {
    const { content } = await made('daily', { date: day, format: 'docx', unit: '450202' });
    expect(wordsOf(content)).toContain('城中区公共安全视频监控点位在线情况日报');
    await expect(made('daily', { date: day, format: 'docx', unit: '450299' })).rejects.toThrow(/450202 城中区/);
    await expect(made('daily', { date: day, format: 'json', unit: '450202' })).rejects.toThrow(/unit 450202: json/);
  });

  it('names days that have an inspection where the day asked for has none', async () => {
    await expect(made('daily', { date: '2026-11-20', format: 'docx' })).rejects.toThrow(/2026-10-30.*2026-11-22/);
    await expect(made('daily', { date: '2026-02-30', format: 'docx' })).rejects.toThrow(/date 2026-02-30/);
  });

  it('writes no document to a terminal', async () => {
    await expect(report(ground, 'daily', { date: day, format: 'xlsx', out: '-' })).rejects.toThrow(/--out -/);
  });

  it('has no complaint where its list is read no further', async () => {
    const args = ['report', 'daily', '--date', day, '--format', 'csv', '--out', '-'];
    expect(await unread(ground.env, ...args)).toEqual({ code: 0, err: '' });
  });

  it('shows a correction as a revision that names the old one, and the old one as it was', async () => {
    const before = await made('daily', { date: day, format: 'docx' });
    const corrected = madeContent({ ...wish, corrected: true });
    const previous = { number: 1, sha256: first };
    await putFrozen(ground.db, { ...corrected, revision: { ...corrected.revision, previous } });
    const now = await made('daily', { date: day, format: 'docx' });
    expect(now.revision).toBe(2);
    expect(wordsOf(now.content)).toContain(`更正第1版（SHA-256 ${first}）`);
    const old = await made('daily', { date: day, format: 'docx', revision: 1 });
    expect(old.fileSha256).toBe(before.fileSha256);
  });
});

describe('xunjian report monthly and yearly', () => {
  it('sum what there is of the month, and name what they are summed from with its hash', async () => {
    const { content, published, revision } = await made('monthly', { date: '2026-11', format: 'json' });
    const told = JSON.parse(content.toString()) as {
      inspections: { id: number; day: string; sha256: string }[];
      before: { period: { from: string; until: string } };
      city: { classes: { total: { inspections: number; assessed: number } } };
    };
    expect(told.inspections).toMatchObject([{ id: 12, day }]);
    expect(told.inspections[0]!.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(told.before.period).toEqual({ from: '2026-10-01', until: '2026-10-31' });
    expect(told.city.classes.total.inspections).toBe(1);
    expect([published, revision]).toEqual([false, null]);
  });

  it('are made as documents with charts, of the city and of a unit', async () => {
    const city = await made('yearly', { date: day, format: 'docx' });
    expect(Object.keys(unzipSync(city.content)).filter((name) => name.endsWith('.png')).length).toBeGreaterThanOrEqual(
      2,
    );
    expect(wordsOf(city.content)).toContain('柳州市综合治理中心对全市12个考核单位开展日巡检2次');
    const unit = await made('monthly', { date: '2026-10-05', format: 'xlsx', unit: '450225' });
    expect(Object.keys(unzipSync(unit.content)).filter((name) => name.startsWith('xl/worksheets/sheet')).length).toBe(
      8,
    );
  });

  it('name months that have an inspection where the one asked for has none', async () => {
    await expect(made('monthly', { date: '2025-01', format: 'docx' })).rejects.toThrow(/2026-10、2026-11/);
    await expect(made('monthly', { date: '2026-11', format: 'docx', revision: 1 })).rejects.toThrow(
      /revision 1: a month/,
    );
  });
});

describe('what the service itself froze', () => {
  it('is told camera by camera: offline, without a picture, exempt, and what brings the county back', async () => {
    const { db } = ground;
    const unit = '450202';
    const ids = await putCameras(db, [
      { serial: 1, unit, class: 'skynet' },
      { serial: 2, unit, class: 'skynet' },
      { serial: 3, unit, class: 'social' },
      { serial: 4, unit, class: 'social' },
    ]);
    const at = new Date('2027-01-05T00:00:00Z');
    const period = { beginsAt: new Date('2027-01-04T00:00:00Z'), endsAt: new Date('2027-01-06T00:00:00Z') };
    await exempt(db, new Date('2027-01-03T00:00:00Z'), [4], period);
    await round(db, ids, at, { 2: down, 3: blind, 4: down }, '2027-01-05');
    const words = wordsOf((await made('daily', { date: '2027-01-05', format: 'docx', unit })).content);
    expect(words).toContain('在线率66.6%（2/3）');
    expect(words).toContain('原始（报备前）在线率50.0%（2/4）');
    expect(words).toContain('最少修复2处、恢复2个点位，即可达标');
    for (const cause of ['断电或断网，无应答', '无完整关键帧', '停电']) expect(words).toContain(cause);
    expect(words).toContain('附件4　故障点位清单（2个）');
    expect(words).toContain('附件5　报备点位清单（1个）');
  });
});

describe('GET /api/v1/reports', () => {
  it('gives the file under its Chinese name, with both hashes', async () => {
    const { headers, bytes, status } = await viewer.get(`/api/v1/reports/daily?date=${day}&format=xlsx&revision=1`);
    expect(status).toBe(200);
    expect(decodeURIComponent(String(headers['content-disposition']))).toBe(
      "attachment; filename*=UTF-8''柳州市视频点位巡检通报-2026-11-22-草稿.xlsx",
    );
    expect(headers.etag).toBe(`"${sha256(bytes)}"`);
    expect(headers['x-content-sha256']).toBe(first);
    expect(Object.keys(unzipSync(bytes))).toContain('xl/workbook.xml');
  });

  it('tells in both languages what is not there, and refuses what cannot be meant', async () => {
    for (const [language, words] of [
      ['zh-CN', /没有巡检/],
      ['en', /no inspection/],
    ] as const) {
      const none = await viewer.get('/api/v1/reports/daily?date=2026-11-01', { 'accept-language': language });
      expect(none.status).toBe(404);
      expect(none.body).toMatchObject({ code: 'no_such_report', title: expect.stringMatching(words) });
    }
    expect((await viewer.get('/api/v1/reports/weekly?date=2026-11-01')).status).toBe(400);
    expect((await viewer.get('/api/v1/reports/daily?date=2026-11-22&format=pdf')).status).toBe(400);
    for (const [query, words] of [
      ['daily?date=2026-13-01', '日期 2026-13-01：应为日期'],
      ['monthly?date=yesterday', '日期 yesterday：应为月份'],
      [`daily?date=${day}&format=json&unit=450202`, '考核单位 450202：json'],
      ['monthly?date=2026-11&revision=1', '版次 1：月报'],
    ]) {
      const refused = await viewer.get(`/api/v1/reports/${query}`);
      expect(refused.status, query).toBe(400);
      expect(refused.body).toMatchObject({ code: 'invalid', title: expect.stringContaining(words!) });
    }
  });
});
