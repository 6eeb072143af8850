import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedDatabase } from '../../../src/db/embedded/start.ts';
import { migrate } from '../../../src/db/migrate.ts';
import { openDatabase } from '../../../src/db/pool.ts';
import { keyInUse } from '../../../src/inventory/data-key.ts';
import { LoginBook } from '../../../src/probing/login-book.ts';
import type { InspectionReport } from '../../../src/report/inspection.ts';
import { migrationsFolder } from '../../../src/roles/ground.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { planCity, truthOf } from '../../../src/simulator/city.ts';
import { clipsDir } from '../../support/clips.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { type Ran, start, unread, xunjian } from './xunjian.ts';

let folder: string;
/** An embedded pair with an inventory; each command starts it anew on the same files. */
let env: Record<string, string>;
/** A pair that runs already, for what need not survive a restart: a command on it takes a third of the time. */
let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
  folder = await mkdtemp(join(tmpdir(), 'xunjian-'));
  env = { XUNJIAN_DATA_DIR: join(folder, 'data'), XUNJIAN_LOG_LEVEL: 'warn' };
});
afterAll(async () => {
  await ground.close();
  await rm(folder, { recursive: true, force: true });
});

/** Refused for what was asked: a Chinese and an English sentence on stderr, nothing on stdout, exit code 2. */
const expectRefused = ({ code, out, err }: Ran, ...words: readonly string[]): void => {
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/\p{Script=Han}/u);
  expect(err).toMatch(/[a-z]{3,} [a-z]{2,}/);
  expect(err).not.toMatch(/\n\s+at |internal error|undefined|opensesame/);
  for (const word of words) expect(err).toContain(word);
};

const commands = [
  'demo',
  'inspect',
  'probe',
  'import',
  'site',
  'policy',
  'login',
  'exempt',
  'appeal',
  'revise',
  'revisions',
  'publish',
  'report',
  'todo',
  'availability',
  'outages',
  'ranking',
  'export',
  'camera',
  'audit',
  'user',
  'token',
  'simulate',
  'migrate',
  'serve',
  'api',
  'worker',
  'scheduler',
] as const;

