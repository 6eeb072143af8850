import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { addAccount } from '../../src/account/account.ts';
import { jarOf } from '../../src/account/cookie.ts';
import { openSession } from '../../src/account/session.ts';
import { Sentence } from '../../src/sentence.ts';
import { startGround, type TestGround } from '../support/ground.ts';
import { putApiCity } from './api-city.ts';
import { said, start } from './child.ts';
import { cameras } from './reports-city.ts';
import { type BenchRow, one, ratioOf } from './table.ts';

const days = 90;
const connections = 100;
const seconds = 10;
const mostMs = 50;

type Question = { readonly name: string; readonly paths: readonly string[] };

/** Those of a connection: its own part of them, so that no two ask for the same thing at once. */
const partOf = (paths: readonly string[], nth: number): string[] =>
  paths.length < connections ? [...paths] : paths.filter((_, at) => at % connections === nth);

const terms = [
  ...[
    '文昌路',
    '解放北路',
    '小学',
    '派出所',
    '立交桥',
    '屏山 公园',
    '学院路 公交站',
    '柳石路1',
    '滨江 菜市场',
    '地下通道',
  ],
  ...['海康', '大华', 'ONU-12', 'GAN-77', 'XIANG-31', '运维公司3', '45020200001310004', '曙光路 医院', '三中路 加油站'],
];
const filters = ['', '&unit=450202', '&class=skynet', '&online=no', '&state=in_use', '&unit=450205&image=yes'];
const numbers = Array.from({ length: 200 }, (_, nth) => nth * 2);

/** Some twenty thousand searches, each other than the ones before: far more than the directory remembers the answers of. */
const searches = numbers.flatMap((number) =>
  terms.flatMap((term, nth) => {
    const q = encodeURIComponent(nth % 2 === 0 ? `${term} ${number}` : term);
    return filters.map((filter) => `/api/v1/cameras?q=${q}${filter}&limit=${20 + (number % 7)}`);
  }),
);

const questionsOf = (codes: readonly string[]): Question[] => [
  { name: 'county table', paths: ['/api/v1/inspections/latest/rates'] },
  { name: 'camera search', paths: searches },
  { name: 'camera page', paths: codes.map((code) => `/api/v1/cameras/${code}`) },
];

/** Signed in, each connection as one of ten people. */
const cookiesOf = async ({ db, config }: TestGround): Promise<string[]> => {
  const jar = jarOf(config);
  const cookies: string[] = [];
  for (let nth = 0; nth < 10; nth += 1) {
    const name = `centre-${nth}`;
    const account = await addAccount(db, new Date(), {
      ...{ name, shownName: name, role: 'centre', unit: null, phone: null, password: null, by: 'bench' },
    });
    const { secret } = await openSession(db, new Date(), {
      ...{ account: account.id, epoch: account.epoch, by: 'password', address: null },
    });
    cookies.push(`${jar.session}=${secret}`);
  }
  return cookies;
};

type Shot = { readonly perSecond: number; readonly p99: number; readonly requests: number };

const shoot = async (
  url: string,
  duration: number,
  pathsOf: (nth: number) => readonly string[],
  headersOf: (nth: number) => Record<string, string>,
): Promise<Shot> => {
  let nth = 0;
  const result = await autocannon({
    ...{ url, connections, duration },
    setupClient: (client) => {
      client.setRequests(pathsOf(nth).map((path) => ({ method: 'GET', path, headers: headersOf(nth) })));
      nth += 1;
    },
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${result.non2xx} answers were refused and ${result.errors} failed`);
  }
  return { perSecond: result.requests.average, p99: result.latency.p99, requests: result.requests.total };
};

const measure = async (url: string, { name, paths }: Question, cookies: readonly string[]): Promise<BenchRow[]> => {
  const cookieOf = (nth: number) => ({ cookie: cookies[nth % cookies.length]! });
  const sample = await fetch(`${url}${paths[0]}`, { headers: cookieOf(0) });
  if (sample.status !== 200) throw new Error(`${paths[0]}: ${sample.status} ${await sample.text()}`);
  const body = await sample.text();
  const ask = (duration: number): Promise<Shot> => shoot(url, duration, (nth) => partOf(paths, nth), cookieOf);
  await ask(3);
  const ours = await ask(seconds);
  const peer = start('api-peer.ts', []);
  const urls = said<Readonly<Record<string, string>>>(peer);
  peer.send(body);
  const rows: BenchRow[] = [
    { case: `${name}: p99`, unit: 'ms', ours: one(ours.p99), peer: null, ratio: null, n: ours.requests },
  ];
  for (const [who, at] of Object.entries(await urls)) {
    await shoot(
      at,
      2,
      () => ['/'],
      () => ({}),
    );
    const theirs = await shoot(
      at,
      seconds / 2,
      () => ['/'],
      () => ({}),
    );
    const told = { name: `${who}, from memory (p99 ${theirs.p99} ms)`, ...one(theirs.perSecond) };
    rows.push({
      case: `${name}: beside ${who}`,
      unit: 'requests/s',
      ours: one(ours.perSecond),
      peer: told,
      ratio: ratioOf(one(ours.perSecond), told),
      n: ours.requests,
    });
  }
  peer.disconnect();
  return rows;
};

/**
 * The API with 100 connections that ask as fast as they are answered: 16,610 cameras and 90 days in the embedded database,
 * API, database and those who ask as processes of one machine; signed in, with every hook. Throws a Sentence where one of a
 * hundred answers takes 50 ms.
 */
export const benchApi = async (told: (line: string) => void): Promise<BenchRow[]> => {
  const ground = await startGround();
  let server: ChildProcess | null = null;
  try {
    await putApiCity(ground.db, days, new Date(), told);
    const codes = await ground.db.many<{ code: string }>('select code from camera order by code');
    const cookies = await cookiesOf(ground);
    server = fork(fileURLToPath(new URL('api-server.ts', import.meta.url)), [], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { ...process.env, ...ground.env },
    });
    const url = await said<string>(server);
    const begun = performance.now();
    await fetch(`${url}/api/v1/cameras?limit=1`, { headers: { cookie: cookies[0]! } });
    const rows: BenchRow[] = [
      {
        case: `the directory of ${cameras} cameras read`,
        unit: 'ms',
        ours: one(performance.now() - begun),
        peer: null,
        ratio: null,
        n: 1,
      },
    ];
    for (const question of questionsOf(codes.map(({ code }) => code))) {
      told(`api: ${question.name}`);
      rows.push(...(await measure(url, question, cookies)));
    }
    const slow = rows.filter(({ case: name, ours }) => name.endsWith('p99') && ours.median >= mostMs);
    for (const row of rows) told(`${row.case}: ${row.ours.median} ${row.unit}`);
    if (slow.length === 0) return rows;
    const list = slow.map(({ case: name, ours }) => `${name} ${ours.median} ms`).join(', ');
    throw new Sentence(`应在 ${mostMs} 毫秒以内：${list}`, `must take less than ${mostMs} ms: ${list}`);
  } finally {
    server?.disconnect();
    await ground.close();
  }
};
