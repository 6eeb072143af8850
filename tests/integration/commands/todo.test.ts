import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { todoText } from '../../../src/report/todo/table.ts';
import { type RepairTold, type Todo, todoOf } from '../../../src/report/todo/todo.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { Sentence } from '../../../src/sentence.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { inspectedAt, putTodoCity } from '../rollup/todo-city.ts';
import { xunjian } from './xunjian.ts';

let ground: TestGround;
let city: Awaited<ReturnType<typeof putTodoCity>>;
let todo: Todo;
const now = new Date(inspectedAt.getTime() + 1_800_000);
beforeAll(async () => {
  ground = await startGround();
  const nothing = await todoOf(ground.db, null, null, now).catch((error: Error) => error);
  expect(nothing).toBeInstanceOf(Sentence);
  expect((nothing as Sentence).message).toMatch(/xunjian inspect/);
  city = await putTodoCity(ground.db);
  todo = await todoOf(ground.db, null, null, now);
});
afterAll(() => ground.close());

describe('what is to be done after an inspection', () => {
  it('names the inspection, its revision, formula, policy and time', () => {
    expect(todo.inspection).toMatchObject({
      ...{ id: city.inspection.id, revision: 1, formula: 'xunjian-rates/1', policy: 1 },
      ...{ at: '2026-10-01T00:00:00.500Z', completedAt: '2026-10-01T00:20:00.000Z' },
    });
    expect(todo.units.map(({ code, verdict }) => [code, verdict])).toEqual([
      ['450202', 'missed'],
      ['450203', 'met'],
    ]);
  });

  it('is for a unit that misses its target what it is short of, and the fewest repairs, shared causes first', () => {
    const [unit] = todo.units;
    expect(unit!.budget).toMatchObject({
      total: {
        online: { yes: 138, assessed: 144, spare: 1 },
        image: { yes: 134, needed: 137, short: 3 },
        unanswered: 0,
      },
      skynet: { online: { yes: 38, assessed: 40, short: 2 }, image: { short: 2 } },
      social: { online: { yes: 100, assessed: 104, spare: 1, short: 0 }, image: { yes: 96, needed: 99, short: 3 } },
      mayGoOffline: { skynet: 0, social: 0 },
    });
    const told = (repairs: readonly RepairTold[]) =>
      repairs.map(({ kind, key, cameras }) => [kind, key, cameras.length]);
    expect(told(unit!.repairs)).toEqual([
      ['onu', 'O-1', 4],
      ['onu', 'O-2', 2],
    ]);
    expect(told(unit!.others)).toEqual([
      ['recorder', '10.0.0.9@north', 3],
      ['camera', city.codes[8]![0], 1],
    ]);
    expect(unit!.repairs[0]!.parties).toEqual([
      { unit: '电信维护站', contact: '韦工', phone: '0772-2825110', cameras: 4 },
    ]);
    expect(unit!.after.verdict).toBe('met');
    expect(unit!.after.classes.total).toMatchObject({ online: 144, image: 140, assessed: 144 });
  });

  it('is for a unit that meets its target nothing but what it may still lose', () => {
    const [, unit] = todo.units;
    expect(unit).toMatchObject({ repairs: [], others: [], budget: { mayGoOffline: { skynet: null, social: 1 } } });
  });

  it('reads in Chinese and English, with numerators, denominators and what they are of', () => {
    const text = todoText(todo);
    for (const part of [
      '城中区 450202　未达标 missed',
      '134/144 93.0% (≥95%)',
      '差 3 个 short of 3',
      '修复：至少 2 处，之后达标，在线 144/144 100.0%，出图 140/144 97.2%',
      '1. 光猫 ONU O-1：离线 offline 4 个 (天网 Skynet 0，社会面 social 4)',
      '维护 maintained by 电信维护站 韦工 0772-2825110 (4)',
      '鱼峰区 450203　达标 met',
      `第 ${city.inspection.id} 次巡检第 1 版，2026-10-01 08:00:00 至 2026-10-01 08:20:00，公式 xunjian-rates/1，口径第 1 版`,
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it('of one unit is that of the unit among all', async () => {
    const one = await todoOf(ground.db, city.inspection.id, '450202', now);
    expect(one).toEqual({ ...todo, units: todo.units.slice(0, 1) });
  });

  it('is refused in words for what there is not', async () => {
    const running = await openInspection(ground.db, now, '450203');
    for (const [inspection, unit, ...words] of [
      [null, '999999', 'unit 999999', '450225 融水苗族自治县'],
      [null, '450204', '--unit 450204', '450203 鱼峰区'],
      [99, null, '--inspection 99', `最近一次已结束的是第 ${city.inspection.id} 次`],
      [running.id, null, `--inspection ${running.id}`, '尚未结束'],
    ] as const) {
      const refused = await todoOf(ground.db, inspection, unit, now).catch((error: Error) => error);
      expect(refused).toBeInstanceOf(Sentence);
      for (const word of words) expect((refused as Sentence).message).toContain(word);
    }
  });
});

describe('xunjian todo', () => {
  it('shows each unit what it may lose, must repair, and where today is heading', async () => {
    const { code, out, err } = await xunjian(ground.env, 'todo');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('城中区 450202　未达标 missed');
    expect(out).toContain('1. 光猫 ONU O-1：离线 offline 4 个');
    // The inspection is long ago: nothing of the last hours is known.
    expect(out).toContain('预测：近期没有巡测结果');
    expect(out).toContain('鱼峰区 450203');
  });

  it('prints one unit of one inspection as JSON, and nothing else', async () => {
    const { code, out } = await xunjian(
      ground.env,
      'todo',
      '--unit',
      '450202',
      '--inspection',
      `${city.inspection.id}`,
      '--json',
    );
    expect(code).toBe(0);
    const { units, ...told } = JSON.parse(out) as Todo;
    expect(told.inspection).toMatchObject({ id: city.inspection.id, formula: 'xunjian-rates/1', policy: 1 });
    expect(units.map(({ repairs }) => repairs.map(({ key }) => key))).toEqual([['O-1', 'O-2']]);
    expect(units[0]!.forecast).toMatchObject({ formula: 'xunjian-rates/1', policy: 1, data: null });
  });

  it.each([
    [['--unit', '999999'], '450202 城中区'],
    [['--inspection', '99'], '--inspection 99'],
    [['--inspection', 'last'], '9007199254740991'],
  ])('with %j is refused in words', async (args, word) => {
    const { code, out, err } = await xunjian(ground.env, 'todo', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(word);
    expect(err).toMatch(/\p{Script=Han}/u);
    expect(err).not.toMatch(/\n\s+at |undefined/);
  });
});
