import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { blind, down, exempt, round } from '../rollup/frozen-round.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';
import { type Ran, xunjian } from './xunjian.ts';

let ground: TestGround;
let inspection: number;

/** A camera of 城中区, and ten of 鱼峰区: one without a picture, one down. The round of yesterday is over. */
beforeAll(async () => {
  ground = await startGround();
  const { db } = ground;
  const ids = await putCameras(db, [
    { serial: 99 },
    ...Array.from({ length: 10 }, (_, nth) => ({ serial: nth + 1, unit: '450203' })),
  ]);
  await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), '一次即可 / one attempt', {
    attempts: [0],
    exemption_backdating: 2_678_400,
  });
  inspection = await round(db, ids, began, { 9: blind, 10: down }, day);
});
afterAll(() => ground.close());

const began = new Date(Date.now() - 86_400_000);
const local = (at: Date): string => new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');
const day = local(began).slice(0, 10);

const run = (...args: readonly string[]): Promise<Ran> => xunjian(ground.env, ...args);
const json = async (...args: readonly string[]): Promise<unknown> => {
  const { code, out, err } = await run(...args, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as unknown;
};
/** Refused for what was asked: a Chinese and an English sentence on stderr, nothing on stdout, exit code 2. */
const expectRefused = ({ code, out, err }: Ran, ...words: readonly string[]): void => {
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/\p{Script=Han}/u);
  expect(err).toMatch(/[a-z]{3,} [a-z]{2,}/);
  expect(err).not.toMatch(/\n\s+at |internal error|undefined/);
  for (const word of words) expect(err).toContain(word);
};

const hour = 3_600_000;
const asked = ['--unit', '450202', '--applicant', '韦某', '--phone', '0772-2825110', '--reason', 'power_cut'];
const period = ['--from', local(new Date(Date.now() - hour)), '--until', local(new Date(Date.now() + hour))];
const submit = ['exempt', 'submit', ...asked, ...period];

describe('xunjian exempt', () => {
  it('takes in an application once it is whole, shows what waits, and takes one decision of each', async () => {
    const list = join(ground.pair.folder, 'list.csv');
    await writeFile(list, `\uFEFF点位编码,名称\r\n${codeOf(99)},人民广场\r\n\r\n${codeOf(98)},没有这个\r\n`);
    expectRefused(await run(...submit, '--list', list), `不在档案中 1 个：${codeOf(98)}`);
    await writeFile(list, `\uFEFF点位编码,名称\r\n${codeOf(99)},人民广场\r\n`);
    expectRefused(await run(...submit, '--list', list, '--whole-unit'), '--whole-unit');
    const sheet = join(ground.pair.folder, 'list.xlsx');
    await writeFile(sheet, Buffer.from([0x50, 0x4b, 3, 4, 0, 0xff, 10, 0x31, 0]));
    expectRefused(await run(...submit, '--list', sheet), '不是 20 位数字编码 1 个："1?"');
    expectRefused(await run(...submit, '--whole-unit', '--attachment', list), 'list.csv', 'pdf');
    expectRefused(await run(...submit, '--whole-unit', '--attachment', 'none.pdf'), 'none.pdf', 'ENOENT');
    const document = join(ground.pair.folder, '停电通知.pdf');
    await writeFile(document, '%PDF');
    const first = (await json(...submit, '--list', list, '--attachment', document)) as { id: number };
    expect(first).toEqual({ id: expect.any(Number), cameras: 1, overlapping: [] });
    const id = String(first.id);
    const next = String(first.id + 1);
    expect((await run(...submit, '--camera', codeOf(99))).out).toContain(`第 ${id} 号（1 个点位`);
    expectRefused(await run('exempt', 'submit', ...asked, '--from', '明天', '--until', day), '2026-11-23 08:00');

    const decided = await json('exempt', 'refuse', next, '--by', '黄某', '--note', '重复');
    expect(decided).toEqual({ id: first.id + 1, decision: 'refused', closed: [] });
    expect((await run('exempt', 'approve', id, '--by', '黄某')).out).toContain('批准');
    const saved = join(ground.pair.folder, 'saved.pdf');
    expect((await run('exempt', 'show', id, '--attachment', saved)).out).toContain('结论 decision：approved');
    expect(await readFile(saved, 'utf8')).toBe('%PDF');
    expectRefused(await run('exempt', 'show', id, '--attachment', saved), 'saved.pdf', 'EEXIST');
    expectRefused(await run('exempt', 'show', next, '--attachment', saved), '没有附件');
    expectRefused(await run('exempt', 'list', '--unit', '459999'), '459999', '450202 城中区');
    expectRefused(await run('exempt', 'refuse', id, '--by', '李某', '--note', '不属实'), '黄某', '批准');
    expect((await run('exempt', 'list', '--unit', '450202')).out).toMatch(
      /^\d+ {2}不予批准 .*\n\d+ {2}生效中 .*停电.*韦某/,
    );
    expect(await json('exempt', 'list', '--status', 'in_force', '--unit', '450202')).toMatchObject([{ id: first.id }]);
    expect(await json('exempt', 'show', id)).toMatchObject({
      status: 'in_force',
      attachment_name: '停电通知.pdf',
      cameras: [{ code: codeOf(99) }],
    });
    expect((await run('exempt', 'end', id, '--by', '黄某')).out).toContain('提前结束');
  });
});

