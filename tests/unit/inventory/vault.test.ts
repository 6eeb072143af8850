import { createCipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DataKey } from '../../../src/inventory/data-key.ts';
import { KeyUnavailable, MasterKeys, masterKeyId, masterKeysOf } from '../../../src/inventory/master-keys.ts';
import { SealBroken, seal, unseal } from '../../../src/inventory/seal.ts';
import { Vault } from '../../../src/inventory/vault.ts';
import { Sentence } from '../../../src/sentence.ts';

const master = randomBytes(32);
const login = { user: 'admin', password: '密码 "x" \u0000 1' };
const [code, neighbour] = ['45020200001310000001', '45020200001310000002'];
const vaultOf = async (...keys: Buffer[]): Promise<Vault> => new Vault(await masterKeysOf(...keys));

/** A vault with a data key of its own. */
const fresh = async () => {
  const vault = await vaultOf(master);
  return { vault, key: vault.make('credential', '450202') };
};

describe('a sealed login', () => {
  it('opens for its camera and version, to the letter, in another process as well', async () => {
    const { vault, key } = await fresh();
    const sealed = vault.seal(login, code, 3, key);
    expect(vault.open({ code, version: 3, sealed, key })).toEqual(login);
    const other = await vaultOf(Buffer.from(master));
    await other.hold([key, null]);
    expect(other.open({ code, version: 3, sealed, key })).toEqual(login);
  });

  it('does not open when it was moved to another camera, version or data key', async () => {
    const { vault, key } = await fresh();
    const sealed = vault.seal(login, code, 3, key);
    const other = vault.make('credential', '450203');
    expect(() => vault.open({ code: neighbour, version: 3, sealed, key })).toThrow(SealBroken);
    expect(() => vault.open({ code, version: 4, sealed, key })).toThrow(SealBroken);
    expect(() => vault.open({ code, version: 3, sealed, key: other })).toThrow(SealBroken);
  });

  it('does not open with one bit changed, wherever it is, or cut short', async () => {
    const { vault, key } = await fresh();
    const sealed = vault.seal(login, code, 1, key);
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(() => vault.open({ code, version: 1, sealed: changed, key })).toThrow(SealBroken);
    }
    for (const length of [0, 1, 12, 13, 20, 29, sealed.length - 1]) {
      expect(() => vault.open({ code, version: 1, sealed: sealed.subarray(0, length), key })).toThrow(SealBroken);
    }
  });

  it('shows nothing of the login, and looks different every time', async () => {
    const { vault, key } = await fresh();
    const [one, other] = [vault.seal(login, code, 1, key), vault.seal(login, code, 1, key)];
    expect(one.equals(other)).toBe(false);
    expect(one.includes('admin')).toBe(false);
  });
});

describe('a data key', () => {
  it('is wrapped by the first master key and is not in what wraps it', async () => {
    const vault = await vaultOf(randomBytes(32), master);
    const bytes = randomBytes(32);
    const key = vault.make('account', null, bytes);
    expect(key.master.equals(vault.masters.first.id)).toBe(true);
    expect(key.wrapped!.includes(bytes)).toBe(false);
  });

  it('does not unwrap for another purpose, unit or id, nor with another master key: and that is no wrong password', async () => {
    const { vault, key } = await fresh();
    const sealed = vault.seal(login, code, 1, key);
    const moved: DataKey[] = [
      { ...key, id: '00000000-0000-4000-8000-000000000000' },
      { ...key, unit: '450203' },
      { ...key, purpose: 'account', unit: null },
    ];
    for (const one of moved) {
      const other = await vaultOf(master);
      await other.hold([one]);
      expect(() => other.open({ code, version: 1, sealed, key: one })).toThrow(KeyUnavailable);
    }
    const stranger = await vaultOf(randomBytes(32));
    await stranger.hold([key]);
    expect(() => stranger.open({ code, version: 1, sealed, key })).toThrow(KeyUnavailable);
    expect(() => stranger.open({ code, version: 1, sealed, key })).toThrow(/XUNJIAN_KEY_FILE/);
  });

  it('wrapped anew by another master key opens what it sealed before', async () => {
    const old = await fresh();
    const sealed = old.vault.seal(login, code, 1, old.key);
    const next = randomBytes(32);
    const key = await (await vaultOf(next, master)).rewrap(old.key);
    const after = await vaultOf(next);
    await after.hold([key]);
    expect(after.open({ code, version: 1, sealed, key })).toEqual(login);
  });
});

describe('a login that was sealed before there were data keys', () => {
  /** The bytes as they were made then: nonce, tag, ciphertext, under the master key itself. */
  const sealedThen = (camera: string, version: number): Buffer => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', createSecretKey(master), nonce, { authTagLength: 16 });
    cipher.setAAD(Buffer.from(`credential:${camera}:${version}`));
    const text = Buffer.concat([cipher.update(JSON.stringify(login), 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), text]);
  };

  it('opens with the master key of then, whichever line it stands in, and for its own camera only', async () => {
    const sealed = sealedThen(code, 2);
    const vault = await vaultOf(randomBytes(32), master);
    expect(vault.open({ code, version: 2, sealed, key: null })).toEqual(login);
    expect(vault.directOf({ code, version: 2, sealed })!.id.equals(masterKeyId(master))).toBe(true);
    expect(() => vault.open({ code: neighbour, version: 2, sealed, key: null })).toThrow(KeyUnavailable);
    const stranger = await vaultOf(randomBytes(32));
    expect(() => stranger.open({ code, version: 2, sealed, key: null })).toThrow(KeyUnavailable);
  });
});

