import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { writeXlsx } from 'hucre/xlsx';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CameraOptions, camera } from '../../../src/commands/camera.ts';
import { exportFile } from '../../../src/commands/export.ts';
import { type ImportOptions, importFile } from '../../../src/commands/import.ts';
import { cameraFile, historyOf } from '../../../src/inventory/camera-file.ts';
import { carryOut, importRows } from '../../../src/inventory/import.ts';
import { planImport } from '../../../src/inventory/plan.ts';
import { knownFrom, readSheet } from '../../../src/inventory/sheet.ts';
import { putSite } from '../../../src/inventory/site.ts';
import { readInventory } from '../../../src/inventory/table.ts';
import { Sentence } from '../../../src/sentence.ts';
import { archiveOf } from '../../../src/simulator/archive.ts';
import { inventoryCsv, planCity } from '../../../src/simulator/city.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { badRows, type Cells, rowOf, titles } from '../../unit/inventory/bad-rows.ts';
import { jpeg, png } from '../../unit/inventory/photos.ts';
import { clear } from '../schedule/roster.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
const begin = async (): Promise<void> => {
  await clear(ground.db);
  await putSite(ground.db, { code: 'north', name: '城北', networks: ['10.20.0.0/16'] });
};
beforeEach(begin);

const codeOf = (nth: number): string => rowOf(nth)[0]!;
const put = async (name: string, rows: readonly (readonly string[])[]): Promise<string> => {
  const file = join(ground.pair.folder, name);
  await writeFile(file, stringify([titles as never, ...rows] as string[][]));
  return file;
};
type Said = { code: number; out: string; err: string };
/** What a command says; where somebody is asked, they answer so. */
const said = async (work: () => Promise<number>): Promise<Said> => {
  const told = { out: '', err: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      told[stream === 'stdout' ? 'out' : 'err'] += String(text);
      return true;
    }),
  );
  try {
    return { code: await work(), ...told };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
};
const run = (file: string, options: ImportOptions = {}, answer: boolean | null = null): Promise<Said> =>
  said(() => importFile(ground, file, options, answer === null ? null : async () => answer));
const states = () =>
  ground.db.many<{ code: string; state: string; in_use: boolean }>(
    'select code, state, in_use from camera order by code',
  );
const everything = () =>
  ground.db.many(
    `select c.*, a.*, cr.version, cr.sealed from camera c left join archive a on a.camera = c.id
     left join credential cr on cr.camera = c.id order by c.code`,
  );

