import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSheet } from '../../src/inventory/sheet.ts';
import { type City, inventoryCsv } from '../../src/simulator/city.ts';
import type { SimulatorProcess } from '../../src/simulator/start.ts';
import { said, start } from './child.ts';
import type { FloorTarget } from './floor-prober.ts';

export type Floor = { readonly seconds: number; readonly ownMs: number; readonly childrenMs: number };

/** The bare library in a process of its own on all cameras of a city, 1,000 at once, one probe each. */
export const benchFloor = async (
  city: City,
  simulator: SimulatorProcess,
  deadlineMs: number,
  want: 'answer' | 'keyframe',
): Promise<Floor> => {
  const units = new Map(city.units.map(({ code }) => [code, code]));
  const sites = new Set(city.sites.map(({ code }) => code));
  const { rows } = readSheet(Buffer.from(inventoryCsv(city, simulator.ports)), units, sites);
  const targets = rows.map(
    ({ rtspUrl, onvifUrl, user, password }): FloorTarget => ({
      ...{ url: rtspUrl, onvifUrl: onvifUrl ?? null, deadlineMs },
      login: user === null ? null : { user, password: password ?? '' },
    }),
  );
  const folder = await mkdtemp(join(tmpdir(), 'xunjian-'));
  const list = join(folder, 'targets.json');
  await writeFile(list, JSON.stringify({ want, targets }));
  const prober = start('./floor-prober.ts', [list]);
  try {
    await said(prober);
    prober.send('go');
    return await said<Floor>(prober);
  } finally {
    prober.disconnect();
    await once(prober, 'exit');
    await rm(folder, { recursive: true });
  }
};
