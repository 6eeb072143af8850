import type { Database } from '../../../src/db/pool.ts';
import { addUpHour } from '../../../src/rollup/availability-hours.ts';
import { closeInspection, openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';

/**
 * Three inspections that are over and one that runs, with figures that can be checked in the head:
 * 1 on 1 October 10:00 Beijing time, 2 on 2 October 02:00 (in UTC still the first), 3 on 2 October 10:00 for one unit
 * under a stricter policy.
 */
export const fillCity = async (db: Database): Promise<void> => {
  await db.run("insert into site (code, name) values ('north', '城北')");
  for (const [serial, unit, cameraClass] of cameras) {
    await db.run(
      `insert into camera (code, name, unit, class, site, rtsp_url)
       values ($1, $2, $3, $4, 'north', 'rtsp://127.0.0.1/')`,
      [cameraCode(serial), `点位 ${serial}`, unit, cameraClass],
    );
  }
  await decidePolicy(db, new Date('2026-10-02T01:00:00Z'), '更严 / Stricter', { total_online: 96 });
  await openInspection(db, new Date('2026-10-01T02:00:00Z'), null);
  await openInspection(db, new Date('2026-10-01T18:00:00Z'), null);
  await openInspection(db, new Date('2026-10-02T02:00:00Z'), '450202');
  await openInspection(db, new Date('2026-10-03T02:00:00Z'), null);
  for (const [inspection, at] of [
    [1, '2026-10-01T02:20:00Z'],
    [2, '2026-10-01T18:20:00Z'],
    [3, '2026-10-02T02:20:00Z'],
  ] as const) {
    await closeInspection(db, inspection, new Date(at));
  }
  for (const row of rates) {
    await db.run(
      `insert into rate (inspection, revision, unit, class, roster, exempt, unknown, assessed, online, image, raw_assessed,
         raw_online, raw_image, online_verdict, image_verdict, formula)
       values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $7, $8, $9, $10, $11, 'xunjian-rates/1')`,
      row,
    );
  }
  await db.run(
    `insert into unit_verdict (inspection, unit, verdict, revision)
     select *, 1 from (values
       (1, '450202', 'missed'), (1, '450203', 'undetermined'), (2, '450202', 'missed'), (3, '450202', 'missed')
     ) as v`,
  );
  for (const [serial, ...found] of outcomes) {
    await db.run(
      `insert into outcome (inspection, camera, online, image, attempts, failure, step, detail)
       select 1, id, $2, $3, $4, $5, $6, $7 from camera where code = $1`,
      [cameraCode(serial), ...found],
    );
  }
  for (const [serial, slot, online] of probes) {
    await db.run(
      `insert into result (slot, camera, observed_at, online, took)
       select $2, id, $2, $3, 5 from camera where code = $1`,
      [cameraCode(serial), slot, online],
    );
  }
  for (const hour of [2, 3]) await addUpHour(db, new Date(Date.UTC(2026, 9, 1, hour)), null);
};

export const cameraCode = (serial: number): string => `4502020000131000000${serial}`;

const cameras = [
  [1, '450202', 'skynet'],
  [2, '450202', 'skynet'],
  [3, '450202', 'social'],
  [4, '450202', 'social'],
  [5, '450203', 'social'],
  [6, '450203', 'household'],
  [7, '450203', 'social'],
] as const;

/** Inspection, unit, class, roster, exempt, unknown, assessed, online, image, both verdicts. */
const rates = [
  // 94.96 % is not 95.0 %, and 1425 of 1500 is.
  [1, '450202', 'total', 2520, 10, 10, 2500, 2374, 2375, 'missed', 'met'],
  [1, '450202', 'skynet', 1010, 5, 5, 1000, 980, 979, 'met', 'missed'],
  [1, '450202', 'social', 1510, 5, 5, 1500, 1394, 1425, 'missed', 'met'],
  [1, '450202', 'household', 50, 0, 0, 50, 40, 0, null, null],
  // Half of it unknown, and no Skynet point at all.
  [1, '450203', 'total', 200, 0, 100, 100, 100, 50, 'undetermined', 'undetermined'],
  [1, '450203', 'skynet', 0, 0, 0, 0, 0, 0, null, null],
  [1, '450203', 'social', 200, 0, 100, 100, 100, 50, 'undetermined', 'undetermined'],
  // One day of 100 % of many and 50 % of few: together 1050 of 1100, whatever the mean of the two is.
  [2, '450202', 'total', 1000, 0, 0, 1000, 1000, 900, 'met', 'missed'],
  [3, '450202', 'total', 100, 0, 0, 100, 50, 50, 'missed', 'missed'],
] as const;

/** Camera, online, image, attempts, failure, step, detail: of the first inspection. */
const outcomes = [
  [1, true, true, 1, null, null, null],
  [2, false, false, 3, 'unreachable', 'connect', 'no answer within 20000 ms'],
  [3, true, false, 3, 'damaged_picture', 'decode', '12 of 45 slices'],
  [4, false, false, 3, 'unreachable', 'connect', 'no answer within 20000 ms'],
  [5, true, null, 3, 'busy', 'setup', '453'],
  [6, false, null, 3, 'refused', 'connect', 'ECONNREFUSED'],
  [7, null, null, 0, null, null, null],
] as const;

const probes = [
  [1, '2026-10-01T02:00:00Z', true],
  [1, '2026-10-01T02:05:00Z', false],
  [2, '2026-10-01T02:00:00Z', false],
  [5, '2026-10-01T02:00:00Z', null],
  [1, '2026-10-01T03:00:00Z', false],
] as const;
