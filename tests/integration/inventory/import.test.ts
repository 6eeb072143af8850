import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importRows } from '../../../src/inventory/import.ts';
import type { Row } from '../../../src/inventory/sheet.ts';
import { putSite, sites } from '../../../src/inventory/site.ts';
import { type KeyColumns, keyColumns, keyOf } from '../../../src/inventory/stored-login.ts';
import { assignmentsOf } from '../../../src/probing/assignment.ts';
import { LoginBook } from '../../../src/probing/login-book.ts';
import { heldLogins, interruptedLogins, releaseInterrupted, releaseLogin } from '../../../src/probing/login-held.ts';
import { planAttempts } from '../../../src/schedule/attempts.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { Sentence } from '../../../src/sentence.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear, codeOf } from '../schedule/roster.ts';

/** Any certificate at all: here it is only kept. */
const authorities = `${rootCertificates[0]}\n`;

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(async () => {
  await clear(ground.db);
  await putSite(ground.db, { code: 'north', name: '城北', networks: ['127.0.0.0/8'] });
});

const row = (serial: number, more: Partial<Row> = {}): Row => ({
  line: serial + 1,
  code: codeOf(serial),
  name: `点位 ${serial}`,
  unit: '450202',
  class: 'social',
  site: 'north',
  rtspUrl: 'rtsp://127.0.0.1/live',
  onvifUrl: null,
  snapshotUrl: null,
  transport: 'tcp',
  certificate: null,
  deadlineMs: null,
  user: 'admin',
  password: `open ${serial}`,
  basicAllowed: false,
  ...more,
});
const run = (rows: readonly Row[], dryRun = false) => importRows(ground.db, ground.vault, rows, dryRun);

type Kept = { code: string; name: string; in_use: boolean; version: number | null; user?: string; password?: string };
const kept = async (): Promise<Kept[]> => {
  const rows = await ground.db.many<Kept & KeyColumns & { sealed: Buffer | null }>(
    `select c.code, c.name, c.in_use, cr.version, cr.sealed, ${keyColumns}
     from camera c left join credential cr on cr.camera = c.id left join data_key k on k.id = cr.data_key order by c.code`,
  );
  await ground.vault.hold(rows.map(keyOf));
  return rows.map(({ code, name, in_use, version, sealed, ...key }) => ({
    ...{ code, name, in_use, version },
    ...(sealed === null ? {} : ground.vault.open({ code, version: version!, sealed, key: keyOf(key) })),
  }));
};

/** What a probe of the next inspection would be told of a camera's login. */
const nextProbe = async (serial = 1) => {
  const { db, vault } = ground;
  const inspection = await openInspection(db, new Date(), null);
  await planAttempts(db, inspection, inspection.started_at);
  const { id } = await db.one<{ id: number }>('select max(id) as id from batch');
  const assignment = (await assignmentsOf(db, vault, { batch: id })).find(({ code }) => code === codeOf(serial))!;
  const { login, target } = assignment;
  if (login === null) return { target, guard: null };
  const book = new LoginBook(db, ground.log);
  return { target, guard: book.guard(login, await book.standings([login]), new AbortController().signal) };
};

