import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attachmentOfExemption, exemptionOf, exemptions, statusOf } from '../../../src/schedule/exemption.ts';
import { decideExemption, endExemption } from '../../../src/schedule/exemption-decide.ts';
import { type ExemptionRequest, submitExemption } from '../../../src/schedule/exemption-submit.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { Sentence } from '../../../src/sentence.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { exempt, requestOf } from '../rollup/frozen-round.ts';
import { clear, codeOf, putCameras, putFive } from './roster.ts';

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

const refusal = async (work: Promise<unknown>): Promise<Sentence> => {
  const error = await work.then(
    () => new Error('was taken'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Sentence);
  return error as Sentence;
};

describe('an application', () => {
  it.each([
    ['one by one', { by: 'cameras', codes: [codeOf(2), codeOf(1), codeOf(2)] }, [1, 2]],
    ['by a file', { by: 'list', codes: [codeOf(3)] }, [3]],
    ['as a whole unit', { by: 'unit' }, [1, 2, 3, 4]],
    ['as those of the unit at a site, and none of its neighbour there', { by: 'site', site: 'south' }, [4]],
  ] as const)('names its cameras %s, and they are those of that moment', async (_, selection, serials) => {
    const submitted = await submitExemption(ground.db, before, requestOf([], { selection }));
    await putCameras(ground.db, [{ serial: 9, site: 'south' }]);
    expect(submitted).toEqual({ id: 1, cameras: serials.length, overlapping: [] });
    const rows = await ground.db.many<{ camera: number }>('select camera from exemption_camera order by camera');
    expect(rows.map(({ camera }) => camera)).toEqual(serials.map((serial) => ids.get(serial)));
    expect(await exemptionOf(ground.db, 1)).toMatchObject({ selected_by: selection.by, cameras: serials.length });
  });

  it('keeps who applied, why, and what was attached, with its hash', async () => {
    const attachment = { name: '停电通知.PDF', bytes: Buffer.from('%PDF') };
    await submitExemption(
      ground.db,
      before,
      requestOf([1], { reason: 'other', text: ' 演练 ', attachment, applicant: ' 韦某 ' }),
    );
    expect(await exemptionOf(ground.db, 1)).toMatchObject({
      applicant: '韦某',
      phone: '0772-2825110',
      reason_zh: '其他',
      text: '演练',
      submitted_at: before,
      attachment_name: '停电通知.PDF',
      attachment_sha256: '315d429b7714cedb6ad04ac31240145257692630457f3c88253c5beceac76027',
    });
  });

  it('is told which others cover some of the same cameras in its period', async () => {
    await submitExemption(ground.db, before, requestOf([1, 2]));
    await submitExemption(
      ground.db,
      before,
      requestOf([2], { beginsAt: at('11T00:00:00'), endsAt: at('12T00:00:00') }),
    );
    const refused = await submitExemption(ground.db, before, requestOf([2]));
    await decideExemption(ground.db, refused.id, 'refused', '黄某', '重复', before);
    expect((await submitExemption(ground.db, before, requestOf([1, 2, 3]))).overlapping).toEqual([
      { exemption: 1, cameras: 2 },
    ]);
  });

  const wrong: readonly (readonly [string, Partial<ExemptionRequest>, readonly string[]])[] = [
    ['of a unit that there is not', { unit: '459999' }, ['459999', '450225 融水苗族自治县']],
    ['for a reason that is not on the list', { reason: 'rain' }, ['原因 rain', 'power_cut 停电']],
    ['for another reason that is not said', { reason: 'other', text: ' ' }, ['原因 other', '说明']],
    ['by nobody', { applicant: ' ' }, ['申请人为空']],
    ['by somebody who cannot be called', { phone: '2825a' }, ['2825a', '0772-2825110']],
    ['that ends before it begins', { endsAt: at('01T00:00:00') }, ['2026-10-01 08:00:00', '起止时间']],
    ['that is longer than the policy allows', { endsAt: at('31T00:00:01') }, ['30', '2026-10-31 08:00:01']],
    [
      'that is over already',
      { beginsAt: new Date('2026-09-01T00:00:00Z'), endsAt: before },
      ['2026-09-01 08:00:00', '已经过去'],
    ],
    ['for no camera', { selection: { by: 'list', codes: [] } }, ['20-digit']],
    ['for a site that there is not', { selection: { by: 'site', site: 'west' } }, ['站点 west', 'north、south']],
    ['with words that no document may hold', { text: '停电\u001b[31m' }, ['text ', '控制字符']],
    ['with more words than anybody reads', { text: '停'.repeat(2_001) }, ['text ', '2001', '2000']],
    ['by a name of two lines', { applicant: '韦某\n已批准' }, ['applicant ', '控制字符']],
    [
      'with an attachment that is not what its name says',
      { attachment: { name: 'a.pdf', bytes: Buffer.from('MZ') } },
      ['a.pdf', '内容不是 pdf'],
    ],
    [
      'with an attachment of another kind',
      { attachment: { name: 'a.exe', bytes: Buffer.from('MZ') } },
      ['a.exe', 'pdf'],
    ],
    ['with an empty attachment', { attachment: { name: 'a.pdf', bytes: Buffer.alloc(0) } }, ['a.pdf', 'empty']],
    [
      'with an attachment of more than 10 MB',
      { attachment: { name: 'a.pdf', bytes: Buffer.alloc(10_485_761) } },
      ['10485761', '10 MB'],
    ],
  ];
  it.each(wrong)('%s is refused with its value and the remedy, and leaves nothing behind', async (_, more, said) => {
    const { message } = await refusal(submitExemption(ground.db, before, requestOf([1], more)));
    for (const word of said) expect(message).toContain(word);
    expect(await exemptions(ground.db, null)).toEqual([]);
  });

  it('with wrong cameras is refused whole, and every wrong one is named with what is wrong', async () => {
    await ground.db.run('update camera set in_use = false where id = $1', [ids.get(3)]);
    const codes = [codeOf(1), codeOf(5), codeOf(7), codeOf(8), codeOf(3)];
    const { message } = await refusal(
      submitExemption(ground.db, before, requestOf([], { selection: { by: 'list', codes } })),
    );
    expect(message).toContain(`不在档案中 2 个：${codeOf(7)}、${codeOf(8)}`);
    expect(message).toContain(`不属于考核单位 450202 1 个：${codeOf(5)}（450203）`);
    expect(message).toContain(`本来就不考核 1 个：${codeOf(3)}`);
    expect(message).not.toContain(codeOf(1));
    expect(await ground.db.many('select from exemption_camera')).toEqual([]);
  });

  it('with a file that is no list of codes is refused with a look at what is in it', async () => {
    const codes = [codeOf(1), '', `'${codeOf(2)}`, '４５０２', 'PK\u0003\u0004\u0000'.padEnd(30, 'x')];
    const { message } = await refusal(
      submitExemption(ground.db, before, requestOf([], { selection: { by: 'list', codes } })),
    );
    expect(message).toContain(`不是 20 位数字编码 4 个：""、"'${codeOf(2)}"、"４５０２"、"PK???xxxxxxxxxxxxxxxxxxx…"`);
    const junk = Array.from({ length: 1_000 }, (_, nth) => `x${nth}`);
    const { message: short } = await refusal(
      submitExemption(ground.db, before, requestOf([], { selection: { by: 'list', codes: junk } })),
    );
    expect(short).toContain('1000 个："x0"');
    expect(short.length).toBeLessThan(500);
  });

  it.each([
    ['a.pdf', '%PDF-1.7'],
    ['b.PDF', '\n%PDF-1.4'],
    ['c.jpeg', '\xff\xd8\xff'],
    ['d.png', '\x89PNG\r\n'],
    ['e.xlsx', 'PK\x03\x04'],
    ['f.wps', '\xd0\xcf\x11\xe0'],
    ['g.doc', '{\\rtf1'],
  ])('may bring %s, and what was attached can be read again', async (name, begins) => {
    const bytes = Buffer.from(begins, 'latin1');
    const { id } = await submitExemption(ground.db, before, requestOf([1], { attachment: { name, bytes } }));
    expect(await attachmentOfExemption(ground.db, id)).toEqual(bytes);
  });

  it('may last just as long as the policy in force allows', async () => {
    await submitExemption(ground.db, before, requestOf([1], { endsAt: at('31T00:00:00') }));
    await decidePolicy(ground.db, at('02T00:00:00'), '更严 / stricter', { exemption_longest_days: 2 });
    const longer = requestOf([1], { endsAt: at('03T00:00:01') });
    await submitExemption(ground.db, at('01T23:00:00'), longer);
    expect((await refusal(submitExemption(ground.db, at('02T00:00:00'), longer))).message).toContain('2 天');
  });
});

describe('a decision', () => {
  it('is made once, and says who and when to whoever comes second', async () => {
    const { db } = ground;
    await submitExemption(db, before, requestOf([1]));
    await decideExemption(db, 1, 'approved', '黄某', '属实', at('01T01:00:00'));
    const { message } = await refusal(decideExemption(db, 1, 'refused', '李某', '不属实', at('01T02:00:00')));
    expect(message).toContain('黄某 于 2026-10-01 09:00:00 批准');
    expect(await exemptionOf(db, 1)).toMatchObject({ decision: 'approved', decided_by: '黄某', decision_note: '属实' });
    await refusal(decideExemption(db, 2, 'approved', '黄某', null, before));
  });

  it('needs a name, and a refusal its reason', async () => {
    await submitExemption(ground.db, before, requestOf([1]));
    expect((await refusal(decideExemption(ground.db, 1, 'approved', ' ', null, before))).message).toContain(
      '经办人为空',
    );
    expect((await refusal(decideExemption(ground.db, 1, 'refused', '黄某', ' ', before))).message).toContain('意见');
    expect(await exemptionOf(ground.db, 1)).toMatchObject({ decision: null });
  });

  it('to end it early is for one that is approved and not over, once', async () => {
    const { db } = ground;
    await submitExemption(db, before, requestOf([1]));
    expect((await refusal(endExemption(db, 1, '黄某', before))).message).toContain('尚未审批');
    await decideExemption(db, 1, 'approved', '黄某', null, before);
    await endExemption(db, 1, '黄某', at('03T00:00:00'));
    expect((await refusal(endExemption(db, 1, '黄某', at('04T00:00:00')))).message).toContain('已经结束');
    await submitExemption(db, before, requestOf([1]));
    await decideExemption(db, 2, 'refused', '黄某', '重复', before);
    expect((await refusal(endExemption(db, 2, '黄某', before))).message).toContain('未获批准');
    const over = await exempt(db, before, [2]);
    expect((await refusal(endExemption(db, over, '黄某', at('11T00:00:00')))).message).toContain('已经结束');
  });

  it('and time give the status: submitted, approved, in force, ended, refused', async () => {
    const { db } = ground;
    const id = await exempt(db, before, [1], { beginsAt: at('02T00:00:00') });
    const one = (await exemptionOf(db, id))!;
    expect(statusOf({ ...one, decision: null }, at('05T00:00:00'))).toBe('submitted');
    expect(statusOf({ ...one, decision: 'refused' }, at('05T00:00:00'))).toBe('refused');
    expect(statusOf(one, at('01T23:59:59'))).toBe('approved');
    expect(statusOf(one, at('02T00:00:00'))).toBe('in_force');
    expect(statusOf(one, at('11T00:00:00'))).toBe('ended');
    const ended = { ...one, ended_at: at('03T00:00:00') };
    expect([at('02T23:59:59'), at('03T00:00:00')].map((when) => statusOf(ended, when))).toEqual(['in_force', 'ended']);
  });
});
