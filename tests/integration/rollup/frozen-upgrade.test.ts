import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../../src/db/migrate.ts';
import { freezeFormer } from '../../../src/report/completion.ts';
import { frozenOf } from '../../../src/report/revision.ts';
import { migrationsFolder } from '../../../src/roles/ground.ts';
import { policyOf } from '../../../src/schedule/policy.ts';
import { type Pair, startPair } from '../../support/pair.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());

it('a database of before is brought up with its inspections, which are frozen then with the names they have', async () => {
  const { db } = pair;
  const folder = await mkdtemp(join(tmpdir(), 'xunjian-'));
  for (const name of (await readdir(migrationsFolder)).filter((file) => /^00(0\d|1[01])_/.test(file))) {
    await cp(join(migrationsFolder, name), join(folder, name));
  }
  await migrate(db, folder);
  await rm(folder, { recursive: true });
  await db.run(
    `insert into site (code, name) values ('north', '城北');
     insert into camera (code, name, unit, class, site, rtsp_url)
       values ('45020200001310000001', '人民广场', '450202', 'social', 'north', 'rtsp://127.0.0.1/');
     insert into inspection (started_at, cutoff_at, policy)
       values ('2026-10-01 00:00:00.5Z', '2026-10-01 01:00:00.5Z', 1);
     insert into roster select 1, id, unit, class, site, false, true from camera;
     insert into outcome values (1, 1, false, false, 3, 'unreachable', 'connect', 'no answer');
     insert into rate
       select 1, '450202', class, one, 0, 0, one, 0, 0, one, 0, 0, verdict, verdict, 'xunjian-rates/1'
       from (values ('total', 1, 'missed'), ('skynet', 0, null), ('social', 1, 'missed'), ('household', 0, null))
         as r (class, one, verdict);
     insert into unit_verdict values (1, '450202', 'missed');
     update inspection set completed_at = '2026-10-01 00:20:00.5Z'`,
  );
  await migrate(db, migrationsFolder);
  expect(await policyOf(db, 1)).toMatchObject({
    ...{ exemption_longest_days: 30, exemption_backdating: 0, down_after: 3, up_after: 2 },
  });
  expect(await freezeFormer(db, new Date())).toBe(true);
  const { content } = (await frozenOf(db, 1, null))!;
  expect(content.cameras).toMatchObject([
    { code: '45020200001310000001', name: '人民广场', online: 'no', attempts: [] },
  ]);
  expect(content.units).toMatchObject([{ code: '450202', verdict: 'missed', classes: { total: { assessed: 1 } } }]);
  await expect(db.run('update outcome set online = true')).rejects.toThrow('第 1 次巡检已固化');
});
