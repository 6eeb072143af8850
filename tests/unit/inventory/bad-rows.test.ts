import { stringify } from 'csv-stringify/sync';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/inventory/cells.ts';
import { readCsv } from '../../../src/inventory/csv.ts';
import { Judge, knownFrom, type Sheet } from '../../../src/inventory/sheet.ts';
import { badRows, rowOf, titles } from './bad-rows.ts';

const units = new Map([
  ['450202', '450202'],
  ['城中区', '450202'],
  ['450203', '450203'],
]);
const sites = new Map([['north', ['10.20.0.0/16']]]);

const read = (rows: readonly (readonly string[])[], unit: string | null = null): Sheet => {
  const judge = new Judge(knownFrom(units, sites, '2026-11-23', unit), 'csv');
  const fault = readCsv(Buffer.from(stringify(rows as string[][])), (line) => judge.take(line));
  if (fault !== null) judge.refuse(fault);
  return judge.end();
};

const mustBeSaid = (fault: Fault | undefined, column: string, zh: RegExp, en: RegExp): void => {
  expect(fault).toMatchObject({ column, zh: expect.stringMatching(zh), en: expect.stringMatching(en) });
  expect(fault!.zh).toMatch(/\p{Script=Han}/u);
};

describe('a sheet of the archive', () => {
  it('is good without any of the faults, and read into what is kept', () => {
    const { rows, faults } = read([titles as never, rowOf(1), rowOf(2, { 使用状态: '拆除', 安装地址: '' })]);
    expect(faults).toEqual([]);
    expect(rows).toMatchObject([
      {
        state: 'in_use',
        archive: {
          kind: 'dome',
          mac: 'a4:14:37:0b:22:91',
          longitude: '109.411550',
          built_on: '2019-06-03',
          retention_days: '30',
        },
      },
      { state: 'removed', archive: { address: null } },
    ]);
    expect(rows[0]!.archive).not.toHaveProperty('pole');
  });

  it('may write one thing in several ways', () => {
    const { rows, faults } = read([
      titles as never,
      rowOf(1, { MAC地址: 'a414.370b.2291', 建成日期: '2019年6月3日', 管理联系电话: '+86 13800138000' }),
      rowOf(2, { MAC地址: 'A414370B2291', 建成日期: '20190603', 管理联系电话: '0772-2800000转808', 经度: '109.5' }),
      rowOf(3, { MAC地址: '', 建成日期: '2019.6.3', 管理联系电话: '110/119', 摄像机类型: 'bullet', 使用状态: '' }),
    ]);
    expect(faults).toEqual([]);
    expect(rows.map(({ archive }) => [archive!.mac, archive!.built_on])).toEqual([
      ['a4:14:37:0b:22:91', '2019-06-03'],
      ['a4:14:37:0b:22:91', '2019-06-03'],
      [null, '2019-06-03'],
    ]);
    expect(rows[1]!.archive!.longitude).toBe('109.500000');
    expect(rows[2]).toMatchObject({ state: 'in_use', archive: { kind: 'bullet' } });
  });
});

describe('a bad row', () => {
  it.each(badRows)('with %s alone is named with line, column, value and remedy', (_, cells, column, zh, en) => {
    const { rows, faults } = read([titles as never, rowOf(1), rowOf(90, cells)]);
    expect(rows).toEqual([]);
    mustBeSaid(faults[0], column, zh, en);
    expect(faults.every(({ line, column: at }) => line === 3 && at in cells)).toBe(true);
    expect(faults[0]!.value).toBe(
      column === '密码'
        ? '***'
        : (cells[column] ?? '').replace('admin:opensesame', '***').replace('a:opensesame', '***'),
    );
    expect(JSON.stringify(faults)).not.toContain('sesame');
  });

  it('is found in one file among all the others, each at its own line', () => {
    const { rows, faults } = read([
      titles as never,
      rowOf(1),
      ...badRows.map(([, cells], nth) => rowOf(nth + 2, cells)),
    ]);
    expect(rows).toEqual([]);
    expect(badRows.length).toBeGreaterThan(40);
    // A cell of two lines moves all that stand below it.
    let next = 3;
    for (const [name, cells, column, zh, en] of badRows) {
      const at = faults.filter(({ line, column: of }) => line === next && of === column);
      expect(at.length, name).toBe(1);
      mustBeSaid(at[0], column, zh, en);
      next += 1 + Object.values(cells).join('').split('\n').length - 1;
    }
    expect(new Set(faults.map(({ line }) => line)).size).toBe(badRows.length);
  });

  it('of another unit is refused where the file is said to be of one', () => {
    const { faults } = read([titles as never, rowOf(1), rowOf(2, { 考核单位: '450203' })], '450202');
    expect(faults).toMatchObject([{ line: 3, column: '考核单位', value: '450203', en: /--unit 450202/ }]);
  });

  it('with more cells than there are titles is named without its cells: one of them may be a password', () => {
    const { faults } = read([titles as never, rowOf(1), [...rowOf(2), '', 'opensesame']]);
    expect(faults).toMatchObject([{ line: 3, column: '-', value: '', en: /27 cells and the titles 25/ }]);
    expect(
      read([
        [...titles, ''],
        [...rowOf(1), ' '],
        [...rowOf(2), '', ''],
      ]).faults,
    ).toEqual([]);
  });
});