describe('a round that is over', () => {
  it('is published, corrected, appealed against and published again; each revision says what it changed', async () => {
    const at = ['--date', day];
    expectRefused(await run('publish', '--by', '李某'), '--inspection', '--date');
    expectRefused(await run('publish', '--by', '李某', '--date', '2020-01-01'), day);
    expectRefused(await run('publish', '--by', '李某', '--date', '0000-01-01'), '2026-11-23');
    expectRefused(await run('revisions', '--inspection', '77'), '第 77 次巡检尚未结束，或没有');
    expect(await json('publish', ...at, '--by', '李某')).toMatchObject({ inspection, revision: 1 });

    const cause = await exempt(ground.db, new Date(), [10], {
      unit: '450203',
      beginsAt: new Date(began.getTime() - hour),
      endsAt: new Date(Date.now() + hour),
    });
    const revised = await run('revise', ...at, '--by', '黄某', '--why', '报备补批');
    expect(revised).toMatchObject({ code: 0, err: '' });
    expect(revised.out).toContain(`${codeOf(10)} ${codeOf(10)}：在线否 出图否 → 在线否 出图否，报备 ${cause} 号`);
    expect(revised.out).toContain('450203 合计 分母 assessed 10 → 9');

    const appeal = [
      ...['appeal', 'submit', '--inspection', String(inspection), '--camera', codeOf(9), '--claim', 'image'],
      ...['--applicant', '覃某', '--phone', '0772-2825111', '--text', '画面正常'],
    ];
    const id = String(((await json(...appeal)) as { id: number }).id);
    expect(await json('appeal', 'show', id)).toMatchObject({ revision: 2, trace: [{ attempt: 1, image: 'no' }] });
    expectRefused(
      await run('appeal', 'show', id, '--frame', join(ground.pair.folder, 'frame.jpg')),
      '没有该点位的画面',
    );
    expect((await run('appeal', 'grant', id, '--by', '黄某', '--note', '录像为证')).out).toContain(
      '结论 verdict 未达标 → 达标',
    );

    expect(await json('revisions', ...at)).toMatchObject({
      inspection,
      revisions: [
        { number: 1, changes: null, published: { by: '李某' } },
        { number: 2, madeBy: '黄某', why: '报备补批', published: null, changes: { cameras: [{ code: codeOf(10) }] } },
        {
          number: 3,
          published: null,
          changes: { verdicts: [{ from: 'missed', to: 'met' }], cameras: [{ code: codeOf(9) }] },
        },
      ],
    });
    expect(await json('publish', ...at, '--by', '李某')).toMatchObject({ revision: 3 });
    expect((await run('revisions', ...at)).out).toMatch(/第 3 版 .*\n {2}SHA-256 [0-9a-f]{64}\n {2}李某 于 .* 发布/);
  });

  it('keeps the picture of an appeal, which can be taken out again', async () => {
    const frame = join(ground.pair.folder, 'frame.jpg');
    const { id } = await ground.db.one<{ id: number }>(
      `insert into appeal (inspection, revision, camera, applicant, phone, claim, text, submitted_at, frame, frame_slot, trace)
       select inspection, 1, camera, 'x', '1', 'image', 'x', now(), 'JFIF', now(), '[]' from roster where code = $1
       returning id`,
      [codeOf(1)],
    );
    expect((await run('appeal', 'show', String(id), '--frame', frame)).code).toBe(0);
    expect(await readFile(frame, 'utf8')).toBe('JFIF');
    expectRefused(await run('appeal', 'show', String(id), '--frame', '/none/frame.jpg'), '/none/frame.jpg', 'ENOENT');
    expectRefused(await run('appeal', 'show', String(id), '--attachment', frame), '没有附件');
    expect((await run('appeal', 'list')).out).toMatch(new RegExp(`^${id}  待审核 `, 'm'));
  });
});

