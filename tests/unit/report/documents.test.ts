import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import canonicalize from 'canonicalize';
import { unzipSync } from 'fflate';
import { readXlsx } from 'hucre/xlsx';
import { describe, expect, it } from 'vitest';
import { dailyFileName } from '../../../src/report/file-name.ts';
import { countBars } from '../../../src/report/period/charts.ts';
import { print } from '../../../src/report/press.ts';
import { chartFont } from '../../../src/report/print/chart-font.ts';
import { writeCsv } from '../../../src/report/print/csv.ts';
import { writeDocx } from '../../../src/report/print/docx.ts';
import { type Order, render } from '../../../src/report/render.ts';
import { renderer } from '../../../src/report/words/office.ts';
import { issueOf, madeContent } from './made-city.ts';
import { madeHashes } from './made-hashes.ts';

const text = new TextDecoder();
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const part = (file: Uint8Array, name: string): string => text.decode(unzipSync(file)[name]);

const small = issueOf(madeContent({ cameras: 36 }));
const order = (format: Order['format'], issue = small, unit: string | null = null): Order => ({
  report: 'daily',
  format,
  bytes: Buffer.from(canonicalize(issue.content)!),
  sha256: issue.sha256,
  published: issue.published,
  unit,
});

/** Paragraphs, one a line; the cells of a table's row beside one another. */
const wordsOf = (xml: string): string =>
  xml
    .replaceAll(/<w:instrText.*?<\/w:instrText>/g, '')
    .replaceAll('</w:p></w:tc>', '\t')
    .replaceAll(/<\/w:p>|<\/w:tr>/g, '\n')
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(/\t\n/g, '\n');

const golden = (name: string): string => fileURLToPath(new URL(`../../fixtures/report/${name}`, import.meta.url));

describe('the bytes of a document', () => {
  it('are the same in another process, in another zone and language', async () => {
    const script = fileURLToPath(new URL('print-made.ts', import.meta.url));
    const env = { PATH: process.env.PATH, TZ: 'Pacific/Kiritimati', LANG: 'de_DE.UTF-8' };
    const args = ['--disable-warning=ExperimentalWarning', script];
    const [{ stdout }, here] = await Promise.all([promisify(execFile)(process.execPath, args, { env }), madeHashes()]);
    expect(JSON.parse(stdout)).toEqual(here);
    expect(new Set(Object.values(here)).size).toBe(6);
  }, 60_000);

  // Whoever changes what is seen here counts `renderer` up, and writes the files anew with vitest -u.
  it('are those of the golden files', async () => {
    const docx = await render(order('docx'));
    await expect(wordsOf(part(docx, 'word/document.xml'))).toMatchFileSnapshot(golden('daily.txt'));
    const xlsx = await render(order('xlsx'));
    const hashes = {
      renderer,
      'word/document.xml': sha256(part(docx, 'word/document.xml')),
      'xl/worksheets/sheet1.xml': sha256(part(xlsx, 'xl/worksheets/sheet1.xml')),
      'xl/worksheets/sheet3.xml': sha256(part(xlsx, 'xl/worksheets/sheet3.xml')),
    };
    await expect(`${JSON.stringify(hashes, null, 2)}\n`).toMatchFileSnapshot(golden('parts.json'));
  });

  it('hold no time but that of the content', async () => {
    for (const format of ['docx', 'xlsx'] as const) {
      const file = await render(order(format));
      expect(part(file, 'docProps/core.xml')).toContain('2026-11-22T01:00:05Z');
      // The two bytes of every local header's date: 1980-01-01.
      expect(Buffer.from(file).readUInt16LE(12)).toBe(0b0000000_0001_00001);
    }
  });

  it('come out of a thread of its own as they come out here, and a stranger among units is a sentence', async () => {
    expect(sha256(await print(order('xlsx')))).toBe(sha256(await render(order('xlsx'))));
    await expect(print(order('xlsx', small, '999999'))).rejects.toMatchObject({
      name: 'Sentence',
      zh: expect.stringContaining('考核单位 999999：这次巡检中没有这个考核单位；有 450202 城中区'),
    });
  });
});

