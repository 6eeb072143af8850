import { createCipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Queryable, Statements } from '../../../src/db/pool.ts';
import { keyInUse, lockedKeys } from '../../../src/inventory/data-key.ts';
import { importRows } from '../../../src/inventory/import.ts';
import { keyReport } from '../../../src/inventory/key-report.ts';
import { keyState } from '../../../src/inventory/key-state.ts';
import { KeyUnavailable, MasterKeys, masterKeyId, masterKeysOf } from '../../../src/inventory/master-keys.ts';
import { rotateMaster, rotateUnit, unitsWithLogins } from '../../../src/inventory/rotation.ts';
import { SealBroken } from '../../../src/inventory/seal.ts';
import type { Row } from '../../../src/inventory/sheet.ts';
import { putSite } from '../../../src/inventory/site.ts';
import { type KeyColumns, keyColumns, keyOf } from '../../../src/inventory/stored-login.ts';
import { Vault } from '../../../src/inventory/vault.ts';
import { weakLogins } from '../../../src/inventory/weak-logins.ts';
import { writeLogins } from '../../../src/inventory/write-logins.ts';
import { type Assignment, assignmentsOf } from '../../../src/probing/assignment.ts';
import { LoginBook } from '../../../src/probing/login-book.ts';
import { heldLogins } from '../../../src/probing/login-held.ts';
import { Sentence } from '../../../src/sentence.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { type Ran, xunjian } from '../commands/xunjian.ts';
import { clear, codeOf } from '../schedule/roster.ts';

let ground: TestGround;
let master: Buffer;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(async () => {
  await clear(ground.db);
  await ground.db.run('delete from data_key');
  master = randomBytes(32);
  await hold(master);
  await putSite(ground.db, { code: 'north', name: '城北', networks: ['127.0.0.0/8'] });
});

/** What the key file of all processes holds from now on; this one has read it. */
const hold = async (...keys: Buffer[]): Promise<void> => {
  await writeFile(ground.keys.file!, keys.map((key) => `${key.toString('hex')}\n`).join(''));
  await ground.vault.masters.read();
};

const row = (serial: number, more: Partial<Row> = {}): Row => ({
  ...{ line: serial + 1, code: codeOf(serial), name: `点位 ${serial}`, unit: '450202', class: 'social', site: 'north' },
  ...{ rtspUrl: `rtsp://127.0.0.${serial}/live`, onvifUrl: null, snapshotUrl: null, transport: 'tcp' },
  ...{ certificate: null, deadlineMs: null, user: 'admin', password: `open ${serial}`, basicAllowed: false },
  ...more,
});
const run = (rows: readonly Row[], vault = ground.vault) => importRows(ground.db, vault, rows, false);

type Stored = KeyColumns & { code: string; version: number; sealed: Buffer; fingerprint: Buffer };
const stored = (): Promise<Stored[]> =>
  ground.db.many<Stored>(
    `select c.code, cr.version, cr.sealed, cr.fingerprint, ${keyColumns} from credential cr
     join camera c on c.id = cr.camera left join data_key k on k.id = cr.data_key order by c.code`,
  );
const opened = async (vault: Vault): Promise<string[]> => {
  const rows = await stored();
  await vault.hold(rows.map(keyOf));
  return rows.map((one) => `${one.version} ${vault.open({ ...one, key: keyOf(one) }).password}`);
};

/** What a worker with this vault would be told of each camera in use, for a picture. */
const assigned = async (vault = ground.vault): Promise<Assignment[]> => {
  await ground.db.run(
    `insert into sweep (slot, site, want, part, cameras, policy, expires_at)
     select date_bin('5 seconds', now(), '2026-01-01'), 'north', 'picture', count(*), (select array_agg(id order by code) from camera),
       (select max(version) from policy), now() + interval '1 hour' from sweep`,
  );
  const { part, slot } = await ground.db.one<{ part: number; slot: Date }>(
    'select part, slot from sweep order by part desc limit 1',
  );
  const job = { sweep: { slot: slot.getTime(), site: 'north', want: 'picture' as const, part }, until: Infinity };
  return assignmentsOf(ground.db, vault, job);
};

