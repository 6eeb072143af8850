import type { Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { archiveColumns } from './columns.ts';
import { fingerprintKey } from './data-key.ts';
import type { Row } from './row.ts';
import { SealBroken } from './seal.ts';
import { type KeyColumns, keyColumns, keyOf } from './stored-login.ts';
import type { State } from './values.ts';
import type { Credentials, Vault } from './vault.ts';
import type { Login } from './write-logins.ts';

/** One value of a camera that is to change. Of a login, `***` stands for any; null: there is none. */
export type Change = { readonly field: string; readonly old: string | null; readonly new: string | null };

/** A camera of the inventory, and what a sheet makes of it. */
export type Changed = { readonly id: number; readonly row: Row; readonly changes: readonly Change[] };
export type Gone = { readonly id: number; readonly code: string; readonly name: string; readonly state: string };

/** What an import will do, before it is done. */
export type Plan = {
  readonly added: readonly Row[];
  readonly changed: readonly Changed[];
  readonly same: number;
  /** In the inventory, of the scope's units, not removed yet, and not in the sheet. */
  readonly missing: readonly Gone[];
  /** Whether what is missing becomes removed. */
  readonly complete: boolean;
  /** What is to be written of logins, by code. */
  readonly logins: readonly Login[];
  /** Cameras whose login stays what it is and is sealed anew: under the key of their unit, which was another one or none. */
  readonly toReseal: readonly number[];
  /** Units whose logins are sealed. */
  readonly sealing: readonly string[];
  /** The latest import that this was planned on: after another one it holds no more. */
  readonly after: number;
};

export type Scope = {
  /** The sheet is all that there is of its units: what is missing becomes removed. */
  readonly complete: boolean;
  /** The one unit whose sheet it is; null: the units that occur in it. */
  readonly unit: string | null;
};

/** Rows to one statement: a tenth of a second on the embedded database. */
export const chunk = 5_000;

/** Camera columns that a sheet tells, as text, with what PostgreSQL writes for them. */
export const cameraFields: readonly {
  readonly name: string;
  readonly type: string;
  readonly of: (row: Row) => string | null | undefined;
}[] = [
  { name: 'name', type: 'text', of: (row) => row.name },
  { name: 'unit', type: 'text', of: (row) => row.unit },
  { name: 'class', type: 'text', of: (row) => row.class },
  { name: 'site', type: 'text', of: (row) => row.site },
  { name: 'rtsp_url', type: 'text', of: (row) => row.rtspUrl },
  { name: 'onvif_url', type: 'text', of: (row) => row.onvifUrl },
  { name: 'snapshot_url', type: 'text', of: (row) => row.snapshotUrl },
  { name: 'transport', type: 'text', of: (row) => row.transport },
  { name: 'certificate', type: 'text', of: (row) => row.certificate },
  {
    name: 'deadline',
    type: 'integer',
    of: (row) => (row.deadlineMs == null ? row.deadlineMs : String(row.deadlineMs)),
  },
];

/** What a sheet without such a column brings into use: what is new, or was removed. What is suspended stays so. */
export const stateOf = (row: Row, before: string | null): State =>
  row.state ?? (before === 'suspended' ? 'suspended' : 'in_use');

/** What is known of a camera's login. */
export type KnownLogin = KeyColumns & {
  readonly code: string;
  readonly version: number | null;
  readonly sealed: Buffer | null;
  readonly basic_allowed: boolean | null;
};

type Known = Readonly<Record<string, string | null>> & KnownLogin & { readonly state: string };

/**
 * Compares a sheet with the inventory: what it adds, which values it changes, what it misses. Writes nothing. A Sentence
 * where a stored login does not open: it could not be told from a new one.
 */
export const planImport = async (db: Queryable, vault: Vault, rows: readonly Row[], scope: Scope): Promise<Plan> => {
  const { after } = await db.one<{ after: number }>('select coalesce(max(id), 0)::integer as after from import');
  const added: Row[] = [];
  const changed: Changed[] = [];
  const logins: Login[] = [];
  const toReseal: number[] = [];
  const sealing = new Set<string>();
  // By it a seal of before there were data keys that was changed is told from a master key that is not at hand.
  await vault.hold([await fingerprintKey(db)]);
  for (let at = 0; at < rows.length; at += chunk) {
    const some = rows.slice(at, at + chunk);
    const known = await look(db, some);
    await vault.hold([...known.values()].map(keyOf));
    for (const row of some) {
      const camera = known.get(row.code);
      const login = loginOf(vault, row, camera, 'refused');
      if (login !== null) logins.push(login);
      const anew = login === null && camera !== undefined && camera.sealed !== null && camera.key_unit !== row.unit;
      if (anew) toReseal.push(Number(camera.id));
      if (anew || login?.credentials != null) sealing.add(row.unit);
      if (camera === undefined) {
        added.push(row);
        continue;
      }
      const changes = [...differences(row, camera), ...loginChanges(login, camera)];
      if (changes.length === 0) continue;
      const state = stateOf(row, camera.state);
      changed.push({ id: Number(camera.id), row: { ...row, state }, changes });
    }
  }
  const missing = await missingFrom(db, rows, scope.unit);
  const same = rows.length - added.length - changed.length;
  return { added, changed, same, missing, complete: scope.complete, logins, toReseal, sealing: [...sealing], after };
};

const look = async (db: Queryable, rows: readonly Row[]): Promise<Map<string, Known>> => {
  const camera = cameraFields.map(({ name, type }) => (type === 'text' ? `c.${name}` : `c.${name}::text`));
  // Where a sheet tells nothing of the archive, nothing of it is fetched.
  const told = archiveColumns.filter((name) => rows[0]?.archive !== undefined && name in rows[0].archive);
  const archive = told.map((name) => `a.${name}::text`);
  const known = await db.many<Known>(
    `select c.id::text, c.code, c.state, ${[...camera, ...archive].join(', ')},
       cr.version, cr.sealed, cr.basic_allowed, ${keyColumns}
     from camera c
     left join archive a on a.camera = c.id
     left join credential cr on cr.camera = c.id
     left join data_key k on k.id = cr.data_key
     where c.code = any ($1)`,
    [rows.map(({ code }) => code)],
  );
  return new Map(known.map((one) => [one.code, one]));
};

const differences = (row: Row, known: Known): Change[] => {
  const changes: Change[] = [];
  const compare = (field: string, value: string | null | undefined): void => {
    const old = known[field] ?? null;
    if (value !== undefined && value !== old) changes.push({ field, old, new: value });
  };
  for (const { name, of } of cameraFields) compare(name, of(row));
  compare('state', stateOf(row, known.state));
  if (row.archive !== undefined) {
    for (const [name, value] of Object.entries(row.archive)) compare(name, value);
  }
  return changes;
};

/** What stands for a login in whatever people read. */
const hidden = '***';

export const loginChanges = (login: Login | null, known: KnownLogin): Change[] => {
  if (login === null) return [];
  const old = known.sealed === null ? null : hidden;
  const changes: Change[] = [];
  if (login.credentials === null || login.version !== known.version) {
    changes.push({ field: 'login', old, new: login.credentials === null ? null : hidden });
  }
  if (login.basicAllowed !== (known.basic_allowed ?? false)) {
    changes.push({ field: 'basic_allowed', old: yesNo(known.basic_allowed ?? false), new: yesNo(login.basicAllowed) });
  }
  return changes;
};

const yesNo = (flag: boolean): string => (flag ? 'yes' : 'no');

/**
 * What is to be written of a camera's login; null where it is as it was. A stored one whose seal does not open is
 * `replaced`, or `refused` with a Sentence. Throws KeyUnavailable.
 */
export const loginOf = (
  vault: Vault,
  { code, unit, user, password, ...told }: Pick<Row, 'code' | 'unit' | 'user' | 'password' | 'basicAllowed'>,
  known: KnownLogin | undefined,
  broken: 'replaced' | 'refused',
): Login | null => {
  if (user === null) return null;
  const version = known?.version ?? null;
  if (user === '') {
    return version === null ? null : { code, unit, version, credentials: null, basicAllowed: false };
  }
  const basicAllowed = told.basicAllowed ?? known?.basic_allowed ?? false;
  const credentials = { user, password };
  const same = version !== null && equal(opened(vault, known!, broken), credentials);
  if (same && known!.basic_allowed === basicAllowed) return null;
  return { code, unit, version: same ? version : (version ?? 0) + 1, credentials, basicAllowed };
};

const opened = (vault: Vault, known: KnownLogin, broken: 'replaced' | 'refused'): Credentials | null => {
  const { code } = known;
  try {
    return vault.open({ code, version: known.version!, sealed: known.sealed!, key: keyOf(known) });
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    if (broken === 'replaced') return null;
    throw new Sentence(
      `点位 ${code} 的密码不能解开：数据库中的这一行被改动或挪用过；未写入任何内容。请查明原因，再将该点位的用户名留空导入一次以清除`,
      `the login of camera ${code} does not open: its row was changed in the database, or moved from another camera; nothing was written. Find out why, then import the camera once without a user name to clear it`,
      { cause: error },
    );
  }
};

const equal = (a: Credentials | null, b: Credentials): boolean => a?.user === b.user && a.password === b.password;

const missingFrom = async (db: Queryable, rows: readonly Row[], unit: string | null): Promise<Gone[]> => {
  const units = unit === null ? [...new Set(rows.map((row) => row.unit))] : [unit];
  const codes = new Set(rows.map(({ code }) => code));
  const there = await db.many<Gone>(
    `select id, code, name, state from camera where unit = any ($1) and not removed order by code`,
    [units],
  );
  return there.filter(({ code }) => !codes.has(code));
};
