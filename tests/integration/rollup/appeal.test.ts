import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { grantAppeal } from '../../../src/report/correction.ts';
import { frozenOf, revisionsOf } from '../../../src/report/revision.ts';
import {
  type AppealRequest,
  appeals,
  attachmentOfAppeal,
  decideAppeal,
  frameOf,
  requireAppeal,
  submitAppeal,
} from '../../../src/rollup/appeal.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { Sentence } from '../../../src/sentence.ts';
import { insert } from '../../../src/store/writer.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { pictureOf } from '../../support/results.ts';
import { clear, codeOf, putCameras } from '../schedule/roster.ts';
import { blind, down, exempt, round } from './frozen-round.ts';

let ground: TestGround;
let ids: Map<number, number>;
let inspection: number;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());

const began = new Date('2026-10-02T00:00:00Z');
const later = new Date('2026-10-03T01:02:03Z');

/** 1 is sound, 2 shows no picture, 3 is down, 4 is down and exempt, 5 is a home that is down, 6 answered nothing. */
beforeEach(async () => {
  const { db } = ground;
  await clear(db);
  await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), '一次即可 / one attempt', { attempts: [0] });
  ids = await putCameras(db, [
    ...[1, 2, 3, 4].map((serial) => ({ serial })),
    { serial: 5, class: 'household' },
    { serial: 6 },
  ]);
  await exempt(db, new Date('2026-10-01T00:00:00Z'), [4]);
  const unknown = { online: 'unknown', image: 'unknown' } as const;
  inspection = await round(db, ids, began, {
    2: blind,
    3: down,
    4: down,
    5: { ...down, image: 'unknown' },
    6: unknown,
  });
});

const requestOf = (serial: number, more: Partial<AppealRequest> = {}): AppealRequest => ({
  inspection,
  revision: 1,
  code: codeOf(serial),
  applicant: '覃某',
  phone: '0772-2825111',
  claim: 'image',
  text: '现场画面正常',
  attachment: null,
  trace: [],
  ...more,
});
const camera = async (serial: number) =>
  (await frozenOf(ground.db, inspection, null))!.content.cameras.find(({ code }) => code === codeOf(serial))!;

describe('an appeal', () => {
  it('keeps what was frozen of the camera, and its last picture as evidence holds it in that moment', async () => {
    const { db } = ground;
    const slot = new Date('2026-10-02T06:00:00Z');
    const shot = (text: string, at: Date) => pictureOf(ids.get(2)!, at, { fingerprint: text, jpeg: Buffer.from(text) });
    await insert(db, [shot('as it was', slot)]);
    const { attempts } = await camera(2);
    const attachment = { name: '现场.jpg', bytes: Buffer.from('\xff\xd8JFIF', 'latin1') };
    const id = await submitAppeal(db, later, requestOf(2, { trace: attempts, attachment }));
    await insert(db, [shot('as it is now', later)]);
    expect(await requireAppeal(db, id)).toMatchObject({
      ...{ inspection, revision: 1, code: codeOf(2), claim: 'image', applicant: '覃某', submitted_at: later },
      ...{ frame_slot: slot, trace: attempts, attachment_name: '现场.jpg', decision: null },
    });
    expect(attempts).toHaveLength(1);
    expect((await frameOf(db, id))!.toString()).toBe('as it was');
    expect(await attachmentOfAppeal(db, id)).toEqual(attachment.bytes);
    const without = await submitAppeal(db, later, requestOf(3));
    expect([await frameOf(db, without), await attachmentOfAppeal(db, without)]).toEqual([null, null]);
    expect((await appeals(db, inspection)).map((one) => one.id)).toEqual([without, id]);
    expect(await appeals(db, inspection + 1)).toEqual([]);
  });

  it.each([
    ['of a camera that is sound', 1, {}, '没有不合格'],
    ['of one that was online, for being online', 2, { claim: 'online' }, '申诉出图（image）'],
    ['of one that is exempt', 4, {}, '已按报备不计入考核'],
    ['of one that owes no picture, for a picture', 5, {}, '只能申诉在线'],
    ['of one that was not inspected', 7, {}, '不在名册'],
    ['without a reason', 3, { text: ' ' }, '申诉理由为空'],
    ['with a reason that a terminal would obey', 3, { text: '\u001b[2J' }, '控制字符'],
    ['of nobody', 3, { applicant: ' ' }, '申请人为空'],
    ['with a document of another kind', 3, { attachment: { name: 'a.zip', bytes: Buffer.from('PK') } }, 'a.zip'],
  ] as const)('%s is refused in words, and leaves nothing behind', async (_, serial, more, said) => {
    const refused = await submitAppeal(ground.db, later, requestOf(serial, more)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Sentence);
    expect((refused as Sentence).message).toContain(said);
    expect(await appeals(ground.db, null)).toEqual([]);
  });

  it('waits for its decision before there may be another of the same camera', async () => {
    const { db } = ground;
    const id = await submitAppeal(db, later, requestOf(3));
    await expect(submitAppeal(db, later, requestOf(3))).rejects.toThrow('已有申诉待审');
    await decideAppeal(db, id, 'refused', '黄某', '无依据', later);
    await expect(decideAppeal(db, id, 'granted', '黄某', '改判', later)).rejects.toThrow(
      '由 黄某 于 2026-10-03 09:02:03 驳回',
    );
    expect(await submitAppeal(db, later, requestOf(3))).toBeGreaterThan(id);
    expect(await revisionsOf(db, inspection)).toHaveLength(1);
  });
});

