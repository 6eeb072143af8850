import type { Queryable } from '../db/pool.ts';
import type { MasterKey, MasterKeys } from './master-keys.ts';

export type Purpose = 'credential' | 'fingerprint' | 'account';

/** A row of `data_key`. `wrapped` is null where it was destroyed. */
export type DataKey = {
  readonly id: string;
  readonly purpose: Purpose;
  /** Of `credential` alone. */
  readonly unit: string | null;
  /** The id of the master key that wraps it. */
  readonly master: Buffer;
  readonly wrapped: Buffer | null;
};

/** What of a vault is needed to make a key. */
export interface KeyMaker {
  readonly masters: MasterKeys;
  make(purpose: Purpose, unit: string | null, bytes?: Buffer): DataKey;
  hold(keys: Iterable<DataKey | null>): Promise<void>;
  readonly masterOfBefore: MasterKey | null;
  directOf(login: { readonly code: string; readonly version: number; readonly sealed: Buffer }): MasterKey | null;
}

const columns = 'id, purpose, unit, master, wrapped';

export const dataKey = (db: Queryable, id: string): Promise<DataKey | null> =>
  db.maybeOne<DataKey>(`select ${columns} from data_key where id = $1`, [id]);

const inUse = (db: Queryable, purpose: Purpose, unit: string | null): Promise<DataKey | null> =>
  db.maybeOne<DataKey>(
    `select ${columns} from data_key where purpose = $1 and unit is not distinct from $2 and retired_at is null`,
    [purpose, unit],
  );

/**
 * The data key that seals now, held; made where there is none yet. Throws KeyUnavailable where a data key of the database
 * is wrapped by a master key that is not at hand: one made beside it would be lost with the wrong master key. Not inside a
 * transaction: it reads the master keys' source.
 */
export const keyInUse = async (
  db: Queryable,
  vault: KeyMaker,
  purpose: Purpose,
  unit: string | null,
): Promise<DataKey> => {
  let key = await inUse(db, purpose, unit);
  if (key === null) {
    await addKey(db, await makeKey(db, vault, purpose, unit));
    // Somebody else's, where theirs was there first.
    key = (await inUse(db, purpose, unit))!;
  }
  await vault.hold([key]);
  return key;
};

/** A fresh data key that is not written yet; see `keyInUse`. */
export const makeKey = async (
  db: Queryable,
  vault: KeyMaker,
  purpose: Purpose,
  unit: string | null,
): Promise<DataKey> => {
  // The first of them may be another one since this process read it, and who forgot the old one must not meet it again.
  await vault.masters.read();
  await requireMasters(db, vault.masters);
  return vault.make(purpose, unit, purpose === 'fingerprint' ? await derivedBefore(db, vault) : undefined);
};

export const addKey = async (db: Queryable, key: DataKey): Promise<void> => {
  await db.run(
    `insert into data_key (id, purpose, unit, master, wrapped) values ($1, $2, $3, $4, $5)
     on conflict (purpose, unit) where retired_at is null do nothing`,
    [key.id, key.purpose, key.unit, key.master, key.wrapped],
  );
};

/** Ids of the master keys that data keys are wrapped by. */
export const mastersInUse = async (db: Queryable): Promise<Buffer[]> => {
  const rows = await db.many<{ master: Buffer }>('select distinct master from data_key where wrapped is not null');
  return rows.map(({ master }) => master);
};

/** Throws KeyUnavailable where a data key is wrapped by a master key that is not at hand; looks for it first. */
export const requireMasters = async (db: Queryable, masters: MasterKeys): Promise<void> => {
  const ids = await mastersInUse(db);
  await masters.lookFor(ids, performance.now());
  for (const id of ids) if (masters.find(id) === null) throw masters.unavailable(id);
};

/** Logins that are looked at to find the master key of before, at most. */
const mostTried = 20;

/**
 * The master key that logins of before there were data keys are sealed under; undefined: there is no such login any more.
 * Throws KeyUnavailable.
 */
export const masterOfBefore = async (db: Queryable, vault: KeyMaker): Promise<MasterKey | undefined> => {
  const sealed = await db.many<{ code: string; version: number; sealed: Buffer }>(
    `select c.code, cr.version, cr.sealed from credential cr join camera c on c.id = cr.camera
     where cr.data_key is null limit ${mostTried}`,
  );
  if (sealed.length === 0) return undefined;
  // Where it is known, one that does not open was changed, and says nothing of the key.
  await vault.hold([await fingerprintKey(db), null]);
  if (vault.masterOfBefore !== null) return vault.masterOfBefore;
  for (const login of sealed) {
    const master = vault.directOf(login);
    if (master !== null) return master;
  }
  throw vault.masters.unavailable(null);
};

/** The data key that logins are named by; null: there is none yet. */
export const fingerprintKey = (db: Queryable): Promise<DataKey | null> => inUse(db, 'fingerprint', null);

/**
 * What logins were named by before there were data keys, so that the memory of refused ones keeps its meaning: by a key
 * derived from the master key that they were sealed under. undefined: nothing was named yet.
 */
const derivedBefore = async (db: Queryable, vault: KeyMaker): Promise<Buffer | undefined> => {
  const master = await masterOfBefore(db, vault);
  if (master !== undefined) return master.names;
  const { named } = await db.one<{ named: boolean }>('select exists (select from login) as named');
  return named ? vault.masters.all.at(-1)!.names : undefined;
};

/**
 * The data keys that seal now, by purpose and unit, held against a rotation until the transaction ends; each must have
 * been made before. Whoever seals under one of them commits before it is retired, and the rotation finds what they sealed.
 */
export const lockedKeys = async (
  tx: Queryable,
  vault: Pick<KeyMaker, 'hold'>,
  units: readonly string[],
): Promise<{ readonly fingerprint: DataKey; readonly of: (unit: string) => DataKey }> => {
  const keys = await tx.many<DataKey>(
    `select ${columns} from data_key
     where retired_at is null and (purpose = 'fingerprint' or (purpose = 'credential' and unit = any ($1)))
     order by id for share`,
    [units],
  );
  await vault.hold(keys);
  const find = (purpose: Purpose, unit: string | null): DataKey => {
    const key = keys.find((one) => one.purpose === purpose && one.unit === unit);
    if (key === undefined) throw new Error(`no data key of ${purpose} ${unit ?? ''}`);
    return key;
  };
  return { fingerprint: find('fingerprint', null), of: (unit) => find('credential', unit) };
};

/** Makes the keys that logins of these units are sealed under, where they are missing. Throws KeyUnavailable. */
export const readyKeys = async (db: Queryable, vault: KeyMaker, units: readonly string[]): Promise<void> => {
  await keyInUse(db, vault, 'fingerprint', null);
  for (const unit of units) await keyInUse(db, vault, 'credential', unit);
};