describe('the help', () => {
  it('names every command, in both languages', async () => {
    const { code, out, err } = await xunjian({}, '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const command of commands) expect(out).toMatch(new RegExp(`^  ${command} .*\\p{Script=Han}`, 'mu'));
  });

  it.each(commands)('of %s says what it does and takes', async (command) => {
    const { code, out, err } = await xunjian({}, command, '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Usage: xunjian ${command}`);
    expect(out).toMatch(/\p{Script=Han}.* \/ [a-z]/u);
  });
});

describe('a command that was not understood', () => {
  it.each<[string, string[], string]>([
    ['no command', [], 'Usage: xunjian'],
    ['an unknown command', ['inspekt'], 'inspekt'],
    ['an unknown option', ['demo', '--camera', '5'], '--camera'],
    ['a word for a number', ['demo', '--cameras', 'many'], '60000'],
    ['a number too small', ['demo', '--cameras', '0'], '60000'],
    ['a fraction', ['demo', '--seed', '1.5'], '4294967295'],
    ['a number too large', ['simulate', '--household', '101'], '100'],
    ['a deadline of nothing', ['probe', 'rtsp://127.0.0.1/', '--deadline', '0'], '600000'],
    ['no URL', ['probe'], 'url'],
    ['no file', ['import'], 'file'],
    ['two files', ['import', 'one.csv', 'two.csv'], 'import'],
    ['no site', ['worker'], '--site'],
  ])('for %s is refused in words', async (_, args, word) => {
    expectRefused(await xunjian(env, ...args), word);
  });

  it.each<[string, string[], string]>([
    ['a login in the URL', ['probe', 'rtsp://admin:opensesame@127.0.0.1/'], '--password-file'],
    ['a login in a malformed URL', ['probe', 'rtp://admin:opensesame@127.0.0.1/'], 'rtsp://'],
    [
      'a login in the ONVIF URL',
      ['probe', 'rtsp://127.0.0.1/', '--onvif', 'http://a:opensesame@127.0.0.1/'],
      '--onvif',
    ],
    ['a user without a password', ['probe', 'rtsp://127.0.0.1/', '--user', 'admin'], '--password-file'],
    [
      'a login in the snapshot URL',
      ['probe', 'rtsp://127.0.0.1/', '--snapshot', 'http://a:opensesame@127.0.0.1/'],
      '--snapshot',
    ],
    ['a snapshot that is no HTTP', ['probe', 'rtsp://127.0.0.1/', '--snapshot', 'ftp://127.0.0.1/'], 'http://'],
    ['a transport that is none', ['probe', 'rtsp://127.0.0.1/', '--transport', 'multicast'], 'udp'],
    ['half a fingerprint', ['probe', 'rtsps://127.0.0.1/', '--pin', 'ab'.repeat(16)], '64'],
    ['two to believe', ['probe', 'rtsps://127.0.0.1/', '--pin', 'ab'.repeat(32), '--unverified'], '--ca-file'],
    ['authorities that are not there', ['probe', 'rtsps://127.0.0.1/', '--ca-file', '/no'], '/no'],
    ['a camera that is not named', ['login', '--release'], '--release'],
    [
      'a password file that is not there',
      ['probe', 'rtsp://127.0.0.1/', '--user', 'a', '--password-file', '/no'],
      '/no',
    ],
  ])('for %s is refused in words, without a password in them', async (_, args, word) => {
    expectRefused(await xunjian(env, ...args), word);
  });
});

describe('an environment that cannot be right', () => {
  const database = 'postgresql://xunjian:opensesame@127.0.0.1:1/xunjian';
  it.each<[string, Record<string, string>, string]>([
    ['an unknown variable', { XUNJIAN_DATABASE: database }, 'XUNJIAN_DATABASE'],
    ['a port that is none', { XUNJIAN_PORT: 'http' }, 'XUNJIAN_PORT=http'],
    ['a database without Redis', { XUNJIAN_DATABASE_URL: database }, 'XUNJIAN_REDIS_URL'],
    ['Redis without a database', { XUNJIAN_REDIS_URL: 'redis://:opensesame@127.0.0.1' }, 'XUNJIAN_DATABASE_URL'],
    ['a URL of another database', { XUNJIAN_DATABASE_URL: 'mysql://a:opensesame@127.0.0.1/' }, 'postgresql://'],
    [
      'no key for its own database',
      { XUNJIAN_DATABASE_URL: database, XUNJIAN_REDIS_URL: 'redis://127.0.0.1:1' },
      'XUNJIAN_KEY_FILE',
    ],
    ['a receiver without a secret', { XUNJIAN_WEBHOOK_URL: 'http://127.0.0.1/' }, 'XUNJIAN_WEBHOOK_SECRET_FILE'],
    [
      'a login for the receiver',
      { XUNJIAN_WEBHOOK_URL: 'http://a:opensesame@127.0.0.1/', XUNJIAN_WEBHOOK_SECRET_FILE: '/no' },
      'XUNJIAN_WEBHOOK_URL',
    ],
    ['a data folder in a file', { XUNJIAN_DATA_DIR: '/dev/null/data' }, 'XUNJIAN_DATA_DIR=/dev/null/data'],
  ])('for %s is refused in words', async (_, more, word) => {
    expectRefused(await xunjian({ ...env, ...more }, 'site'), word);
  });

  it('for a key that is none is refused in words', async () => {
    const keyFile = join(folder, 'short-key');
    await writeFile(keyFile, 'opensesame');
    expectRefused(await xunjian({ ...ground.env, XUNJIAN_KEY_FILE: keyFile }, 'site'), 'XUNJIAN_KEY_FILE', 'openssl');
  });

  it('because the database is not there says so in words, and is no fault of the command', async () => {
    const keyFile = join(folder, 'some-key');
    await writeFile(keyFile, '0'.repeat(64));
    const more = {
      XUNJIAN_DATABASE_URL: database,
      XUNJIAN_REDIS_URL: 'redis://127.0.0.1:1',
      XUNJIAN_KEY_FILE: keyFile,
    };
    for (const command of ['site', 'migrate']) {
      const { code, out, err } = await xunjian({ ...env, ...more }, command);
      expect({ code, out }).toEqual({ code: 3, out: '' });
      expect(err).toMatch(/无法连接数据库.*ECONNREFUSED/);
      expect(err).not.toMatch(/\n\s+at |opensesame/);
    }
  });
});

const titles = 'code,name,unit,class,site,rtsp_url,user,password';
const csv = async (name: string, ...lines: string[]): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, [titles, ...lines, ''].join('\n'));
  return file;
};
const line = (serial: number, site = 'north', password = 'opensesame'): string =>
  `4502020000131000000${serial},点位 ${serial},城中区,天网,${site},rtsp://10.20.0.${serial}/live,admin,${password}`;
