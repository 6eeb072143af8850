import { deflateRawSync } from 'node:zlib';
import { strToU8, type Zippable, zipSync } from 'fflate';
import { type CellValue, writeXlsx } from 'hucre/xlsx';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { knownFrom, type Sheet } from '../../../src/inventory/sheet.ts';
import { readInventory } from '../../../src/inventory/table.ts';
import { rowOf, titles } from './bad-rows.ts';

const known = knownFrom(
  new Map([
    ['450202', '450202'],
    ['城中区', '450202'],
  ]),
  new Map([['north', ['10.20.0.0/16']]]),
  '2026-11-23',
);
const read = (bytes: Uint8Array): Promise<Sheet> => readInventory(Buffer.from(bytes), known);

type Rows = CellValue[][];
const sheet = (rows: Rows, name = '点位') => ({ name, rows });
const book = (...sheets: Parameters<typeof writeXlsx>[0]['sheets']): Promise<Uint8Array> => writeXlsx({ sheets });
const at = (title: (typeof titles)[number]): number => titles.indexOf(title);
/** A good row with other values than text in it. */
const withValues = (nth: number, values: Partial<Record<(typeof titles)[number], CellValue>>): CellValue[] =>
  rowOf(nth).map((cell, column) => values[titles[column]!] ?? cell);

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const relations = 'http://schemas.openxmlformats.org/package/2006/relationships';
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
/** The parts of a workbook with one sheet, as another program may write them. */
const parts = (sheetXml: string, more: Record<string, string> = {}): Zippable =>
  Object.fromEntries(
    Object.entries({
      '[Content_Types].xml': '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
      '_rels/.rels': `<Relationships xmlns="${relations}"><Relationship Id="r1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
      'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
      'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${relations}"><Relationship Id="rId1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
      'xl/worksheets/sheet1.xml': `<worksheet xmlns="${main}">${sheetXml}</worksheet>`,
      ...more,
    }).map(([name, text]) => [name, strToU8(text)]),
  );
const inline = (cells: readonly string[], line: number): string =>
  `<row r="${line}">${cells.map((cell) => `<c t="inlineStr"><is><t>${cell}</t></is></c>`).join('')}</row>`;

const refused = async (bytes: Uint8Array, zh: RegExp, en: RegExp): Promise<void> => {
  const { rows, faults } = await read(bytes);
  expect(rows).toEqual([]);
  expect(faults).toMatchObject([
    { line: 1, column: '-', zh: expect.stringMatching(zh), en: expect.stringMatching(en) },
  ]);
};

describe('a workbook', () => {
  it('is read from the sheet of cameras, whatever stands before it, and says what the same CSV says', async () => {
    const { rows, faults } = await read(
      await book(sheet([['填表说明']], '说明'), sheet([[...titles], rowOf(1), [], rowOf(2)])),
    );
    expect(faults).toEqual([]);
    const csv = [titles.join(','), rowOf(1).join(','), '', rowOf(2).join(','), ''].join('\n');
    expect(rows).toEqual((await read(Buffer.from(csv))).rows);
    expect(rows.map(({ line }) => line)).toEqual([2, 4]);
  });

  it('without such a sheet is read from the first that can be seen', async () => {
    const { rows } = await read(
      await book(
        { ...sheet([['旧']], '旧表'), hidden: true },
        sheet([['柳州市点位档案'], [...titles], rowOf(1)], 'Sheet2'),
        sheet([['x']], 'Sheet3'),
      ),
    );
    expect(rows).toMatchObject([{ line: 3, name: '东门社区-村口' }]);
  });

  it('may keep numbers, dates and truths as such', async () => {
    const { rows, faults } = await read(
      await book(
        sheet([
          [...titles],
          withValues(1, {
            ...{ 考核单位: 450202, 经度: 109.41155, 纬度: 24.326294, 管理联系电话: 13_800_138_000, 录像保存天数: 30 },
            ...{ 建成日期: new Date('2019-06-03T00:00:00Z'), 允许明文登录: true, 密码: 12_345_678 },
          }),
        ]),
      ),
    );
    expect(faults).toEqual([]);
    expect(rows).toMatchObject([
      {
        ...{ unit: '450202', basicAllowed: true, password: '12345678' },
        archive: {
          ...{ longitude: '109.411550', latitude: '24.326294', managing_phone: '13800138000' },
          ...{ built_on: '2019-06-03', retention_days: '30' },
        },
      },
    ]);
  });

  it('whose codes are numbers has lost their digits, and is told so at the cell', async () => {
    const bad = withValues(2, { 点位编码: 4.502_020_000_131e19, 设备序列号: 1_234_567_890_123_456 });
    const { rows, faults } = await read(await book(sheet([[...titles], rowOf(1), bad])));
    expect(rows).toEqual([]);
    expect(faults).toMatchObject([
      { line: 3, cell: 'A3', column: '点位编码', value: '45020200001310000000', en: /lost its last digits/ },
      { line: 3, cell: 'Y3', column: '设备序列号', en: /past 15 digits/ },
    ]);
  });

  it('with a bad cell names it as the person sees it', async () => {
    const { faults } = await read(
      await book(sheet([['标题'], [...titles], rowOf(1), rowOf(2, { 考核单位: '象州县' })])),
    );
    expect(faults).toMatchObject([{ line: 4, cell: 'C4', column: '考核单位', value: '象州县' }]);
  });

  it('with merged cells says which, and does not guess what stands in them', async () => {
    const unit = at('考核单位');
    const pole = at('设备序列号');
    const second = rowOf(2).with(unit, '').with(pole, '');
    const merges = [
      { startRow: 1, startCol: unit, endRow: 2, endCol: unit },
      { startRow: 1, startCol: pole, endRow: 2, endCol: pole },
    ];
    const { faults } = await read(await book({ ...sheet([[...titles], rowOf(1), second]), merges }));
    expect(faults).toMatchObject([
      { line: 3, cell: 'C3', column: '考核单位', en: /merged cells C2:C3/, zh: /取消合并/ },
      { line: 3, cell: 'Y3', column: '设备序列号', en: /merged cells Y2:Y3/ },
    ]);
    const heading = {
      ...sheet([['档案'], [...titles], rowOf(1)]),
      merges: [{ startRow: 0, startCol: 0, endRow: 0, endCol: 9 }],
    };
    expect((await read(await book(heading))).faults).toEqual([]);
  });

  it('with formulas counts by the values that were saved; one that failed is a fault', async () => {
    const cells = (name: string, line: number): string =>
      inline(rowOf(line), line).replace(/<c t="inlineStr"><is><t>东门社区-村口<\/t><\/is><\/c>/, name);
    const [good, failed] = [
      '<c t="str"><f>A1&amp;"-村口"</f><v>西门-村口</v></c>',
      '<c t="e"><f>VLOOKUP(1,A:B,2)</f><v>#N/A</v></c>',
    ];
    const saved = await read(zipSync(parts(`<sheetData>${inline(titles, 1)}${cells(good, 2)}</sheetData>`)));
    expect(saved).toMatchObject({ faults: [], rows: [{ name: '西门-村口' }] });
    const { faults } = await read(zipSync(parts(`<sheetData>${inline(titles, 1)}${cells(failed, 2)}</sheetData>`)));
    expect(faults).toMatchObject([{ line: 2, cell: 'B2', value: '#N/A', en: /a formula failed/ }]);
  });
});

describe('a file that is no inventory is refused in one sentence', () => {
  const good = (): Promise<Uint8Array> => book(sheet([[...titles], rowOf(1)]));

  it('where a password protects it', async () => {
    const bytes = await writeXlsx({
      sheets: [sheet([[...titles], rowOf(1)])],
      encryption: { password: 'opensesame', spinCount: 1_000 },
    });
    await refused(bytes, /打开密码/, /protected by a password/);
  });

  it('where it is damaged: cut, one bit of its cells changed, or without its end', async () => {
    const bytes = Buffer.from(await good());
    await refused(bytes.subarray(0, bytes.length - 100), /已损坏/, /damaged/);
    const flipped = Buffer.from(zipSync(parts(`<sheetData>${inline(titles, 1)}</sheetData>`), { level: 0 }));
    flipped[flipped.indexOf('点位编码')]! ^= 1;
    await refused(flipped, /已损坏/, /damaged.*sheet1\.xml/);
    await refused(bytes.subarray(0, 40), /已损坏/, /damaged/);
  });

  it('where it unpacks to more than it may, and where it lies about that', async () => {
    const blanks = deflateRawSync(Buffer.alloc(64 << 20, 0x20), { level: 9 });
    const bomb = Buffer.from(zipSync(parts('<sheetData/>'), { level: 0 }));
    const entry = bomb.indexOf('xl/worksheets/sheet1.xml', bomb.readUInt32LE(bomb.length - 6)) - 46;
    const local = bomb.readUInt32LE(entry + 42);
    const withSizes = (packed: number, unpacked: number): Buffer => {
      const made = Buffer.from(bomb);
      made.writeUInt16LE(8, entry + 10);
      made.writeUInt32LE(packed, entry + 20);
      made.writeUInt32LE(unpacked, entry + 24);
      made.writeUInt16LE(8, local + 8);
      return made;
    };
    await refused(withSizes(100, 0xf0_00_00_00), /解压后过大/, /unpacks to too much/);
    await refused(withSizes(100, 0), /解压后过大/, /unpacks to too much/);
    // The part itself put where the directory says it is, and the directory behind it.
    const from = local + 30 + bomb.readUInt16LE(local + 26) + bomb.readUInt16LE(local + 28);
    const directory = bomb.readUInt32LE(bomb.length - 6);
    const lying = withSizes(blanks.length, blanks.length * 2);
    const grown = Buffer.concat([lying.subarray(0, from), blanks, lying.subarray(directory)]);
    grown.writeUInt32LE(from + blanks.length, grown.length - 6);
    await refused(grown, /已损坏/, /damaged/);
  });

  it('where it is another kind of archive, an old workbook, a web page, a picture, or nothing', async () => {
    await refused(zipSync({ 'readme.txt': strToU8('x') }), /已损坏|不是 xlsx/, /damaged|no xlsx/);
    await refused(Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]), /不是 xlsx/, /no xlsx/);
    await refused(Buffer.from('<html><table><tr><td>点位编码</td></tr></table></html>'), /不是表格/, /no table/);
    await refused(Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), /不是表格/, /no table/);
    expect((await read(Buffer.alloc(0))).faults).toHaveLength(6);
  });

  it('where a row has thousands of columns', async () => {
    const wide = `<sheetData>${inline(titles, 1)}<row r="2"><c r="XFD2"><v>1</v></c></row></sheetData>`;
    await refused(zipSync(parts(wide)), /16384 列/, /16384 columns/);
  });
});

describe('text', () => {
  const csv = [titles.join(','), rowOf(1, { 点位名称: '融水-𠮷祥路' }).join(','), ''].join('\r\n');
  it.each<[string, Buffer]>([
    ['UTF-8', Buffer.from(csv)],
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${csv}`)],
    ['GB18030', iconv.encode(csv, 'gb18030')],
    ['UTF-16 with tabs, which Excel calls Unicode text', Buffer.from(`\uFEFF${csv.replaceAll(',', '\t')}`, 'utf16le')],
    ['UTF-16 the other way round', Buffer.from(`\uFEFF${csv}`, 'utf16le').swap16()],
    ['UTF-8 with semicolons', Buffer.from(csv.replaceAll(',', ';'))],
  ])('in %s says the same', async (_, bytes) => {
    const { rows, faults } = await read(bytes);
    expect(faults).toEqual([]);
    expect(rows).toMatchObject([{ line: 2, name: '融水-𠮷祥路', password: 'opensesame' }]);
  });

  it('whose quote is never closed is told its line, and not what stands there', async () => {
    const { faults } = await read(Buffer.from(csv.replace('opensesame', '"opensesame')));
    expect(faults).toMatchObject([{ line: 2, column: '-', value: '', en: /malformed/ }]);
    expect(JSON.stringify(faults)).not.toContain('sesame');
  });

  it('of many rows keeps nobody waiting while it is read, and comes in order', async () => {
    const lines = Array.from({ length: 6_000 }, (_, nth) =>
      rowOf(nth + 1, { RTSP地址: `rtsp://10.20.${nth >> 8}.${nth & 255}/` }).join(','),
    );
    let turns = 0;
    const turn = setInterval(() => {
      turns += 1;
    }, 1);
    const { rows, faults } = await read(Buffer.from([titles.join(','), ...lines, ''].join('\n')));
    clearInterval(turn);
    expect(faults).toEqual([]);
    expect(rows.map(({ line }) => line)).toEqual(lines.map((_, nth) => nth + 2));
    expect(turns).toBeGreaterThan(3);
  });
});