describe('an import', () => {
  it('adds what is new, and is the same the second time, seals included', async () => {
    expect(await run([row(1), row(2, { user: '', password: '' })])).toEqual({ added: 2, changed: 0, same: 0 });
    expect(await kept()).toMatchObject([
      { code: codeOf(1), version: 1, user: 'admin', password: 'open 1' },
      { code: codeOf(2), version: null },
    ]);
    const seals = 'select sealed, changed_at from credential';
    const before = await ground.db.many(seals);
    expect(await run([row(1), row(2, { user: '', password: '' })])).toEqual({ added: 0, changed: 0, same: 2 });
    expect(await ground.db.many(seals)).toEqual(before);
  });

  it('tells a change from what is as it was, and a changed password is a change', async () => {
    await run([row(1), row(2), row(3), row(4)]);
    const changes = [
      row(1),
      row(2, { name: '改名' }),
      row(3, { password: 'new' }),
      row(4, { basicAllowed: true }),
      row(5),
    ];
    expect(await run(changes, true)).toEqual({ added: 1, changed: 3, same: 1 });
    expect(await run(changes)).toEqual({ added: 1, changed: 3, same: 1 });
    expect((await kept()).map(({ name, version, password }) => [name, version, password])).toEqual([
      ['点位 1', 1, 'open 1'],
      ['改名', 1, 'open 2'],
      ['点位 3', 2, 'new'],
      ['点位 4', 1, 'open 4'],
      ['点位 5', 1, 'open 5'],
    ]);
  });

  it('leaves what its sheet has no column for as it was, and takes away what a column leaves empty', async () => {
    const all = {
      onvifUrl: 'http://127.0.0.1/onvif',
      snapshotUrl: 'http://127.0.0.1/snap.jpg',
      transport: 'udp',
      certificate: 'unverified',
      deadlineMs: 90_000,
    } as const;
    const silent = {
      onvifUrl: undefined,
      snapshotUrl: undefined,
      transport: undefined,
      certificate: undefined,
      deadlineMs: undefined,
    };
    const kept = () =>
      ground.db.many('select onvif_url, snapshot_url, transport, certificate, deadline from camera order by code');
    await run([row(1, all)]);
    const before = await kept();
    expect(await run([row(1, silent)])).toEqual({ added: 0, changed: 0, same: 1 });
    expect(await run([row(1, { ...silent, name: '新名' }), row(2, silent)])).toEqual({ added: 1, changed: 1, same: 0 });
    expect(await kept()).toEqual([
      ...before,
      { onvif_url: null, snapshot_url: null, transport: 'tcp', certificate: null, deadline: null },
    ]);
    await run([row(1, { ...silent, onvifUrl: null })]);
    expect((await kept())[0]).toEqual({ ...before[0], onvif_url: null });
  });

  it('that is a dry run says the same and writes nothing', async () => {
    await run([row(1)]);
    const before = await kept();
    expect(await run([row(1, { name: '改名', password: 'new' }), row(2)], true)).toEqual({
      added: 1,
      changed: 1,
      same: 0,
    });
    expect(await kept()).toEqual(before);
  });

  it('that fails in its last row has written none', async () => {
    const rows = [...Array.from({ length: 5_001 }, (_, nth) => row(nth + 1)), row(6_000, { unit: '999999' })];
    await expect(run(rows)).rejects.toThrow();
    expect(await kept()).toEqual([]);
  });

  it('takes a camera that was taken out back into use', async () => {
    await run([row(1)]);
    await ground.db.run('update camera set in_use = false, removed = true');
    expect(await run([row(1)])).toEqual({ added: 0, changed: 1, same: 0 });
    expect(await kept()).toMatchObject([{ in_use: true }]);
  });

  it('keeps no password where anybody can read it', async () => {
    await run([row(1, { password: 'opensesame' })]);
    const { text } = await ground.db.one<{ text: string }>(
      "select string_agg(t::text, '') || encode((select sealed from credential), 'escape') as text from camera t",
    );
    expect(text).not.toContain('opensesame');
  });
});

describe('how a camera is to be asked', () => {
  const special = {
    rtspUrl: 'rtsps://127.0.0.1/live',
    onvifUrl: 'http://127.0.0.1/onvif/device_service',
    snapshotUrl: 'http://127.0.0.1/jpeg',
    transport: 'udp',
    certificate: 'ab'.repeat(32),
    deadlineMs: 60_000,
  } as const;

  it('is what the sheet says: addresses, transport, certificate and deadline', async () => {
    await run([row(1, special)]);
    const { target } = await nextProbe();
    expect(target).toMatchObject({
      url: special.rtspUrl,
      onvifUrl: special.onvifUrl,
      snapshotUrl: special.snapshotUrl,
      transport: 'udp',
      trust: { by: 'pin', sha256: special.certificate },
      deadlineMs: 60_000,
    });
    expect(await run([row(1, special)])).toEqual({ added: 0, changed: 0, same: 1 });
  });

  it('is what the policy and the site say where the sheet says nothing', async () => {
    await run([row(1)]);
    const { deadline } = await ground.db.one<{ deadline: number }>('select deadline from policy');
    const { target } = await nextProbe();
    expect(target).toMatchObject({ transport: 'tcp', deadlineMs: deadline });
    expect(target.snapshotUrl ?? target.onvifUrl ?? target.trust).toBeUndefined();
    await putSite(ground.db, { code: 'north', name: '城北', networks: ['127.0.0.0/8'], authorities });
    expect((await nextProbe()).target.trust).toEqual({ by: 'ca', pem: authorities });
  });

  it.each(['snapshotUrl', 'onvifUrl', 'transport', 'certificate', 'deadlineMs'] as const)(
    'is a change where only its %s differs, also back to nothing',
    async (what) => {
      await run([row(1)]);
      expect(await run([row(1, { [what]: special[what] })])).toEqual({ added: 0, changed: 1, same: 0 });
      expect(await run([row(1, { [what]: special[what] })])).toEqual({ added: 0, changed: 0, same: 1 });
      expect(await run([row(1)])).toEqual({ added: 0, changed: 1, same: 0 });
    },
  );

  it('may be without a look at its certificate, where somebody said so', async () => {
    await putSite(ground.db, { code: 'north', name: '城北', networks: ['127.0.0.0/8'], authorities });
    await run([row(1, { ...special, certificate: 'unverified' })]);
    expect((await nextProbe()).target.trust).toEqual({ by: 'nothing' });
  });
});

