import { randomBytes } from 'node:crypto';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { clearUploads } from '../../../src/schedule/upload.ts';
import { insert } from '../../../src/store/writer.ts';
import { type Answer, type Caller, startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { pictureOf } from '../../support/results.ts';
import { blind, down, round } from '../rollup/frozen-round.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';

let ground: TestGround;
let api: TestApi;
let county: Caller;
let other: Caller;
let centre: Caller;
let inspection: number;

const began = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - 7_200_000);
const hours = (count: number): string => new Date(Date.now() + count * 3_600_000).toISOString();

/** 1 to 4 are of 450202, of which 2 shows no picture and 3 is down; 5 and 6 are of 450203, and 6 is down. */
beforeAll(async () => {
  ground = await startGround();
  // Machines of tests are slow at times.
  api = await startTestApi(ground, { bounds: { lag: 60_000 } });
  const { db } = ground;
  await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), '一次即可 / one attempt', { attempts: [0] });
  const ids = await putCameras(db, [
    ...[1, 2, 3, 4].map((serial) => ({ serial })),
    ...[5, 6].map((serial) => ({ serial, unit: '450203', site: 'south' })),
  ]);
  inspection = await round(db, ids, began, { 2: blind, 3: down, 6: down });
  county = await api.as('county', '450202');
  other = await api.as('county', '450203');
  centre = await api.as('centre');
});
afterAll(async () => {
  await api.close();
  await ground.close();
});

type Part = { readonly name: string; readonly value: string | Buffer; readonly file?: string };

