import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { completeInspection } from '../../../src/report/completion.ts';
import { closedWithout, exemptAt } from '../../../src/schedule/exemption.ts';
import { decideExemption, endExemption } from '../../../src/schedule/exemption-decide.ts';
import { submitExemption } from '../../../src/schedule/exemption-submit.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { exempt, requestOf, round } from '../rollup/frozen-round.ts';
import { clear, putFive } from './roster.ts';

let ground: TestGround;
let ids: Map<number, number>;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(async () => {
  await clear(ground.db);
  ids = await putFive(ground.db);
});

const at = (text: string): Date => new Date(`2026-10-${text}Z`);
const before = at('01T00:00:00');

describe('the cameras that are exempt at a moment', () => {
  it('are those of approved exemptions from their first moment to before their last, each once by the one approved first', async () => {
    const { db } = ground;
    const { id: later } = await submitExemption(db, at('01T00:30:00'), requestOf([1, 2]));
    const first = await exempt(db, at('01T01:00:00'), [2, 3], { endsAt: at('05T00:00:00') });
    await decideExemption(db, later, 'approved', '黄某', null, at('01T02:00:00'));
    await submitExemption(db, before, requestOf([4]));
    const now = async (when: string) =>
      (await exemptAt(db, at(when), { submittedBefore: at(when) })).map(({ camera, exemption }) => [
        [...ids].find(([, id]) => id === camera)![0],
        exemption,
      ]);
    expect(await now('04T23:59:59')).toEqual([
      [1, later],
      [2, first],
      [3, first],
    ]);
    expect(await now('05T00:00:00')).toEqual([
      [1, later],
      [2, later],
    ]);
    await endExemption(db, later, '黄某', at('06T00:00:00'));
    expect(await now('06T00:00:00')).toEqual([]);
    expect(await now('05T23:59:59')).toHaveLength(2);
  });

  /** Began at half past midnight in UTC, closed ten minutes later. */
  const began = at('02T00:30:00.500');
  const moment = (minutes: number): Date => new Date(began.getTime() + minutes * 60_000);
  const cases: readonly (readonly [string, number, Date, Date, Date | null, boolean])[] = [
    ['submitted before it began and covers its closing counts', 0, moment(-1), moment(60), null, true],
    ['submitted in the moment when it began does not count', 0, began, moment(60), null, false],
    ['submitted as late as the policy allows counts', 600, moment(9.99), moment(60), null, true],
    ['submitted later than the policy allows does not count', 600, moment(10), moment(60), null, false],
    ['over before it is closed does not count', 0, moment(-1), moment(9), null, false],
    ['over just when it is closed does not count', 0, moment(-1), moment(10), null, false],
    ['ended before it is closed does not count', 0, moment(-1), moment(60), moment(5), false],
    ['ended after it is closed counts', 0, moment(-1), moment(60), moment(11), true],
  ];
  it.each(cases)('of an inspection: one %s', async (_, backdating, submitted, ends, ended, counts) => {
    const { db } = ground;
    await decidePolicy(db, at('01T00:00:00'), '补报 / backdating', { exemption_backdating: backdating, attempts: [0] });
    const { id } = await submitExemption(db, submitted, requestOf([1], { endsAt: ends }));
    await decideExemption(db, id, 'approved', '黄某', null, submitted);
    if (ended !== null) await endExemption(db, id, '黄某', ended);
    const inspection = await round(db, ids, began);
    expect(
      await db.many('select camera, exempt, exemption from roster where inspection = $1 and exempt', [inspection]),
    ).toEqual(counts ? [{ camera: ids.get(1), exempt: true, exemption: id }] : []);
  });

  it('late in approval are told of the inspections that were closed without them, and of no other', async () => {
    const { db } = ground;
    const [sooner, counted] = [await round(db, ids, at('01T06:00:00')), await round(db, ids, began)];
    const { id } = await submitExemption(db, moment(-5), requestOf([1, 2], { endsAt: moment(60) }));
    await round(db, ids, moment(120));
    expect(await closedWithout(db, id)).toEqual([]);
    await decideExemption(db, id, 'approved', '黄某', null, moment(180));
    expect(await closedWithout(db, id)).toEqual([counted]);
    expect(sooner).toBeLessThan(counted);
    await exempt(db, before, [3], { endsAt: moment(600) });
    const open = await openInspection(db, moment(240), null);
    await completeInspection(db, open, moment(250));
    expect(await closedWithout(db, id + 1)).toEqual([sooner, counted, counted + 1]);
  });

  it('of an inspection that is closed long after its cut-off are those of the cut-off', async () => {
    const { db } = ground;
    await exempt(db, before, [1], { endsAt: moment(61) });
    await exempt(db, before, [2], { beginsAt: moment(61) });
    const inspection = await openInspection(db, began, null);
    await completeInspection(db, inspection, moment(120));
    expect(await db.many('select camera from roster where exempt')).toEqual([{ camera: ids.get(1) }]);
  });
});