/** A login as this service sealed and named it before there were data keys. */
const sealThen = async (serial: number, key: Buffer, password = `open ${serial}`): Promise<Buffer> => {
  const login = { user: 'admin', password };
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), nonce, { authTagLength: 16 });
  cipher.setAAD(Buffer.from(`credential:${codeOf(serial)}:1`));
  const text = Buffer.concat([cipher.update(JSON.stringify(login), 'utf8'), cipher.final()]);
  const fingerprint = createHmac('sha256', Buffer.from(hkdfSync('sha256', key, '', 'login fingerprint', 32)))
    .update(JSON.stringify([login.user, login.password]))
    .digest();
  await ground.db.run(
    `insert into credential (camera, version, sealed, fingerprint)
     select id, 1, $2, $3 from camera where code = $1`,
    [codeOf(serial), Buffer.concat([nonce, cipher.getAuthTag(), text]), fingerprint],
  );
  return fingerprint;
};

describe('logins that were sealed before there were data keys', () => {
  const upgrade = async (): Promise<Buffer> => {
    await run([1, 2, 3].map((serial) => row(serial, { user: '', password: '' })));
    const [fingerprint] = [await sealThen(1, master), await sealThen(2, master), await sealThen(3, master)];
    return fingerprint!;
  };

  it('open as before, are the same to an import, which seals them anew, and a refused one stays held', async () => {
    const fingerprint = await upgrade();
    const login = { host: '127.0.0.1', fingerprint, renewedAt: null };
    const book = new LoginBook(ground.db, ground.log);
    const guard = book.guard(login, await book.standings([login]), new AbortController().signal);
    await guard.mayTry('rtsp');
    await guard.refused('rtsp', 'unauthorized', 'DESCRIBE: 401');
    const before = await assigned();
    expect(before.map(({ target }) => target.login?.password)).toEqual(['open 1', 'open 2', 'open 3']);
    expect(before[0]!.login!.fingerprint.equals(fingerprint)).toBe(true);

    expect(await run([row(1), row(2)])).toEqual({ added: 0, changed: 0, same: 2 });
    expect((await stored()).map(({ key_unit }) => key_unit)).toEqual(['450202', '450202', null]);
    expect(await opened(ground.vault)).toEqual(['1 open 1', '1 open 2', '1 open 3']);
    expect(await heldLogins(ground.db)).toMatchObject([{ code: codeOf(1), kind: 'unauthorized' }]);

    // The same login in a new seal, on the same host: still the one that was refused.
    await run([row(1, { password: 'other' }), row(4, { rtspUrl: 'rtsp://127.0.0.1/2', password: 'open 1' })]);
    expect((await heldLogins(ground.db)).map(({ code }) => code)).toEqual([codeOf(4)]);
  });

  it('are all sealed under data keys by one rotation', async () => {
    await upgrade();
    expect(await keyReport(ground.db, ground.vault.masters)).toMatchObject({ direct: 3, keys: [] });
    expect(await rotateUnit(ground.db, ground.vault, '450202', new Date())).toMatchObject({ resealed: 3, broken: [] });
    expect(await keyReport(ground.db, ground.vault.masters)).toMatchObject({ direct: 0 });
    expect(await opened(new Vault(await masterKeysOf(master)))).toEqual(['1 open 1', '1 open 2', '1 open 3']);
  });

  it('of which one was changed are sealed anew but for that one, which is named; none is called a missing key', async () => {
    await upgrade();
    await ground.db.run(
      `update credential set sealed = overlay(sealed placing '\\x00000000' from 14)
       where camera = (select id from camera where code = $1)`,
      [codeOf(1)],
    );
    const broken = [codeOf(1)];
    // A health check may meet it first.
    expect(await keyState(ground.db, ground.vault)).toEqual({ ok: true });
    expect(await rotateUnit(ground.db, ground.vault, '450202', new Date())).toMatchObject({ resealed: 2, broken });
    // It alone is left, and this process knows nothing yet.
    const next = async (): Promise<Vault> => new Vault(await masterKeysOf(master));
    expect(await keyState(ground.db, await next())).toEqual({ ok: true });
    expect(await rotateUnit(ground.db, await next(), '450202', new Date())).toMatchObject({ resealed: 2, broken });
    expect(await weakLogins(ground.db, await next(), null)).toMatchObject({ looked: 3, broken });
    await expect(run([row(1)], await next())).rejects.toThrow(codeOf(1));
    const wrong = new Vault(await masterKeysOf(randomBytes(32)));
    expect(await keyState(ground.db, wrong)).toMatchObject({ ok: false });
  });

  it('are opened as soon as the right master key is there, by who began without it', async () => {
    await upgrade();
    const file: Buffer[] = [];
    const none = (): never => {
      throw new Sentence('无', 'none');
    };
    const masters = new MasterKeys(async () => (file.length === 0 ? none() : file));
    await masters.read().catch(() => {});
    const late = new Vault(masters);
    file.push(master);
    expect((await assigned(late)).map(({ fault }) => fault)).toEqual([null, null, null]);
  });

  it('are not named anew under a wrong master key', async () => {
    await upgrade();
    const wrong = new Vault(await masterKeysOf(randomBytes(32)));
    await expect(run([row(9)], wrong)).rejects.toThrow(KeyUnavailable);
    expect(await ground.db.many('select from data_key')).toEqual([]);
    expect(await keyState(ground.db, wrong)).toMatchObject({ ok: false });
    expect(await keyState(ground.db, ground.vault)).toEqual({ ok: true });
  });
});

