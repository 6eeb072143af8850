import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CameraEntry } from '../../../src/rollup/camera-entry.ts';
import { searched } from '../../../src/rollup/camera-entry.ts';
import { orders } from '../../../src/rollup/camera-order.ts';
import { folded } from '../../../src/rollup/camera-search.ts';
import { CameraTable, type Wanted } from '../../../src/rollup/camera-table.ts';

const minute = 60_000;
const now = Date.UTC(2026, 10, 23);
const hold = {
  skynet: { online: 10 * minute, image: 120 * minute },
  social: { online: 10 * minute, image: 120 * minute },
  household: { online: 10 * minute, image: 0 },
};
const still = async (): Promise<void> => {};

/** Few signs, so that searches find something, and find it in several ways. */
const words = fc.stringMatching(/^[路口小学1A ]{0,6}$/);
const entry = fc.record({
  id: fc.integer({ min: 1, max: 400 }),
  serial: fc.integer({ min: 0, max: 999 }),
  name: words,
  unit: fc.constantFrom('450202', '450203'),
  class: fc.constantFrom('skynet', 'social', 'household'),
  state: fc.constantFrom('in_use', 'removed'),
  manufacturer: fc.option(fc.constantFrom('海康', '大华')),
  pole: fc.option(words),
  login: fc.boolean(),
  changed: fc.integer({ min: 0, max: 3 }),
});
const entryOf = (made: typeof entry extends fc.Arbitrary<infer T> ? T : never): CameraEntry => ({
  ...{ id: made.id, name: made.name, unit: made.unit, pole: made.pole, login: made.login },
  code: `4502020000131000${String(made.serial).padStart(4, '0')}`,
  class: made.class as CameraEntry['class'],
  ...{ site: 'north', state: made.state as CameraEntry['state'], manufacturer: made.manufacturer },
  ...{ kind: null, model: null, address: null, power: null, carrier: null, onu: null, recorder: null, box: null },
  ...{ managingUnit: null, maintainingUnit: null, project: null, changedAt: new Date(now - made.changed * minute) },
});
const city = fc
  .uniqueArray(entry, { selector: ({ serial }) => serial, maxLength: 40 })
  .map((all) => all.map((one, nth) => entryOf({ ...one, id: nth + 1 })));

const wish = fc.record({
  q: fc.option(fc.oneof(words, fc.constantFrom('4502020000131000', '45020200001310000', '路1', '路')), {
    nil: undefined,
  }),
  reach: fc.option(fc.constantFrom('450202', '450299')),
  unit: fc.option(fc.constantFrom('450202', '450203', ''), { nil: undefined }),
  class: fc.option(fc.constantFrom('skynet', 'household'), { nil: undefined }),
  manufacturer: fc.option(fc.constantFrom('海康', '宇视'), { nil: undefined }),
  login: fc.option(fc.boolean(), { nil: undefined }),
});

/** One after the other, without an index. */
const slowly = (all: readonly CameraEntry[], wanted: Wanted): string[] =>
  all
    .filter((one) => wanted.reach === null || one.unit === wanted.reach)
    .filter((one) =>
      (['unit', 'class', 'manufacturer'] as const).every((f) => wanted[f] === undefined || one[f] === wanted[f]),
    )
    .filter((one) => wanted.login === undefined || one.login === wanted.login)
    .filter((one) =>
      folded(wanted.q ?? '')
        .split(/\s+/)
        .filter((term) => term !== '')
        .every(
          (term) => one.code.startsWith(term) || searched.some((field) => folded(one[field] ?? '').includes(term)),
        ),
    )
    .map(({ code }) => code)
    .sort();

const codesOf = (table: CameraTable, wanted: Wanted): string[] =>
  Array.from(table.find(wanted, now), (place) => table.at(place).code);