describe('an import of the archive', () => {
  it('keeps what each column says, and is the same the second time', async () => {
    const file = await put('two.csv', [rowOf(1), rowOf(2, { 使用状态: '停用', MAC地址: '', 经度: '', 纬度: '' })]);
    expect((await run(file)).out).toContain('2 cameras added, 0 changed, 0 as they were');
    const { camera: facts, archive } = await cameraFile(ground.db, codeOf(1));
    expect(facts).toMatchObject({ name: '东门社区-村口', unitName: '城中区', state: 'in_use', login: true });
    expect(archive).toMatchObject({
      ...{ kind: 'dome', mac: 'a4:14:37:0b:22:91', address: '柳州市城中区东门社区', longitude: '109.411550' },
      ...{ latitude: '24.326294', managing_phone: '13800138000、0772-2800000', built_on: '2019-06-03' },
      ...{ retention_days: '30', serial: 'DS-2CD3T4601', pole: null, project: null },
    });
    expect(await states()).toMatchObject([
      { state: 'in_use', in_use: true },
      { state: 'suspended', in_use: false },
    ]);
    const before = await everything();
    expect((await run(file)).out).toContain('0 cameras added, 0 changed, 2 as they were');
    expect(await everything()).toEqual(before);
  });

  it('with thirty and more kinds of bad row names each, and writes nothing', async () => {
    await run(await put('one.csv', [rowOf(1)]));
    const before = [await everything(), await ground.db.many('select * from import')];
    const rows = [rowOf(1, { 点位名称: '新名' }), ...badRows.map(([, cells], nth) => rowOf(nth + 2, cells))];
    const bad = await put('bad.csv', rows);
    const { code, out, err } = await run(bad);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('未写入任何点位');
    expect(err).not.toContain('opensesame');
    expect(err).not.toMatch(/[\p{Cc}--\n]/v);
    const told = JSON.parse((await run(bad, { json: true })).out) as { faults: { column: string }[] };
    expect(told.faults.length).toBeGreaterThanOrEqual(badRows.length);
    expect([await everything(), await ground.db.many('select * from import')]).toEqual(before);
  });

  it('shows before it is done what is added, changed with old and new, and left as it is', async () => {
    await run(await put('three.csv', [rowOf(1), rowOf(2), rowOf(3)]));
    const next = await put('next.csv', [
      rowOf(1, { 点位名称: '西门社区-村口', 录像保存天数: '90' }),
      rowOf(2, { 密码: 'another' }),
      rowOf(4),
    ]);
    const { out } = await run(next, { dryRun: true });
    expect(out).toContain('新增 1');
    expect(out).toContain(`+ ${codeOf(4)}`);
    expect(out).toContain('点位名称 name："东门社区-村口" → "西门社区-村口"');
    expect(out).toContain('录像保存天数 retention_days："30" → "90"');
    expect(out).toContain('登录信息已更改 login changed');
    expect(out).toContain('不在文件中、保持不变 1');
    expect(out).toContain('Dry run, nothing written: 1 cameras added, 2 changed, 0 as they were');
    expect(out).not.toContain('another');
    const told = JSON.parse((await run(next, { dryRun: true, json: true })).out) as object;
    expect(told).toMatchObject({
      ...{ dryRun: true, import: null, added: 1, changed: 2, same: 0, removed: 0, missing: 1 },
      fields: { login: 1, name: 1, retention_days: 1 },
    });
    expect(await ground.db.many('select from import')).toHaveLength(1);
  });

  it('on a terminal is done where somebody says yes, and not where they say no', async () => {
    const file = await put('one.csv', [rowOf(1)]);
    expect(await run(file, {}, false)).toMatchObject({ code: 2, out: expect.stringContaining('Nothing was written') });
    expect(await states()).toEqual([]);
    expect((await run(file, {}, true)).code).toBe(0);
    expect(await states()).toHaveLength(1);
  });

  it('that came second while the first was looked at is refused: what was shown would not be what is done', async () => {
    const { db, vault } = ground;
    const { rows } = await readInventory(
      await readFile(await put('one.csv', [rowOf(1)])),
      knownFrom(new Map([['城中区', '450202']]), new Set(['north']), '2026-11-23'),
    );
    const plan = await planImport(db, vault, rows, { complete: false, unit: null });
    await importRows(db, vault, rows, false);
    const occasion = { by: 'second', file: null, sha256: null, note: null };
    await expect(carryOut(db, vault, plan, occasion)).rejects.toThrow(Sentence);
    expect(await db.many('select from import')).toHaveLength(1);
  });

  it('leaves columns that its sheet does not have as they were, also of the archive', async () => {
    await run(await put('one.csv', [rowOf(1)]));
    const file = join(ground.pair.folder, 'few.csv');
    const few = ['点位编码', '点位名称', '考核单位', '点位类别', '探测站点', 'RTSP地址', '立杆编号'];
    await writeFile(file, `${few.join(',')}\n${codeOf(1)},东门社区-村口,450202,天网,north,rtsp://10.20.0.1/live,杆7\n`);
    const { out } = await run(file);
    expect(out).toContain('立杆编号 pole：（空） → "杆7"');
    const { archive, camera: facts } = await cameraFile(ground.db, codeOf(1));
    expect(archive).toMatchObject({ pole: '杆7', kind: 'dome', serial: 'DS-2CD3T4601' });
    expect(facts.login).toBe(true);
  });
});