describe('a seal', () => {
  it('that was swapped with another camera’s is refused: no login goes out, and an import says which camera', async () => {
    await run([row(1), row(2), row(3)]);
    await ground.db.run(
      `update credential a set sealed = b.sealed, fingerprint = b.fingerprint from credential b, camera x, camera y
       where x.code = $1 and y.code = $2 and (a.camera, b.camera) in ((x.id, y.id), (y.id, x.id))`,
      [codeOf(1), codeOf(2)],
    );
    const swapped = { fault: 'the sealed login is not of this camera', login: null, target: { login: null } };
    expect(await assigned()).toMatchObject([
      swapped,
      swapped,
      { fault: null, target: { login: { password: 'open 3' } } },
    ]);
    const refused: unknown = await run([row(1), row(3)]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Sentence);
    expect((refused as Sentence).message).toContain(codeOf(1));
    expect((refused as Sentence).message).not.toContain('open ');
    expect(await weakLogins(ground.db, ground.vault, null)).toMatchObject({
      broken: [codeOf(1), codeOf(2)],
      looked: 3,
    });

    // A rotation leaves them, and the key that they name, as they are.
    expect(await rotateUnit(ground.db, ground.vault, '450202', new Date())).toMatchObject({
      ...{ resealed: 1, broken: [codeOf(1), codeOf(2)], destroyed: 0 },
    });
    // The remedy that the sentence names.
    await run([row(1, { user: '', password: '' }), row(2, { user: '', password: '' })]);
    await run([row(1), row(2)]);
    expect(await opened(ground.vault)).toEqual(['1 open 1', '1 open 2', '1 open 3']);
    expect(await rotateUnit(ground.db, ground.vault, '450202', new Date())).toMatchObject({
      ...{ resumed: true, broken: [], destroyed: 1 },
    });
  });

  it('that names another data key, or one whose wrap was changed, is refused', async () => {
    await run([row(1), row(2, { unit: '450203' })]);
    await ground.db.run(`update credential set data_key = (select id from data_key where unit = '450203')`);
    expect(await assigned()).toMatchObject([{ fault: 'the sealed login is not of this camera' }, { fault: null }]);
    await ground.db.run(`update data_key set wrapped = overlay(wrapped placing '\\x00' from 40)`);
    const other = new Vault(await masterKeysOf(master));
    const fault = 'no key at hand opens the sealed login';
    expect(await assigned(other)).toMatchObject([{ fault }, { fault }]);
  });

  it('is under the key of the unit that its camera belongs to, also after it moved', async () => {
    await run([row(1), row(2)]);
    const silent = { user: null, password: '', unit: '450203' };
    expect(await run([row(1, silent), row(2, { unit: '450203' })])).toMatchObject({ changed: 2 });
    expect((await stored()).map(({ key_unit, version }) => [key_unit, version])).toEqual([
      ['450203', 1],
      ['450203', 1],
    ]);
    expect(await opened(ground.vault)).toEqual(['1 open 1', '1 open 2']);
  });
});

