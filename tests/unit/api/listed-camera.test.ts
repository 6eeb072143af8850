import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ListedCameras } from '../../../src/api/listed-camera.ts';
import type { CameraEntry } from '../../../src/rollup/camera-entry.ts';
import { CameraTable } from '../../../src/rollup/camera-table.ts';

const minute = 60_000;
const now = Date.UTC(2026, 10, 23);
const every = { online: 10 * minute, image: 120 * minute };
const hold = { skynet: every, social: every, household: every };
const words = fc.oneof(fc.constant(null), fc.string({ unit: 'binary', maxLength: 8 }), fc.constant('"路口"\\\n'));
const answer = fc.constantFrom(true, false, null);
const instant = fc.option(fc.integer({ min: 0, max: 200 }).map((ago) => new Date(now - ago * minute)));

it('a camera of a list is written as its schema has it, the second time as the first, whatever its names are', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(words, { minLength: 14, maxLength: 14 }),
      ...([answer, answer, instant, instant, words] as const),
      async (texts, online, image, slot, asked, failure) => {
        const [name, site, kind, manufacturer, model, address, power, carrier, onu, recorder, pole, ...more] = texts;
        const [box = null, managingUnit = null, project = null] = more;
        const entry: CameraEntry = {
          ...{
            id: 1,
            code: '45020200001310000001',
            name: name ?? '',
            unit: '450202',
            class: 'social',
            site: site ?? '',
          },
          ...{ state: 'in_use', kind: kind ?? null, manufacturer: manufacturer ?? null, model: model ?? null },
          ...{ address: address ?? null, power: power ?? null, carrier: carrier ?? null, onu: onu ?? null },
          ...{ recorder: recorder ?? null, pole: pole ?? null, box, managingUnit, maintainingUnit: null, project },
          ...{ login: online === true, changedAt: new Date(now - minute) },
        };
        const table = new CameraTable(hold);
        await table.fill([entry], async () => {});
        table.see([{ camera: 1, slot, online, failure, step: null, detail: null, asked, image }]);
        const cameras = new ListedCameras();
        const said = JSON.stringify(cameras.of(table, 0, now));
        expect([cameras.textOf(table, 0, now), cameras.textOf(table, 0, now)]).toEqual([said, said]);
      },
    ),
  );
});

it('a camera that was changed is written anew', async () => {
  const entry: CameraEntry = {
    ...{ id: 1, code: '45020200001310000001', name: '文昌路1号', unit: '450202', class: 'social', site: 'north' },
    ...{ state: 'in_use', kind: null, manufacturer: null, model: null, address: null, power: null, carrier: null },
    ...{ onu: null, recorder: null, pole: null, box: null, managingUnit: null, maintainingUnit: null, project: null },
    ...{ login: false, changedAt: new Date(now - minute) },
  };
  const table = new CameraTable(hold);
  await table.fill([entry], async () => {});
  const cameras = new ListedCameras();
  expect(JSON.parse(cameras.textOf(table, 0, now))).toMatchObject({ name: '文昌路1号' });
  await table.change([1], [{ ...entry, name: '屏山大道1号', changedAt: new Date(now) }], async () => {});
  expect(JSON.parse(cameras.textOf(table, 0, now))).toMatchObject({
    name: '屏山大道1号',
    changedAt: new Date(now).toISOString(),
  });
});
