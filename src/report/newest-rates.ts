import { Gather } from '../db/gather.ts';
import type { Database } from '../db/pool.ts';
import { prepared } from '../db/prepared.ts';
import { type InspectionReport, reportOf } from './inspection.ts';

type Version = {
  readonly id: number;
  readonly revision: number;
  readonly published_at: Date | null;
  /** Of the units' names and order. */
  readonly units: string;
};

const newestVersion = prepared(
  `select i.id, v.revision, p.published_at,
     (select md5(string_agg(code || name || position, ' ' order by position)) from unit) as units
   from (
     select id from inspection where completed_at is not null and unit is null order by id desc limit 1
   ) i
   cross join lateral (select max(revision) as revision from unit_verdict where inspection = i.id) v
   left join publication p on p.inspection = i.id and p.revision = v.revision`,
);

const most = 1_000;
const gatherMs = 1;

/**
 * The rates of the city's newest inspection that is complete, by its newest revision. What was frozen never changes, so it
 * is read once; whether there is a newer one is asked each time, by one statement for all who asked at the same moment.
 * `told` is made once of each report; null: no inspection is complete.
 */
export class NewestRates<T> {
  readonly #asks: Gather<null, { readonly told: T } | null>;
  #held: { readonly of: string; readonly told: T } | null = null;

  constructor(db: Database, told: (report: InspectionReport) => T) {
    this.#asks = new Gather(
      async (asked) => {
        const newest = await this.#read(db, told);
        return asked.map(() => newest);
      },
      most,
      gatherMs,
    );
  }

  async ask(): Promise<T | null> {
    return (await this.#asks.ask(null))?.told ?? null;
  }

  async #read(db: Database, told: (report: InspectionReport) => T): Promise<{ readonly told: T } | null> {
    const version = await db.maybeOne<Version>(newestVersion);
    if (version === null) return null;
    const of = JSON.stringify(version);
    if (this.#held?.of === of) return this.#held;
    const report = await reportOf(db, version.id, version.revision);
    if (report === null) return null;
    this.#held = { of, told: told(report) };
    return this.#held;
  }
}