describe('xunjian policy', () => {
  it('decides targets, attempts and how exemptions count, from a time to come on, without a line of SQL', async () => {
    const targets = ['--target', 'total=96/97,skynet=99/98', '--coverage', '98', '--daily-at', '07:30'];
    const word = ['--note', '柳公〔2026〕9号'];
    expectRefused(await run('policy', ...targets, ...word, '--valid-from', '2026-01-01'), '2026-01-01', '已经过去');
    expectRefused(await run('policy', ...word, '--attempts', '0,60', '--cutoff', '60'), 'cutoff', '60 秒');
    expectRefused(await run('policy', '--valid-from', '2036-01-01'), '--valid-from');
    const coming = await json('policy', ...targets, ...word, '--valid-from', '2036-01-01', '--exemption-longest', '7');
    expect(coming).toMatchObject({
      ...{ valid_from: '2035-12-31T16:00:00.000Z', total_online: 96, total_image: 97, skynet_online: 99 },
      ...{ social_online: 95, coverage: 98, daily_at: '07:30:00', exemption_longest_days: 7 },
    });
    expect(await json('policy')).toMatchObject({ total_online: 95, coverage: 99, attempts: [0] });
    expect((await run('policy')).out).toMatch(/^将生效 to come +v\d+ 2036-01-01 00:00:00 柳公〔2026〕9号$/m);
    const now = await json('policy', ...word, '--exemption-backdating', '600', '--down-after', '4', '--up-after', '1');
    expect(now).toMatchObject({ total_online: 95, exemption_backdating: 600, down_after: 4, up_after: 1 });
  });
});

it('who decided what, and who took out what was attached or a picture, stands in the audit', async () => {
  const rows = await ground.db.many<{ line: string }>(
    `select distinct concat_ws(' ', action, outcome, unit, detail ->> 'by', detail ->> 'decision') as line
     from audit where via = 'command' and outcome <> 'begun' order by 1`,
  );
  expect(rows.map(({ line }) => line)).toEqual([
    'appeal.decide done 450203 黄某 granted',
    'appeal.submit done 450203 覃某',
    'attachment.look done 450202',
    'exemption.decide done 450202 黄某 approved',
    'exemption.decide done 450202 黄某 refused',
    'exemption.decide refused 450202 李某 refused',
    'exemption.end done 450202 黄某',
    'exemption.submit done 450202 韦某',
    'exemption.submit refused 450202 韦某',
    'inspection.publish done 李某',
    'inspection.revise done 黄某',
    'picture.look done 450203',
    'policy.decide done',
  ]);
});