describe('an import of all that there is', () => {
  const south: Cells = { 考核单位: '鱼峰区' };
  beforeEach(async () => {
    await run(await put('all.csv', [rowOf(1), rowOf(2), rowOf(3, { 使用状态: '停用' }), rowOf(4, south)]));
  });

  it('marks what is missing of its units as removed, keeps it, and leaves other units alone', async () => {
    const { out } = await run(await put('less.csv', [rowOf(1)]), { complete: true, yes: true });
    expect(out).toContain('拆除 2');
    expect(out).toContain('0 cameras added, 0 changed, 1 as they were, 2 removed');
    expect((await states()).map(({ state }) => state)).toEqual(['in_use', 'removed', 'removed', 'in_use']);
    const history = await historyOf(ground.db, codeOf(3));
    expect(history.map(({ field, old, new: next }) => [field, old, next])).toEqual([
      ['state', 'suspended', 'removed'],
      ['state', null, 'suspended'],
    ]);
    // What is removed is missing no more, and comes back as it went.
    expect((await run(await put('less.csv', [rowOf(1)]), { complete: true })).code).toBe(0);
    expect((await run(await put('back.csv', [rowOf(1), rowOf(2)]))).out).toContain('"拆除 removed" → "在用 in_use"');
  });

  it('of one unit marks all of that unit, where its file has none of them left but one', async () => {
    const file = await put('south.csv', [rowOf(5, south)]);
    expect((await run(file, { complete: true, yes: true, unit: '鱼峰区' })).code).toBe(0);
    expect((await states()).map(({ state }) => state)).toEqual(['in_use', 'in_use', 'suspended', 'removed', 'in_use']);
    const foreign = await run(await put('one.csv', [rowOf(1)]), { unit: '450203' });
    expect(foreign).toMatchObject({ code: 2, err: expect.stringContaining('--unit 450203') });
    await expect(run(file, { unit: '柳州' })).rejects.toThrow(/--unit 柳州/);
  });

  it('takes nothing out where nobody can be asked and nobody said yes beforehand', async () => {
    const file = await put('less.csv', [rowOf(1)]);
    await expect(run(file, { complete: true })).rejects.toThrow(/--yes/);
    await expect(run(file, { complete: true, json: true })).rejects.toThrow(/--yes/);
    expect((await run(file, { complete: true }, false)).code).toBe(2);
    expect((await states()).map(({ state }) => state)).not.toContain('removed');
    expect((await run(file, { complete: true }, true)).code).toBe(0);
  });

  it('leaves a camera that moved to another unit of the file where it moved to', async () => {
    const file = await put('moved.csv', [rowOf(1), rowOf(2, south), rowOf(3), rowOf(4, south)]);
    const { out } = await run(file, { complete: true });
    expect(out).toContain('考核单位 unit："450202" → "450203"');
    expect((await states()).map(({ state }) => state)).not.toContain('removed');
  });
});

describe('the history', () => {
  it('names every change with who, when, from which file and why, and no login', async () => {
    const file = await put('one.csv', [rowOf(1)]);
    await run(file, { by: '王工', note: '柳综治〔2026〕12 号' });
    await run(await put('two.csv', [rowOf(1, { 点位名称: '新名', 密码: 'another', 允许明文登录: '是' })]), {
      by: '李工',
    });
    await run(await put('three.csv', [rowOf(1, { 点位名称: '新名', 用户名: '', 密码: '' })]));
    const history = await historyOf(ground.db, codeOf(1));
    expect(history.map(({ by, file: of, field, old, new: next }) => [by, of, field, old, next])).toEqual([
      [expect.any(String), 'three.csv', 'basic_allowed', 'yes', 'no'],
      [expect.any(String), 'three.csv', 'login', '***', null],
      ['李工', 'two.csv', 'basic_allowed', 'no', 'yes'],
      ['李工', 'two.csv', 'login', '***', '***'],
      ['李工', 'two.csv', 'name', '东门社区-村口', '新名'],
      ['王工', 'one.csv', 'state', null, 'in_use'],
    ]);
    expect(history.at(-1)!.note).toBe('柳综治〔2026〕12 号');
    expect(JSON.stringify(history)).not.toMatch(/opensesame|another/);
    const { sha256 } = await ground.db.one<{ sha256: Buffer }>("select sha256 from import where file = 'one.csv'");
    expect(sha256).toHaveLength(32);
    const { out } = await said(() => camera(ground, codeOf(1), { history: true }));
    expect(out).toContain('点位名称：东门社区-村口 → 新名');
  });

  it('is not to be changed or taken away, by whomever', async () => {
    await run(await put('one.csv', [rowOf(1)]));
    for (const sql of [
      "update camera_change set changes = '{}'",
      'delete from camera_change',
      "update import set by = 'nobody'",
      'delete from import',
      'delete from camera',
      'truncate camera_change',
      'truncate import cascade',
      'truncate camera cascade',
    ]) {
      await expect(ground.db.run(sql), sql).rejects.toThrow();
    }
    expect(await historyOf(ground.db, codeOf(1))).toHaveLength(1);
  });
  it('of an archive that comes to cameras that were there is a row a camera, and names every value', async () => {
    const few = titles.slice(0, 6);
    const file = join(ground.pair.folder, 'plain.csv');
    await writeFile(file, stringify([few as never, ...[1, 2].map((nth) => rowOf(nth).slice(0, 6))] as string[][]));
    await run(file);
    await run(await put('two.csv', [rowOf(1), rowOf(2)]));
    expect(await ground.db.many('select from camera_change')).toHaveLength(4);
    const told = (await historyOf(ground.db, codeOf(2))).map(({ field, old, new: next }) => [field, old, next]);
    expect(told).toHaveLength(12);
    expect(told).toContainEqual(['kind', null, 'dome']);
    expect(told).toContainEqual(['login', null, '***']);
  });

  it('of a value that went and came back has both ways, and of who did it only what can be shown', async () => {
    const [one, other] = [await put('one.csv', [rowOf(1)]), await put('other.csv', [rowOf(1, { 摄像机类型: '半球' })])];
    for (const file of [one, other, one]) await run(file);
    expect((await historyOf(ground.db, codeOf(1))).map(({ old, new: next }) => [old, next])).toEqual([
      ['half_dome', 'dome'],
      ['dome', 'half_dome'],
      [null, 'in_use'],
    ]);
    expect((await said(() => camera(ground, codeOf(1), { history: true }))).out).toContain(
      '球机 dome → 半球 half_dome',
    );
    for (const wrong of [{ by: ' ' }, { by: 'a\u001b[31m' }, { note: '注'.repeat(2_001) }]) {
      await expect(run(one, wrong)).rejects.toThrow(Sentence);
    }
    expect(await ground.db.many('select from import')).toHaveLength(3);
  });
});

