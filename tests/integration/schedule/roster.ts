import type { Database } from '../../../src/db/pool.ts';

export type Put = {
  readonly serial: number;
  readonly unit?: string;
  readonly class?: 'skynet' | 'social' | 'household';
  readonly site?: string;
  readonly url?: string;
};

export const codeOf = (serial: number): string => `45020200001310${String(serial).padStart(6, '0')}`;

/** Puts cameras into the inventory as an import would, with their sites; gives their ids by serial. */
export const putCameras = async (db: Database, cameras: readonly Put[]): Promise<Map<number, number>> => {
  const sites = [...new Set(cameras.map(({ site = 'north' }) => site))];
  await db.run(
    `insert into site (code, name, networks) select code, code, '{127.0.0.0/8}' from unnest($1::text[]) as code
     on conflict do nothing`,
    [sites],
  );
  const rows = await db.many<{ id: number; code: string }>(
    `insert into camera (code, name, unit, class, site, rtsp_url)
     select code, code, unit, class, site, url
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as c (code, unit, class, site, url)
     returning id, code`,
    [
      cameras.map(({ serial }) => codeOf(serial)),
      cameras.map(({ unit = '450202' }) => unit),
      cameras.map((camera) => camera.class ?? 'social'),
      cameras.map(({ site = 'north' }) => site),
      // Each a host of its own, unless the test says otherwise.
      cameras.map(({ serial, url }) => url ?? `rtsp://127.0.${serial >> 8}.${serial & 255}/`),
    ],
  );
  return new Map(rows.map(({ id, code }) => [Number(code.slice(14)), id]));
};

/** Three cameras of one unit at one site, a fourth of it at another, and a fifth of another unit there. */
export const putFive = (db: Database): Promise<Map<number, number>> =>
  putCameras(db, [
    ...[1, 2, 3].map((serial) => ({ serial })),
    { serial: 4, site: 'south' },
    { serial: 5, unit: '450203', site: 'south' },
  ]);

/**
 * An inventory without a camera, and no inspection of any: each test begins with its own. What the database keeps from
 * everybody is removed as an owner can, with the triggers off.
 */
export const clear = (db: Database): Promise<number> =>
  db.run(
    `set local session_replication_role = replica;
     truncate publication, adjustment, appeal, revision, exemption_camera, exemption, unit_verdict, rate, outcome, batch,
       roster, inspection, evidence, outbox, login, device, credential, camera, import, photo, site, sweep_clock, sweep_skipped
       restart identity cascade;
     delete from policy where version > 1;
     set local session_replication_role = origin;
     delete from result;
     delete from sweep`,
  );
