import { Command, CommanderError } from 'commander';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { availability } from '../../../src/commands/availability.ts';
import { overTimeLines } from '../../../src/commands/lines/over-time.ts';
import { outages } from '../../../src/commands/outages.ts';
import type { OverTimeOptions } from '../../../src/commands/over-time.ts';
import { ranking } from '../../../src/commands/ranking.ts';
import { addUp, refreshDays } from '../../../src/rollup/refresh.ts';
import { Sentence } from '../../../src/sentence.ts';
import { insert } from '../../../src/store/writer.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { answerOf } from '../../support/results.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';

let ground: TestGround;
const dayMs = 86_400_000;
/** Of the day before yesterday in Liuzhou: what is over by the clock that the commands ask. */
const midnight = Math.floor((Date.now() + dayMs / 3) / dayMs) * dayMs - dayMs / 3 - 2 * dayMs;
const day = new Date(midnight + dayMs / 3).toISOString().slice(0, 10);

beforeAll(async () => {
  ground = await startGround();
  const { db } = ground;
  const ids = await putCameras(db, [
    { serial: 1, unit: '450202', class: 'skynet' },
    { serial: 2, unit: '450203', class: 'social', site: 'south' },
  ]);
  // The first is down for six of the 24 hours, the second is always there.
  await insert(
    db,
    [1, 2].flatMap((serial) =>
      Array.from({ length: 288 }, (_, nth) =>
        answerOf(ids.get(serial)!, new Date(midnight + nth * 300_000), {
          ...(serial === 1 && nth >= 12 && nth < 84 && { online: 'no', failure: 'unreachable' }),
        }),
      ),
    ),
  );
  await addUp(db, new Date(midnight + dayMs + 15 * 60_000));
  await refreshDays(db);
});
afterAll(() => ground.close());

let said = '';
beforeEach(() => {
  said = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  return () => write.mockRestore();
});

const asked = (more: Partial<OverTimeOptions> = {}): OverTimeOptions => ({ from: day, until: day, ...more });

it('availability is told by unit and class, with the time behind it', async () => {
  expect(await availability(ground, asked())).toBe(0);
  const lines = said.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^考核单位 +类别 +可用率 +在线时长 +离线时长 +未知时长$/);
  expect(lines[2]).toMatch(/^城中区 +天网 +75\.0% +18:00 +06:00 +00:00$/);
  expect(lines[3]).toMatch(/^鱼峰区 +社会面 +100\.0% +1天00:00 +00:00 +00:00$/);
  expect(lines[4]).toMatch(/^全部 +合计 +87\.5% +1天18:00 +06:00 +00:00$/);
});

it.each([
  ['a camera', { camera: codeOf(1) }, 1],
  ['a site', { site: 'south' }, 1],
  ['a unit', { unit: '450202' }, 1],
  ['a class', { class: 'social' as const }, 1],
  ['a class that nobody has', { class: 'household' as const }, 0],
])('availability is that of %s alone where it is asked for', async (_, of, units) => {
  await availability(ground, asked({ ...of, json: true }));
  const told = JSON.parse(said);
  expect(told.units).toHaveLength(units);
  expect(told).toMatchObject({
    from: new Date(midnight).toISOString(),
    until: new Date(midnight + dayMs).toISOString(),
    total:
      units === 0
        ? { online: 0, offline: 0, unknown: 0 }
        : 'camera' in of || 'unit' in of
          ? { online: 64_800, offline: 21_600, unknown: 0 }
          : { online: 86_400, offline: 0, unknown: 0 },
  });
});

