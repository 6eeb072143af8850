import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Vault } from '../../../src/inventory/vault.ts';

const key = randomBytes(32);
const login = { user: 'admin', password: '密码 "x" \u0000 1' };
const [camera, neighbour] = ['45020200001310000001', '45020200001310000002'];

describe('a sealed login', () => {
  it('opens for its camera and version, to the letter', () => {
    expect(new Vault(key).open(new Vault(key).seal(login, camera, 3), camera, 3)).toEqual(login);
  });

  it('does not open when it was moved to another camera or version', () => {
    const vault = new Vault(key);
    const sealed = vault.seal(login, camera, 3);
    expect(() => vault.open(sealed, neighbour, 3)).toThrow();
    expect(() => vault.open(sealed, camera, 4)).toThrow();
  });

  it('does not open with another key', () => {
    const sealed = new Vault(key).seal(login, camera, 1);
    expect(() => new Vault(randomBytes(32)).open(sealed, camera, 1)).toThrow();
  });

  it('does not open with one bit changed, wherever it is', () => {
    const vault = new Vault(key);
    const sealed = vault.seal(login, camera, 1);
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(() => vault.open(changed, camera, 1)).toThrow();
    }
  });

  it('does not open when it was cut short', () => {
    const vault = new Vault(key);
    const sealed = vault.seal(login, camera, 1);
    for (const length of [0, 11, 12, 20, 28, sealed.length - 1]) {
      expect(() => vault.open(sealed.subarray(0, length), camera, 1)).toThrow();
    }
  });

  it('shows nothing of the login, and looks different every time', () => {
    const vault = new Vault(key);
    const [one, other] = [vault.seal(login, camera, 1), vault.seal(login, camera, 1)];
    expect(one.equals(other)).toBe(false);
    expect(one.includes('admin')).toBe(false);
  });

  it.each([0, 16, 31, 33])('is not made with a key of %i bytes', (length) => {
    expect(() => new Vault(randomBytes(length))).toThrow(RangeError);
  });
});

describe('the fingerprint of a login', () => {
  it('is the same for the same login under the same key, in another process as well', () => {
    expect(new Vault(key).fingerprint(login).equals(new Vault(Buffer.from(key)).fingerprint({ ...login }))).toBe(true);
  });

  it.each([
    ['another password', { user: 'admin', password: 'x' }],
    ['another user', { user: 'viewer', password: login.password }],
    // Joined without care, these are the same text.
    ['the border between user and password elsewhere', { user: 'admin密', password: login.password.slice(1) }],
  ])('is another one for %s', (_, other) => {
    const vault = new Vault(key);
    expect(vault.fingerprint(other).equals(vault.fingerprint(login))).toBe(false);
  });

  it('is another one under another key, and is not the key under which logins are sealed', () => {
    const [one, other] = [new Vault(key), new Vault(randomBytes(32))];
    expect(one.fingerprint(login).equals(other.fingerprint(login))).toBe(false);
    const sealing = createHmac('sha256', key)
      .update(JSON.stringify([login.user, login.password]))
      .digest();
    expect(one.fingerprint(login).equals(sealing)).toBe(false);
  });
});
