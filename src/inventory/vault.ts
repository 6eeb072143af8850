import { createHmac, createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import type { Queryable } from '../db/pool.ts';
import { type DataKey, dataKey, keyInUse, type Purpose } from './data-key.ts';
import { KeyUnavailable, type MasterKey, type MasterKeys } from './master-keys.ts';
import { SealBroken, seal, unseal, unsealFirstForm } from './seal.ts';

export type Credentials = { readonly user: string; readonly password: string };

/** A camera's login as it lies in the database. `key` is null where it was sealed before there were data keys. */
export type SealedLogin = {
  readonly code: string;
  readonly version: number;
  readonly sealed: Buffer;
  readonly key: DataKey | null;
};

/** Seals secrets of accounts, such as those of TOTP; `bound` says whose it is, and it opens for nobody else. */
export interface Sealer {
  /** Throws KeyUnavailable. Not inside a transaction: it may have to make a key, and reads the master key's source. */
  sealText(db: Queryable, bound: string, text: string): Promise<Buffer>;
  /** Throws KeyUnavailable, or SealBroken. */
  openText(db: Queryable, bound: string, sealed: Buffer): Promise<string>;
}

/**
 * Opens and seals with the data keys of the database, which the master keys unwrap. A data key is unwrapped when it is
 * first needed and held in memory by its id. A login's seal is bound to the camera's code, the credentials' version and
 * the data key: moved to another row, it does not open.
 */
export class Vault implements Sealer {
  readonly masters: MasterKeys;
  readonly #held = new Map<string, KeyObject>();
  #fingerprint: KeyObject | null = null;
  /** A login of before there were data keys was met that no master key at hand opens. */
  #missesDirect = false;

  constructor(masters: MasterKeys) {
    this.masters = masters;
  }

  /** Unwraps what is not held yet, as far as the master keys go: what is not held after it, `open` names. Never throws. */
  async hold(keys: Iterable<DataKey | null>): Promise<void> {
    const all = [...keys];
    const missing = all.filter((key) => key !== null && !this.#held.has(key.id)) as DataKey[];
    const isDirect = all.includes(null);
    if (missing.length === 0 && !isDirect) return;
    const sought: (Buffer | null)[] = missing.map(({ master }) => master);
    if (isDirect && this.#missesDirect) {
      this.#missesDirect = false;
      sought.push(null);
    }
    await this.masters.lookFor(sought, performance.now());
    for (const key of missing) {
      const master = this.masters.find(key.master);
      if (master === null || key.wrapped === null) continue;
      try {
        this.#keep(key, unseal(master.wrapping, boundKey(key), key.wrapped));
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error;
      }
    }
  }

  #keep({ id, purpose }: Pick<DataKey, 'id' | 'purpose'>, bytes: Buffer): void {
    const key = createSecretKey(bytes);
    this.#held.set(id, key);
    if (purpose === 'fingerprint') this.#fingerprint = key;
  }

  /** Of a data key that is held. Throws KeyUnavailable. */
  #keyOf(key: DataKey): KeyObject {
    const held = this.#held.get(key.id);
    if (held !== undefined) return held;
    if (this.masters.find(key.master) === null) throw this.masters.unavailable(key.master);
    throw new KeyUnavailable(
      `数据密钥 ${key.id} 无法用主密钥解开：它在数据库中被改动过，请从备份恢复 data_key 表的这一行`,
      `the data key ${key.id} does not open with its master key: it was changed in the database, restore this row of data_key from a backup`,
    );
  }

  /** A data key's row, not written yet; of 32 random bytes unless it is given. Throws KeyUnavailable. */
  make(purpose: Purpose, unit: string | null, bytes: Buffer = randomBytes(32)): DataKey {
    const key = { id: randomUUID(), purpose, unit };
    const made = wrap(this.masters.first, key, bytes);
    this.#keep(key, bytes);
    return made;
  }

  /** The same data key wrapped by the first master key. Throws KeyUnavailable. */
  async rewrap(key: DataKey): Promise<DataKey> {
    await this.hold([key]);
    return wrap(this.masters.first, key, this.#keyOf(key).export());
  }

  seal(credentials: Credentials, code: string, version: number, key: DataKey): Buffer {
    return seal(this.#keyOf(key), boundLogin(code, version, key), Buffer.from(JSON.stringify(credentials)));
  }

  /** Of a data key that `hold` was called with. Throws KeyUnavailable; SealBroken where the seal is another camera's. */
  open({ code, version, sealed, key }: SealedLogin): Credentials {
    const text =
      key === null
        ? this.#openDirect(code, version, sealed)
        : unseal(this.#keyOf(key), boundLogin(code, version, key), sealed);
    return JSON.parse(text.toString('utf8')) as Credentials;
  }

  /**
   * The master key that logins were sealed under before there were data keys, where it is held and so is the key that they
   * are named by, which was derived from it; null: not known.
   */
  get masterOfBefore(): MasterKey | null {
    const fingerprint = this.#fingerprint;
    if (fingerprint === null) return null;
    return this.masters.all.find(({ names }) => createSecretKey(names).equals(fingerprint)) ?? null;
  }

  /** Which master key a login was sealed under before there were data keys; null: none that is held. */
  directOf({ code, version, sealed }: Omit<SealedLogin, 'key'>): MasterKey | null {
    for (const master of this.masters.all) {
      try {
        unsealFirstForm(master.direct, `credential:${code}:${version}`, sealed);
        return master;
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error;
      }
    }
    this.#missesDirect = true;
    return null;
  }

  #openDirect(code: string, version: number, sealed: Buffer): Buffer {
    const master = this.directOf({ code, version, sealed });
    if (master === null) {
      if (this.masterOfBefore !== null) throw new SealBroken('the master key of before is held and does not open it');
      // Whether it is the key or the seal that is wrong cannot be told.
      throw this.masters.unavailable(null);
    }
    return unsealFirstForm(master.direct, `credential:${code}:${version}`, sealed);
  }

  /** Names a login without giving it away: 32 bytes, the same for the same user and password under this key. */
  fingerprint({ user, password }: Credentials, key: DataKey): Buffer {
    return createHmac('sha256', this.#keyOf(key))
      .update(JSON.stringify([user, password]))
      .digest();
  }

  async sealText(db: Queryable, bound: string, text: string): Promise<Buffer> {
    const key = await keyInUse(db, this, 'account', null);
    return Buffer.concat([
      Buffer.from(key.id.replaceAll('-', ''), 'hex'),
      seal(this.#keyOf(key), boundText(bound, key.id), Buffer.from(text)),
    ]);
  }

  async openText(db: Queryable, bound: string, sealed: Buffer): Promise<string> {
    const key = sealed.length < 16 ? null : await dataKey(db, sealed.toString('hex', 0, 16));
    if (key === null || key.purpose !== 'account') throw new SealBroken('it names no data key');
    await this.hold([key]);
    return unseal(this.#keyOf(key), boundText(bound, key.id), sealed.subarray(16)).toString('utf8');
  }
}

const wrap = (master: MasterKey, key: Pick<DataKey, 'id' | 'purpose' | 'unit'>, bytes: Buffer): DataKey => {
  const { id, purpose, unit } = key;
  return { id, purpose, unit, master: master.id, wrapped: seal(master.wrapping, boundKey(key), bytes) };
};

const boundKey = ({ id, purpose, unit }: Pick<DataKey, 'id' | 'purpose' | 'unit'>): string =>
  `data_key:${purpose}:${unit ?? ''}:${id}`;
const boundLogin = (code: string, version: number, key: DataKey): string =>
  `credential:${code}:login:${version}:${key.id}`;
const boundText = (bound: string, key: string): string => `account:${bound}:${key}`;
