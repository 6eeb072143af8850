import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../config/env.ts';
import { importRows } from '../inventory/import.ts';
import { readSheet } from '../inventory/sheet.ts';
import { putSite } from '../inventory/site.ts';
import { startAll } from '../roles/all-in-one.ts';
import { type Ground, openGround } from '../roles/ground.ts';
import { decidePolicy, noSweeps } from '../schedule/policy.ts';
import { Sentence } from '../sentence.ts';
import { archiveOf } from '../simulator/archive.ts';
import { type City, inventoryCsv } from '../simulator/city.ts';
import { type CityOptions, planTold, startCity } from './city.ts';
import { addDemoAccounts } from './demo-accounts.ts';
import { exit } from './exit.ts';
import { inspectNow, print } from './inspect.ts';
import { stopSignal } from './stop-signal.ts';

export type DemoOptions = CityOptions & { readonly once?: true };

/** A round of the demo takes half a minute instead of an hour: attempts seconds apart, and a short deadline. */
const demoPolicy = { attempts: [0, 2, 4], cutoff: 240, deadline: 6_000 } as const;
/** What goes on after the round: every camera once a minute, a picture every ten. */
const demoSweeps = {
  ...{ skynet_online_every: 60, skynet_picture_every: 600, social_online_every: 60, social_picture_every: 600 },
  household_online_every: 60,
};

/** A simulated city on loopback, one inspection, the county table; then the service goes on until Ctrl-C. */
export const demo = async (config: Config, options: DemoOptions): Promise<number> => {
  if (config.databaseUrl !== null) {
    throw new Sentence(
      'demo 只用内置数据库：请先取消环境变量 XUNJIAN_DATABASE_URL 和 XUNJIAN_REDIS_URL',
      'the demo uses the embedded database only: unset XUNJIAN_DATABASE_URL and XUNJIAN_REDIS_URL first',
    );
  }
  const say = (zh: string, en: string): void => {
    process.stderr.write(`${zh} / ${en}\n`);
  };
  const stop = stopSignal();
  const city = await planTold(options);
  say(
    `模拟城市：${options.cameras} 个点位，种子 ${options.seed}`,
    `a simulated city: ${options.cameras} cameras, seed ${options.seed}`,
  );
  const simulator = await startCity(config, options);
  try {
    say('启动内置 TimescaleDB 与 Redis', 'starting the embedded TimescaleDB and Redis');
    const logLevel = config.logLevel === 'info' ? 'warn' : config.logLevel;
    const ground = await openGround({ ...config, logLevel, port: await freePort(config) }, true);
    try {
      await fillCity(ground, city, inventoryCsv(city, simulator.ports, archiveOf(city, options.seed)));
      return await run(ground, city, options, say, stop);
    } finally {
      await ground.close();
    }
  } finally {
    await simulator.stop();
  }
};

const run = async (
  ground: Ground,
  city: City,
  options: DemoOptions,
  say: (zh: string, en: string) => void,
  stop: Promise<void>,
): Promise<number> => {
  const withApi = options.once !== true;
  const roles = await startAll(ground, withApi);
  try {
    say('巡检开始：每个点位取一帧画面并解码', 'the inspection begins: one decoded picture from every camera');
    const interrupted = stop.then(() => null);
    const report = await Promise.race([inspectNow(ground, null, options.json === true), interrupted]);
    if (report === null) return exit.unknown;
    print(report, options.json === true);
    if (roles.url !== null) {
      await decidePolicy(ground.db, new Date(), '演示：巡测 / demo: sweeps', demoSweeps);
      process.stderr.write('\n');
      say(
        `接下来：各单位看板 ${roles.url}/ ，接口 ${roles.url}/api/docs ；服务继续运行，按 Ctrl-C 结束并清理`,
        `next: the county board at ${roles.url}/ and the API at ${roles.url}/api/docs; it runs on, Ctrl-C ends it and clears up`,
      );
      for (const { name, password, zh, en } of await addDemoAccounts(ground, city)) {
        say(`登录（${zh}）：登录名 ${name} ，密码 ${password}`, `sign in as ${en}: name ${name}, password ${password}`);
      }
      await stop;
    }
    return exit.ok;
  } finally {
    await roles.stop();
  }
};

/** The configured port, or any other where it is taken: a demonstration does not fail for it. */
const freePort = async ({ host, port }: Config): Promise<number> => {
  const server = createServer();
  try {
    server.listen({ host, port });
    await once(server, 'listening');
    return port;
  } catch {
    return 0;
  } finally {
    server.close();
  }
};

/** The simulated city's sites and cameras, by the very way a real inventory takes. */
export const fillCity = async (
  { db, vault }: Pick<Ground, 'db' | 'vault'>,
  city: City,
  csv: string,
  policy: { attempts: readonly number[]; cutoff: number; deadline: number } = demoPolicy,
): Promise<void> => {
  for (const site of city.sites) await putSite(db, site);
  const known = new Map(city.units.map(({ code }) => [code, code]));
  const { rows, faults } = readSheet(Buffer.from(csv), known, new Set(city.sites.map(({ code }) => code)));
  if (faults.length > 0) throw new Error(`the simulator's inventory is faulty: ${JSON.stringify(faults[0])}`);
  await importRows(db, vault, rows, false);
  const note = '演示：间隔缩短 / demo: short intervals';
  // A round alone: what it finds is not mixed with a sweep's visits.
  await decidePolicy(db, new Date(), note, {
    ...policy,
    ...noSweeps,
    daily_at: null,
    attempts: [...policy.attempts],
  });
};