describe('a wrong master key', () => {
  it('is our own fault: nothing is imported, no login goes out, and nothing says a password were wrong', async () => {
    await run([row(1)]);
    const before = await stored();
    const wrong = new Vault(await masterKeysOf(randomBytes(32)));
    // Also of a unit that has no key yet: it would be wrapped by the wrong one.
    for (const rows of [[row(1)], [row(2)], [row(2, { unit: '450203' })]]) {
      const refused: unknown = await run(rows, wrong).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(KeyUnavailable);
      expect((refused as Sentence).message).toMatch(/XUNJIAN_KEY_FILE/);
    }
    expect(await stored()).toEqual(before);
    expect(await ground.db.many('select code from camera')).toHaveLength(1);
    const fault = 'no key at hand opens the sealed login';
    expect(await assigned(wrong)).toMatchObject([{ fault, login: null, target: { login: null } }]);
    await expect(weakLogins(ground.db, wrong, null)).rejects.toThrow(KeyUnavailable);
    await expect(rotateUnit(ground.db, wrong, '450202', new Date())).rejects.toThrow(KeyUnavailable);
    expect(await opened(ground.vault)).toEqual(['1 open 1']);
  });
});

/** The database, with something that happens before each statement, and before each transaction ('begin'). */
const mortal = (before: (sql: string, db: Queryable) => unknown): Database => {
  const asked = (db: Queryable): Queryable => {
    const first = async <T>(sql: string, ask: () => Promise<T>): Promise<T> => {
      await before(sql, db);
      return ask();
    };
    return {
      one: (sql, parameters) => first(sql, () => db.one(sql, parameters)),
      maybeOne: (sql, parameters) => first(sql, () => db.maybeOne(sql, parameters)),
      many: (sql, parameters) => first(sql, () => db.many(sql, parameters)),
      run: (sql, parameters) => first(sql, () => db.run(sql, parameters)),
    };
  };
  const within =
    (ask: Statements['transaction']): Statements['transaction'] =>
    async (work) => {
      await before('begin', ground.db);
      return ask((tx) => work(asked(tx)));
    };
  const statements = (on: Statements): Statements => ({
    ...asked(on),
    transaction: within(on.transaction),
    connection: within(on.connection),
  });
  const { db } = ground;
  return { ...statements(db), patient: statements(db.patient), close: async () => {} };
};

