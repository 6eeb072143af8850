import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { completeInspection, freezeFormer } from '../../../src/report/completion.ts';
import type { FrozenContent } from '../../../src/report/content.ts';
import { revise } from '../../../src/report/correction.ts';
import { canonicalBytes, frozenOf, requireDaily, sha256Of } from '../../../src/report/revision.ts';
import { decideExemption } from '../../../src/schedule/exemption-decide.ts';
import { submitExemption } from '../../../src/schedule/exemption-submit.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear, codeOf, putCameras } from '../schedule/roster.ts';
import { blind, down, exempt, requestOf, round, ten } from './frozen-round.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(async () => {
  await clear(ground.db);
  await ground.db.run("update unit set name = '城中区' where code = '450202'");
  // One attempt is all there is.
  await decidePolicy(ground.db, new Date('2026-01-01T00:00:00Z'), '一次即可 / one attempt', { attempts: [0] });
});

const began = new Date('2026-10-02T00:00:00Z');
const later = new Date('2026-10-03T01:02:03.004Z');
const contentOf = async (inspection: number, revision: number | null = null): Promise<FrozenContent> =>
  (await frozenOf(ground.db, inspection, revision))!.content;

describe('an inspection that is complete', () => {
  it('is frozen whole: roster, exemptions, policy, formula, figures, each camera’s attempts and outcome, and whose it is', async () => {
    const { db } = ground;
    const ids = await putCameras(db, [
      { serial: 1, class: 'skynet', url: 'rtsp://127.0.9.9/1' },
      { serial: 2, url: 'rtsp://127.0.9.9/2' },
      { serial: 3 },
      { serial: 4, class: 'household', unit: '450203' },
    ]);
    await db.run(
      `insert into archive (camera, recorder, pole, onu, power, carrier, managing_unit, maintaining_phone)
       values ($1, null, '杆 7', 'ONU 3', '取电 1', '电信', '城中分局', '0772-1'), ($2, 'NVR 5', null, null, null, null, null, null)`,
      [ids.get(1), ids.get(2)],
    );
    const exemption = await exempt(db, new Date('2026-10-01T00:00:00Z'), [3], { reason: 'other', text: '演练' });
    const inspection = await round(
      db,
      ids,
      began,
      { 2: { ...blind, faults: [] }, 3: down, 4: { image: 'unknown' } },
      '2026-10-02',
    );
    const { content, bytes, sha256, published } = (await frozenOf(db, inspection, null))!;

    const slot = '2026-10-02T00:00:00.500Z';
    const attempt = { attempt: 1, slot, observedAt: '2026-10-02T00:00:01.500Z', took: 12 };
    const sound = { online: 'yes', image: 'yes', failure: null, step: null, detail: null };
    const camera = {
      ...{ name: expect.any(String), unit: '450202', class: 'social', site: 'north', pictureDue: true },
      ...{ exempt: null, faults: [], appeal: null, party: null },
      shares: { recorder: null, pole: null, onu: null, power: null, carrier: null, host: null },
    };
    expect(content.cameras).toEqual([
      {
        ...camera,
        ...sound,
        code: codeOf(1),
        class: 'skynet',
        attempts: [{ ...attempt, ...sound }],
        party: {
          managingUnit: '城中分局',
          maintainingUnit: null,
          maintainingContact: null,
          maintainingPhone: '0772-1',
        },
        // Two cameras of one host are channels of a recorder, where the archive names none.
        shares: {
          host: '127.0.9.9@north',
          recorder: null,
          pole: '杆 7',
          onu: 'ONU 3',
          power: '取电 1',
          carrier: '电信',
        },
      },
      {
        ...camera,
        ...{ ...blind, online: 'yes' },
        code: codeOf(2),
        attempts: [{ ...attempt, ...blind, online: 'yes' }],
        shares: { ...camera.shares, recorder: 'NVR 5', host: null },
      },
      {
        ...camera,
        ...down,
        code: codeOf(3),
        exempt: { exemption, reason: '其他：演练', until: '2026-10-11T00:00:00.000Z' },
        attempts: [{ ...attempt, ...down }],
      },
      {
        ...camera,
        ...{ ...sound, image: 'unknown' },
        code: codeOf(4),
        unit: '450203',
        class: 'household',
        pictureDue: false,
        attempts: [{ ...attempt, ...sound, image: 'unknown' }],
      },
    ]);
    expect(content).toMatchObject({
      format: 'xunjian-inspection/1',
      inspection: {
        ...{ id: inspection, day: '2026-10-02', unit: null, startedAt: slot },
        ...{ cutoffAt: '2026-10-02T01:00:00.500Z', completedAt: '2026-10-02T00:10:00.500Z' },
      },
      revision: { number: 1, previous: null, madeAt: '2026-10-02T00:10:00.500Z', madeBy: 'xunjian' },
      formula: 'xunjian-rates/1',
      policy: { version: 2, note: '一次即可 / one attempt', valid_from: '2026-01-01T00:00:00.000Z', attempts: [0] },
      comparisons: [],
    });
    expect(content.units.map(({ code, verdict }) => [code, verdict])).toEqual([
      ['450202', 'missed'],
      ['450203', null],
    ]);
    expect(content.units[0]!.classes.total).toEqual({
      ...{ roster: 3, exempt: 1, unknown: 0, assessed: 2, online: 2, image: 1 },
      raw: { assessed: 3, online: 2, image: 1 },
      verdict: { online: 'met', image: 'missed' },
    });
    expect(content.city.total).toMatchObject({ roster: 3, exempt: 1, raw: { assessed: 3 }, verdict: { online: null } });
    expect(content.city.household).toMatchObject({ roster: 1, assessed: 1, online: 1 });
    expect(published).toBeNull();
    expect(sha256Of(bytes)).toBe(sha256);
  });

  it('is the same bytes for ever: whatever becomes of cameras, units, results and policy afterwards', async () => {
    const { db } = ground;
    const ids = await ten(db);
    const inspection = await round(db, ids, began, { 10: down });
    const first = (await frozenOf(db, inspection, null))!;
    await db.run("update camera set name = '改名', unit = '450203', in_use = false");
    await db.run("update unit set name = '另名' where code = '450202'");
    await db.run('delete from result');
    await decidePolicy(db, began, '更严 / stricter', { total_online: 100 });
    const again = (await frozenOf(db, inspection, 1))!;
    expect(again.bytes.equals(first.bytes)).toBe(true);
    expect(canonicalBytes(again.content).equals(first.bytes)).toBe(true);
    // Names in the order of their code units, no blank, no number that is written otherwise elsewhere.
    expect(first.bytes.toString()).toMatch(/^\{"cameras":\[\{"appeal":null,"attempts":\[\{"attempt":1,"detail":null,/);
  });

  it('whose bytes were changed all the same is given to nobody', async () => {
    const { db } = ground;
    const inspection = await round(db, await ten(db), began);
    const { bytes } = (await frozenOf(db, inspection, null))!;
    const forged = gzipSync(bytes.toString().replace('"online":10', '"online":11'));
    await db.run(
      `set local session_replication_role = replica;
       update revision set content = '\\x${forged.toString('hex')}';
       set local session_replication_role = origin`,
    );
    await expect(frozenOf(db, inspection, null)).rejects.toThrow('hash differs');
  });

  it('is compared with those of the day, the week and the month before, by their newest revisions', async () => {
    const { db } = ground;
    const ids = await ten(db);
    const on = (day: string): Promise<number> => round(db, ids, new Date(`${day}T00:00:00Z`), { 10: down }, day);
    // Of the 31st of March the month before has no such day: its last is meant.
    const [month, week, yesterday] = [await on('2026-02-28'), await on('2026-03-24'), await on('2026-03-30')];
    await round(db, ids, new Date('2026-03-30T05:00:00Z'));
    await submitExemption(
      db,
      new Date('2026-03-29T00:00:00Z'),
      requestOf([10], { beginsAt: new Date('2026-03-25T00:00:00Z'), endsAt: new Date('2026-04-01T00:00:00Z') }),
    );
    await decideExemption(db, 1, 'approved', '黄某', null, new Date('2026-03-30T09:00:00Z'));
    const { sha256 } = await revise(db, yesterday, '黄某', '补批', new Date('2026-03-30T10:00:00Z'));
    const { comparisons } = await contentOf(await on('2026-03-31'));
    const hashes = async (inspection: number) => (await frozenOf(db, inspection, null))!.sha256;
    const nine = { assessed: 10, online: 9, image: 9 };
    const all = { assessed: 9, online: 9, image: 9 };
    expect(comparisons).toEqual([
      {
        ...{ against: 'yesterday', day: '2026-03-30', inspection: yesterday, revision: 2, sha256 },
        ...{ units: [{ code: '450202', ...all }], city: all },
      },
      {
        ...{ against: 'last_week', day: '2026-03-24', inspection: week, revision: 1, sha256: await hashes(week) },
        ...{ units: [{ code: '450202', ...nine }], city: nine },
      },
      {
        ...{ against: 'last_month', day: '2026-02-28', inspection: month, revision: 1, sha256: await hashes(month) },
        ...{ units: [{ code: '450202', ...nine }], city: nine },
      },
    ]);
    expect(await requireDaily(db, '2026-03-24')).toBe(week);
    await expect(requireDaily(db, '2026-03-29')).rejects.toThrow('2026-03-30');
  });

  it('of before there were revisions is frozen as it stands, once, and can be corrected then', async () => {
    const { db } = ground;
    const inspection = await round(db, await ten(db), began, { 10: down });
    const { cameras, units } = await contentOf(inspection);
    await db.run(
      `set local session_replication_role = replica;
       delete from revision;
       set local session_replication_role = origin`,
    );
    expect(await frozenOf(db, inspection, null)).toBeNull();
    expect(await freezeFormer(db, later)).toBe(true);
    expect(await freezeFormer(db, later)).toBe(false);
    expect(await contentOf(inspection)).toMatchObject({
      cameras,
      units,
      revision: { number: 1, madeBy: 'xunjian', madeAt: later.toISOString(), why: expect.stringContaining('升级') },
    });
  });

  it('was closed by one scheduler, and the other that was at it in the same moment goes on', async () => {
    const { db } = ground;
    await ten(db);
    const inspection = await openInspection(db, began, null);
    // What a server says to the second of two sessions; the embedded database has one.
    await db.run(`create function fail() returns trigger language plpgsql as
        'begin raise exception using errcode = ''serialization_failure''; end';
      create trigger fail before update on inspection for each row execute function fail()`);
    expect(await completeInspection(db, inspection, later)).toBe(false);
    await db.run('drop trigger fail on inspection; drop function fail()');
    expect(await completeInspection(db, inspection, later)).toBe(true);
    expect(await completeInspection(db, inspection, later)).toBe(false);
  });
});
