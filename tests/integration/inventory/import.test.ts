import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importRows } from '../../../src/inventory/import.ts';
import type { Row } from '../../../src/inventory/sheet.ts';
import { putSite, sites } from '../../../src/inventory/site.ts';
import { assignmentsOf, noteRefusal } from '../../../src/probing/assignment.ts';
import { planAttempts } from '../../../src/schedule/attempts.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { Sentence } from '../../../src/sentence.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear, codeOf } from '../schedule/roster.ts';

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
  user: 'admin',
  password: `open ${serial}`,
  basicAllowed: false,
  ...more,
});
const run = (rows: readonly Row[], dryRun = false) => importRows(ground.db, ground.vault, rows, dryRun);

type Kept = { code: string; name: string; in_use: boolean; version: number | null; user?: string; password?: string };
const kept = async (): Promise<Kept[]> => {
  const rows = await ground.db.many<Kept & { sealed: Buffer | null }>(
    `select c.code, c.name, c.in_use, cr.version, cr.sealed
     from camera c left join credential cr on cr.camera = c.id order by c.code`,
  );
  return rows.map(({ sealed, ...rest }) => ({
    ...rest,
    ...(sealed === null ? {} : ground.vault.open(sealed, rest.code, rest.version!)),
  }));
};

/** Whether the next probe of the one camera there is would log in, and as whom. */
const nextLogin = async () => {
  const { db, vault } = ground;
  const inspection = await openInspection(db, new Date(), null);
  await planAttempts(db, inspection, inspection.started_at);
  const { id } = await db.one<{ id: number }>('select max(id) as id from batch');
  const [assignment] = await assignmentsOf(db, vault, id);
  return { login: assignment!.target.login, camera: assignment!.camera, version: assignment!.version };
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
    await ground.db.run('update camera set in_use = false');
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

describe('a login that a device refused', () => {
  const refuse = async (): Promise<void> => {
    const { login, camera, version } = await nextLogin();
    expect(login).toMatchObject({ user: 'admin' });
    await noteRefusal(ground.db, camera, version!, new Date(), 'unauthorized', 'DESCRIBE: 401');
    expect((await nextLogin()).login).toMatchObject({ refused: 'DESCRIBE: 401' });
  };

  it('is not tried again after an import of the same password, whatever else changed', async () => {
    await run([row(1)]);
    await refuse();
    await run([row(1, { name: '改名', rtspUrl: 'rtsp://127.0.0.1/other', basicAllowed: true })]);
    expect((await nextLogin()).login).toMatchObject({ refused: 'DESCRIBE: 401' });
  });

  it('is lifted by a new password', async () => {
    await run([row(1)]);
    await refuse();
    await run([row(1, { password: 'new' })]);
    expect(await nextLogin()).toMatchObject({ login: { user: 'admin', password: 'new' }, version: 2 });
  });

  it('is lifted by a new password also where the old one had been taken out in between', async () => {
    await run([row(1)]);
    await refuse();
    await run([row(1, { user: '', password: '' })]);
    expect((await nextLogin()).login).toBeNull();
    await run([row(1, { password: 'new' })]);
    expect(await nextLogin()).toMatchObject({ login: { user: 'admin', password: 'new' }, version: 2 });
  });
});

describe('a site', () => {
  it('is registered and changed, with networks of both families', async () => {
    const south = { code: 'south', name: '城南', networks: ['10.20.0.0/16', '2001:db8::/48'] };
    await putSite(ground.db, south);
    await putSite(ground.db, { code: 'north', name: '新名', networks: [] });
    expect(await sites(ground.db)).toEqual([{ code: 'north', name: '新名', networks: [] }, south]);
  });

  it.each([
    ['a network whose mask cuts its address', { code: 'south', name: '', networks: ['10.20.30.40/16'] }],
    ['a network that is none', { code: 'south', name: '', networks: ['10.20.0.0'] }],
    ['a code with a blank', { code: 'city south', name: '', networks: [] }],
    ['a code of 41 characters', { code: 'x'.repeat(41), name: '', networks: [] }],
  ])('with %s is refused in words', async (_, site) => {
    await expect(putSite(ground.db, site)).rejects.toBeInstanceOf(Sentence);
    expect(await sites(ground.db)).toHaveLength(1);
  });
});