describe('an appeal that is granted', () => {
  it('makes a revision in which the camera is as was claimed, and says what had been found', async () => {
    const { db } = ground;
    const id = await submitAppeal(db, later, requestOf(3));
    const made = await grantAppeal(db, id, '黄某', '录像为证', later);
    expect(made).toMatchObject({ inspection, revision: 2 });
    expect(await revisionsOf(db, inspection)).toMatchObject([
      { number: 1 },
      { number: 2, madeBy: '黄某', why: `第 ${id} 号申诉成立：录像为证 / appeal ${id} granted` },
    ]);
    expect(await camera(3)).toMatchObject({
      ...{ online: 'yes', image: 'yes', failure: null, step: null, detail: null },
      appeal: { appeal: id, online: 'no', image: 'no' },
    });
    const { content } = (await frozenOf(db, inspection, null))!;
    expect(content.units[0]!.classes.total).toMatchObject({
      ...{ roster: 5, exempt: 1, unknown: 1, assessed: 3, online: 3, image: 2 },
      // As found: 3 and 4 were down.
      raw: { assessed: 4, online: 2, image: 1 },
    });
    expect(await db.many('select online from outcome where camera = $1', [ids.get(3)])).toEqual([{ online: false }]);
    await expect(submitAppeal(db, later, requestOf(3, { revision: 2 }))).rejects.toThrow('没有不合格');
  });

  it('for being online leaves the missing picture as it is', async () => {
    const { db } = ground;
    await grantAppeal(db, await submitAppeal(db, later, requestOf(3, { claim: 'online' })), '黄某', '属实', later);
    expect(await camera(3)).toMatchObject({ online: 'yes', image: 'no', failure: 'unreachable' });
    await grantAppeal(db, await submitAppeal(db, later, requestOf(3, { revision: 2 })), '黄某', '属实', later);
    expect(await camera(3)).toMatchObject({ online: 'yes', image: 'yes', failure: null });
  });

  it('makes a camera that nobody could tell of known: it is in both numerators', async () => {
    const { db } = ground;
    await grantAppeal(db, await submitAppeal(db, later, requestOf(6)), '黄某', '属实', later);
    const { content } = (await frozenOf(db, inspection, null))!;
    expect(content.units[0]!.classes.total).toMatchObject({ unknown: 0, assessed: 4, online: 3, image: 2 });
  });

  it('is granted with its revision or not at all', async () => {
    const { db } = ground;
    const id = await submitAppeal(db, later, requestOf(3));
    await expect(grantAppeal(db, id, '黄某', ' ', later)).rejects.toThrow('意见为空');
    // Whatever fails in the revision takes the decision along.
    await db.run(`create function fail() returns trigger language plpgsql as 'begin raise exception ''broken''; end';
      create trigger fail before insert on revision for each row execute function fail()`);
    await expect(grantAppeal(db, id, '黄某', '属实', later)).rejects.toThrow('broken');
    await db.run('drop trigger fail on revision; drop function fail()');
    expect(await requireAppeal(db, id)).toMatchObject({ decision: null });
    expect((await grantAppeal(db, id, '黄某', '属实', later)).revision).toBe(2);
    await expect(grantAppeal(db, id, '黄某', '属实', later)).rejects.toThrow('认定成立');
    await expect(grantAppeal(db, id + 1, '黄某', '属实', later)).rejects.toThrow(`没有第 ${id + 1} 号申诉`);
  });
});