const json = ({ code, out, err }: Ran): never => {
  expect({ code, err, lines: out.trimEnd().split('\n').length }).toEqual({ code: 0, err: '', lines: 1 });
  return JSON.parse(out) as never;
};
const networks = '10.20.0.0/16, 2001:db8::/48';

describe('an embedded pair of its own', () => {
  it('keeps what commands wrote from one to the next: schema, site, key and inventory', async () => {
    const { applied } = json(await xunjian(env, 'migrate', '--json')) as { applied: string[] };
    expect(applied).toEqual(expect.arrayContaining(['0001_inventory.sql', 'repeatable/views.sql']));
    expectRefused(await xunjian(env, 'inspect'), '请先导入档案');
    const named = await xunjian(env, 'site', 'north', '--name', '城北机房', '--networks', networks, '--json');
    expect(json(named)).toEqual({
      sites: [
        {
          ...{ code: 'north', name: '城北机房', networks: ['10.20.0.0/16', '2001:db8::/48'], authorities: null },
          ...{ sockets: null, megabits: null, workers: 0 },
        },
      ],
    });
    const file = await csv('two.csv', line(1), line(2));
    expect((await xunjian(env, 'import', file)).out).toContain('2 cameras added, 0 changed, 0 as they were');
    // The same key opens what the run before sealed, or the passwords could not be compared.
    const again = await csv('again.csv', line(1), line(2, 'north', 'another'), line(3));
    expect(json(await xunjian(env, 'import', again, '--json'))).toMatchObject({
      dryRun: false,
      added: 1,
      changed: 1,
      same: 1,
    });
  });
});

it('a list that is not read to its end, as by `head`, is no fault of the command', async () => {
  expect(await unread(ground.env, 'policy')).toEqual({ code: 0, err: '' });
});