/** multipart/form-data, RFC 7578. */
const form = (...parts: readonly Part[]): { body: Buffer; headers: Record<string, string> } => {
  const boundary = randomBytes(12).toString('hex');
  const chunks = parts.flatMap(({ name, value, file }) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file === undefined ? '' : `; filename="${file}"`}\r\n`,
    `${file === undefined ? '' : 'Content-Type: text/html\r\n'}\r\n`,
    value,
    '\r\n',
  ]);
  return {
    body: Buffer.concat([...chunks, `--${boundary}--\r\n`].map((chunk) => Buffer.from(chunk))),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
};
const bring = async (who: Caller, url: string, ...parts: readonly Part[]): Promise<Answer> => {
  const { body, headers } = form(...parts);
  return who.send('POST', url, body, headers);
};
const pdf = Buffer.from('%PDF-1.7 停电通知');
const jpeg = Buffer.concat([
  Buffer.of(0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 17, 0),
  Buffer.of(0xff, 0xd9),
]);

const exemptionOf = (more: object = {}): object => ({
  ...{ applicant: '韦某', phone: '0772-2825110', reason: 'power_cut' },
  ...{ beginsAt: hours(-1), endsAt: hours(24), cameras: [codeOf(3)] },
  ...more,
});
const appealOf = (serial: number, more: object = {}): object => ({
  ...{ inspection, camera: codeOf(serial), claim: 'image' },
  ...{ applicant: '覃某', phone: '0772-2825111', text: '现场画面正常' },
  ...more,
});

describe('an exemption', () => {
  it('is filed by a county with a file that it brought, approved by the centre, and ended; other counties never hear of it', async () => {
    const upload = await bring(county, '/api/v1/uploads', { name: 'file', value: pdf, file: '..\\停电.pdf' });
    expect(upload).toMatchObject({ status: 201, body: { name: '停电.pdf', size: pdf.length } });
    const { id: attachment } = upload.body as { id: string };
    expect(
      await other.send('POST', '/api/v1/exemptions', exemptionOf({ cameras: [codeOf(5)], attachment })),
    ).toMatchObject({ status: 422, body: { code: 'no_such_upload', field: 'attachment' } });
    const filed = await county.send('POST', '/api/v1/exemptions', exemptionOf({ attachment, text: '计划停电' }));
    expect(filed).toMatchObject({
      status: 201,
      body: {
        ...{ unit: '450202', status: 'submitted', cameras: 1, codes: [{ code: codeOf(3) }], overlapping: [] },
        attachment: { name: '停电.pdf' },
      },
    });
    const { location } = filed.headers as { location: string };
    // Its bytes are the exemption's now.
    expect((await county.send('POST', '/api/v1/exemptions', exemptionOf({ attachment }))).status).toBe(422);

    const none = { status: 404, body: { code: 'no_such_exemption' } };
    for (const path of [location, `${location}/attachment`]) expect(await other.get(path)).toMatchObject(none);
    expect(await other.send('POST', `${location}/end`)).toMatchObject(none);
    expect((await other.get('/api/v1/exemptions')).body).toEqual({ items: [], total: 0, next: null });
    expect((await other.get('/api/v1/exemptions?unit=450202')).body).toEqual({ items: [], total: 0, next: null });

    expect((await county.send('POST', `${location}/decision`, { decision: 'approved' })).status).toBe(403);
    expect(await county.send('POST', `${location}/end`)).toMatchObject({
      status: 409,
      body: { code: 'not_to_be_ended' },
    });
    expect(await centre.send('POST', `${location}/decision`, { decision: 'refused' })).toMatchObject({
      status: 422,
      body: { code: 'note_missing', field: 'note' },
    });
    expect(await centre.send('POST', `${location}/decision`, { decision: 'approved', note: '属实' })).toMatchObject({
      status: 200,
      body: { status: 'in_force', decision: { decision: 'approved', by: 'centre', note: '属实' }, closedWithout: [] },
    });
    expect(await centre.send('POST', `${location}/decision`, { decision: 'approved' })).toMatchObject({
      status: 409,
      body: { code: 'decided_already' },
    });
    const file = await centre.get(`${location}/attachment`);
    expect(file.bytes.equals(pdf)).toBe(true);
    expect(file.headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': expect.stringContaining('attachment;'),
      'content-security-policy': expect.stringContaining('sandbox'),
      'x-content-type-options': 'nosniff',
    });
    expect(await county.send('POST', `${location}/end`)).toMatchObject({
      status: 200,
      body: { status: 'ended', ended: { by: 'county-450202' } },
    });
  });

  it('of another county’s camera or site is refused in the words for one that there is not', async () => {
    const refused = async (more: object): Promise<string> => {
      const answer = await county.send('POST', '/api/v1/exemptions', exemptionOf(more), { 'accept-language': 'en' });
      expect(answer.status).toBe(422);
      return (answer.body as { title: string }).title;
    };
    const [foreign, unknown] = [codeOf(5), codeOf(99)];
    expect((await refused({ cameras: [foreign] })).replaceAll(foreign, '')).toBe(
      (await refused({ cameras: [unknown] })).replaceAll(unknown, ''),
    );
    const south = await refused({ cameras: undefined, site: 'south' });
    expect(south.replaceAll('south', '')).toBe(
      (await refused({ cameras: undefined, site: 'west' })).replaceAll('west', ''),
    );
    expect(south).toContain('one of: north');
    expect(await refused({ site: 'north' })).toContain('one of cameras, site and wholeUnit');
    expect(await refused({ cameras: undefined, wholeUnit: true, reason: 'other' })).not.toContain('--');
  });

  it.each([
    ['a name of two lines', { applicant: '韦\n某' }, 400, 'applicant'],
    ['a phone that nobody can call', { phone: 'call me' }, 400, 'phone'],
    ['a day that there is not', { beginsAt: '2026-02-30T00:00:00Z' }, 400, 'beginsAt'],
    ['a year beyond all plans', { endsAt: '+275760-09-13T00:00:00Z' }, 400, 'endsAt'],
    ['an end before the beginning', { endsAt: hours(-2) }, 422, null],
    ['no camera at all', { cameras: [] }, 400, 'cameras'],
    ['a unit that is somebody else’s', { unit: '450203' }, 400, 'unit'],
  ])('with %s is refused, and nothing is filed', async (_, more, status, field) => {
    const total = async () => ((await centre.get('/api/v1/exemptions')).body as { total: number }).total;
    const before = await total();
    const answer = await county.send('POST', '/api/v1/exemptions', exemptionOf(more));
    expect(answer).toMatchObject({ status, ...(field === null ? {} : { body: { field } }) });
    expect(await total()).toBe(before);
  });

  it('is listed page by page, newest first or last, by status, reason and camera', async () => {
    for (const reason of ['relocation', 'relocation', 'replacement']) {
      const more = { reason, cameras: [codeOf(1)] };
      expect((await county.send('POST', '/api/v1/exemptions', exemptionOf(more))).status).toBe(201);
    }
    type Page = { items: { id: number }[]; total: number; next: string | null };
    const all = (await centre.get('/api/v1/exemptions?fields=id')).body as Page;
    const paged: number[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const cursor = next === '' ? '' : `&cursor=${next}`;
      const page = (await centre.get(`/api/v1/exemptions?sort=id&limit=1&fields=id${cursor}`)).body as Page;
      expect(page.total).toBe(all.total);
      paged.push(...page.items.map(({ id }) => id));
      next = page.next;
    }
    expect(paged.toReversed()).toEqual(all.items.map(({ id }) => id));
    const totalOf = async (query: string) => ((await centre.get(`/api/v1/exemptions?${query}`)).body as Page).total;
    expect(await totalOf('reason=relocation')).toBe(2);
    expect(await totalOf(`camera=${codeOf(1)}`)).toBe(3);
    expect(await totalOf('status=ended')).toBe(1);
    expect(await totalOf('status=submitted&reason=replacement')).toBe(1);
    expect((await county.get('/api/v1/exemption-reasons')).body).toContainEqual({
      ...{ code: 'other', zh: '其他', en: 'other', textNeeded: true },
    });
  });
});

describe('an appeal', () => {
  it('that is granted makes revision 2 and its county met; other counties see neither, nor why', async () => {
    const filed = await county.send('POST', '/api/v1/appeals', appealOf(2));
    expect(filed).toMatchObject({
      status: 201,
      body: { camera: { code: codeOf(2) }, unit: '450202', status: 'open', attempts: [{ attempt: 1, image: 'no' }] },
    });
    const { location } = filed.headers as { location: string };
    expect(await county.send('POST', '/api/v1/appeals', appealOf(2))).toMatchObject({ status: 422 });

    const none = { status: 404, body: { code: 'no_such_appeal' } };
    for (const path of [location, `${location}/attachment`, `${location}/frame`]) {
      expect(await other.get(path)).toMatchObject(none);
    }
    expect((await other.get('/api/v1/appeals')).body).toEqual({ items: [], total: 0, next: null });
    expect((await county.send('POST', `${location}/decision`, { decision: 'granted', note: '是' })).status).toBe(403);

    const note = '录像为证：450202 所提属实';
    expect(await centre.send('POST', `${location}/decision`, { decision: 'granted', note })).toMatchObject({
      status: 200,
      body: {
        ...{ status: 'granted', decision: { by: 'centre', note } },
        revised: { inspection, revision: 2, cameras: 1 },
      },
    });
    expect(await centre.send('POST', `${location}/decision`, { decision: 'refused', note: '否' })).toMatchObject({
      status: 409,
      body: { code: 'not_decided' },
    });
    const revisions = `/api/v1/inspections/${inspection}/revisions`;
    expect((await county.get(revisions)).text).toContain('录像为证');
    expect((await other.get(revisions)).text).not.toContain('录像为证');
  });

  it('against a camera of another county is refused in the words for one that is in no roster', async () => {
    const refused = async (serial: number): Promise<string> => {
      const answer = await county.send('POST', '/api/v1/appeals', appealOf(serial));
      expect(answer.status).toBe(422);
      return (answer.body as { title: string }).title.replaceAll(codeOf(serial), '');
    };
    expect(await refused(6)).toBe(await refused(99));
    expect(await county.send('POST', '/api/v1/appeals', appealOf(3, { inspection: 99 }))).toMatchObject({
      status: 404,
      body: { code: 'no_such_inspection', field: 'inspection' },
    });
  });

  it('that is refused changes nothing, and what it was decided by is kept', async () => {
    const filed = await other.send('POST', '/api/v1/appeals', appealOf(6, { claim: 'online' }));
    const { location } = filed.headers as { location: string };
    expect(await centre.send('POST', `${location}/decision`, { decision: 'refused', note: '确实离线' })).toMatchObject({
      status: 200,
      body: { status: 'refused', revised: null },
    });
    expect((await centre.get(`/api/v1/appeals?status=refused&inspection=${inspection}`)).body).toMatchObject({
      total: 1,
    });
  });
});

describe('a correction', () => {
  it('is made once there is something to correct, and each revision is published once it was looked at', async () => {
    const [revise, publish] = [
      `/api/v1/inspections/${inspection}/revisions`,
      `/api/v1/inspections/${inspection}/publication`,
    ];
    expect(await centre.send('POST', revise, { why: '再算一次' })).toMatchObject({
      status: 409,
      body: { code: 'nothing_to_revise' },
    });
    expect(await centre.send('POST', publish, { revision: 1 })).toMatchObject({ status: 409 });
    expect(await centre.send('POST', publish, { revision: 2 })).toMatchObject({ status: 201, body: { revision: 2 } });
    expect(await centre.send('POST', publish, { revision: 2 })).toMatchObject({ status: 409 });
    expect(await centre.send('POST', '/api/v1/inspections/99/publication', { revision: 1 })).toMatchObject({
      status: 404,
    });
    expect((await county.send('POST', publish, { revision: 2 })).status).toBe(403);
  });
});

describe('an upload', () => {
  it.each([
    ['a page that says it is a PDF', { value: '<script>1</script>', file: 'a.pdf' }, 422],
    ['a program', { value: 'MZ', file: 'a.exe' }, 422],
    ['nothing', { value: '', file: 'a.pdf' }, 422],
    ['more than ten megabytes', { value: Buffer.alloc(10 * 1024 * 1024 + 2, '%PDF'), file: 'a.pdf' }, 413],
  ])('of %s is refused', async (_, part, status) => {
    expect(await bring(county, '/api/v1/uploads', { name: 'file', ...part })).toMatchObject({ status });
  });

  it('is one file in one part, and is gone after its day', async () => {
    const one = { name: 'file', value: pdf, file: 'a.pdf' };
    expect((await bring(county, '/api/v1/uploads', one, one)).status).toBe(400);
    expect((await bring(county, '/api/v1/uploads', { ...one, name: 'other' })).status).toBe(400);
    expect((await bring(county, '/api/v1/uploads')).status).toBe(400);
    expect((await county.send('POST', '/api/v1/uploads', { file: 'a.pdf' })).status).toBe(415);
    expect((await bring(county, '/api/v1/uploads', one)).status).toBe(201);
    // What went with an application counts until its day is over, too: two hundred a day.
    await ground.db.run(
      `insert into upload (account, name, size, sha256, at)
       select id, 'a.pdf', 1, repeat('0', 64), now() from account, generate_series(1, 199) where name = 'county-450202'`,
    );
    expect(await bring(county, '/api/v1/uploads', one)).toMatchObject({ status: 422, body: { code: 'not_taken' } });
    expect((await bring(other, '/api/v1/uploads', one)).status).toBe(201);
    await clearUploads(ground.db, new Date(Date.now() + 86_400_001));
    expect(await ground.db.one('select count(*)::integer as count from upload')).toEqual({ count: 0 });
  });
});

describe('a picture', () => {
  it('is looked at by those of its county alone, with the slot that it is of', async () => {
    const path = `/api/v1/cameras/${codeOf(1)}/picture`;
    const shown = await county.get(path);
    expect(shown.text).toBe('jpeg of 1');
    expect(shown.headers).toMatchObject({
      'content-type': 'image/jpeg',
      'x-slot': new Date(began.getTime() + 500).toISOString(),
    });
    expect(await other.get(path)).toMatchObject({ status: 404, body: { code: 'no_such_camera' } });
    expect(await county.get(`/api/v1/cameras/${codeOf(3)}/picture`)).toMatchObject({
      status: 404,
      body: { code: 'no_picture' },
    });
    expect((await (await api.as('viewer')).get(path)).status).toBe(403);
  });

  it('of the camera itself is added to its archive, and shown as what it is', async () => {
    const path = `/api/v1/cameras/${codeOf(1)}/photos`;
    const photo = { name: 'file', value: jpeg, file: 'pole.html' };
    expect(await bring(other, path, photo)).toMatchObject({ status: 404 });
    const added = await bring(county, path, { name: 'note', value: '立杆' }, photo);
    expect(added).toMatchObject({ status: 201, body: { added: true } });
    expect(await bring(county, path, photo)).toMatchObject({ status: 200, body: { added: false } });
    expect(await bring(county, path, { ...photo, value: pdf })).toMatchObject({ status: 422 });
    const { sha256 } = added.body as { sha256: string };
    const shown = await county.get(`${path}/${sha256}`);
    expect(shown.bytes.equals(jpeg)).toBe(true);
    expect(shown.headers['content-type']).toBe('image/jpeg');
    expect((await other.get(`${path}/${sha256}`)).status).toBe(404);
    expect((await county.get(`/api/v1/cameras/${codeOf(2)}/photos/${sha256}`)).status).toBe(404);
  });
});

describe('a policy', () => {
  it('is decided by the centre for the time to come, within bounds that hold for the whole of it', async () => {
    const decide = (body: object) => centre.send('POST', '/api/v1/policies', { note: '柳公〔2026〕9号', ...body });
    const made = await decide({ targets: { skynet: { online: 99, image: 98 } }, validFrom: hours(24) });
    expect(made).toMatchObject({
      status: 201,
      body: { status: 'coming', targets: { total: { online: 95 }, skynet: { online: 99, image: 98 } }, attempts: [0] },
    });
    expect((await county.get((made.headers as { location: string }).location)).status).toBe(200);
    expect((await county.send('POST', '/api/v1/policies', { note: '我定', coverage: 1 })).status).toBe(403);
    for (const [body, field] of [
      [{}, undefined],
      [{ coverage: 99, validFrom: hours(-1) }, undefined],
      [{ attempts: [0, 300, 200] }, 'attempts'],
      [{ attempts: [0, 300], cutoff: 300 }, undefined],
      [{ sweeps: { social: { online: 420, picture: null } } }, 'sweeps.social.online'],
      [{ sweeps: { social: { online: 7_200, picture: 3_600 } } }, undefined],
    ] as const) {
      const refused = await decide(body);
      expect(refused.status).toBe(422);
      expect((refused.body as { field?: string }).field).toBe(field);
    }
    const { items, total } = (await county.get('/api/v1/policies')).body as {
      items: { version: number }[];
      total: number;
    };
    expect(items.map(({ version }) => version)).toEqual([3, 2, 1]);
    expect(total).toBe(3);
    expect((await county.get('/api/v1/policies/4')).status).toBe(404);
  });
});

describe('a report', () => {
  it('of an account of a unit is its own unit’s: of another one it is not there, and the city’s content is not theirs', async () => {
    const { db } = ground;
    const ids = new Map(
      (await db.many<{ id: number; code: string }>('select id, code from camera')).map(({ id, code }) => [
        Number(code.slice(14)),
        id,
      ]),
    );
    await round(db, ids, new Date(began.getTime() + 1_800_000), {}, '2026-11-20');
    const report = (who: Caller, query: string, headers = {}) =>
      who.get(`/api/v1/reports/daily?date=2026-11-20&format=csv${query}`, headers);
    const own = await report(county, '');
    expect(own.status).toBe(200);
    expect(own.text).toContain(codeOf(1));
    expect(own.text).not.toContain(codeOf(5));
    expect((await report(centre, '')).text).toContain(codeOf(5));
    const paper = async (who: Caller): Promise<string> => {
      const { bytes } = await who.get('/api/v1/reports/daily?date=2026-11-20&format=docx&unit=450202');
      return new TextDecoder().decode(unzipSync(bytes)['word/document.xml']).replaceAll(/<[^>]+>/g, '');
    };
    expect(await paper(centre)).toContain('鱼峰区');
    expect(await paper(county)).toContain('城中区');
    expect(await paper(county)).not.toMatch(/鱼峰区|全市/);
    expect(await county.get('/api/v1/reports/monthly?date=2026-11')).toMatchObject({
      status: 403,
      body: { code: 'of_the_city' },
    });
    const told = async (unit: string) => ({
      ...((await report(county, `&unit=${unit}`)).body as object),
      request: null,
    });
    expect(await told('450203')).toEqual(await told('999999'));
    expect(await told('450203')).toMatchObject({ status: 404, code: 'no_such_report' });
    expect((await county.get('/api/v1/reports/daily?date=2026-11-20&format=json')).status).toBe(400);
    const again = await report(county, '', { 'if-none-match': own.headers.etag });
    expect([again.status, again.text]).toEqual([304, '']);
  });
});

describe('a camera that has come to another county', () => {
  it('tells neither county what it was, or is, with the other', async () => {
    const { db } = ground;
    const code = codeOf(4);
    const filed = await county.send('POST', '/api/v1/exemptions', exemptionOf({ cameras: [code], text: '甲字机房' }));
    const { location } = filed.headers as { location: string };
    await centre.send('POST', `${location}/decision`, { decision: 'approved' });
    const asked = await county.send('POST', `/api/v1/cameras/${code}/probes`, { why: '甲字核对' });
    const { id } = await db.one<{ id: number }>('select id from camera where code = $1', [code]);
    const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000);
    await db.run('insert into rollup_clock (hours_until) values ($1)', [hour]);
    await db.run(
      `insert into availability_hour (hour, camera, unit, class, site, online, offline, unknown)
       values ($1, $2, '450202', 'social', 'north', 3000, 600, 0)`,
      [new Date(hour.getTime() - 3_600_000), id],
    );
    const before = await round(db, new Map([[4, id]]), new Date(began.getTime() + 3_600_000), { 4: down });
    await db.transaction(async (tx) => {
      const moved = await tx.one<{ id: number }>(
        `insert into import (by, added, changed, removed, same) values ('centre', 0, 1, 0, 5) returning id`,
      );
      await tx.run(
        `insert into camera_change (camera, import, changes)
         values ($1, $2, '{"unit": ["450202", "450203"], "managing_contact": ["甲字联系人", "乙某"]}')`,
        [id, moved.id],
      );
      await tx.run("update camera set unit = '450203', name = '乙字路口' where id = $1", [id]);
    });
    const now = new Date(Math.floor(Date.now() / 500) * 500 + 1_000);
    await insert(db, [pictureOf(id, now, { jpeg: Buffer.from('of the new county') })]);

    const page = await other.get(`/api/v1/cameras/${code}`);
    expect(page.body).toMatchObject({
      exemption: { id: null, reason: '停电' },
      availability: { hours24: { online: 0, offline: 0 } },
    });
    expect((await centre.get(`/api/v1/cameras/${code}`)).body).toMatchObject({
      exemption: { id: Number(location.split('/').at(-1)), reason: '停电：甲字机房' },
      availability: { hours24: { online: 3_000, offline: 600 } },
    });
    const pages = [
      page,
      ...(await Promise.all(
        [`probes?until=${hours(1)}`, 'history', `availability?by=hour`].map((what) =>
          other.get(`/api/v1/cameras/${code}/${what}`),
        ),
      )),
      await other.send('POST', `/api/v1/cameras/${code}/probes`, {}),
      await other.get((asked.headers as { location: string }).location),
    ];
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429, 404]);
    for (const { text } of pages) expect(text).not.toMatch(/甲字|3000|450202"/);
    const [, probes, history] = pages.map(({ body }) => body as { total: number; items: object[] });
    expect(probes!.total).toBe(1);
    expect(history!.items).toMatchObject([
      {
        changes: [
          { old: null, new: '450203' },
          { old: null, new: '乙某' },
        ],
      },
    ]);

    // The county that had it may still object to what it was judged by then; it is shown nothing of now.
    const appealed = await county.send('POST', '/api/v1/appeals', {
      ...appealOf(4, { inspection: before, claim: 'online' }),
    });
    expect(appealed).toMatchObject({ status: 201, body: { frameAt: null } });
    expect((await county.get(`${(appealed.headers as { location: string }).location}/frame`)).status).toBe(404);
    const own = await county.get(location);
    expect(own).toMatchObject({ status: 200, body: { codes: [{ code, name: null }] } });
    expect((await centre.get(location)).text).toContain('乙字路口');
  });
});
