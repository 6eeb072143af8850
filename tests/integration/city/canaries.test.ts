import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { access } from '../../../src/api/access.ts';
import { putSite } from '../../../src/inventory/site.ts';
import { zipAlike } from '../../../src/report/print/zip.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { inspectionOf, openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { type Caller, startTestApi, type TestApi } from '../../support/api.ts';
import { type FakeCamera, fakeCamera, type Script, type Wire } from '../../support/camera.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { judgedBy } from '../../support/truth.ts';
import { end, until } from '../../support/worker-process.ts';
import { jpeg } from '../../unit/inventory/photos.ts';
import { h264Sdp, keyframe } from '../../unit/probes/scene.ts';
import { somebodyNew } from '../api/asking.ts';
import { formOf } from '../api/recipes.ts';
import { xunjian } from '../commands/xunjian.ts';
import { codeOf } from '../schedule/roster.ts';
import { canary, databaseDump, finder, type Place, processDump, redisDump } from './canary.ts';
import { account, rtspOf, webOf } from './guarded-camera.ts';

const cameras = 1_000;
/** Cameras that are there and let themselves be asked: by digest and all services, with another password, by Basic. */
const [sound, refusing, basic] = [16, 12, 8];
const passwords = Array.from({ length: cameras }, (_, nth) => canary(nth + 1));
const user = 'admin';
const find = finder(passwords, user, 'recorder');

let ground: TestGround;
let api: TestApi;
let folder: string;
const devices: FakeCamera[] = [];
const log: string[] = [];
const logged = pino(
  { level: 'debug' },
  new Writable({
    write(line, _, done) {
      log.push(String(line));
      done();
    },
  }),
);
beforeAll(async () => {
  ground = await startGround();
  folder = await mkdtemp(join(tmpdir(), 'xunjian-canaries-'));
  api = await startTestApi(ground, { log: logged, bounds: { lag: 0 } });
});
afterAll(async () => {
  for (const device of devices) await device[Symbol.asyncDispose]();
  await api.close();
  await ground.close();
  await rm(folder, { recursive: true, force: true });
});