describe('the rotation of a unit’s data key', () => {
  const many = Array.from({ length: 1_100 }, (_, nth) =>
    row(nth + 1, { rtspUrl: `rtsp://127.0.${nth >> 8}.${nth & 255}/` }),
  );

  it('seals all anew, keeps versions and names, touches no other unit, and leaves nothing of the old key', async () => {
    await run([...many, row(2_000, { unit: '450203', rtspUrl: 'rtsp://127.9.0.1/' })]);
    const before = await stored();
    expect(await unitsWithLogins(ground.db)).toEqual(['450202', '450203']);
    expect(await rotateUnit(ground.db, ground.vault, '450202', new Date())).toEqual({
      ...{ unit: '450202', resumed: false, resealed: 1_100, broken: [], destroyed: 1 },
    });
    const after = await stored();
    expect(new Set(after.map(({ key_id }) => key_id)).size).toBe(2);
    expect(after.at(-1)).toEqual(before.at(-1));
    expect(after.map(({ version, fingerprint }) => [version, fingerprint])).toEqual(
      before.map(({ version, fingerprint }) => [version, fingerprint]),
    );
    expect(after[0]!.sealed.equals(before[0]!.sealed)).toBe(false);
    expect((await opened(new Vault(await masterKeysOf(master))))[1_099]).toBe('1 open 1100');
    const gone = await ground.db.many<{ wrapped: null }>('select wrapped from data_key where retired_at is not null');
    expect(gone).toEqual([{ wrapped: null }]);
  });

  it('that was killed in the middle goes on where it was', async () => {
    await run(many);
    let lives = 3;
    const dying = mortal((sql) => {
      if (sql === 'begin' && --lives === 0) throw new Error('killed');
    });
    await expect(rotateUnit(dying, ground.vault, '450202', new Date())).rejects.toThrow('killed');
    expect(new Set((await stored()).map(({ key_id }) => key_id)).size).toBe(2);
    expect((await opened(ground.vault))[700]).toBe('1 open 701');
    expect(await rotateUnit(ground.db, ground.vault, '450202', new Date())).toEqual({
      ...{ unit: '450202', resumed: true, resealed: 600, broken: [], destroyed: 1 },
    });
    expect(new Set((await stored()).map(({ key_id }) => key_id)).size).toBe(1);
  });

  it('that was killed before any of its statements leaves every login to be opened, and the next one ends it', async () => {
    const { db } = ground;
    await run([row(1), row(2), row(3, { unit: '450203' })]);
    // One that moved without its seal, as only a hand in the database does it.
    await db.run("update camera set unit = '450204' where code = $1", [codeOf(2)]);
    const seen: string[] = [];
    for (let lives = 1; ; lives++) {
      let left = lives;
      const dying = mortal((sql) => {
        if (--left > 0) return;
        seen.push(sql);
        throw new Error('killed');
      });
      const ended = await rotateUnit(dying, new Vault(await masterKeysOf(master)), '450202', new Date()).catch(
        (error: Error) => error.message,
      );
      expect(await opened(new Vault(await masterKeysOf(master)))).toEqual(['1 open 1', '1 open 2', '1 open 3']);
      if (ended !== 'killed') break;
      expect((await rotateUnit(db, ground.vault, '450202', new Date())).broken).toEqual([]);
      const keys = await db.many('select unit from data_key where wrapped is not null and unit is not null order by 1');
      expect(keys).toEqual(['450202', '450203', '450204'].map((unit) => ({ unit })));
    }
    expect(seen.length).toBeGreaterThan(15);
    expect(seen.filter((sql) => sql === 'begin').length).toBeGreaterThan(2);
  });

  it('keeps imports and other rotations out of what it seals, a chunk at a time', async () => {
    await run([row(1), row(2)]);
    const held: string[] = [];
    const watched = mortal(async (sql, tx) => {
      if (!/update (data_key|credential cr) set/.test(sql) || /wrapped = null/.test(sql)) return;
      const locks = await tx.many<{ mode: string }>(`select mode from pg_locks where relation = 'import'::regclass`);
      held.push(...locks.map(({ mode }) => mode));
    });
    await rotateUnit(watched, ground.vault, '450202', new Date());
    expect(held).toEqual(['ShareRowExclusiveLock', 'ShareRowExclusiveLock']);
  });

  it('finds what was sealed under the old key just before it was retired', async () => {
    await run([row(1)]);
    const { db, vault } = ground;
    await db.transaction(async (tx) => {
      const key = (await lockedKeys(tx, vault, ['450202'])).of('450202');
      // Nobody on the embedded database works beside a transaction; elsewhere the rotation waits for this one.
      const held = await tx.one<{ locked: boolean }>(`select xmax <> '0'::xid as locked from data_key where id = $1`, [
        key.id,
      ]);
      expect(held.locked).toBe(true);
      const login = { code: codeOf(1), unit: '450202', version: 2, basicAllowed: false };
      await writeLogins(tx, vault, [{ ...login, credentials: { user: 'admin', password: 'new' } }]);
    });
    expect(await rotateUnit(db, vault, '450202', new Date())).toMatchObject({ resealed: 1, destroyed: 1 });
    expect(await opened(vault)).toEqual(['2 new']);
  });
});

