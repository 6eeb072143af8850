import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillCity } from '../../src/commands/demo.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type Database, openDatabase } from '../../src/db/pool.ts';
import { masterKeysOf } from '../../src/inventory/master-keys.ts';
import { Vault } from '../../src/inventory/vault.ts';
import { openRedis } from '../../src/queue/connection.ts';
import { migrationsFolder } from '../../src/roles/ground.ts';
import { openInspection } from '../../src/schedule/inspection.ts';
import { decidePolicy, noSweeps } from '../../src/schedule/policy.ts';
import { type City, inventoryCsv, planCity } from '../../src/simulator/city.ts';
import { type SimulatorProcess, startSimulatorProcess } from '../../src/simulator/start.ts';
import { clipsDir } from '../support/clips.ts';
import { type Outage, unexplained } from './bounds.ts';
import { compare } from './compare.ts';
import { DiskPair } from './disk-pair.ts';
import { historyOf, isQuiet, placesOf, turnsOf } from './history.ts';
import { Kept } from './kept.ts';
import { type Event, planEvents, planFaults } from './plan.ts';
import { Timeline } from './timeline.ts';
import { owed } from './turns.ts';

export type SoakOptions = { readonly minutes: number; readonly cameras: number; readonly seed: number };

export type SoakReport = SoakOptions & {
  readonly at: string;
  readonly seconds: number;
  readonly happened: Readonly<Record<string, number>>;
  readonly faults: number;
  readonly planned: number;
  readonly stored: number;
  readonly changing: number;
  readonly cutOff: number;
  /** Probes skipped, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Unknown because of us, by kind. */
  readonly ours: Readonly<Record<string, number>>;
  readonly failedLogins: number;
  /** The most that any process of each worker ever held, MiB, and how often it was started. */
  readonly workers: readonly { readonly peakMiB: number; readonly starts: number }[];
  readonly differences: readonly string[];
};

const workers = 3;
/** Seconds from probe to probe: short, so that minutes hold as many as days. */
const onlineEvery = 60;
const pictureEvery = (minutes: number): number => (minutes >= 10 ? 300 : 120);
/** How long the last probes may take to end, ms: a row's time, and the grace in which a late result may still come. */
const quietWithin = 500_000;
const sampleMs = 500;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/** One machine after the other on its own lane: Redis does not come back while it is being stopped. */
const lane = () => {
  let last: Promise<unknown> = Promise.resolve();
  return (work: () => Promise<unknown>): Promise<unknown> => {
    last = last.then(work);
    return last;
  };
};

/** The whole soak: a city, its faults, the service in processes of its own, what kills them, and the comparison. */
export const soak = async (options: SoakOptions, say: (line: string) => void): Promise<SoakReport> => {
  const folder = await mkdtemp(join(tmpdir(), 'xunjian-soak-'));
  const closing: (() => unknown)[] = [];
  let isRight = false;
  try {
    const plan = { cameras: options.cameras, seed: options.seed, household: 0.3, recorders: 0.2 };
    const city = planCity(plan);
    const simulator = await startSimulatorProcess({ ...plan, clipsDir, rtspPort: 0, onvifPort: 0 });
    closing.push(() => simulator.stop());
    const pair = await DiskPair.start(folder);
    closing.push(() => pair.stop());
    const db = openDatabase(pair.databaseUrl, { max: 2 });
    closing.push(() => db.close());
    const key = randomBytes(32);
    await writeFile(join(folder, 'key'), key.toString('hex'));
    await migrate(db, migrationsFolder);
    const times = { attempts: [0, 5, 15], cutoff: 90, deadline: 5_000 };
    await fillCity({ db, vault: new Vault(await masterKeysOf(key)) }, city, inventoryCsv(city, simulator.ports), times);
    const report = await live(options, { folder, city, simulator, pair, db, say, closing });
    isRight = report.differences.length === 0;
    return report;
  } finally {
    for (const close of closing.reverse()) await close();
    // What a failed run leaves behind is what there is to look at: the log of all processes, and the database.
    if (isRight) await rm(folder, { recursive: true, force: true });
    else say(`kept: ${folder}`);
  }
};