/** Takes one login over RTSP, in clear, and gives one key frame. */
const basicOf =
  (password: string) =>
  async (wire: Wire): Promise<void> => {
    const right = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    for (;;) {
      const { method, login } = await wire.request();
      if (login !== right) wire.answer(401, { 'WWW-Authenticate': 'Basic realm="recorder"' });
      else if (method === 'DESCRIBE') wire.answer(200, { 'Content-Type': 'application/sdp' }, h264Sdp);
      else wire.answer(200, { Session: '9;timeout=60', Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
      if (method === 'PLAY' && login === right) for (const packet of keyframe()) wire.frame(0, packet);
    }
  };

const listen = async (script: Script, host: string): Promise<FakeCamera> => {
  const device = await fakeCamera(script, { host });
  devices.push(device);
  return device;
};

/** The inventory as a person has it: every camera with a password of its own; where nothing listens, it refuses at once. */
const sheet = async (): Promise<string> => {
  const lines = await Promise.all(
    passwords.map(async (password, nth) => {
      const host = `127.1.${nth >> 8}.${nth & 255}`;
      const who = account(user, nth < sound ? password : 'another');
      const common = `${codeOf(nth + 1)},点位 ${nth + 1},450202,天网,north`;
      if (nth >= sound + refusing + basic) return `${common},rtsp://${host}:9/live,,,${user},${password},否`;
      const rtsp = await listen(nth < sound + refusing ? rtspOf(who) : basicOf(password), host);
      if (nth >= sound + refusing) return `${common},${rtsp.url()},,,${user},${password},是`;
      const web = await listen(webOf(who), host);
      const at = `http://${host}:${web.port}`;
      return `${common},${rtsp.url()},${at}/onvif/device_service,${at}/snapshot,${user},${password},否`;
    }),
  );
  return `code,name,unit,class,site,rtsp_url,onvif_url,snapshot_url,user,password,basic_allowed\n${lines.join('\n')}\n`;
};

/** `xunjian worker` in a process of its own; all that it says is kept. */
const startWorker = (said: Buffer[]): ChildProcess => {
  const program = fileURLToPath(new URL('../../../src/xunjian.sh', import.meta.url));
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, 'worker', '--site', 'north'], {
    env: { PATH: process.env.PATH, ...ground.env, XUNJIAN_LOG_LEVEL: 'debug' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (bytes: Buffer) => said.push(bytes));
  return child;
};

const ran = async (name: string, ...args: readonly string[]): Promise<Place> => {
  const { code, out, err } = await xunjian({ ...ground.env, XUNJIAN_LOG_LEVEL: 'debug' }, ...args);
  return [`xunjian ${name}, exit ${code}`, `${out}${err}`];
};

it('what is searched for is found in every form that it could take, in the database, in Redis and in an archive', async () => {
  const password = passwords[6]!;
  const forms: Place[] = [
    ['raw', `x ${password} x`],
    ['URL', `rtsp://${user}:${encodeURIComponent(password)}@host/`],
    ['JSON', JSON.stringify({ password })],
    ['hexadecimal', Buffer.from(password).toString('hex')],
    ...['', 'a', 'ad', 'admin:'].map(
      (before): Place => [`base64 after ${before}`, Buffer.from(before + password).toString('base64')],
    ),
    ['UTF-16', Buffer.from(password, 'utf16le')],
    ['archive', Buffer.from(zipAlike({ 'xl/sharedStrings.xml': Buffer.from(`<t>${password}</t>`.repeat(50)) }))],
    ['digest', `HA1 ${createHash('md5').update(`${user}:recorder:${password}`).digest('hex')}`],
  ];
  expect(find(forms)).toHaveLength(forms.length);
  expect(find([['innocent', `${'a'.repeat(64)} Zq7 canary`]])).toEqual([]);

  await ground.db.run('insert into site (code, name) values ($1, $2)', ['planted', password]);
  await ground.db.run('insert into photo (sha256, media, width, height, bytes) values ($1, $2, 1, 1, $3)', [
    ...[randomBytes(32), 'image/png', Buffer.from(`exif ${password}`)],
  ]);
  await ground.redis.hset('planted', 'field', password);
  expect(find(await databaseDump(ground.db)).map((place) => place.split(':')[0])).toEqual([
    ...['table public.photo', 'table public.site'],
  ]);
  expect(find(await redisDump(ground.redis))).toEqual([expect.stringMatching(/^Redis planted/)]);
  await ground.db.run('delete from site');
  await ground.db.run('truncate photo cascade');
  await ground.redis.del('planted');
});

it('of 1,000 passwords imported, probed, exported and asked for, none is found where it could have got to', async () => {
  const places: Place[] = [];
  const said: Buffer[] = [];
  const file = join(folder, 'inventory.csv');
  await writeFile(file, await sheet());
  await putSite(ground.db, { code: 'north', name: '城北', networks: ['127.0.0.0/8'] });
  await decidePolicy(ground.db, new Date('2026-01-01T00:00:00Z'), 'all services', {
    ...{ daily_at: null, attempts: [0], cutoff: 120, deadline: 5_000, device_facts: true, snapshot_proves: true },
  });

  // Imported, while every process of the machine is looked at.
  const importing = ran('import', 'import', file, '--note', '首次');
  let isImporting = true;
  importing.finally(() => {
    isImporting = false;
  });
  while (isImporting) places.push(...(await processDump()));
  places.push(await importing);
  expect(places.at(-1)![0]).toBe('xunjian import, exit 0');

  // Probed.
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(new Date());
  const scheduler = startScheduler({ ...ground, log: logged });
  const worker = startWorker(said);
  const heard: Buffer[] = [];
  const listener = await somebodyNew(ground.db, 'centre', null, 'session');
  const events = (await api.app.inject({ url: '/api/v1/events', headers: listener, payloadAsStream: true })).stream();
  events.on('data', (some: Buffer) => heard.push(some));
  const { id } = await openInspection(ground.db, new Date(), null, day);
  await until(async () => {
    places.push(...(await processDump()), ...(await redisDump(ground.redis)));
    return (await inspectionOf(ground.db, id))?.completed_at != null;
  });
  const kinds = (await judgedBy(ground.db, id)).map(({ kind }) => kind);
  const count = (kind: string): number => kinds.filter((one) => one === kind).length;
  expect([count('sound'), count('unauthorized'), count('refused')]).toEqual([
    ...[sound + basic, refusing, cameras - sound - refusing - basic],
  ]);

  // Exported and shown.
  for (const name of ['csv', 'xlsx']) {
    const out = join(folder, `out.${name}`);
    places.push(await ran(`export ${name}`, 'export', out), [`export ${name}`, await readFile(out)]);
  }
  for (const format of ['json', 'docx', 'xlsx']) {
    const out = join(folder, `report.${format}`);
    places.push(await ran(`report ${format}`, 'report', 'daily', '--date', day, '--format', format, '--out', out));
    places.push([`report ${format}`, await readFile(out)]);
  }
  places.push(
    ...[await ran('camera', 'camera', codeOf(1), '--history', '--json'), await ran('login', 'login', '--json')],
    ...[await ran('key weak', 'key', 'weak', '--json'), await ran('key rotate', 'key', 'rotate')],
  );

  expect(places.map(([name]) => name).filter((name) => /exit [^0]/.test(name))).toEqual([]);

  // What goes wrong speaks of it and does not repeat it.
  const bad = join(folder, 'bad.csv');
  const [titles, ...lines] = (await readFile(file, 'utf8')).trim().split('\n');
  const broken = [
    lines[0]!.replace('450202', '999999'),
    lines[1]!.replace('点位 2', '点位,2'),
    lines[2]!.replace(',admin,', ','),
    lines[3]!.replace('rtsp://', `rtsp://admin:${encodeURIComponent(passwords[3]!)}@`),
    lines[4]!.replace(',admin,', ',,'),
    lines[5]!.replace(passwords[5]!, `"${passwords[5]}\n"`),
    `${lines[6]},${passwords[6]}`,
  ];
  await writeFile(bad, `${titles}\n${broken.join('\n')}\n`);
  places.push(await ran('bad import', 'import', bad), await ran('bad import', 'import', bad, '--json'));
  expect(places.at(-1)![0]).toContain('exit 2');
  await writeFile(join(folder, 'wrong-key'), randomBytes(32).toString('hex'));
  const wrong = await xunjian({ ...ground.env, XUNJIAN_KEY_FILE: join(folder, 'wrong-key') }, 'import', file);
  expect(wrong.code).toBe(2);
  places.push(['import with a wrong key', wrong.out + wrong.err]);

  // Asked for over the API, by the city and by a county.
  const callers = [await api.as('administrator'), await api.as('county', '450202')];
  const [city, county] = callers as [Caller, Caller];
  const make = async (route: string, body: unknown, headers = {}): Promise<Record<string, string>> => {
    const { status, text, body: made } = await county.send('POST', `/api/v1${route}`, body, headers);
    expect({ route, text, isMade: status < 300 }).toMatchObject({ isMade: true });
    places.push([`POST ${route}`, text]);
    return made;
  };
  const bring = (route: string, ...file: Parameters<typeof formOf>): Promise<Record<string, string>> => {
    const { headers, body } = formOf(...file);
    return make(route, body, headers);
  };
  const pdf = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');
  const attachment = async (): Promise<string> => (await bring('/uploads', '说明.pdf', 'application/pdf', pdf)).id!;
  const who = { applicant: '韦某', phone: '0772-2825110', text: '停电' };
  const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  const exemption = await make('/exemptions', {
    ...{ ...who, reason: 'power_cut', cameras: [codeOf(2)], beginsAt: inHours(1), endsAt: inHours(9) },
    attachment: await attachment(),
  });
  const down = { inspection: id, camera: codeOf(100), claim: 'online' };
  const appeal = await make('/appeals', { ...who, ...down, attachment: await attachment() });
  const photo = await bring(`/cameras/${codeOf(1)}/photos`, '现场.jpg', 'image/jpeg', jpeg(640, 480));
  const probe = await make(`/cameras/${codeOf(1)}/probes`, { why: '核对' });
  const values: Readonly<Record<string, string>> = {
    ...{ ':code': codeOf(1), ':unit': '450202', ':kind': 'daily', ':version': '2', ':sha256': photo.sha256! },
    ...{ 'exemptions/:id': exemption.id!, 'appeals/:id': appeal.id!, 'probes/:id': probe.id!, ':id': String(id) },
  };
  const queries: Readonly<Record<string, string>> = { ':kind': `?date=${day}&format=csv`, '/export': '?format=csv' };
  const routes = (Object.keys(access) as string[]).filter(
    (route) => route.startsWith('GET /api/v1') && !/events|oidc/.test(route),
  );
  const unanswered: string[] = [];
  for (const route of routes) {
    const path = route
      .slice(4)
      .replaceAll(/(\w+\/)?(:\w+)/g, (all, before = '', name: string) =>
        all in values ? `${before}${values[all]}` : `${before}${values[name] ?? '1'}`,
      );
    const query = Object.entries(queries).find(([end]) => route.endsWith(end))?.[1] ?? '';
    for (const caller of callers) {
      const { status, bytes, headers } = await caller.get(`${path}${query}`);
      if (caller === city && status !== 200) unanswered.push(`${route} ${status}`);
      places.push([`${route} ${status}`, bytes], [`headers of ${route}`, JSON.stringify(headers)]);
    }
  }
  // Nobody answered at this camera, and so there is no picture of it.
  expect(unanswered).toEqual(['GET /api/v1/appeals/:id/frame 404']);
  const path = `/api/v1/cameras/${codeOf(1)}/credential`;
  const login = { user, password: passwords[0] };
  for (const body of [
    ...[login, { ...login, password: `${passwords[0]}\n` }, { ...login, user: passwords[0] }, [login]],
    ...[{ ...login, user: 1 }, { ...login, more: passwords[0] }, JSON.stringify(login).slice(1), passwords[0]],
  ]) {
    const { status, text, headers } = await county.send('PUT', path, body, { 'content-type': 'application/json' });
    places.push([`PUT ${status}`, text], ['headers of PUT', JSON.stringify(headers)]);
  }

  await until(async () => /event: round[\s\S]*completed/.test(Buffer.concat(heard).toString()));
  events.destroy();
  await end(worker, 'SIGTERM');
  await scheduler.stop();
  places.push(['events', Buffer.concat(heard)]);
  places.push(['log of the worker', Buffer.concat(said)], ['log of API and scheduler', log.join('')]);
  places.push(...(await redisDump(ground.redis)), ...(await databaseDump(ground.db)));
  expect(find(places)).toEqual([]);

  // There was something to be found: every log was written, and the passwords are there, sealed.
  expect(Buffer.concat(said).toString()).toContain('worker ready');
  const { sealed } = await ground.db.one<{ sealed: number }>('select count(*)::integer as sealed from credential');
  expect(sealed).toBe(cameras);
  expect(places.filter(([name]) => name.startsWith('process ')).length).toBeGreaterThan(100);
  expect(
    places.some(([name, content]) => name.startsWith('table') && name.includes('evidence') && content.length > 0),
  ).toBe(true);
});