describe('the rotation of the master key', () => {
  it('wraps every data key anew, and whoever runs follows without being started again', async () => {
    await run([row(1), row(2, { unit: '450203' })]);
    const { db, vault } = ground;
    await vault.sealText(db, 'totp:1', 'secret');
    // A worker that has opened nothing yet, and one that has.
    const running = new Vault(new MasterKeys(ground.keys.read));
    await running.masters.read();
    const next = randomBytes(32);
    await hold(next, master);
    expect(await rotateMaster(db, vault)).toBe(4);
    expect(await rotateMaster(db, vault)).toBe(0);
    const report = await keyReport(db, vault.masters);
    expect(report.masters).toEqual([
      { id: masterKeyId(next).toString('hex'), held: true, first: true, wraps: 4 },
      { id: masterKeyId(master).toString('hex'), held: true, first: false, wraps: 0 },
    ]);
    expect(await assigned(running)).toMatchObject([{ fault: null }, { fault: null }]);
    expect(await assigned()).toMatchObject([{ fault: null }, { fault: null }]);
    expect(await opened(new Vault(await masterKeysOf(next)))).toEqual(['1 open 1', '1 open 2']);
    const old = new Vault(await masterKeysOf(master));
    expect(await keyState(db, old)).toMatchObject({ ok: false });
  });
});

describe('a sealed text', () => {
  it('opens for what it was bound to and for nothing else', async () => {
    const { db, vault } = ground;
    const sealed = await vault.sealText(db, 'totp:7', 'JBSWY3DPEHPK3PXP');
    expect(sealed.includes('JBSWY3DPEHPK3PXP')).toBe(false);
    const other = new Vault(await masterKeysOf(master));
    expect(await other.openText(db, 'totp:7', sealed)).toBe('JBSWY3DPEHPK3PXP');
    await expect(other.openText(db, 'totp:8', sealed)).rejects.toThrow(SealBroken);
    await expect(other.openText(db, 'totp:7', sealed.subarray(0, 10))).rejects.toThrow(SealBroken);
    await run([row(1)]);
    // It says which key, and another purpose's is not taken.
    const credential = await keyInUse(db, vault, 'credential', '450202');
    const moved = Buffer.concat([Buffer.from(credential.id.replaceAll('-', ''), 'hex'), sealed.subarray(16)]);
    await expect(vault.openText(db, 'totp:7', moved)).rejects.toThrow(SealBroken);
    const wrong = new Vault(await masterKeysOf(randomBytes(32)));
    await expect(wrong.openText(db, 'totp:7', sealed)).rejects.toThrow(KeyUnavailable);
    await expect(wrong.sealText(db, 'totp:7', 'x')).rejects.toThrow(KeyUnavailable);
  });
});

