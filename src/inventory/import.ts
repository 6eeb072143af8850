import type { Database, Queryable } from '../db/pool.ts';
import type { Row } from './sheet.ts';
import type { Credentials, Vault } from './vault.ts';

export type Imported = { readonly added: number; readonly changed: number; readonly same: number };

type Known = {
  readonly id: number;
  readonly code: string;
  readonly version: number | null;
  readonly sealed: Buffer | null;
  readonly basic_allowed: boolean | null;
};

/** Rows to one statement: a tenth of a second on the embedded database. */
const chunk = 5_000;

/**
 * Brings the inventory to what a sheet says: adds and changes by code, all rows in one transaction or none. Credentials
 * that are as they were keep their version; new ones get the next, which lifts a refused login.
 */
export const importRows = (db: Database, vault: Vault, rows: readonly Row[], dryRun: boolean): Promise<Imported> =>
  db.transaction(async (tx) => {
    const counts = { added: 0, changed: 0, same: 0 };
    for (let at = 0; at < rows.length; at += chunk) {
      const part = rows.slice(at, at + chunk);
      const done = dryRun ? await compare(tx, part) : await write(tx, vault, part);
      counts.added += done.added;
      counts.changed += done.changed;
      counts.same += done.same;
    }
    return counts;
  });

const arrays = (rows: readonly Row[]): unknown[] => [
  rows.map(({ code }) => code),
  rows.map(({ name }) => name),
  rows.map(({ unit }) => unit),
  rows.map((row) => row.class),
  rows.map(({ site }) => site),
  rows.map(({ rtspUrl }) => rtspUrl),
  rows.map(({ onvifUrl }) => onvifUrl),
];

const sheet = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
  as s (code, name, unit, class, site, rtsp_url, onvif_url)`;
const differs = `(c.name, c.unit, c.class, c.site, c.rtsp_url, c.onvif_url, c.in_use)
  is distinct from (s.name, s.unit, s.class, s.site, s.rtsp_url, s.onvif_url, true)`;

const compare = (tx: Queryable, rows: readonly Row[]): Promise<Imported> =>
  tx.one<Imported>(
    `select count(*) filter (where c.id is null)::integer as added,
       count(*) filter (where c.id is not null and ${differs})::integer as changed,
       count(*) filter (where c.id is not null and not (${differs}))::integer as same
     from ${sheet} left join camera c using (code)`,
    arrays(rows),
  );

const write = async (tx: Queryable, vault: Vault, rows: readonly Row[]): Promise<Imported> => {
  const counts = await compare(tx, rows);
  await tx.run(
    `insert into camera as c (code, name, unit, class, site, rtsp_url, onvif_url)
     select s.* from ${sheet}
     on conflict (code) do update set name = excluded.name, unit = excluded.unit, class = excluded.class,
       site = excluded.site, rtsp_url = excluded.rtsp_url, onvif_url = excluded.onvif_url, in_use = true,
       changed_at = now()
     where (c.name, c.unit, c.class, c.site, c.rtsp_url, c.onvif_url, c.in_use) is distinct from
       (excluded.name, excluded.unit, excluded.class, excluded.site, excluded.rtsp_url, excluded.onvif_url, true)`,
    arrays(rows),
  );
  const known = await tx.many<Known>(
    `select c.id, c.code, cr.version, cr.sealed, cr.basic_allowed
     from camera c left join credential cr on cr.camera = c.id where c.code = any ($1)`,
    [rows.map(({ code }) => code)],
  );
  await writeCredentials(tx, vault, rows, new Map(known.map((camera) => [camera.code, camera])));
  return counts;
};

const writeCredentials = async (
  tx: Queryable,
  vault: Vault,
  rows: readonly Row[],
  known: ReadonlyMap<string, Known>,
): Promise<void> => {
  const next: { camera: number; version: number; sealed: Buffer; basicAllowed: boolean }[] = [];
  const gone: number[] = [];
  for (const { code, user, password, basicAllowed } of rows) {
    const camera = known.get(code)!;
    if (user === '') {
      gone.push(camera.id);
      continue;
    }
    const same = camera.sealed !== null && equal(vault.open(camera.sealed, code, camera.version!), { user, password });
    if (same && camera.basic_allowed === basicAllowed) continue;
    const version = same ? camera.version! : (camera.version ?? 0) + 1;
    next.push({ camera: camera.id, version, sealed: vault.seal({ user, password }, code, version), basicAllowed });
  }
  await tx.run('delete from credential where camera = any ($1)', [gone]);
  await tx.run(
    `insert into credential (camera, version, sealed, basic_allowed)
     select * from unnest($1::integer[], $2::integer[], $3::bytea[], $4::boolean[])
     on conflict (camera) do update set version = excluded.version, sealed = excluded.sealed,
       basic_allowed = excluded.basic_allowed, changed_at = now()`,
    [
      next.map(({ camera }) => camera),
      next.map(({ version }) => version),
      next.map(({ sealed }) => sealed),
      next.map((credential) => credential.basicAllowed),
    ],
  );
};

const equal = (a: Credentials, b: Credentials): boolean => a.user === b.user && a.password === b.password;
