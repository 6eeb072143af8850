import type { Database, Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import type { Row } from './sheet.ts';
import type { Credentials, Vault } from './vault.ts';

export type Imported = { readonly added: number; readonly changed: number; readonly same: number };

type Known = {
  readonly code: string;
  /** null: not in the inventory yet. */
  readonly id: number | null;
  readonly differs: boolean;
  readonly version: number | null;
  readonly sealed: Buffer | null;
  readonly basic_allowed: boolean | null;
};

/** Rows to one statement: a tenth of a second on the embedded database. */
const chunk = 5_000;

/**
 * Brings the inventory to what a sheet says: adds and changes by code, all rows in one transaction or none. Credentials
 * that are as they were keep their version; new ones get the next, and a refused login is lifted by them.
 */
export const importRows = (db: Database, vault: Vault, rows: readonly Row[], dryRun: boolean): Promise<Imported> =>
  db.transaction(async (tx) => {
    const counts = { added: 0, changed: 0, same: 0 };
    for (let at = 0; at < rows.length; at += chunk) {
      const part = rows.slice(at, at + chunk);
      const known = new Map((await look(tx, part)).map((camera) => [camera.code, camera]));
      const credentials = part.flatMap((row) => credentialOf(vault, row, known.get(row.code)!) ?? []);
      const renewed = new Set(credentials.map(({ code }) => code));
      for (const { code } of part) {
        const { id, differs } = known.get(code)!;
        counts[id === null ? 'added' : differs || renewed.has(code) ? 'changed' : 'same'] += 1;
      }
      if (dryRun) continue;
      await writeCameras(tx, part);
      await writeCredentials(tx, credentials);
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
  rows.map(({ snapshotUrl }) => snapshotUrl),
  rows.map(({ transport }) => transport),
  rows.map(({ certificate }) => certificate),
  rows.map(({ deadlineMs }) => deadlineMs),
];

const facts = [
  'name',
  'unit',
  'class',
  'site',
  'rtsp_url',
  'onvif_url',
  'snapshot_url',
  'transport',
  'certificate',
  'deadline',
];
const factsOf = (table: string): string => facts.map((name) => `${table}.${name}`).join(', ');

const sheet = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::text[], $10::text[], $11::integer[]) as s (code, ${facts.join(', ')})`;

const look = (tx: Queryable, rows: readonly Row[]): Promise<Known[]> =>
  tx.many<Known>(
    `select s.code, c.id, cr.version, cr.sealed, cr.basic_allowed,
       (${factsOf('c')}, c.in_use) is distinct from (${factsOf('s')}, true) as differs
     from ${sheet}
     left join camera c using (code)
     left join credential cr on cr.camera = c.id`,
    arrays(rows),
  );

const writeCameras = (tx: Queryable, rows: readonly Row[]): Promise<number> =>
  tx.run(
    `insert into camera as c (code, ${facts.join(', ')})
     select s.* from ${sheet}
     on conflict (code) do update set (${facts.join(', ')}) = row (${factsOf('excluded')}), in_use = true,
       changed_at = now()
     where (${factsOf('c')}, c.in_use) is distinct from (${factsOf('excluded')}, true)`,
    arrays(rows),
  );

/** `sealed` null: the sheet holds no login for it any more. */
type Credential = {
  readonly code: string;
  readonly version: number;
  readonly sealed: Buffer | null;
  readonly basicAllowed: boolean;
};

/** What is to be written of a camera's credentials; null where they are as they were. */
const credentialOf = (vault: Vault, row: Row, known: Known): Credential | null => {
  const { code, user, password, basicAllowed } = row;
  const { version, sealed } = known;
  if (user === null) return null;
  if (user === '') return version === null ? null : { code, version, sealed: null, basicAllowed: false };
  const same = sealed !== null && equal(opened(vault, sealed, code, version!), { user, password });
  if (same && known.basic_allowed === basicAllowed) return null;
  const next = same ? version! : (version ?? 0) + 1;
  return { code, version: next, sealed: vault.seal({ user, password }, code, next), basicAllowed };
};

const writeCredentials = async (tx: Queryable, credentials: readonly Credential[]): Promise<void> => {
  const gone = credentials.filter(({ sealed }) => sealed === null);
  const kept = credentials.filter(({ sealed }) => sealed !== null);
  await tx.run('delete from credential where camera in (select id from camera where code = any ($1))', [
    gone.map(({ code }) => code),
  ]);
  await tx.run(
    `insert into credential (camera, version, sealed, basic_allowed)
     select c.id, n.version, n.sealed, n.basic_allowed
     from unnest($1::text[], $2::integer[], $3::bytea[], $4::boolean[]) as n (code, version, sealed, basic_allowed)
     join camera c using (code)
     on conflict (camera) do update set version = excluded.version, sealed = excluded.sealed,
       basic_allowed = excluded.basic_allowed, changed_at = now(),
       renewed_at = case when credential.version < excluded.version then now() else credential.renewed_at end`,
    [
      kept.map(({ code }) => code),
      kept.map(({ version }) => version),
      kept.map(({ sealed }) => sealed),
      kept.map((credential) => credential.basicAllowed),
    ],
  );
};

const opened = (vault: Vault, sealed: Buffer, code: string, version: number): Credentials => {
  try {
    return vault.open(sealed, code, version);
  } catch (error) {
    throw new Sentence(
      `点位 ${code} 的密码无法用当前密钥解开：请检查 XUNJIAN_KEY_FILE 是否为原来的密钥；未写入任何内容`,
      `the login of camera ${code} does not open with this key: check that XUNJIAN_KEY_FILE is the key it was sealed with; nothing was written`,
      { cause: error },
    );
  }
};

const equal = (a: Credentials, b: Credentials): boolean => a.user === b.user && a.password === b.password;