describe('a login that a device refused', () => {
  const unauthorized = { kind: 'unauthorized', detail: expect.stringContaining('DESCRIBE: 401') };
  const refuse = async (serial = 1): Promise<void> => {
    const { guard } = await nextProbe(serial);
    expect(await guard!.mayTry('rtsp')).toBeNull();
    await guard!.refused('rtsp', 'unauthorized', 'DESCRIBE: 401');
    expect(await (await nextProbe(serial)).guard!.mayTry('rtsp')).toMatchObject(unauthorized);
  };
  const next = async (serial = 1) => {
    const { guard, target } = await nextProbe(serial);
    return { login: target.login, held: await guard!.mayTry('rtsp') };
  };

  it('is not tried again after an import of the same password, whatever else changed', async () => {
    await run([row(1)]);
    await refuse();
    await run([row(1, { name: '改名', rtspUrl: 'rtsp://127.0.0.1/other', basicAllowed: true })]);
    expect(await next()).toMatchObject({ login: { password: 'open 1' }, held: unauthorized });
  });

  it('is not tried again after the same password was taken out and put back', async () => {
    await run([row(1)]);
    await refuse();
    await run([row(1, { user: '', password: '' })]);
    expect(await nextProbe()).toMatchObject({ target: { login: null }, guard: null });
    await run([row(1)]);
    expect(await next()).toMatchObject({ login: { password: 'open 1' }, held: unauthorized });
  });

  it('is not tried by another channel of the recorder with the same login, and is tried on another host', async () => {
    const same = { password: 'opensesame' };
    await run([row(1, same), row(2, { ...same, rtspUrl: 'rtsp://127.0.0.1:8554/channel/2' })]);
    await run([row(3, { ...same, rtspUrl: 'rtsp://127.0.0.3/' }), row(4, { password: 'other' })]);
    await refuse();
    expect((await next(2)).held).toMatchObject(unauthorized);
    expect((await next(3)).held).toBeNull();
    expect((await next(4)).held).toBeNull();
  });

  it('is not tried again by channels that get the same login in later imports', async () => {
    await run([1, 2, 3, 4].map((serial) => row(serial, { password: 'old' })));
    await run([row(1, { password: 'wrong' })]);
    await refuse(1);
    for (const serial of [2, 3, 4]) {
      await run([row(serial, { password: 'wrong' })]);
      expect((await next(serial)).held).toMatchObject(unauthorized);
    }
  });

  it('leaves Basic as it was where a sheet says nothing of it', async () => {
    await run([row(1, { basicAllowed: true })]);
    expect(await run([row(1, { basicAllowed: undefined })])).toEqual({ added: 0, changed: 0, same: 1 });
    await run([row(1, { basicAllowed: undefined, password: 'new' })]);
    expect((await next()).login).toMatchObject({ password: 'new', basicAllowed: true });
  });

  it('is lifted by a new password', async () => {
    await run([row(1)]);
    await refuse();
    await run([row(1, { password: 'new' })]);
    expect(await next()).toEqual({ login: { user: 'admin', password: 'new', basicAllowed: false }, held: null });
  });

  it('is lifted by a new password also where the old one had been taken out in between', async () => {
    await run([row(1)]);
    await refuse();
    await run([row(1, { user: '', password: '' })]);
    await run([row(1, { password: 'new' })]);
    expect(await next()).toMatchObject({ login: { password: 'new' }, held: null });
  });

  it('is tried once more where the password was changed and changed back', async () => {
    await run([row(1)]);
    await refuse();
    await run([row(1, { password: 'new' })]);
    await run([row(1)]);
    await refuse();
    // The same sheet again is no change.
    await run([row(1)]);
    expect((await next()).held).toMatchObject(unauthorized);
  });

  it('is shown with its camera until it is lifted, by hand or by a new password, and gives no password away', async () => {
    await run([row(1), row(2, { rtspUrl: 'rtsp://127.0.0.2/' })]);
    await refuse();
    const { guard } = await nextProbe(2);
    await guard!.mayTry('onvif');
    const shown = async () => {
      const all = await heldLogins(ground.db);
      expect(JSON.stringify(all)).not.toMatch(/open|admin/);
      return all.map(({ code, host, service, kind }) => [code, host, service, kind]);
    };
    const second = [codeOf(2), '127.0.0.2', 'onvif', 'trying'];
    expect(await shown()).toEqual([[codeOf(1), '127.0.0.1', 'rtsp', 'unauthorized'], second]);
    await run([row(1, { password: 'new' })]);
    expect(await shown()).toEqual([second]);
    expect(await interruptedLogins(ground.db)).toBe(1);
    expect(await releaseInterrupted(ground.db)).toBe(1);
    expect(await interruptedLogins(ground.db)).toBe(0);
    expect(await releaseLogin(ground.db, codeOf(2))).toBe('released');
    expect(await shown()).toEqual([]);
    expect((await next(2)).held).toBeNull();
    expect(await releaseLogin(ground.db, codeOf(9))).toBe('no camera');
  });
});