describe('weak logins', () => {
  it('are found in what is stored, with their reasons and without the logins', async () => {
    const logins: readonly (readonly [string, string])[] = [
      ['admin', '12345'],
      ['888888', '888888'],
      ['admin', ''],
      ['viewer', 'Viewer'],
      ['someone', 'Password123'],
      ['someone', 'k3#vQ'],
      ['someone', 'k3#vQ-long-and-good'],
    ];
    await run(logins.map(([user, password], nth) => row(nth + 1, { user, password })));
    const { weak, looked } = await weakLogins(ground.db, ground.vault, null);
    expect(looked).toBe(7);
    expect(weak.map(({ code, reasons }) => [Number(code.slice(14)), reasons.join()])).toEqual([
      [1, 'factory,common,short'],
      [2, 'factory,same_as_user,common,short'],
      [3, 'factory,empty'],
      [4, 'same_as_user,short'],
      [5, 'common'],
      [6, 'short'],
    ]);
    expect(JSON.stringify(weak)).not.toMatch(/12345"|admin|Password/);
  });

  it('are those of one unit, and the same login on more than twenty hosts is one', async () => {
    const same = Array.from({ length: 22 }, (_, nth) => row(nth + 1, { user: 'ops', password: 'k3#vQ-long-and-good' }));
    await run([...same.slice(0, 21), { ...same[21]!, unit: '450203' }]);
    const shared = await weakLogins(ground.db, ground.vault, null);
    expect(shared.weak.map(({ reasons, hosts }) => `${reasons} ${hosts}`)).toEqual(Array(22).fill('shared 22'));
    expect((await weakLogins(ground.db, ground.vault, '450202')).weak[0]).toMatchObject({ hosts: 21 });
    expect(await weakLogins(ground.db, ground.vault, '450203')).toEqual({ weak: [], looked: 1, broken: [] });
  });
});

describe('xunjian key', () => {
  const json = ({ code, out, err }: Ran): unknown => {
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out);
  };
  const audited = async (): Promise<string[]> =>
    (
      await ground.db.many<{ done: string }>(
        `select concat_ws(' ', action, unit) as done from audit where action like 'key.%' and outcome = 'done' order by number`,
      )
    ).map(({ done }) => done);

  it('adds a master key, wraps all by it, forgets the old one, and shows what there is; each in the audit', async () => {
    await run([row(1), row(2, { unit: '450203' })]);
    const { env, db } = ground;
    const before = (await audited()).length;
    const { added } = json(await xunjian(env, 'key', 'add', '--json')) as { added: string };
    // Not yet: the old one still wraps.
    expect(json(await xunjian(env, 'key', 'forget', '--json'))).toEqual({ forgotten: [] });
    expect(json(await xunjian(env, 'key', 'rotate', '--master', '--json'))).toEqual({ rewrapped: 3 });
    const { units } = json(await xunjian(env, 'key', 'rotate', '--json')) as { units: object[] };
    expect(units).toMatchObject([
      { unit: '450202', resealed: 1 },
      { unit: '450203', resealed: 1 },
    ]);
    expect(json(await xunjian(env, 'key', 'forget', '--json'))).toEqual({
      forgotten: [masterKeyId(master).toString('hex')],
    });
    expect(await ground.keys.read()).toHaveLength(1);
    expect(json(await xunjian(env, 'key', 'status', '--json'))).toMatchObject({
      ...{ ok: true, direct: 0, masters: [{ id: added, held: true, first: true, wraps: 3 }] },
      keys: [{ purpose: 'credential', unit: '450202', logins: 1 }, { unit: '450203' }, { purpose: 'fingerprint' }],
    });
    expect((await audited()).slice(before)).toEqual([
      ...['key.add', 'key.forget', 'key.rotate', 'key.rotate 450202', 'key.rotate 450203', 'key.forget'],
    ]);
    await ground.vault.masters.read();
    expect(await opened(ground.vault)).toEqual(['1 open 1', '1 open 2']);
    const { text } = await db.one<{ text: string }>(`select string_agg(a::text, '') as text from audit a`);
    expect(text).not.toContain((await ground.keys.read())[0]!.toString('hex'));

    const weak = await xunjian(env, 'key', 'weak', '--unit', '450202');
    expect(weak).toMatchObject({ code: 0, err: '' });
    expect(weak.out).toMatch(/450202.*不足 8 位 short[\s\S]*1 of 1 logins are weak/);
  });

  it('says in words what cannot be done', async () => {
    const { env } = ground;
    const { XUNJIAN_KEY_FILE: file, ...others } = env;
    expect(await xunjian(env, 'key', 'rotate', '--unit', '999999')).toMatchObject({ code: 2 });
    expect(await xunjian(env, 'key', 'rotate', '--unit', '450202', '--master')).toMatchObject({ code: 2 });
    const stranger = await xunjian(env, 'site', 'north', '--workers', 'nobody');
    expect(stranger.code).toBe(2);
    expect(stranger.err).toContain('grant xunjian_worker');
    const byCommand = { ...others, XUNJIAN_KEY_COMMAND: `cat ${file}` };
    const refused = await xunjian(byCommand, 'key', 'add');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('XUNJIAN_KEY_COMMAND');
    await run([row(1)]);
    expect(await xunjian(byCommand, 'key', 'status')).toMatchObject({ code: 0, err: '' });

    await hold(randomBytes(32));
    const lost = await xunjian(env, 'key', 'status');
    expect(lost.code).toBe(3);
    expect(lost.out).toContain('NOT AT HAND');
    // Once loudly, on whatever command it is.
    expect(lost.err).toMatch(/^\{"level":50.*no login will be tried"\}\n$/);
  });
});
