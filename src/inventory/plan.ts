import type { Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { archiveColumns } from './columns.ts';
import type { Row } from './row.ts';
import type { State } from './values.ts';
import type { Credentials, Vault } from './vault.ts';

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
  readonly logins: readonly SealedLogin[];
  /** The latest import that this was planned on: after another one it holds no more. */
  readonly after: number;
};

export type SealedLogin = {
  readonly code: string;
  readonly version: number;
  /** null: the sheet holds no login for it any more. */
  readonly sealed: Buffer | null;
  readonly fingerprint: Buffer | null;
  readonly basicAllowed: boolean;
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

type Known = Readonly<Record<string, string | null>> & {
  readonly code: string;
  readonly state: string;
  readonly version: number | null;
  readonly sealed: Buffer | null;
  readonly fingerprint: Buffer | null;
  readonly basic_allowed: boolean | null;
};

/**
 * Compares a sheet with the inventory: what it adds, which values it changes, what it misses. Writes nothing. A Sentence
 * where a stored login does not open with this key: it could not be told from a new one.
 */
export const planImport = async (db: Queryable, vault: Vault, rows: readonly Row[], scope: Scope): Promise<Plan> => {
  const { after } = await db.one<{ after: number }>('select coalesce(max(id), 0)::integer as after from import');
  const added: Row[] = [];
  const changed: Changed[] = [];
  const logins: SealedLogin[] = [];
  for (let at = 0; at < rows.length; at += chunk) {
    const some = rows.slice(at, at + chunk);
    const known = await look(db, some);
    for (const row of some) {
      const camera = known.get(row.code);
      const login = loginOf(vault, row, camera);
      if (login !== null) logins.push(login);
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
  return { added, changed, same, missing, complete: scope.complete, logins, after };
};

const look = async (db: Queryable, rows: readonly Row[]): Promise<Map<string, Known>> => {
  const camera = cameraFields.map(({ name, type }) => (type === 'text' ? `c.${name}` : `c.${name}::text`));
  // Where a sheet tells nothing of the archive, nothing of it is fetched.
  const told = archiveColumns.filter((name) => rows[0]?.archive !== undefined && name in rows[0].archive);
  const archive = told.map((name) => `a.${name}::text`);
  const known = await db.many<Known>(
    `select c.id::text, c.code, c.state, ${[...camera, ...archive].join(', ')},
       cr.version, cr.sealed, cr.fingerprint, cr.basic_allowed
     from camera c
     left join archive a on a.camera = c.id
     left join credential cr on cr.camera = c.id
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

const loginChanges = (login: SealedLogin | null, known: Known): Change[] => {
  if (login === null) return [];
  const old = known.sealed === null ? null : hidden;
  const changes: Change[] = [];
  if (login.sealed === null || login.version !== known.version) {
    changes.push({ field: 'login', old, new: login.sealed === null ? null : hidden });
  }
  if (login.basicAllowed !== (known.basic_allowed ?? false)) {
    changes.push({ field: 'basic_allowed', old: yesNo(known.basic_allowed ?? false), new: yesNo(login.basicAllowed) });
  }
  return changes;
};

const yesNo = (flag: boolean): string => (flag ? 'yes' : 'no');

/** What is to be written of a camera's login; null where it is as it was. */
const loginOf = (vault: Vault, row: Row, known: Known | undefined): SealedLogin | null => {
  const { code, user, password } = row;
  if (user === null) return null;
  const { version, sealed } = known ?? { version: null, sealed: null };
  if (user === '') {
    return version === null ? null : { code, version, sealed: null, fingerprint: null, basicAllowed: false };
  }
  const basicAllowed = row.basicAllowed ?? known?.basic_allowed ?? false;
  const credentials = { user, password };
  const fingerprint = vault.fingerprint(credentials);
  // The fingerprint tells under the same key only; where it differs, the seal shows whether the key does.
  const same =
    sealed !== null &&
    (known!.fingerprint!.equals(fingerprint) || equal(opened(vault, sealed, code, version!), credentials));
  if (same && known!.basic_allowed === basicAllowed) return null;
  const next = same ? version! : (version ?? 0) + 1;
  return { code, version: next, sealed: vault.seal(credentials, code, next), fingerprint, basicAllowed };
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

const missingFrom = async (db: Queryable, rows: readonly Row[], unit: string | null): Promise<Gone[]> => {
  const units = unit === null ? [...new Set(rows.map((row) => row.unit))] : [unit];
  const codes = new Set(rows.map(({ code }) => code));
  const there = await db.many<Gone>(
    `select id, code, name, state from camera where unit = any ($1) and not removed order by code`,
    [units],
  );
  return there.filter(({ code }) => !codes.has(code));
};