type Stage = {
  readonly folder: string;
  readonly city: City;
  readonly simulator: SimulatorProcess;
  readonly pair: DiskPair;
  readonly db: Database;
  readonly say: (line: string) => void;
  readonly closing: (() => unknown)[];
};

const live = async (options: SoakOptions, stage: Stage): Promise<SoakReport> => {
  const { folder, city, simulator, pair, db, say, closing } = stage;
  const { minutes, seed } = options;
  const totalMs = minutes * 60_000;
  const picture = pictureEvery(minutes);
  await decidePolicy(db, new Date(), 'soak', {
    ...{ skynet_online_every: onlineEvery, skynet_picture_every: picture },
    ...{ social_online_every: onlineEvery, social_picture_every: picture },
    ...{ household_online_every: onlineEvery, household_picture_every: null },
  });
  const began = Date.now();
  // Where the plan begins is written down before anybody plans, so that what is owed can be told to the probe.
  const first = Math.floor(began / 5_000) * 5;
  await db.run('insert into sweep_clock (planned_until) values (to_timestamp($1))', [first]);

  const log = openSync(join(folder, 'log'), 'a');
  closing.push(() => closeSync(log));
  const env = {
    XUNJIAN_DATABASE_URL: pair.databaseUrl,
    XUNJIAN_REDIS_URL: pair.redisUrl,
    XUNJIAN_KEY_FILE: join(folder, 'key'),
    XUNJIAN_DATA_DIR: folder,
    XUNJIAN_LOG_LEVEL: 'warn',
    XUNJIAN_DECODERS: '1',
  };
  const sites = city.sites.map(({ code }) => code);
  const served = Array.from({ length: workers }, (_, nth) => sites.filter((_, site) => site % workers === nth));
  const scheduler = new Kept(['scheduler'], env, log);
  const probing = served.map((codes) => new Kept(['worker', '--site', ...codes], env, log));
  const sampling = setInterval(() => {
    for (const worker of probing) worker.sample();
  }, sampleMs);
  const stop = async (): Promise<void> => {
    clearInterval(sampling);
    await Promise.all([scheduler, ...probing].map((one) => one.stop()));
  };
  closing.push(stop);

  const timeline = new Timeline(city.cameras);
  const kills: (Outage & { readonly sites: readonly string[] })[] = [];
  const databaseAway: Outage[] = [];
  const redisAway: Outage[] = [];
  const happened: Record<string, number> = {};
  const [onDatabase, onRedis] = [lane(), lane()];
  const elapsed = (): string => `${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s`;

  const happen = async (event: Event): Promise<void> => {
    happened[event.what] = (happened[event.what] ?? 0) + 1;
    say(
      `${elapsed()}  ${event.what}${'worker' in event ? ` ${event.worker}` : ''}${'forMs' in event ? ` for ${event.forMs / 1000} s` : ''}`,
    );
    switch (event.what) {
      case 'kill_worker':
        kills.push({ at: Date.now(), until: Date.now(), sites: served[event.worker]! });
        probing[event.worker]!.kill();
        return;
      case 'kill_scheduler':
        scheduler.kill();
        return;
      case 'inspect':
        await openInspection(db, new Date(), null);
        return;
      case 'database_away':
        await onDatabase(async () => {
          const at = Date.now();
          await pair.killDatabase();
          await pause(event.forMs);
          await pair.startDatabase();
          databaseAway.push({ at, until: Date.now() });
          // What came of a login that was under way is then not written down either.
          kills.push({ at, until: Date.now(), sites });
          say(`${elapsed()}  the database is back`);
        });
        return;
      case 'flush_redis':
        await onRedis(async () => {
          const redis = openRedis(pair.redisUrl);
          await redis.flushall();
          redis.disconnect();
        });
        return;
      case 'restart_redis':
      case 'kill_redis':
        await onRedis(async () => {
          const at = Date.now();
          await pair.restartRedis(event.what === 'kill_redis' ? 'SIGKILL' : 'SIGTERM');
          redisAway.push({ at, until: Date.now() });
        });
    }
  };

  const faults = planFaults(seed, city.cameras, totalMs);
  const drive = async <T extends { readonly at: number }>(
    all: readonly T[],
    act: (those: T[]) => Promise<unknown>,
  ): Promise<void> => {
    for (const [at, those] of Map.groupBy(all, (one) => one.at)) {
      await pause(began + at - Date.now());
      await act(those);
    }
  };
  const under: Promise<unknown>[] = [];
  await Promise.all([
    drive(planEvents(seed, minutes, workers), async (those) => {
      // What takes its time does not hold up the next.
      for (const event of those) under.push(happen(event));
    }),
    drive(faults, async (those) => {
      const sent = Date.now();
      await simulator.setFaults(those);
      const done = Date.now();
      for (const { code, fault } of those) timeline.note(code, { sent, done, fault });
    }),
    pause(totalMs),
  ]);
  await Promise.all(under);

  // The last slot is one that nobody has planned yet; then everything that is planned comes to its end.
  const last = Math.ceil(Date.now() / 5_000) * 5 + 5;
  await decidePolicy(db, new Date(last * 1000 + 1), 'soak: the end', noSweeps);
  say(`${elapsed()}  no more probes are planned; the last ones end`);
  await pause((last + 5) * 1000 - Date.now());
  const patience = Date.now() + quietWithin;
  while (!(await isQuiet(db)) && Date.now() < patience) await pause(500);
  await stop();
  say(`${elapsed()}  comparing`);

  const places = await placesOf(db);
  const { planned, rows, stored, cutOff, told } = await historyOf(db);
  const channels = new Set(city.cameras.filter(({ channel }) => channel !== undefined).map(({ code }) => code));
  const cameras = new Map([...places].map(([id, { code, site }]) => [id, { code, site, channel: channels.has(code) }]));
  const comparison = compare(planned, rows, stored, { timeline, cameras, kills, databaseAway });
  const differences = [...comparison.differences];

  const skipped: Record<string, number> = {};
  for (const { reason, cameras: count } of told) skipped[reason] = (skipped[reason] ?? 0) + count;
  const due = owed(turnsOf(places.values(), onlineEvery, picture), first, last);
  for (const want of ['answer', 'picture'] as const) {
    const inRows = planned.filter((one) => one.want === want && one.row.startsWith('sweep')).length;
    const missed = told.find((one) => one.want === want && one.reason === 'scheduler_away')?.cameras ?? 0;
    if (inRows + missed !== due[want])
      differences.push(`owed: ${due[want]} of ${want} were due, ${inRows} planned, ${missed} counted as missed`);
  }
  const toldOfRows = told.reduce((sum, one) => sum + (one.reason === 'scheduler_away' ? 0 : one.cameras), 0);
  if (toldOfRows !== comparison.skipped - cutOff)
    differences.push(`skipped: ${toldOfRows} in the count by day, ${comparison.skipped - cutOff} in the rows`);
  const processes = [scheduler, ...probing].map(({ args, exits, peakKiB }) => ({
    ...{ name: args.join(' '), exits, peakMiB: Math.round(peakKiB / 1024) },
  }));
  differences.push(
    ...unexplained({
      due: due.answer + due.picture,
      missed: skipped.scheduler_away ?? 0,
      spanMs: (last - first) * 1000,
      ...{ databaseAway, outages: [...databaseAway, ...redisAway], processes },
    }),
  );
  const logins = Object.entries(await simulator.failedLogins());
  for (const [code, count] of logins) if (count > 1) differences.push(`logins: ${count} failed at ${code}`);

  return {
    ...options,
    at: new Date(began).toISOString(),
    seconds: Math.round((Date.now() - began) / 1000),
    happened,
    faults: faults.length,
    planned: comparison.planned,
    stored: comparison.stored,
    changing: comparison.changing,
    cutOff,
    skipped,
    ours: comparison.ours,
    failedLogins: logins.length,
    workers: probing.map(({ peakKiB, starts }) => ({ peakMiB: Math.round(peakKiB / 1024), starts })),
    differences,
  };
};
