import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { Sentence } from '../sentence.ts';

/** No key at hand opens what is asked for: our own fault, which says nothing of any password. */
export class KeyUnavailable extends Sentence {
  override readonly name = 'KeyUnavailable';
}

export type MasterKey = {
  /** Names it in the database and gives nothing of it away. */
  readonly id: Buffer;
  readonly wrapping: KeyObject;
  /** What logins were sealed under before there were data keys. */
  readonly direct: KeyObject;
  /** What named logins then. */
  readonly names: Buffer;
};

const derived = (key: Buffer, purpose: string, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', purpose, length));

/** What the database names a master key by. */
export const masterKeyId = (key: Buffer): Buffer => derived(key, 'master key id', 8);

/** Derived once, and held as KeyObject: from bytes, each use costs three times as much (21 us a seal, not 8). */
const masterKey = (key: Buffer): MasterKey => {
  if (key.length !== 32) throw new RangeError(`a key of ${key.length} bytes, not 32`);
  return {
    id: masterKeyId(key),
    wrapping: createSecretKey(derived(key, 'data key wrapping', 32)),
    direct: createSecretKey(key),
    names: derived(key, 'login fingerprint', 32),
  };
};

/** How long a key that was looked for and not found is not looked for again, ms. */
const notAgainMs = 5_000;
/** Ids that were looked for in vain, at most: a database names few. */
const mostMissed = 100;

/**
 * The master keys, from a source outside the database: the first wraps, all unwrap. Where the database names one that is
 * not held, the source is read again, so that whoever runs follows a rotation without being started anew.
 */
export class MasterKeys {
  readonly #source: () => Promise<readonly Buffer[]>;
  #held: readonly MasterKey[] = [];
  #fault: Sentence | null = null;
  #reading: Promise<void> | null = null;
  readonly #missed = new Map<string, number>();

  /** `source` gives keys of 32 bytes, one at least, or throws a Sentence. */
  constructor(source: () => Promise<readonly Buffer[]>) {
    this.#source = source;
  }

  /** Reads the source anew. Throws KeyUnavailable where it gives nothing; what was held then stays. */
  async read(): Promise<void> {
    // One that is under way began before this was asked for: what it gives may be what was there before.
    await this.#reading?.catch(() => {});
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
    if (this.#fault !== null) throw unread(this.#fault);
  }

  async #readOnce(): Promise<void> {
    try {
      this.#held = (await this.#source()).map(masterKey);
      this.#fault = null;
    } catch (error) {
      if (!(error instanceof Sentence)) throw error;
      this.#fault = error;
    }
  }

  /**
   * Looks for keys that the database names, and reads the source again for those that are not held; null: for one that
   * has no name there, and where none is held at all, in any case.
   */
  async lookFor(ids: readonly (Buffer | null)[], now: number): Promise<void> {
    const missing = ids.filter((id) => id === null || this.find(id) === null).map((id) => id?.toString('hex') ?? '');
    if (this.#held.length === 0) missing.push('');
    if (missing.every((id) => now - (this.#missed.get(id) ?? Number.NEGATIVE_INFINITY) < notAgainMs)) return;
    const asked = performance.now();
    await this.read().catch(() => {});
    if (this.#missed.size > mostMissed) this.#missed.clear();
    // From when it answered: one that takes long would else be asked without end.
    const answered = now + performance.now() - asked;
    for (const id of missing) this.#missed.set(id, answered);
  }

  find(id: Buffer): MasterKey | null {
    return this.#held.find((one) => one.id.equals(id)) ?? null;
  }

  get all(): readonly MasterKey[] {
    return this.#held;
  }

  /** The one that wraps. Throws KeyUnavailable where there is none. */
  get first(): MasterKey {
    const [first] = this.#held;
    if (first === undefined) throw unread(this.#fault);
    return first;
  }

  /** Why a key is not held: the source gave none, or others. */
  unavailable(id: Buffer | null): KeyUnavailable {
    if (this.#held.length === 0) return unread(this.#fault);
    const named = id === null ? '' : ` ${id.toString('hex')}`;
    return new KeyUnavailable(
      `主密钥${named} 不在手中，点位密码无法读取：请检查 XUNJIAN_KEY_FILE 或 XUNJIAN_KEY_COMMAND 是否给出原来的密钥（更换后旧密钥须保留到 xunjian key forget）`,
      `the master key${named} is not at hand and no camera password can be read: check that XUNJIAN_KEY_FILE or XUNJIAN_KEY_COMMAND gives the key they were sealed with (after a change the old one stays until "xunjian key forget")`,
    );
  }
}

/** Why the source gave nothing is the cause: it names a file, which is nobody's business over the API. */
const unread = (fault: Sentence | null): KeyUnavailable =>
  new KeyUnavailable(
    '主密钥无法读取，点位密码不可用：请检查 XUNJIAN_KEY_FILE 或 XUNJIAN_KEY_COMMAND，原因见日志',
    'the master key cannot be read and camera passwords are unavailable: check XUNJIAN_KEY_FILE or XUNJIAN_KEY_COMMAND; the log says why',
    { cause: fault },
  );

/** The master keys of whoever has them at hand, read. */
export const masterKeysOf = async (...keys: readonly Buffer[]): Promise<MasterKeys> => {
  const masters = new MasterKeys(async () => keys);
  await masters.read();
  return masters;
};