describe('what people bring', () => {
  it('as a site is refused in words where it cannot be one', async () => {
    expectRefused(await xunjian(ground.env, 'site', 'north'), '--networks');
    expectRefused(await xunjian(ground.env, 'site', 'north', '--networks', '10.20.0.1/16'), '10.20.0.1/16');
    expectRefused(await xunjian(ground.env, 'site', 'city north', '--networks', networks), 'city north');
    expect((await xunjian(ground.env, 'site')).out).toBe('（尚无站点 / no site yet）\n');
    expect((await xunjian(ground.env, 'site', 'north', '--networks', networks)).out).toBe(
      'north  north  10.20.0.0/16,2001:db8::/48  无探测进程 no worker\n',
    );
    expectRefused(await xunjian(ground.env, 'worker', '--site', 'south'), 'south', 'north');
  });

  it('as authorities of a site is refused in words where it is no certificate, and kept where it is one', async () => {
    const put = (file: string): Promise<Ran> =>
      xunjian(ground.env, 'site', 'north', '--networks', networks, '--ca-file', file, '--json');
    expectRefused(await put('/no/such/file'), '--ca-file', 'ENOENT');
    const file = join(folder, 'authorities.pem');
    for (const text of ['', 'no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
      await writeFile(file, text);
      expectRefused(await put(file), 'PEM');
    }
    await writeFile(file, rootCertificates[0]!);
    expect(json(await put(file))).toMatchObject({ sites: [{ code: 'north', authorities: rootCertificates[0] }] });
  });

  it('as an inventory is refused in words where a row is bad, and counted first in a dry run', async () => {
    expectRefused(await xunjian(ground.env, 'import', '/no/such/file'), '/no/such/file', 'ENOENT');
    expectRefused(await xunjian(ground.env, 'import', folder), 'EISDIR');
    const bad = await csv('bad.csv', line(1), line(2, 'south'), line(1));
    const words = ['line 3', 'site = "south"', 'line 4', '2 faults, nothing was written'];
    expectRefused(await xunjian(ground.env, 'import', bad), ...words);
    const told = await xunjian(ground.env, 'import', bad, '--json');
    expect(told.code).toBe(2);
    expect(JSON.parse(told.out)).toMatchObject({ faults: [{ line: 3, column: 'site', value: 'south' }, { line: 4 }] });
    expect(told.out).not.toContain('opensesame');
    const good = await csv('good.csv', line(1), line(2));
    expect(json(await xunjian(ground.env, 'import', good, '--dry-run', '--json'))).toMatchObject({
      dryRun: true,
      added: 2,
      changed: 0,
      same: 0,
    });
    expect(await ground.db.many('select from camera')).toEqual([]);
    expect((await xunjian(ground.env, 'import', good)).code).toBe(0);
    // Nobody would probe them: they would wait for the cut-off and be unknown.
    expectRefused(await xunjian(ground.env, 'inspect'), 'xunjian worker --site north');
  });
});

describe('the policy', () => {
  it('is shown, and decided anew on somebody’s word; what it does not speak of stays', async () => {
    const before = json(await xunjian(ground.env, 'policy', '--json')) as Record<string, unknown>;
    expect(before).toMatchObject({ snapshot_proves: false, device_facts: false, total_online: 95 });
    expectRefused(await xunjian(ground.env, 'policy', '--snapshot-proves', 'yes'), '--note');
    expectRefused(await xunjian(ground.env, 'policy', '--snapshot-proves', 'maybe', '--note', 'x'), 'yes');
    const decided = await xunjian(
      ground.env,
      'policy',
      '--snapshot-proves',
      'yes',
      '--note',
      '柳公〔2026〕7号',
      '--json',
    );
    const after = { ...before, version: expect.any(Number), note: '柳公〔2026〕7号', snapshot_proves: true };
    expect(json(decided)).toEqual({ ...after, valid_from: expect.any(String) });
    expect((await xunjian(ground.env, 'policy')).out).toMatch(/^snapshot_proves +true$/m);
  });
});

describe('a login that a device refused', () => {
  const code = '45020200001310000007';

  it('is listed with its camera, and lifted by whoever has verified the account', async () => {
    const { db, vault, log } = ground;
    expect((await xunjian(ground.env, 'login')).out).toBe('（没有被停用的登录 / no login is held）\n');
    expect((await xunjian(ground.env, 'site', 'north', '--networks', networks)).code).toBe(0);
    const file = await csv('refused.csv', line(7), line(8));
    expect((await xunjian(ground.env, 'import', file)).code).toBe(0);
    const key = await keyInUse(db, vault, 'fingerprint', null);
    const fingerprint = vault.fingerprint({ user: 'admin', password: 'opensesame' }, key);
    const login = { host: '10.20.0.7', fingerprint, renewedAt: null };
    const book = new LoginBook(db, log);
    const guard = book.guard(login, await book.standings([login]), new AbortController().signal);
    await guard.mayTry('rtsp');
    await guard.refused('rtsp', 'unauthorized', 'DESCRIBE: 401 to a login');

    const listed = await xunjian(ground.env, 'login');
    expect(listed).toMatchObject({ code: 0, err: '' });
    expect(listed.out).toMatch(
      /^45020200001310000007 {2}点位 7 {2}10\.20\.0\.7 {2}rtsp {2}unauthorized {2}\S+Z {2}DESCRIBE: 401 to a login\n$/,
    );
    const held = { code, name: '点位 7', host: '10.20.0.7', service: 'rtsp', kind: 'unauthorized' };
    expect(json(await xunjian(ground.env, 'login', '--json'))).toMatchObject({ held: [held] });

    // The one beside it has a login and nothing to lift; nobody has the other.
    expect((await xunjian(ground.env, 'login', '--release', '45020200001310000008')).out).toContain(code);
    expectRefused(await xunjian(ground.env, 'login', '--release', '45020200001310000009'), '45020200001310000009');
    expectRefused(await xunjian(ground.env, 'login', '--release', "'; drop table login"), 'drop table');
    expect(json(await xunjian(ground.env, 'login', '--json'))).toMatchObject({ held: [held] });

    const other = { ...login, host: '10.20.0.8' };
    await book.guard(other, await book.standings([other]), new AbortController().signal).mayTry('rtsp');
    expect(json(await xunjian(ground.env, 'login', '--json'))).toMatchObject({ held: [held, { kind: 'trying' }] });
    expect(json(await xunjian(ground.env, 'login', '--release-interrupted', '--json'))).toMatchObject({ held: [held] });

    expect(json(await xunjian(ground.env, 'login', '--release', code, '--json'))).toEqual({ held: [] });
    const next = book.guard(login, await book.standings([login]), new AbortController().signal);
    expect(await next.mayTry('rtsp')).toBeNull();
  });
});

describe('an inspection of a simulated city by commands alone', () => {
  it('prints one object with the rates of its truth, and ends with 1 where a unit missed its target', async () => {
    const data = join(folder, 'city');
    await mkdir(data);
    // The video that other tests filmed.
    await mkdir(clipsDir, { recursive: true });
    await symlink(clipsDir, join(data, 'clips'));
    const city = { ...env, XUNJIAN_DATA_DIR: data };
    const [inventory, truth] = [join(data, 'inventory.csv'), join(data, 'truth.json')];
    const [cameras, seed] = [12, 5];
    const plan = planCity({ cameras, seed });
    const simulator = await start(
      city,
      ...[
        'simulate',
        '--cameras',
        `${cameras}`,
        '--seed',
        `${seed}`,
        '--inventory',
        inventory,
        '--truth',
        truth,
        '--json',
      ],
    );
    try {
      expect(JSON.parse(simulator.said)).toMatchObject({ cameras, seed, inventory, truth });
      expect(JSON.parse(await readFile(truth, 'utf8'))).toEqual(truthOf(plan));

      // The city's policy, with its attempts seconds instead of minutes apart, as demo has it.
      const database = await startEmbeddedDatabase({ dataDir: join(data, 'timescale'), socketDir: data });
      const db = openDatabase(database.url, { max: 1 });
      await migrate(db, migrationsFolder);
      await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), 'test', {
        daily_at: null,
        attempts: [0, 1],
        cutoff: 60,
        deadline: 3_000,
      });
      await db.run(
        "insert into site (code, name, networks) select code, code, '{127.0.0.0/8}' from unnest($1::text[]) as code",
        [plan.sites.map(({ code }) => code)],
      );
      await db.close();
      await database.stop();

      expect((await xunjian(city, 'import', inventory)).out).toContain('12 cameras added');
      const { code, out, err } = await xunjian(city, 'inspect', '--json');
      expect(err).toBe('');
      const report = JSON.parse(out) as InspectionReport;
      expect(Object.keys(report)).toEqual(['inspection', 'units']);
      expect(report.inspection).toEqual({
        id: 1,
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.500Z$/),
        formula: 'xunjian-rates/1',
        policy: 2,
        seconds: expect.any(Number),
        revision: 1,
        published: null,
      });
      const rows = truthOf(plan);
      const judged = [...new Set(rows.map(({ unit }) => unit))].sort();
      expect(report.units.map((unit) => unit.code).sort()).toEqual(judged);
      for (const unit of report.units) {
        expect(Object.keys(unit)).toEqual(['code', 'name', 'classes', 'verdict']);
        expect(Object.keys(unit.classes).sort()).toEqual(['household', 'skynet', 'social', 'total']);
        const members = rows.filter((row) => row.unit === unit.code);
        const told = members.filter(({ online, image }) => online !== 'unknown' && image !== 'unknown');
        expect(unit.classes.total).toMatchObject({
          roster: members.length,
          exempt: 0,
          unknown: members.length - told.length,
          assessed: told.length,
          online: told.filter(({ online }) => online === 'yes').length,
          image: told.filter(({ image }) => image === 'yes').length,
        });
      }
      const verdicts = report.units.map(({ verdict }) => verdict);
      expect(verdicts).toContain('missed');
      expect(code).toBe(1);

      // A unit all of whose cameras work: nobody missed, and the table for people.
      const sound = report.units.find(({ verdict }) => verdict === 'met')!;
      const one = await xunjian(city, 'inspect', '--unit', sound.code);
      expect(one.code).toBe(0);
      expect(one.out).toMatch(new RegExp(`^${sound.name} .* 达标$`, 'm'));
      expect(one.out).toContain('1 units met the target, 0 missed it');
    } finally {
      expect(await simulator.stop()).toBe(0);
    }
  });
});