describe('the table of cameras', () => {
  it('finds what looking at each of them finds, also where some were rewritten, came or went', async () => {
    await fc.assert(
      fc.asyncProperty(city, city, fc.array(wish, { minLength: 1, maxLength: 4 }), async (before, later, wishes) => {
        const table = new CameraTable(hold);
        await table.fill(before, still);
        for (const wanted of wishes) expect(codesOf(table, wanted)).toEqual(slowly(before, wanted));
        // Those of `later` with their ids take the places of those before.
        const ids = [...new Set([...before, ...later].map(({ id }) => id))].filter((id) => id % 2 === 0);
        const told = later.filter(({ id }) => id % 2 === 0);
        const kept = before.filter(({ id, code }) => id % 2 !== 0 && !told.some((one) => one.code === code));
        const gone = before.filter((one) => one.id % 2 !== 0 && !kept.includes(one)).map(({ id }) => id);
        await table.change([...ids, ...gone], told, still);
        for (const wanted of wishes) expect(codesOf(table, wanted)).toEqual(slowly([...kept, ...told], wanted));
      }),
      { numRuns: 150 },
    );
  });

  it('looks for a text that was rewritten as it is now', async () => {
    const table = new CameraTable(hold);
    const [one, other] = [1, 2].map((id) =>
      entryOf({
        ...{ id, serial: id, name: `文昌路${id}号`, unit: '450202', class: 'social', state: 'in_use' },
        ...{ manufacturer: null, pole: null, login: false, changed: 0 },
      }),
    );
    await table.fill([one!, other!], still);
    expect(codesOf(table, { reach: null, q: '文昌' })).toEqual([one!.code, other!.code]);
    await table.change([1], [{ ...one!, name: '屏山大道1号' }], still);
    expect(codesOf(table, { reach: null, q: '文昌' })).toEqual([other!.code]);
    expect(codesOf(table, { reach: null, q: '屏山 1号' })).toEqual([one!.code]);
  });

  it('gives every camera once over the pages of any order, in either direction', async () => {
    await fc.assert(
      fc.asyncProperty(
        city,
        fc.constantFrom(...orders),
        fc.boolean(),
        fc.integer({ min: 1, max: 7 }),
        async (all, order, down, limit) => {
          const table = new CameraTable(hold);
          await table.fill(all, still);
          const found = table.find({ reach: null }, now);
          const seen: string[] = [];
          let after: { key: string | number; code: string } | null = null;
          for (;;) {
            const page = table.page(found, { order, down, after, limit });
            seen.push(...page.map((place) => table.at(place).code));
            if (page.length < limit) break;
            after = table.keyOf(page.at(-1)!, order);
          }
          expect(seen.toSorted()).toEqual(all.map(({ code }) => code).toSorted());
        },
      ),
      { numRuns: 100 },
    );
  });

  it('holds a state for two intervals, and gives a camera that is offline no picture', async () => {
    const table = new CameraTable(hold);
    const at = (ago: number): Date => new Date(now - ago * minute);
    const camera = (id: number): CameraEntry =>
      entryOf({
        ...{ id, serial: id, name: '', unit: '450202', class: 'social', state: 'in_use' },
        ...{ manufacturer: null, pole: null, login: false, changed: 0 },
      });
    await table.fill([1, 2, 3, 4].map(camera), still);
    const failed = { failure: 'unreachable', step: 'connect', detail: 'refused' };
    const sound = { failure: null, step: null, detail: null };
    table.see([
      { camera: 1, slot: at(9), online: true, ...sound, asked: at(60), image: true },
      { camera: 2, slot: at(9), online: false, ...failed, asked: at(60), image: true },
      { camera: 3, slot: at(11), online: true, ...sound, asked: at(11), image: true },
    ]);
    const states = [0, 1, 2, 3].map((place) => table.stateOf(place, now));
    expect(states.map(({ online, image }) => [online, image])).toEqual([
      ['yes', 'yes'],
      ['no', 'no'],
      ['unknown', 'unknown'],
      ['unknown', 'unknown'],
    ]);
    expect(states[1]).toMatchObject({ failure: 'unreachable', onlineAt: at(9), imageAt: at(9) });
    expect(Array.from(table.find({ reach: null, online: 'unknown' }, now))).toEqual([2, 3]);
    expect(Array.from(table.find({ reach: null, image: 'no' }, now))).toEqual([1]);
  });
});