it('outages are told with their length and cause, and what repairs took in the mean', async () => {
  expect(await outages(ground, { ...asked(), repeated: 3 })).toBe(0);
  expect(said).toContain(codeOf(1));
  expect(said).not.toContain(codeOf(2));
  expect(said).toContain('期内发生 1 次，恢复 1 次，未恢复 0 次；平均修复时长 06:00，最长 06:00。');
  expect(said).toContain('mean time to repair 21600 s');
  said = '';
  await outages(ground, { ...asked({ unit: '450202', json: true }), repeated: 2 });
  expect(JSON.parse(said)).toMatchObject({
    total: { began: 1, ended: 1, seconds: 21_600, meanTimeToRepair: 21_600 },
    outages: [{ code: codeOf(1), beganAt: new Date(midnight + 3_600_000).toISOString(), kind: 'unreachable' }],
    repeatOffenders: [],
  });
});

it('outages of household cameras are listed, and said to be in no figure unless they are asked for', async () => {
  const { db } = ground;
  const ids = await putCameras(db, [{ serial: 3, class: 'household' }]);
  await db.run(
    `insert into outage (camera, began_at, confirmed_at, kind, unit, class, site)
     values ($1, $2, $2, 'unreachable', '450202', 'household', 'north')`,
    [ids.get(3), new Date(midnight)],
  );
  expect(await outages(ground, { ...asked(), repeated: 3 })).toBe(0);
  expect(said).toContain(codeOf(3));
  expect(said).toContain('期内发生 1 次');
  expect(said).toContain('平安家园点位只列出，不计入以上数字');
  said = '';
  await outages(ground, { ...asked({ class: 'household' }), repeated: 3 });
  expect(said).toContain('期内发生 1 次，恢复 0 次，未恢复 1 次');
  expect(said).not.toContain('不计入');
  await db.run('delete from outage where camera = $1', [ids.get(3)]);
});

it('units are ranked over a month, and one without a rate has no rank', async () => {
  expect(await ranking(ground, { month: day.slice(0, 7), json: true })).toBe(0);
  const { rankings } = JSON.parse(said);
  expect(rankings.availability.map((one: { rank: number; code: string }) => [one.rank, one.code])).toEqual([
    [1, '450203'],
    [2, '450202'],
  ]);
  expect(rankings.online.map((one: { rank: number | null }) => one.rank)).toEqual([null, null]);
  said = '';
  await ranking(ground, { month: day.slice(0, 7) });
  expect(said).toMatch(/^1 +鱼峰区 /m);
});

it.each([
  [{ until: '2020-01-01' }, '--until 2020-01-01'],
  [{ from: '2999-01-01', until: '2999-01-02' }, '--from 2999-01-01'],
  [{ camera: '123' }, '--camera 123'],
  [{ site: 'nowhere' }, '--site nowhere'],
  [{ unit: '999999' }, '--unit 999999'],
])('%j is refused by name, with the remedy, in both languages', async (wrong, named) => {
  for (const command of [availability, outages] as const) {
    const refused = await command(ground, { ...asked(wrong), repeated: 3 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Sentence);
    expect((refused as Sentence).zh).toContain(named);
    expect((refused as Sentence).en).toContain(named);
  }
});

it('a ranking of a month that has not come is refused by the name of its own option', async () => {
  const refused = await ranking(ground, { month: '2099-01' }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Sentence);
  expect((refused as Sentence).zh).toContain('--month 2099-01');
  expect((refused as Sentence).en).toContain('--month 2099-01');
});

it.each([
  [['availability', '--from', '2026-02-30', '--until', '2026-03-01'], '--from <day>'],
  [['availability', '--until', '2026-03-01'], '--from <day>'],
  [['outages', '--from', '2026-02-01', '--until', '2026-03-01', '--class', 'total'], '--class <class>'],
  [['outages', '--from', '2026-02-01', '--until', '2026-03-01', '--repeated', '1'], '--repeated <n>'],
  [['ranking', '--month', '2026-13'], '--month <month>'],
  [['ranking', '--month', '0000-01'], '--month <month>'],
])('%j is wrong usage, and names the option', async (words, option) => {
  const program = new Command('xunjian').exitOverride().configureOutput({ writeErr: () => {} });
  overTimeLines(program);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  const refused = await program.parseAsync(words, { from: 'user' }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(CommanderError);
  expect((refused as CommanderError).message).toContain(option);
});
