import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { InspectionReport } from '../../../src/report/inspection.ts';
import { type City, inventoryCsv, planCity } from '../../../src/simulator/city.ts';
import { loadClips } from '../../../src/simulator/clips.ts';
import { startSimulator } from '../../../src/simulator/serve.ts';
import { clipsDir } from '../../support/clips.ts';
import { start, xunjian } from './xunjian.ts';

/** A city in which nothing is wrong: one attempt is enough, whatever the policy says of the later ones. */
const soundCity = (): City => {
  const city = planCity({ cameras: 6, seed: 1 });
  return { ...city, cameras: city.cameras.map((camera) => ({ ...camera, auth: 'md5', fault: 'sound' })) };
};

it('beside a running `serve`, commands join its embedded pair; a site that is registered meanwhile is served too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'xunjian-joined-'));
  await mkdir(clipsDir, { recursive: true });
  await symlink(clipsDir, join(folder, 'clips'));
  const env = { XUNJIAN_DATA_DIR: folder, XUNJIAN_PORT: '0', XUNJIAN_LOG_LEVEL: 'error' };
  const city = soundCity();
  const simulator = await startSimulator({ city, clips: await loadClips(clipsDir), rtspPort: 0, onvifPort: 0 });
  const service = await start(env, 'serve');
  try {
    expect(service.said).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    const [site] = city.sites;
    // One site for all: registered after the service began.
    expect((await xunjian(env, 'site', site!.code, '--networks', '127.0.0.0/8')).code).toBe(0);
    const file = join(folder, 'inventory.csv');
    const csv = inventoryCsv(city, simulator.ports);
    const rows = csv
      .trimEnd()
      .split('\n')
      .map((line, nth) => {
        const cells = line.split(',');
        if (nth > 0) cells[4] = site!.code;
        return cells.join(',');
      });
    await writeFile(file, rows.join('\n'));
    expect((await xunjian(env, 'import', file)).out).toContain('6 cameras added');

    // The service looks for new sites every few seconds; until it did, the command says that nobody serves this one.
    let ran = await xunjian(env, 'inspect', '--json');
    while (ran.code === 2 && ran.err.includes('no worker runs')) ran = await xunjian(env, 'inspect', '--json');
    expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' });
    const report = JSON.parse(ran.out) as InspectionReport;
    expect(report.units.every(({ verdict }) => verdict === 'met')).toBe(true);

    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(service.said)![0];
    const rates = (await (await fetch(`${url}/api/v1/inspections/${report.inspection.id}/rates`)).json()) as object;
    expect(rates).toEqual(report);
  } finally {
    expect(await service.stop()).toBe(0);
    await simulator.close();
  }
  // What was left behind would mislead the next command.
  await expect(readFile(join(folder, 'running.json'))).rejects.toThrow('ENOENT');
  await rm(folder, { recursive: true, force: true });
});
