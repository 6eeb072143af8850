import type { Database } from '../../../src/db/pool.ts';
import { addPhoto } from '../../../src/inventory/photo.ts';
import type { ProbeResult } from '../../../src/probing/result.ts';
import { completeInspection } from '../../../src/report/completion.ts';
import { grantAppeal } from '../../../src/report/correction.ts';
import { frozenOf, publish } from '../../../src/report/revision.ts';
import { submitAppeal } from '../../../src/rollup/appeal.ts';
import { addUp } from '../../../src/rollup/refresh.ts';
import { decideExemption } from '../../../src/schedule/exemption-decide.ts';
import { submitExemption } from '../../../src/schedule/exemption-submit.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy, noSweeps } from '../../../src/schedule/policy.ts';
import { insert } from '../../../src/store/writer.ts';
import { localTime } from '../../../src/time.ts';
import { answerOf, pictureOf } from '../../support/results.ts';
import { jpeg } from '../../unit/inventory/photos.ts';

/** One county's things. */
export type County = {
  readonly unit: string;
  readonly name: string;
  readonly site: string;
  /** By number from 1: the first two are sound, 3 shows no picture, 4 and 5 are down, 6 is exempt. */
  readonly codes: readonly string[];
  readonly cameras: readonly number[];
  readonly photo: string;
  /** Of its own, completed. */
  readonly inspection: number;
  readonly exemption: number;
  readonly pendingExemption: number;
  readonly appeal: number;
  readonly pendingAppeal: number;
  readonly upload: string;
  readonly probe: number;
};

export type TwoCounties = {
  /** Of the city, completed, published; its second revision is by an appeal of the other county. */
  readonly inspection: number;
  readonly mine: County;
  readonly theirs: County;
  /** What tells of the other county: its code, its name, and words that nothing else holds. */
  readonly marks: readonly string[];
};

const blind = { image: 'no', failure: 'no_keyframe', step: 'keyframe', detail: 'none in 20 s' } as const;
const down = { online: 'no', image: 'no', failure: 'unreachable', step: 'connect', detail: 'no answer' } as const;
const answers: readonly Partial<ProbeResult>[] = [{}, {}, blind, down, down, down];

const hour = 3_600_000;
const pdf = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');

const codeIn = (unit: string, number: number): string => `${unit}00001310${String(number).padStart(6, '0')}`;

const putCameras = async (db: Database, unit: string, site: string, word: string): Promise<number[]> => {
  await db.run(`insert into site (code, name, networks) values ($1, $2, '{127.0.0.0/8}')`, [site, `${word}站点`]);
  const numbers = [1, 2, 3, 4, 5, 6];
  const rows = await db.many<{ id: number }>(
    `insert into camera (code, name, unit, class, site, rtsp_url)
     select code, $2 || number, $3, case number when 1 then 'skynet' else 'social' end, $4, url
     from unnest($1::text[], $5::integer[], $6::text[]) as c (code, number, url) returning id`,
    [
      ...[numbers.map((number) => codeIn(unit, number)), `${word}路口`, unit, site, numbers],
      numbers.map((number) => `rtsp://127.${site.length}.${Number(unit) % 250}.${number}/`),
    ],
  );
  const ids = rows.map(({ id }) => id);
  await db.run(
    `insert into archive (camera, address, managing_unit, pole, manufacturer) select id, $2, $2, $2, 'Hikvision'
     from unnest($1::integer[]) as id`,
    [ids, `${word}大道`],
  );
  return ids;
};

const round = async (
  db: Database,
  at: Date,
  unit: string | null,
  cameras: readonly number[],
  day: string | null = null,
): Promise<number> => {
  const inspection = await openInspection(db, at, unit, day);
  const asked = {
    inspection: inspection.id,
    attempt: 1,
    observedAt: new Date(inspection.started_at.getTime() + 1_000),
  };
  await insert(
    db,
    cameras.map((camera, nth) => {
      const more = { ...asked, ...answers[nth % answers.length] };
      const slot = inspection.started_at;
      if (Object.keys(answers[nth % answers.length]!).length > 0) return answerOf(camera, slot, more);
      return pictureOf(camera, slot, { ...more, fingerprint: `${camera}`, jpeg: jpeg(640, 480) });
    }),
  );
  await completeInspection(db, inspection, new Date(inspection.started_at.getTime() + 10 * 60_000));
  return inspection.id;
};

/**
 * Two counties that each have of everything that a route can tell: 城中区 (mine) and 鱼峰区 (theirs), whose things bear the
 * word 乙字. `now` is the moment of the last of it; what happened was in the hours before.
 */
