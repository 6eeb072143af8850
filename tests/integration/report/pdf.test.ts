import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countyPaper } from '../../../src/report/county/paper.ts';
import { bulletinText } from '../../../src/report/daily/bulletin.ts';
import { notesOf } from '../../../src/report/daily/notes.ts';
import { dailyBook, dailyPaper } from '../../../src/report/daily/paper.ts';
import {
  classTable,
  exemptCameraTable,
  exemptionTable,
  failingTable,
  mainTable,
} from '../../../src/report/daily/tables.ts';
import { periodPaper } from '../../../src/report/period/paper.ts';
import { availabilityTable, meansTable, offenderTable, sourcesTable } from '../../../src/report/period/tables.ts';
import { periodText } from '../../../src/report/period/text.ts';
import { writeDocx } from '../../../src/report/print/docx.ts';
import { cellText, type Table } from '../../../src/report/print/paper.ts';
import { writeBook } from '../../../src/report/print/xlsx.ts';
import { issueOf, madeContent } from '../../unit/report/made-city.ts';
import { madePeriod, periodIssueOf } from '../../unit/report/made-period.ts';

const run = promisify(execFile);
const missing = ['/usr/bin/soffice', '/usr/bin/pdftotext'].filter((file) => !existsSync(file));
if (missing.length > 0) {
  process.stderr.write(
    `pdf.test.ts 跳过：缺少 ${missing.join('、')}；安装 libreoffice-writer libreoffice-calc poppler-utils 后运行 / skipped: ` +
      `${missing.join(', ')} not there; install libreoffice-writer libreoffice-calc poppler-utils\n`,
  );
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xunjian-pdf-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The words of a PDF with the white space taken out, the number of its pages, and each word's width in millimetres. */
const printed = async (name: string, file: Uint8Array) => {
  const path = join(folder, name);
  await writeFile(path, file);
  const profile = `-env:UserInstallation=file://${folder}/profile`;
  await run('soffice', [profile, '--headless', '--convert-to', 'pdf', '--outdir', folder, path], { timeout: 90_000 });
  const pdf = path.replace(/\.\w+$/, '.pdf');
  // In the order in which it was drawn: the cells of a row one after the other, each with all of its lines.
  const { stdout } = await run('pdftotext', ['-raw', pdf, '-'], { maxBuffer: 64 << 20 });
  const { stdout: boxes } = await run('pdftotext', ['-bbox', pdf, '-'], { maxBuffer: 64 << 20 });
  const words = [...boxes.matchAll(/<word xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="[\d.]+">([^<]*)</g)].map(
    ([, from, to, word]) => ({ word: word!, from: Number(from), to: Number(to) }),
  );
  return {
    text: close(stdout),
    pages: stdout.split('\f').length - 1,
    widest: Math.max(...[...boxes.matchAll(/<page width="([\d.]+)"/g)].map(([, width]) => Number(width))),
    words,
  };
};
const close = (text: string): string => text.replaceAll(/\s+/g, '');

/** The rows of a table that are not in the text whole, cell after cell. */
const lost = (text: string, { rows }: Table): string[] =>
  rows.map((row) => close(row.map(cellText).join(''))).filter((row) => !text.includes(row));

describe.skipIf(missing.length > 0)('what LibreOffice prints', () => {
  const issue = issueOf(madeContent({ cameras: 300, corrected: true }), false);
  const { content } = issue;

  it('of the daily bulletin has every word, every unit and every row whole, on as many pages as it needs', async () => {
    const { text, pages, words, widest } = await printed('daily.docx', await writeDocx(dailyPaper(issue)));
    expect(text).toContain(close(bulletinText(content)).slice(0, 60));
    // A page may end within the paragraph or the notes, and its number then stands between two words.
    const said = text.replaceAll(/—\d+—|草稿（未发布，不作为考核依据）|\f/g, '');
    expect(said.includes(close(bulletinText(content)))).toBe(true);
    for (const note of notesOf(issue)) expect(said).toContain(close(note));
    const tables = [mainTable, classTable].map((table) => table(content));
    tables.push(exemptionTable(content, null), exemptCameraTable(content, null));
    for (const table of tables) expect(lost(text, table)).toEqual([]);
    for (const { code } of content.units) expect(lost(text, failingTable(content.cameras, code))).toEqual([]);
    expect(text).not.toMatch(/[□\uFFFD]/);
    expect(text.split('草稿（未发布').length - 1).toBe(pages);
    expect([pages >= 5, pages <= 12]).toEqual([true, true]);
    for (const { word, to } of words) expect(to, word).toBeLessThan(widest);
    // A code in its column of 45 mm, unbroken.
    const codes = words.filter(({ word }) => /^\d{20}$/.test(word));
    expect(codes.length).toBeGreaterThan(15);
    for (const { from, to } of codes) expect(((to - from) / 72) * 25.4).toBeLessThan(45);
  });

  it('of the workbook has every unit and every camera, and no number that does not fit its column', async () => {
    const { text, words } = await printed('book.xlsx', await writeBook(dailyBook(issue)));
    for (const { name } of content.units) expect(text).toContain(name);
    const printedCodes = new Set(words.map(({ word }) => word));
    expect(content.cameras.filter(({ code }) => !printedCodes.has(code))).toEqual([]);
    expect(text).not.toMatch(/###|□|\uFFFD/);
    expect(lost(text, mainTable(content)).length).toBe(0);
  });

  it('of the monthly report has its text, its tables and its charts', async () => {
    const month = periodIssueOf(madePeriod());
    const { text, pages } = await printed('month.docx', await writeDocx(periodPaper(month)));
    expect(text).toContain(close(periodText(month.content)).slice(0, 60));
    for (const table of [meansTable, availabilityTable, sourcesTable])
      expect(lost(text, table(month.content))).toEqual([]);
    expect(lost(text, offenderTable(month.content, null))).toEqual([]);
    for (const caption of ['图1　', '图5　']) expect(text).toContain(close(caption));
    expect(text).not.toMatch(/[□\uFFFD]/);
    expect([pages >= 8, pages <= 18]).toEqual([true, true]);
    const { stdout } = await run('pdfimages', ['-list', join(folder, 'month.pdf')]);
    expect(stdout.split('\n').filter((line) => / image /.test(line)).length).toBeGreaterThanOrEqual(5);
  });

  it('of a county’s own report has what is to be done', async () => {
    const missed = content.units.find(({ verdict }) => verdict === 'missed')!;
    const { text } = await printed('county.docx', await writeDocx(countyPaper(issue, missed.code)));
    expect(text).toContain('达标最少修复清单');
    expect(lost(text, failingTable(content.cameras, missed.code))).toEqual([]);
  });
});