describe('a slip of a whole line or column', () => {
  const [before, after] = [titles.indexOf('密码') - 2, titles.indexOf('密码') + 1];

  it('that moves a password into another cell does not give it away', () => {
    const moved = rowOf(2).toSpliced(before, 0, 'x').slice(0, -1);
    const twice = rowOf(3).toSpliced(before, 0, 'x', 'x').slice(0, -2);
    const { faults } = read([titles as never, rowOf(1), moved, twice]);
    expect(faults.filter(({ column }) => column === titles[after])).toMatchObject([
      { line: 3, value: '***' },
      { line: 4 },
    ]);
    expect(JSON.stringify(faults)).not.toContain('opensesame');
    // The flag is the last column, and empty: the password in its place is the one fault of the line.
    const short = [...titles.slice(0, before), ...titles.slice(before + 1, after + 1)];
    const good = (nth: number) => [...rowOf(nth).slice(0, before), 'admin', 'opensesame', ''];
    expect(read([short as never, good(1), good(2).toSpliced(before, 0, 'x')]).faults).toMatchObject([
      { line: 3, column: titles[after], value: '***' },
    ]);
  });

  it('is one fault where the line is a note or a sum', () => {
    const { faults } = read([titles as never, rowOf(1), ['备注：以上为全部点位'], ['合计', '1']]);
    expect(faults).toMatchObject([
      { line: 3, column: '点位编码', value: '备注：以上为全部点位', zh: /不是点位/, en: /is no camera/ },
      { line: 4, column: '点位编码', value: '合计' },
    ]);
  });

  it('of ten thousand faults is not looked into further, and says so', () => {
    const { faults } = read([
      titles as never,
      ...Array.from({ length: 10_500 }, () => rowOf(1, { 探测站点: 'south' })),
    ]);
    expect(faults.length).toBeLessThan(10_010);
    expect(faults.at(-1)).toMatchObject({ column: '-', zh: /未检查/, en: /nothing was checked/ });
  });
});

describe('titles', () => {
  const renamed = (from: string, to: string): string[] => titles.map((title) => (title === from ? to : title));

  it.each(['ＲＴＳＰ地址', 'rtsp地址', ' RTSP 地址* '])('are the same as %s', (title) => {
    expect(read([renamed('RTSP地址', title), rowOf(1)]).faults).toEqual([]);
  });

  it('may stand below a heading, as offices like it', () => {
    const { rows, faults } = read([
      ['柳州市视频点位档案'],
      ['填报单位：城中区', '2026-11-20'],
      titles as never,
      rowOf(1),
    ]);
    expect(faults).toEqual([]);
    expect(rows).toMatchObject([{ line: 4 }]);
  });

  it('that are misspelt are not passed over: the nearest known one is suggested', () => {
    const { faults } = read([renamed('录像保存天数', '录象保存天数'), rowOf(1)]);
    expect(faults).toMatchObject([{ line: 1, column: '录象保存天数', zh: /“录像保存天数”/, en: /"录像保存天数"/ }]);
    const [title, ...rest] = [renamed('经度', 'longitud'), renamed('纬度', 'latitude')] as const;
    expect(read([title, rowOf(1)]).faults.map(({ column }) => column)).toEqual(['longitude', 'longitud']);
    expect(read([...rest, rowOf(1)]).faults).toEqual([]);
  });

  it('of a county’s own are told, and their cells are not read', () => {
    const { rows, faults, warnings } = read([
      [...titles, '片区民警', '取电站'],
      [...rowOf(1), '#N/A', ''],
    ]);
    expect(faults).toEqual([]);
    expect(rows).toHaveLength(1);
    expect(warnings).toMatchObject([
      { line: 1, column: '片区民警' },
      { line: 1, column: '取电站', zh: /“取电点”/ },
    ]);
  });

  it('that name one column twice are refused', () => {
    const { faults } = read([
      [...titles, 'code'],
      [...rowOf(1), ''],
    ]);
    expect(faults).toMatchObject([{ line: 1, column: 'code', en: /same column as "点位编码"/ }]);
  });

  it('with longitude and without latitude are refused', () => {
    const { faults } = read([titles.filter((title) => title !== '纬度'), rowOf(1).toSpliced(19, 1)]);
    expect(faults).toMatchObject([{ line: 1, column: 'latitude', en: /come together/ }]);
  });

  it('without a camera below them are refused', () => {
    expect(read([titles as never]).faults).toMatchObject([{ line: 1, column: '-', en: /no camera below/ }]);
  });
});

describe('text that a spreadsheet would calculate', () => {
  it('is read without the apostrophe that our export puts before it, and a password is left as it is', () => {
    const { rows, faults } = read([
      titles as never,
      rowOf(1, { 点位名称: "'=东门", 安装地址: "''-3 号楼", 密码: "'=open" }),
    ]);
    expect(faults).toEqual([]);
    expect(rows).toMatchObject([{ name: '=东门', archive: { address: "'-3 号楼" }, password: "'=open" }]);
  });
});
