import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FrozenContent } from '../../../src/report/content.ts';
import { revise } from '../../../src/report/correction.ts';
import { reportOf } from '../../../src/report/inspection.ts';
import { frozenOf, publish, revisionsOf } from '../../../src/report/revision.ts';
import { decideExemption } from '../../../src/schedule/exemption-decide.ts';
import { submitExemption } from '../../../src/schedule/exemption-submit.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { Sentence } from '../../../src/sentence.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear, codeOf, putCameras } from '../schedule/roster.ts';
import { down, exempt, requestOf, round, ten } from './frozen-round.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(async () => {
  await clear(ground.db);
  await ground.db.run(
    `update unit set name = '城中区', position = 1 where code = '450202';
     update unit set position = 2 where code = '450203'`,
  );
  // One attempt is all there is.
  await decidePolicy(ground.db, new Date('2026-01-01T00:00:00Z'), '一次即可 / one attempt', { attempts: [0] });
});

const began = new Date('2026-10-02T00:00:00Z');
const later = new Date('2026-10-03T01:02:03.004Z');
const contentOf = async (inspection: number, revision: number | null = null): Promise<FrozenContent> =>
  (await frozenOf(ground.db, inspection, revision))!.content;

describe('a correction', () => {
  const submitted = new Date('2026-10-01T00:00:00Z');
  const whole = { assessed: 9, online: 9, image: 9, exempt: 1 };

  /** Ten cameras of which one was down, and an exemption of it that is approved when all is over. */
  const approvedLate = async (): Promise<number> => {
    const { db } = ground;
    const ids = await ten(db);
    await submitExemption(db, submitted, requestOf([10]));
    const inspection = await round(db, ids, began, { 10: down });
    await decideExemption(db, 1, 'approved', '黄某', null, later);
    return inspection;
  };

  it('is a revision that names the one before, who made it and why; both can be read', async () => {
    const { db } = ground;
    const inspection = await approvedLate();
    const first = (await frozenOf(db, inspection, 1))!;
    await db.run("update camera set name = '改名'");
    await db.run("update unit set name = '另名' where code = '450202'");
    await db.run('delete from result');
    const made = await revise(db, inspection, ' 黄某 ', '报备补批', later);
    expect(made).toEqual({
      inspection,
      revision: 2,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      changes: {
        comparisons: [],
        verdicts: [{ unit: '450202', name: '城中区', from: 'missed', to: 'met' }],
        figures: expect.arrayContaining([
          { unit: null, class: 'total', figure: 'exempt', from: 0, to: 1 },
          { unit: '450202', class: 'social', figure: 'assessed', from: 10, to: 9 },
          { unit: '450202', class: 'total', figure: 'online_verdict', from: 'missed', to: 'met' },
        ]),
        cameras: [
          {
            ...{ code: codeOf(10), name: codeOf(10), unit: '450202' },
            from: { exemption: null, online: 'no', image: 'no', appeal: null },
            to: { exemption: 1, online: 'no', image: 'no', appeal: null },
          },
        ],
      },
    });
    const second = (await frozenOf(db, inspection, null))!;
    expect(second.content.revision).toEqual({
      ...{ number: 2, previous: { number: 1, sha256: first.sha256 }, madeAt: later.toISOString() },
      ...{ madeBy: '黄某', why: '报备补批' },
    });
    // All that it does not correct is as it was, also what has another name since.
    const untouched = ({ cameras, units, city, revision, ...rest }: FrozenContent) => ({
      rest,
      cameras: cameras.slice(0, 9),
      name: units[0]!.name,
    });
    expect(untouched(second.content)).toEqual(untouched(first.content));
    expect(second.content.cameras[9]).toEqual({
      ...first.content.cameras[9],
      exempt: { exemption: 1, reason: '停电', until: '2026-10-11T00:00:00.000Z' },
    });
    expect((await frozenOf(db, inspection, 1))!.bytes.equals(first.bytes)).toBe(true);
    expect(await revisionsOf(db, inspection)).toMatchObject([
      { number: 1, sha256: first.sha256, previousSha256: null, madeBy: 'xunjian' },
      { number: 2, sha256: made.sha256, previousSha256: first.sha256, madeBy: '黄某', why: '报备补批' },
    ]);
  });

  it('shows in every figure of now, beside what was found, which is in every revision the same', async () => {
    const { db } = ground;
    const inspection = await approvedLate();
    await revise(db, inspection, '黄某', '报备补批', later);
    const raw = { assessed: 10, online: 9, image: 9 };
    const total = async (revision: number | null) =>
      (await reportOf(db, inspection, revision))!.units[0]!.classes.total;
    expect(await total(null)).toMatchObject({ ...whole, raw, verdict: { online: 'met' } });
    expect(await total(2)).toEqual(await total(null));
    expect(await total(1)).toMatchObject({ assessed: 10, online: 9, exempt: 0, raw, verdict: { online: 'missed' } });
    expect(await reportOf(db, inspection, 3)).toBeNull();
    expect(await db.many("select revision, exempt, unit_verdict from inspection_rate where class = 'total'")).toEqual([
      { revision: 2, exempt: 1, unit_verdict: 'met' },
    ]);
    expect(await db.many('select code from failing_camera')).toEqual([]);
    expect(await db.many('select camera from outcome where not online')).toHaveLength(1);
  });

  it('is told once for each unit that has another verdict by it, and the first alarm is not told again', async () => {
    const { db } = ground;
    const inspection = await approvedLate();
    await revise(db, inspection, '黄某', '报备补批', later);
    expect(await db.many('select event, payload from outbox order by id')).toMatchObject([
      { event: `inspection-${inspection}-missed-450202` },
      {
        event: `inspection-${inspection}-revision-2-450202`,
        payload: { type: 'unit.verdict_revised', verdict: { from: 'missed', to: 'met' }, why: '报备补批' },
      },
    ]);
  });

  it('is not made where nothing would change, without a name or a reason, or of what is not complete', async () => {
    const { db } = ground;
    const inspection = await approvedLate();
    const refusal = (by: string, why: string, of = inspection): Promise<string> =>
      revise(db, of, by, why, later).then(
        () => 'made',
        (error: Error) => `${error instanceof Sentence} ${error.message}`,
      );
    expect(await refusal(' ', '补批')).toContain('true 经办人为空');
    expect(await refusal('黄某', ' ')).toContain('true 更正理由为空');
    expect(await refusal('黄某', '补批', inspection + 1)).toContain(`true 第 ${inspection + 1} 次巡检尚未结束`);
    expect(await refusal('黄某', '补批')).toBe('made');
    expect(await refusal('黄某', '再批')).toContain('没有变化');
    expect(await revisionsOf(db, inspection)).toHaveLength(2);
  });

  it('after a correction is counted from what was found, not from the correction before', async () => {
    const { db } = ground;
    const inspection = await approvedLate();
    await revise(db, inspection, '黄某', '报备补批', later);
    await exempt(db, submitted, [9]);
    const { revision, changes } = await revise(db, inspection, '黄某', '再补', later);
    expect(revision).toBe(3);
    expect(changes.cameras.map(({ code }) => code)).toEqual([codeOf(9)]);
    const { cameras, revision: third } = await contentOf(inspection);
    expect(cameras.filter((camera) => camera.exempt !== null).map(({ code }) => code)).toEqual([codeOf(9), codeOf(10)]);
    expect(third.previous).toEqual({ number: 2, sha256: (await frozenOf(db, inspection, 2))!.sha256 });
  });

  it('is a draft until it is published for itself, and is published once', async () => {
    const { db } = ground;
    const inspection = await approvedLate();
    const first = await publish(db, inspection, '李某', later);
    expect(first).toEqual({ inspection, revision: 1, sha256: (await frozenOf(db, inspection, 1))!.sha256 });
    await expect(publish(db, inspection, '李某', later)).rejects.toThrow('已由 李某');
    await revise(db, inspection, '黄某', '报备补批', later);
    expect((await reportOf(db, inspection))!.inspection).toMatchObject({ revision: 2, published: null });
    expect((await reportOf(db, inspection, 1))!.inspection.published).toBe(later.toISOString());
    expect((await frozenOf(db, inspection, null))!.published).toBeNull();
    // Somebody who has looked at the first one only publishes nothing else unseen.
    await expect(publish(db, inspection, '李某', later, 1)).rejects.toThrow('不是第 1 版');
    expect(await publish(db, inspection, '李某', later, 2)).toMatchObject({ revision: 2 });
    expect((await frozenOf(db, inspection, null))!.published).toEqual({ at: later, by: '李某' });
    await expect(publish(db, inspection + 1, '李某', later)).rejects.toThrow(Sentence);
  });

  it('names the exemption by which a camera was not counted, also when another of it is approved later', async () => {
    const { db } = ground;
    const ids = await ten(db);
    await submitExemption(db, submitted, requestOf([10]));
    const counted = await exempt(db, new Date('2026-10-01T12:00:00Z'), [10]);
    const inspection = await round(db, ids, began, { 9: down, 10: down });
    await decideExemption(db, 1, 'approved', '黄某', null, later);
    await expect(revise(db, inspection, '黄某', '补批', later)).rejects.toThrow('没有变化');
    await exempt(db, submitted, [9]);
    expect((await revise(db, inspection, '黄某', '补批', later)).changes.cameras.map(({ code }) => code)).toEqual([
      codeOf(9),
    ]);
    expect((await contentOf(inspection)).cameras[9]!.exempt).toMatchObject({ exemption: counted });
  });

  it('says so where what it is compared with was corrected meanwhile', async () => {
    const { db } = ground;
    const ids = await ten(db);
    await exempt(db, submitted, [9]);
    const on = (day: string): Promise<number> => round(db, ids, new Date(`${day}T00:00:00Z`), { 10: down }, day);
    const [before, inspection] = [await on('2026-10-02'), await on('2026-10-03')];
    await submitExemption(db, submitted, requestOf([10]));
    await decideExemption(db, 2, 'approved', '黄某', null, later);
    const hash = async (revision: number) => (await frozenOf(db, before, revision))!.sha256;
    expect((await revise(db, before, '黄某', '补批', later)).changes.comparisons).toEqual([]);
    expect((await revise(db, inspection, '黄某', '补批', later)).changes.comparisons).toEqual([
      {
        against: 'yesterday',
        from: { inspection: before, revision: 1, sha256: await hash(1) },
        to: { inspection: before, revision: 2, sha256: await hash(2) },
      },
    ]);
  });

  it('keeps the order of its units and of what it changes, whatever the city’s order is since', async () => {
    const { db } = ground;
    const ids = await putCameras(db, [{ serial: 1 }, { serial: 2, unit: '450203' }]);
    await submitExemption(db, submitted, requestOf([1]));
    const inspection = await round(db, ids, began, { 1: down });
    await decideExemption(db, 1, 'approved', '黄某', null, later);
    await db.run("update unit set position = 99 where code = '450202'");
    const { changes } = await revise(db, inspection, '黄某', '补批', later);
    expect((await contentOf(inspection)).units.map(({ code }) => code)).toEqual(['450202', '450203']);
    expect([...new Set(changes.figures.map((one) => `${one.unit} ${one.class}`))]).toEqual([
      ...['null total', 'null social', '450202 total', '450202 social'],
    ]);
  });
});