export const putTwoCounties = async (db: Database, now: Date): Promise<TwoCounties> => {
  const ago = (hours: number): Date => new Date(now.getTime() - hours * hour);
  // Swept until an hour ago, so that there is time online; now nobody waits for results.
  const once = { ...noSweeps, attempts: [0], daily_at: null };
  await decidePolicy(db, ago(24 * 60), '一次即可 / one attempt', { ...once, social_online_every: 3_600 });
  await decidePolicy(db, ago(1), '不巡测 / none', once);
  // Numbers of five digits: they stand in no text by chance.
  await db.run(
    `select setval(pg_get_serial_sequence(t, 'id'), n)
     from (values ('inspection', 71000), ('exemption', 72000), ('appeal', 73000), ('probe_request', 74000)) as s (t, n)`,
  );
  const [mine, theirs] = [
    { unit: '450202', name: '城中区', site: 'north', word: '甲字' },
    { unit: '450203', name: '鱼峰区', site: 'harbour', word: '乙字' },
  ];
  const cameras = {
    mine: await putCameras(db, mine!.unit, mine!.site, mine!.word),
    theirs: await putCameras(db, theirs!.unit, theirs!.site, theirs!.word),
  };
  // The picture of each that evidence keeps, and an appeal takes along.
  await insert(
    db,
    [...cameras.mine, ...cameras.theirs].map((camera) =>
      pictureOf(camera, new Date(Math.floor(ago(9).getTime() / 5_000) * 5_000), {
        fingerprint: `${camera}`,
        jpeg: jpeg(320, 240),
      }),
    ),
  );
  await addUp(db, now);
  const exempt = async (unit: string, word: string, number: number, at: Date): Promise<number> => {
    const { id } = await submitExemption(db, at, {
      ...{ unit, applicant: `${word}申请人`, phone: '0772-2825110', reason: 'power_cut', text: `${word}停电` },
      selection: { by: 'cameras', codes: [codeIn(unit, number)] },
      ...{ beginsAt: at, endsAt: new Date(at.getTime() + 72 * hour) },
      attachment: { name: `${word}说明.pdf`, bytes: pdf },
    });
    return id;
  };
  const approved: number[] = [];
  for (const { unit, word } of [mine!, theirs!]) {
    const id = await exempt(unit, word, 6, ago(8));
    await decideExemption(db, id, 'approved', '黄某', `${word}同意`, ago(7));
    approved.push(id);
  }
  const inspection = await round(db, ago(6), null, [...cameras.mine, ...cameras.theirs], localTime(now).slice(0, 10));
  const made = async (
    { unit, name, site, word }: NonNullable<typeof mine>,
    ids: number[],
    nth: number,
  ): Promise<County> => {
    const code = (number: number): string => codeIn(unit, number);
    const appeal = async (revision: number, number: number): Promise<number> => {
      const { content } = (await frozenOf(db, inspection, revision))!;
      const trace = content.cameras.find((camera) => camera.code === code(number))!.attempts;
      return submitAppeal(db, ago(3), {
        ...{
          inspection,
          revision,
          code: code(number),
          applicant: `${word}申诉人`,
          phone: '0772-2825111',
          claim: 'online',
        },
        ...{ text: `${word}现场正常`, attachment: { name: `${word}现场.pdf`, bytes: pdf }, trace },
      });
    };
    const { sha256 } = await addPhoto(db, code(1), jpeg(640 + nth, 480), { by: `${word}摄影`, note: `${word}照片` });
    const own = await round(db, ago(4 - nth), unit, ids);
    const pendingExemption = await exempt(unit, word, 5, ago(2));
    const granted = await appeal(1 + nth, 4);
    await grantAppeal(db, granted, '黄某', `${word}核实`, ago(2));
    const probe = await db.one<{ id: number }>(
      `insert into probe_request (camera, site, unit, asked_by, asked_within, asked_at, why, want, policy, slot,
         expires_at, expired_at, expired)
       values ($1, $2, $6, $3, $6, $4, $5, 'answer', 2, date_trunc('second', $4::timestamptz) + interval '250 ms', $4, $4,
         'late')
       returning id`,
      [ids[0], site, `county-${unit}`, ago(1), `${word}查看`, unit],
    );
    const upload = await db.one<{ id: string }>(
      `insert into upload (account, name, size, bytes, sha256, at)
       select id, $2, octet_length($3::bytea), $3, encode(sha256($3), 'hex'), $4 from account
       where name = $1 returning id::text`,
      [`county-${unit}`, `${word}材料.pdf`, pdf, now],
    );
    await db.run(
      `insert into outage (camera, began_at, confirmed_at, kind, step, detail, unit, class, site)
       values ($1, $2, $2, 'unreachable', 'connect', $3, $4, 'social', $5)`,
      [ids[3], ago(5), `${word}无应答`, unit, site],
    );
    return {
      ...{ unit, name, site, codes: [1, 2, 3, 4, 5, 6].map(code), cameras: ids, photo: sha256 },
      ...{ inspection: own, exemption: approved[nth]!, pendingExemption, appeal: granted },
      ...{ pendingAppeal: await appeal(2 + nth, 5), upload: upload.id, probe: probe.id },
    };
  };
  // Revision 2 of the city's inspection is by an appeal of mine, revision 3 by one of theirs.
  const first = await made(mine!, cameras.mine, 0);
  const second = await made(theirs!, cameras.theirs, 1);
  await publish(db, inspection, '黄某', ago(1));
  return { inspection, mine: first, theirs: second, marks: ['450203', '鱼峰区', '乙字', 'harbour', second.photo] };
};
