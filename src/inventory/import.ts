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
      const some = rows.slice(at, at + chunk);
      const part = partOf(some);
      const known = new Map((await look(tx, part)).map((camera) => [camera.code, camera]));
      const credentials = some.flatMap((row) => credentialOf(vault, row, known.get(row.code)!) ?? []);
      const renewed = new Set(credentials.map(({ code }) => code));
      for (const { code } of some) {
        const { id, differs } = known.get(code)!;
        counts[id === null ? 'added' : differs || renewed.has(code) ? 'changed' : 'same'] += 1;
      }
      if (dryRun) continue;
      await writeCameras(tx, part);
      await writeCredentials(tx, credentials);
    }
    return counts;
  });

/** What a sheet says of a camera beside its code. */
const facts: readonly { readonly name: string; readonly type: string; readonly of: (row: Row) => unknown }[] = [
  { name: 'name', type: 'text', of: (row) => row.name },
  { name: 'unit', type: 'text', of: (row) => row.unit },
  { name: 'class', type: 'text', of: (row) => row.class },
  { name: 'site', type: 'text', of: (row) => row.site },
  { name: 'rtsp_url', type: 'text', of: (row) => row.rtspUrl },
  { name: 'onvif_url', type: 'text', of: (row) => row.onvifUrl },
  { name: 'snapshot_url', type: 'text', of: (row) => row.snapshotUrl },
  { name: 'transport', type: 'text', of: (row) => row.transport },
  { name: 'certificate', type: 'text', of: (row) => row.certificate },
  { name: 'deadline', type: 'integer', of: (row) => row.deadlineMs },
];

/** Rows as SQL takes them: only the columns that the sheet has, so that what it does not speak of stays as it is. */
type Part = { readonly names: readonly string[]; readonly table: string; readonly arrays: readonly unknown[] };

const partOf = (rows: readonly Row[]): Part => {
  const said = facts.filter(({ of }) => rows.some((row) => of(row) !== undefined));
  const names = said.map(({ name }) => name);
  const types = ['text', ...said.map(({ type }) => type)].map((type, nth) => `$${nth + 1}::${type}[]`);
  return {
    names,
    table: `unnest(${types.join(', ')}) as s (code, ${names.join(', ')})`,
    arrays: [rows.map(({ code }) => code), ...said.map(({ of }) => rows.map(of))],
  };
};

const listed = (names: readonly string[], table: string): string => names.map((name) => `${table}.${name}`).join(', ');

const look = (tx: Queryable, { names, table, arrays }: Part): Promise<Known[]> =>
  tx.many<Known>(
    `select s.code, c.id, cr.version, cr.sealed, cr.basic_allowed,
       (${listed(names, 'c')}, c.in_use) is distinct from (${listed(names, 's')}, true) as differs
     from ${table}
     left join camera c using (code)
     left join credential cr on cr.camera = c.id`,
    arrays,
  );

const writeCameras = (tx: Queryable, { names, table, arrays }: Part): Promise<number> =>
  tx.run(
    `insert into camera as c (code, ${names.join(', ')})
     select s.* from ${table}
     on conflict (code) do update set (${names.join(', ')}) = row (${listed(names, 'excluded')}), in_use = true,
       changed_at = now()
     where (${listed(names, 'c')}, c.in_use) is distinct from (${listed(names, 'excluded')}, true)`,
    arrays,
  );

/** `sealed` null: the sheet holds no login for it any more. */
type Credential = {
  readonly code: string;
  readonly version: number;
  readonly sealed: Buffer | null;
  readonly fingerprint: Buffer | null;
  readonly basicAllowed: boolean;
};

/** What is to be written of a camera's credentials; null where they are as they were. */
const credentialOf = (vault: Vault, row: Row, known: Known): Credential | null => {
  const { code, user, password } = row;
  const basicAllowed = row.basicAllowed ?? known.basic_allowed ?? false;
  const { version, sealed } = known;
  if (user === null) return null;
  if (user === '')
    return version === null ? null : { code, version, sealed: null, fingerprint: null, basicAllowed: false };
  const same = sealed !== null && equal(opened(vault, sealed, code, version!), { user, password });
  if (same && known.basic_allowed === basicAllowed) return null;
  const next = same ? version! : (version ?? 0) + 1;
  const credentials = { user, password };
  const sealedAnew = vault.seal(credentials, code, next);
  return { code, version: next, sealed: sealedAnew, fingerprint: vault.fingerprint(credentials), basicAllowed };
};

const writeCredentials = async (tx: Queryable, credentials: readonly Credential[]): Promise<void> => {
  const gone = credentials.filter(({ sealed }) => sealed === null);
  const kept = credentials.filter(({ sealed }) => sealed !== null);
  await tx.run('delete from credential where camera in (select id from camera where code = any ($1))', [
    gone.map(({ code }) => code),
  ]);
  await tx.run(
    `insert into credential (camera, version, sealed, fingerprint, basic_allowed)
     select c.id, n.version, n.sealed, n.fingerprint, n.basic_allowed
     from unnest($1::text[], $2::integer[], $3::bytea[], $4::bytea[], $5::boolean[])
       as n (code, version, sealed, fingerprint, basic_allowed)
     join camera c using (code)
     on conflict (camera) do update set version = excluded.version, sealed = excluded.sealed,
       fingerprint = excluded.fingerprint,
       basic_allowed = excluded.basic_allowed, changed_at = now(),
       renewed_at = case when credential.version < excluded.version then now() else credential.renewed_at end`,
    [
      kept.map(({ code }) => code),
      kept.map(({ version }) => version),
      kept.map(({ sealed }) => sealed),
      kept.map(({ fingerprint }) => fingerprint),
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
