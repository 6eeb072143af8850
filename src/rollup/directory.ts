import { Gather } from '../db/gather.ts';
import type { Database } from '../db/pool.ts';
import { prepared } from '../db/prepared.ts';
import { policyOf } from '../schedule/policy.ts';
import { classes } from '../schedule/sweep.ts';
import { type CameraEntry, entriesAfter, entriesOf, seenOf } from './camera-entry.ts';
import { CameraTable, type Hold } from './camera-table.ts';

/** Cameras to one statement: what they were last seen as takes two looks into an index each. */
const page = { entries: 5_000, seen: 500 } as const;
/** What changed is kept for an hour (`forgetChanges`); whoever has not looked for half of that reads everything again. */
const forgetMs = 30 * 60_000;
const most = 1_000;
const gatherMs = 1;

type News = {
  /** Every transaction before it is over. */
  readonly over: string;
  readonly now: Date;
  readonly policy: number;
  readonly touched: readonly { readonly id: number; readonly cameras: readonly number[] | null }[];
  readonly arrived: readonly { readonly id: number; readonly cameras: readonly number[] }[];
};

/** $1: the transaction before which everything was read. */
const newsSince = prepared(
  `select pg_snapshot_xmin(pg_current_snapshot())::text as over, clock_timestamp() as now,
     (select version from policy where valid_from <= clock_timestamp() order by valid_from desc, version desc limit 1)
       as policy,
     (select coalesce(json_agg(json_build_object('id', id, 'cameras', cameras)), '[]')
      from camera_touched where xid >= $1::xid8) as touched,
     (select coalesce(json_agg(json_build_object('id', id, 'cameras', cameras)), '[]')
      from result_arrived where xid >= $1::xid8) as arrived`,
);

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * All cameras in memory, as fresh as the database: whoever asks gets a table of a moment after they asked. What is read
 * then is one small statement for all who asked at the same time, and those cameras that changed or got a result. The first
 * who asks waits until all is read (16,610 cameras: about a second).
 */
export class CameraDirectory {
  readonly #db: Database;
  readonly #asks: Gather<null, { readonly table: CameraTable; readonly now: Date }>;
  #table: CameraTable | null = null;
  #policy = -1;
  #since = 0;
  /** Of the changes of transactions that were not over when it was last looked: those that were read. */
  #read = { over: '0', at: 0, touched: new Set<number>(), arrived: new Set<number>() };

  constructor(db: Database) {
    this.#db = db;
    this.#asks = new Gather(
      async (asked) => {
        const told = await this.#refresh();
        return asked.map(() => told);
      },
      most,
      gatherMs,
    );
  }

  /** The table, to be read at once and never kept: the next refresh changes it. `now` is the database's. */
  fresh(): Promise<{ readonly table: CameraTable; readonly now: Date }> {
    return this.#asks.ask(null);
  }

  async #refresh(): Promise<{ table: CameraTable; now: Date }> {
    try {
      const news = await this.#news();
      const behind = news.now.getTime() - this.#read.at > forgetMs;
      if (this.#table === null || behind || news.touched.some(({ cameras }) => cameras === null)) {
        this.#table = await this.#load(news);
      } else {
        await this.#follow(this.#table, news);
      }
      this.#read = {
        over: news.over,
        at: news.now.getTime(),
        touched: new Set(news.touched.map(({ id }) => id)),
        arrived: new Set(news.arrived.map(({ id }) => id)),
      };
      return { table: this.#table, now: news.now };
    } catch (error) {
      // It may have been told half of what changed.
      this.#table = null;
      throw error;
    }
  }

  /** What was committed since it was last looked, and what was then still under way. */
  #news(): Promise<News> {
    return this.#db.one<News>(newsSince, [this.#table === null ? String(2n ** 63n) : this.#read.over]);
  }

  async #load(news: News): Promise<CameraTable> {
    const hold = await this.#holdBy(news);
    const words = new Map<string, string>();
    const entries: CameraEntry[] = [];
    for (let last = 0; ; ) {
      const some = await entriesAfter(this.#db, last, page.entries);
      for (const entry of some) entries.push(shared(entry, words));
      if (some.length < page.entries) break;
      last = some.at(-1)!.id;
    }
    const table = new CameraTable(hold);
    await table.fill(entries, pause);
    await this.#see(table, table.ids);
    return table;
  }

  async #follow(table: CameraTable, news: News): Promise<void> {
    if (news.policy !== this.#policy) {
      table.holdFor(await this.#holdBy(news));
      await this.#see(table, table.ids);
    }
    const touched = idsOf(news.touched, this.#read.touched);
    for (let from = 0; from < touched.length; from += page.entries) {
      const some = touched.slice(from, from + page.entries);
      await table.change(some, await entriesOf(this.#db, some), pause);
    }
    await this.#see(table, idsOf(news.arrived, this.#read.arrived));
  }

  async #see(table: CameraTable, ids: readonly number[]): Promise<void> {
    for (let from = 0; from < ids.length; from += page.seen) {
      table.see(await seenOf(this.#db, ids.slice(from, from + page.seen), new Date(this.#since)));
    }
  }

  async #holdBy({ policy: version, now }: News): Promise<Hold> {
    const policy = await policyOf(this.#db, version);
    const of = (name: (typeof classes)[number]): Hold[typeof name] => {
      const picture = policy[`${name}_picture_every`];
      return { online: 2_000 * (policy[`${name}_online_every`] ?? picture ?? 0), image: 2_000 * (picture ?? 0) };
    };
    const hold: Hold = { skynet: of('skynet'), social: of('social'), household: of('household') };
    this.#policy = version;
    this.#since = now.getTime() - Math.max(...classes.flatMap((name) => [hold[name].online, hold[name].image]));
    return hold;
  }
}

/** Of several changes each camera once. */
const idsOf = (
  changes: readonly { readonly id: number; readonly cameras: readonly number[] | null }[],
  read: ReadonlySet<number>,
): number[] => [...new Set(changes.flatMap(({ id, cameras }) => (read.has(id) ? [] : (cameras ?? []))))];

/** The same words of many cameras are kept once. */
const shared = (entry: CameraEntry, words: Map<string, string>): CameraEntry => {
  const kept = entry as Record<string, unknown>;
  for (const [field, value] of Object.entries(kept)) {
    if (typeof value !== 'string' || field === 'code') continue;
    const known = words.get(value);
    if (known === undefined) words.set(value, value);
    else kept[field] = known;
  }
  return entry;
};

/** Forgets what changed more than an hour ago; whoever holds a directory has read it, or reads everything. */
export const forgetChanges = async (db: Database): Promise<void> => {
  await db.run("delete from camera_touched where at < clock_timestamp() - interval '1 hour'");
  await db.run("delete from result_arrived where at < clock_timestamp() - interval '1 hour'");
};