describe('the state of a camera', () => {
  it('suspended is left so by a sheet that says nothing of states; removed is back in use', async () => {
    await run(await put('three.csv', [rowOf(1), rowOf(2, { 使用状态: '停用' }), rowOf(3, { 使用状态: '拆除' })]));
    const at = titles.indexOf('使用状态');
    const file = join(ground.pair.folder, 'stateless.csv');
    const rows = [titles as never, rowOf(1), rowOf(2, { 点位名称: '新名' }), rowOf(3)] as string[][];
    await writeFile(file, stringify(rows.map((row) => row.toSpliced(at, 1))));
    expect((await run(file)).out).toContain('0 cameras added, 2 changed, 1 as they were');
    expect((await states()).map(({ state }) => state)).toEqual(['in_use', 'suspended', 'in_use']);
    expect((await run(file)).out).toContain('3 as they were');
  });

  it('removed leaves its address to another, and the export of both can be imported again', async () => {
    await run(await put('two.csv', [rowOf(1, { 使用状态: '拆除' }), rowOf(2, { RTSP地址: 'rtsp://10.20.0.1/live' })]));
    await putSite(ground.db, { code: 'north', networks: ['10.20.0.0/16'] });
    const file = join(ground.pair.folder, `successor-${Date.now()}.csv`);
    await said(() => exportFile(ground, file, {}));
    expect((await run(file)).out).toContain('0 cameras added, 0 changed, 2 as they were');
  });
});

describe('the photos of a camera', () => {
  const show = (options: CameraOptions = {}) => said(() => camera(ground, codeOf(1), options));

  it('are put to it, listed with who and when, kept once, and taken out as they were', async () => {
    await run(await put('two.csv', [rowOf(1), rowOf(2)]));
    const [one, other] = ['立杆.jpg', '机箱.dat'].map((name) => join(ground.pair.folder, name)) as [string, string];
    await writeFile(one, jpeg(640, 480));
    await writeFile(other, png(3, 2));
    await show({ photo: one, by: '王工', note: '立杆' });
    await show({ photo: one, by: '李工' });
    await said(() => camera(ground, codeOf(2), { photo: one }));
    const { out } = await show({ photo: other });
    expect(out).toContain('照片 photos：2');
    const { photos } = JSON.parse((await show({ json: true })).out) as { photos: { sha256: string }[] };
    expect(photos).toMatchObject([
      { media: 'image/jpeg', width: 640, height: 480, by: '王工', note: '立杆' },
      { media: 'image/png', width: 3, height: 2 },
    ]);
    expect(await ground.db.many('select from photo')).toHaveLength(2);
    const to = join(ground.pair.folder, 'out.png');
    await show({ save: photos[1]!.sha256.slice(0, 12), to });
    expect(await readFile(to)).toEqual(png(3, 2));
    await expect(show({ save: photos[1]!.sha256, to })).rejects.toThrow(/EEXIST/);
    await expect(show({ save: 'x' })).rejects.toThrow(Sentence);
  });

  it('are refused where they are none, cannot be read, or the camera is not there', async () => {
    await run(await put('one.csv', [rowOf(1)]));
    const file = join(ground.pair.folder, 'text.jpg');
    await writeFile(file, 'no photo');
    await expect(show({ photo: file })).rejects.toThrow(/JPEG/);
    await expect(show({ photo: '/no/such/file' })).rejects.toThrow(/ENOENT/);
    await expect(show({ note: '立杆' })).rejects.toThrow(/--note goes with --photo/);
    await expect(show({ to: 'out.jpg' })).rejects.toThrow(/--to goes with --save/);
    await writeFile(file, jpeg(640, 480));
    await expect(said(() => camera(ground, codeOf(7), { photo: file }))).rejects.toThrow(codeOf(7));
    expect(await ground.db.many('select from photo')).toEqual([]);
  });
});