describe('a site', () => {
  const unlimited = { sockets: null, megabits: null };

  it('is registered and changed, with networks of both families', async () => {
    const south = { code: 'south', name: '城南', networks: ['10.20.0.0/16', '2001:db8::/48'] };
    await putSite(ground.db, south);
    await putSite(ground.db, { code: 'north', name: '新名', networks: [] });
    expect(await sites(ground.db)).toEqual([
      { code: 'north', name: '新名', networks: [], authorities: null, ...unlimited },
      { ...south, authorities: null, ...unlimited },
    ]);
  });

  it('keeps its name where it is changed without a word of it', async () => {
    await putSite(ground.db, { code: 'north', networks: ['10.30.0.0/16'] });
    expect(await sites(ground.db)).toMatchObject([{ code: 'north', name: '城北', networks: ['10.30.0.0/16'] }]);
    await putSite(ground.db, { code: 'south', networks: ['10.40.0.0/16'] });
    expect(await sites(ground.db)).toMatchObject([{ code: 'north' }, { code: 'south', name: 'south' }]);
  });

  it('keeps its authorities where it is changed without a word of them', async () => {
    const north = { code: 'north', name: '城北', networks: [] };
    await putSite(ground.db, { ...north, authorities });
    await putSite(ground.db, { ...north, authorities: null });
    await putSite(ground.db, north);
    expect(await sites(ground.db)).toEqual([{ ...north, authorities, ...unlimited }]);
  });

  it('keeps the limits of its line where it is changed without a word of them, and loses one that is taken away', async () => {
    const north = { code: 'north', name: '城北', networks: [] };
    await putSite(ground.db, { ...north, sockets: 40, megabits: 100 });
    await putSite(ground.db, { ...north, sockets: null });
    await putSite(ground.db, north);
    expect(await sites(ground.db)).toEqual([{ ...north, authorities: null, sockets: null, megabits: 100 }]);
  });

  it.each([
    ['authorities without a certificate in them', { code: 'south', name: '', networks: [], authorities: 'PEM' }],
    [
      'authorities of which one is no certificate',
      {
        code: 'south',
        name: '',
        networks: [],
        authorities: `${authorities}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      },
    ],
    ['authorities that are an empty file', { code: 'south', name: '', networks: [], authorities: '' }],
    ['a network whose mask cuts its address', { code: 'south', name: '', networks: ['10.20.30.40/16'] }],
    ['a network that is none', { code: 'south', name: '', networks: ['10.20.0.0'] }],
    ['a code with a blank', { code: 'city south', name: '', networks: [] }],
    ['a code of 41 characters', { code: 'x'.repeat(41), name: '', networks: [] }],
  ])('with %s is refused in words', async (_, site) => {
    await expect(putSite(ground.db, site)).rejects.toBeInstanceOf(Sentence);
    expect(await sites(ground.db)).toHaveLength(1);
  });
});