describe('JSON', () => {
  it('is the canonical content, whose hash stands in every document', async () => {
    const bytes = await render(order('json'));
    expect(sha256(bytes)).toBe(small.sha256);
    expect(wordsOf(part(await render(order('docx')), 'word/document.xml'))).toContain(small.sha256);
  });
});

describe('the Word document', () => {
  it('repeats the head of each table and splits no row', async () => {
    const xml = part(await render(order('docx')), 'word/document.xml');
    const tables = xml.match(/<w:tbl>.*?<\/w:tbl>/gs)!;
    for (const table of tables) {
      const rows = table.match(/<w:tr>.*?<\/w:tr>/gs)!;
      expect(rows[0]).toContain('<w:tblHeader/>');
      for (const row of rows) expect(row).toContain('<w:cantSplit/>');
    }
    expect(tables.length).toBeGreaterThan(3);
  });

  it('is on A4 with the margins and typefaces of an official notice, which say what stands in for them', async () => {
    const file = await render(order('docx'));
    const xml = part(file, 'word/document.xml');
    expect(xml).toContain('w:top="2098" w:right="1474" w:bottom="1984" w:left="1587"');
    expect(xml).toContain('w:eastAsia="仿宋_GB2312"');
    expect(part(file, 'word/fontTable.xml')).toMatch(/w:name="仿宋_GB2312"><w:altName w:val="仿宋,FangSong/);
  });

  it('puts a signature under the end of its text, and an empty attachment on no page of its own', async () => {
    const { content } = small;
    const sound = content.cameras.map(
      (camera) => ({ ...camera, ...{ online: 'yes', image: 'yes' }, faults: [], exempt: null }) as typeof camera,
    );
    const xml = part(await render(order('docx', issueOf({ ...content, cameras: sound }))), 'word/document.xml');
    const paragraphs = xml.match(/<w:p>.*?<\/w:p>/gs)!;
    const holding = (text: string): string => paragraphs.find((one) => wordsOf(one).trim() === text)!;
    const at = paragraphs.indexOf(holding('柳州市综合治理中心'));
    const kept = paragraphs.slice(at - 1, at + 2).map((one) => one.includes('<w:keepNext/>'));
    expect(kept).toEqual([true, true, false]);
    expect(holding('附件2　分类情况表')).toContain('<w:pageBreakBefore/>');
    for (const text of ['附件3　故障点位清单', '附件4　报备点位清单（0个）']) {
      expect(holding(text)).not.toContain('<w:pageBreakBefore/>');
    }
  });

  it('says 草稿 in its head where it is not published', async () => {
    const draft = await render(order('docx', { ...small, published: false }));
    const heads = Object.keys(unzipSync(draft)).filter((name) => /word\/header\d+\.xml/.test(name));
    expect(heads.length).toBe(4);
    for (const name of heads) expect(part(draft, name)).toContain('草稿');
  });

  it('takes any name that a camera can have', async () => {
    const [camera, ...rest] = small.content.cameras;
    const odd = {
      ...camera!,
      online: 'no' as const,
      image: 'no' as const,
      exempt: null,
      name: '<b>&"\u0001\u{1F3A5} =1+1',
    };
    const file = await render(order('docx', issueOf({ ...small.content, cameras: [odd, ...rest] })));
    const xml = part(file, 'word/document.xml');
    expect(wordsOf(xml).split('\t')).toContain('<b>&" \u{1F3A5} =1+1');
    expect(/[\u0000-\u0008]/.test(xml)).toBe(false);
  });
});

describe('the workbook', () => {
  it('has the sheets of a day, with codes as text and rates as numbers that nobody rounds up', async () => {
    const near = structuredClone(small.content) as { city: { total: { assessed: number; online: number } } };
    near.city.total.assessed = 100_000;
    near.city.total.online = 94_999;
    const { sheets } = await readXlsx(await render(order('xlsx', issueOf(near as typeof small.content))));
    expect(sheets.map(({ name }) => name)).toEqual(['通报', '分类', '全部点位', '报备']);
    const all = sheets[2]!.rows;
    expect(all.length).toBe(small.content.cameras.length + 1);
    expect(all[1]![1]).toBe(small.content.cameras[0]!.code);
    const city = sheets[0]!.rows.find(([first]) => first === '全市')!;
    expect(city[5]).toBe(0.949);
  });

  it('says 草稿 on every page that is printed of it where it is not published', async () => {
    const sheets = (file: Uint8Array): string[] =>
      [1, 2, 3, 4].map((nth) => part(file, `xl/worksheets/sheet${nth}.xml`));
    for (const xml of sheets(await render(order('xlsx', { ...small, published: false })))) {
      expect(xml).toMatch(/<oddHeader>[^<]*草稿/);
    }
    for (const xml of sheets(await render(order('xlsx')))) expect(xml).not.toContain('草稿');
  });

  it('freezes the head of all cameras and has filters over all columns', async () => {
    const xml = part(await render(order('xlsx')), 'xl/worksheets/sheet3.xml');
    expect(xml).toMatch(/<pane [^>]*ySplit="1"/);
    expect(xml).toContain('<autoFilter ref="A1:AA37"/>');
  });
});

describe('CSV', () => {
  it('has the mark of UTF-8, all cameras, and no cell that starts a formula', () => {
    const name = '=HYPERLINK("http://example.invalid")';
    const bytes = writeCsv({
      columns: [{ head: '点位名称', width: 1, align: 'left' }],
      rows: [[name], ['@x'], ['正常']],
      total: false,
    });
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const lines = text.decode(bytes).trimEnd().split('\r\n');
    expect(lines[0]).toBe('点位名称');
    expect(lines[1]).toMatch(/^"?'=HYPERLINK/);
    expect(lines[2]).toBe("'@x");
  });
});

describe('a chart', () => {
  it('is a picture of more than 200 dots to the inch, the same each time', () => {
    const bars = [
      { name: '断电或断网，无应答', count: 9 },
      { name: '图像模糊', count: 2 },
    ];
    const [first, second] = [countBars(bars, '故障原因'), countBars(bars, '故障原因')];
    expect(sha256(first.png)).toBe(sha256(second.png));
    const dots = Buffer.from(first.png).readUInt32BE(16);
    expect(dots / (first.width / 25.4)).toBeGreaterThan(200);
  });

  it('is refused with the package to install where no typeface has Chinese', () => {
    expect(() => chartFont([{ path: '/nowhere/None.ttc', family: 'None' }])).toThrow(
      /apt-get install -y fonts-noto-cjk/,
    );
  });

  it('is numbered from 1 in every document, whatever this process made before', async () => {
    const picture = countBars([{ name: '离线', count: 1 }], '故障原因');
    const paper = {
      ...{ title: '月通报', line: '2026年10月', draft: null, at: '2026-11-01T00:00:00.000Z' },
      sections: [{ landscape: false, blocks: [picture, picture] }],
    };
    const [first, second] = [await writeDocx(paper), await writeDocx(paper)];
    expect(sha256(first)).toBe(sha256(second));
    const xml = part(first, 'word/document.xml');
    expect([...xml.matchAll(/<wp:docPr id="(\d+)"/g)].map(([, id]) => id)).toEqual(['1', '2']);
  });
});

describe('the name of a file', () => {
  it('tells day, unit, correction and draft', () => {
    expect(dailyFileName(small.content, true, null, 'docx')).toBe('柳州市视频点位巡检通报-2026-11-22.docx');
    const corrected = madeContent({ cameras: 36, corrected: true });
    expect(dailyFileName(corrected, false, '450202', 'xlsx')).toBe(
      '柳州市视频点位巡检通报-城中区-2026-11-22-第2版更正-草稿.xlsx',
    );
  });
});