describe('an export', () => {
  it.each(['csv', 'xlsx'])('as %s is the archive as it can be imported again, without logins', async (format) => {
    const rows = [
      rowOf(1, { 点位名称: '=1+1', 安装地址: '\'-3 号楼，"东"', 设备序列号: '_x0041_00012' }),
      rowOf(2, { 使用状态: '停用', 经度: '', 纬度: '', 建成日期: '' }),
      rowOf(3, { 使用状态: '拆除' }),
    ];
    const source = join(ground.pair.folder, 'source.xlsx');
    // In a workbook all of it is text; in a CSV a name that begins with = is escaped.
    const names = rows.map((row) => row.map((cell) => cell.replace(/_(?=x0041_)/, '_x005F_')));
    await writeFile(source, await writeXlsx({ sheets: [{ name: '点位', rows: [[...titles], ...names] }] }));
    expect((await run(source)).out).toContain('3 cameras added');
    const before = await everything();
    expect(before[0]).toMatchObject({ name: '=1+1', address: '\'-3 号楼，"东"', serial: '_x0041_00012' });
    const file = join(ground.pair.folder, `out-${Date.now()}.${format}`);
    expect((await said(() => exportFile(ground, file, {}))).out).toContain('3 cameras');
    expect((await readFile(file)).includes('opensesame')).toBe(false);
    expect((await run(file)).out).toContain('0 cameras added, 0 changed, 3 as they were');
    expect(await everything()).toEqual(before);
    // And into an inventory without them.
    await begin();
    expect((await run(file)).out).toContain('3 cameras added');
    const without = (all: Record<string, unknown>[]) =>
      all.map(({ id, camera: _, changed_at: __, version: ___, sealed: ____, ...rest }) => rest);
    expect(without((await everything()) as never)).toEqual(without(before as never));
    await expect(said(() => exportFile(ground, file, {}))).rejects.toThrow(/EEXIST/);
    await expect(said(() => exportFile(ground, 'out.ods', {}))).rejects.toThrow(/\.xlsx/);
  });

  it('of one unit has no other’s, and of many pages all of them in order', async () => {
    const city = planCity({ cameras: 5_300, seed: 1 });
    for (const site of city.sites) await putSite(ground.db, site);
    const ports = { rtsp: 554, onvif: 80, refused: 40_001, unreachable: 40_002 };
    const csv = Buffer.from(inventoryCsv(city, ports, archiveOf(city, 1)));
    const units = new Map(city.units.map(({ code }) => [code, code]));
    const sites = new Set(city.sites.map(({ code }) => code));
    const { rows, faults, warnings } = readSheet(csv, units, sites);
    expect([...faults, ...warnings]).toEqual([]);
    await importRows(ground.db, ground.vault, rows, false);
    const [all, one] = ['all', 'one'].map((name) => join(ground.pair.folder, `${name}-${Date.now()}.csv`)) as [
      string,
      string,
    ];
    await said(() => exportFile(ground, all, {}));
    await said(() => exportFile(ground, one, { unit: '450226', json: true }));
    const codes = async (file: string) => (await readFile(file, 'utf8')).match(/^\d{20}/gm)!;
    expect(await codes(all)).toEqual(city.cameras.map(({ code }) => code).sort());
    expect(await codes(one)).toEqual(
      city.cameras
        .filter(({ unit }) => unit === '450226')
        .map(({ code }) => code)
        .sort(),
    );
    const poles = await ground.db.many<{ cameras: number }>(
      'select count(*)::integer as cameras from archive group by pole having count(*) > 1',
    );
    expect(poles.length).toBeGreaterThan(100);
  });
});