describe('the fingerprint of a login', () => {
  it('is the same for the same login under the same key, in another process as well', async () => {
    const vault = await vaultOf(master);
    const key = vault.make('fingerprint', null);
    const other = await vaultOf(master);
    await other.hold([key]);
    expect(vault.fingerprint(login, key).equals(other.fingerprint({ ...login }, key))).toBe(true);
  });

  it.each([
    ['another password', { user: 'admin', password: 'x' }],
    ['another user', { user: 'viewer', password: login.password }],
    // Joined without care, these are the same text.
    ['the border between user and password elsewhere', { user: 'admin密', password: login.password.slice(1) }],
  ])('is another one for %s', async (_, other) => {
    const vault = await vaultOf(master);
    const key = vault.make('fingerprint', null);
    expect(vault.fingerprint(other, key).equals(vault.fingerprint(login, key))).toBe(false);
  });

  it('is what it was before there were data keys, under the key that is derived from that master key', async () => {
    const { masters } = await vaultOf(master);
    const vault = new Vault(masters);
    const key = vault.make('fingerprint', null, masters.first.names);
    const names = Buffer.from(hkdfSync('sha256', master, '', 'login fingerprint', 32));
    const then = createHmac('sha256', names)
      .update(JSON.stringify([login.user, login.password]))
      .digest();
    expect(vault.fingerprint(login, key).equals(then)).toBe(true);
  });
});

describe('master keys', () => {
  it.each([0, 16, 31, 33])('are not made of %i bytes', async (length) => {
    await expect(masterKeysOf(randomBytes(length))).rejects.toThrow(RangeError);
  });

  it('have names that tell nothing of them', () => {
    const name = masterKeyId(master);
    expect(name).toHaveLength(8);
    expect(master.includes(name)).toBe(false);
    expect(masterKeyId(Buffer.from(master)).equals(name)).toBe(true);
    expect(masterKeyId(randomBytes(32)).equals(name)).toBe(false);
  });

  it('are read again for a name that is not held, and for the same one not again within five seconds', async () => {
    const next = randomBytes(32);
    let reads = 0;
    let held: readonly Buffer[] = [master];
    const masters = new MasterKeys(async () => {
      reads++;
      return held;
    });
    await masters.read();
    await masters.lookFor([masterKeyId(master)], 0);
    expect(reads).toBe(1);
    await masters.lookFor([masterKeyId(next)], 0);
    await masters.lookFor([masterKeyId(next)], 4_999);
    expect(reads).toBe(2);
    held = [next, master];
    // Another one that was never looked for is looked for at once.
    await masters.lookFor([masterKeyId(randomBytes(32))], 4_999);
    expect(reads).toBe(3);
    expect(masters.first.id.equals(masterKeyId(next))).toBe(true);
    await masters.lookFor([masterKeyId(next)], 9_000);
    expect(reads).toBe(3);
  });

  it('are looked for where there were none, and what is asked while they are read is read after it', async () => {
    let [reads, held] = [0, [] as Buffer[]];
    const waiting: (() => void)[] = [];
    const masters = new MasterKeys(async () => {
      reads++;
      const read = held;
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (read.length === 0) throw new Sentence('密钥不见了', 'the key is gone');
      return read;
    });
    const goOn = async (): Promise<void> => {
      await expect.poll(() => waiting.length).toBeGreaterThan(0);
      waiting.pop()!();
    };
    const first = masters.lookFor([], 0);
    await expect.poll(() => reads).toBe(1);
    held = [master];
    // Two who come when the file has changed: one more reading is for both.
    const others = [masters.lookFor([masterKeyId(master)], 0), masters.read()];
    await goOn();
    await first;
    expect(masters.all).toEqual([]);
    await goOn();
    await Promise.all(others);
    expect(reads).toBe(2);
    expect(masters.first.id.equals(masterKeyId(master))).toBe(true);
  });

  it('that cannot be read are told in words, and those that were held stay', async () => {
    let away = false;
    const masters = new MasterKeys(async () => {
      if (away) throw new Sentence('密钥不见了', 'the key is gone');
      return [master];
    });
    expect(() => masters.first).toThrow(KeyUnavailable);
    await masters.read();
    away = true;
    const refused: unknown = await masters.read().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(KeyUnavailable);
    expect((refused as Error).cause).toMatchObject({ en: 'the key is gone' });
    expect(masters.first.id.equals(masterKeyId(master))).toBe(true);
  });
});

describe('a seal', () => {
  it('says its format first, and one of another is refused', () => {
    const key = createSecretKey(randomBytes(32));
    const sealed = seal(key, 'here', Buffer.from('text'));
    expect(unseal(key, 'here', sealed).toString()).toBe('text');
    expect(() => unseal(key, 'here', Buffer.concat([Buffer.of(2), sealed.subarray(1)]))).toThrow(/format 2/);
    expect(() => unseal(key, 'there', sealed)).toThrow(SealBroken);
  });
});
