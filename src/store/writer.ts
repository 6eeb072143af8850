import type { Answer } from '../../probes/index.ts';
import { Gather } from '../db/gather.ts';
import type { Database, Queryable } from '../db/pool.ts';
import type { Log } from '../log.ts';
import type { ProbeResult } from '../probing/result.ts';

/**
 * Results to one statement at most, and how long the first of them waits for company. A statement costs the embedded
 * database as much as 90 rows (1 ms): 20 us of CPU a row with 100 to a statement, 12.8 with 500, 11.0 with 1,000, 10.4
 * with 2,000, 10.5 with 10,000. Two or four flushes at once cost the same and are no quicker than one.
 */
const most = 2_000;
const gatherMs = 100;
const retryMs = 1_000;

/**
 * Appends results in batches, one at a time. `write` resolves when its result is committed, so whoever waits for it
 * feels a slow database, and what is buffered stays bounded by the probes under way. While the database is away it tries
 * again and again; writing twice changes nothing (camera and slot are the key). A result that the database refuses
 * fails by itself and takes none of its neighbours along.
 */
export class ResultWriter {
  readonly #db: Database;
  readonly #log: Log;
  readonly #results: Gather<ProbeResult, { readonly refused: unknown } | null>;
  #closing = false;

  constructor(db: Database, log: Log) {
    this.#db = db;
    this.#log = log;
    this.#results = new Gather((results) => this.#commit(results), most, gatherMs);
  }

  async write(result: ProbeResult): Promise<void> {
    const told = await this.#results.ask(result);
    if (told !== null) throw told.refused;
  }

  /**
   * Resolves when everything written so far is committed; where the database is away, when it was asked once more. What
   * is not committed then is rejected: its slot stays open.
   */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#results.close();
  }

  /** For each result null, or why it was refused: of a batch that is refused each half is tried by itself. */
  async #commit(results: readonly ProbeResult[]): Promise<({ readonly refused: unknown } | null)[]> {
    for (;;) {
      try {
        await insert(this.#db, results);
        return results.map(() => null);
      } catch (error) {
        if (!(error instanceof Error && 'retryable' in error && error.retryable === true)) {
          if (results.length === 1) {
            this.#log.error({ camera: results[0]!.camera, error: String(error) }, 'a result was not taken');
            return [{ refused: error }];
          }
          const middle = results.length >> 1;
          const first = await this.#commit(results.slice(0, middle));
          return [...first, ...(await this.#commit(results.slice(middle)))];
        }
        if (this.#closing) return results.map(() => ({ refused: error }));
        this.#log.warn({ results: results.length, error: error.message }, 'results wait for the database');
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }
}

/** Pictures to one statement: 2,000 JPEGs of 33 KB would be more than a message to the embedded database may be (64 MB). */
const pictures = 200;

/** What only a probe for a picture has. */
const ofPicture = [
  'codec',
  'width',
  'height',
  'keyframeBytes',
  'meanLuma',
  'contrast',
  'sharpness',
  'provedBy',
  'fingerprint',
] as const satisfies (keyof ProbeResult)[];
const hasPicture = (result: ProbeResult): boolean =>
  result.faults.length > 0 || ofPicture.some((name) => result[name] !== null);

/**
 * Appends results, and the pictures among them as evidence, all or none. A result that is there already stays as it is.
 * Most have no picture: one statement of eleven columns, without a transaction around it. Sorted by their key: two
 * who deliver the same results at once wait for each other and seldom both, as seen results come after all blind ones.
 * Where they do, the database ends one of them (40P01), which the writer tries again.
 */
export const insert = async (db: Database, results: readonly ProbeResult[]): Promise<void> => {
  const sorted = [...results].sort((a, b) => a.camera - b.camera || a.slot.getTime() - b.slot.getTime());
  const blind = sorted.filter((result) => !hasPicture(result));
  if (blind.length === sorted.length) return insertBlind(db, blind);
  await db.transaction(async (tx) => {
    if (blind.length > 0) await insertBlind(tx, blind);
    const seen = sorted.filter(hasPicture);
    await insertSeen(tx, seen);
    const kept = seen.filter(({ fingerprint }) => fingerprint !== null);
    for (let from = 0; from < kept.length; from += pictures) await keep(tx, kept.slice(from, from + pictures));
  });
};

const flag = (answer: Answer): boolean | null => (answer === 'unknown' ? null : answer === 'yes');

/** An array's literal (PostgreSQL's manual, 8.15.2), of what needs no quotes: a third of what pg's own costs. */
const array = (values: readonly (number | boolean | null)[]): string =>
  `{${values.map((value) => value ?? 'null').join()}}`;

type Values = <K extends keyof ProbeResult>(name: K) => ProbeResult[K][];
const valuesOf =
  (results: readonly ProbeResult[]): Values =>
  (name) =>
    results.map((result) => result[name]);
/** $1 to $11. Times as milliseconds since 1970: to write dates out cost more CPU than all the rest. */
const answers = (column: Values): unknown[] => [
  array(column('slot').map(Number)),
  array(column('camera')),
  array(column('inspection')),
  array(column('attempt')),
  array(column('observedAt').map(Number)),
  array(column('online').map(flag)),
  array(column('image').map(flag)),
  column('failure'),
  column('step'),
  column('detail'),
  array(column('took')),
];

/**
 * Notes the cameras and hours of results of sweeps that come ten minutes after their slot or later: their hours may have been
 * added up (`rollup/refresh.ts`). In the statement that stores them, so that whoever sees the one sees the other. Of $1 to
 * $3; 0.1 us a result where none is late.
 */
const noteLate = `late as (
  insert into late_result (hour, cameras)
  select to_timestamp(floor(ms / 3600000) * 3600), array_agg(distinct camera)
  from unnest($1::double precision[], $2::integer[], $3::bigint[]) as given (ms, camera, inspection)
  where inspection is null and ms < date_part('epoch', now()) * 1000 - 600000
  group by 1
)`;

/** Tells whoever keeps the states of now in memory whose results these are (`rollup/directory.ts`). Of $2. */
const noteArrived = `arrived as (
  insert into result_arrived (cameras) select array_agg(distinct camera) from unnest($2::integer[]) as given (camera)
)`;

/**
 * When it was observed, as milliseconds after its slot, and as a time of its own where an integer does not reach so far (a
 * clock that was weeks off): of `slot_ms` and `observed_ms`.
 */
const observed = `case when abs(observed_ms - slot_ms) < 2147483648 then (observed_ms - slot_ms)::integer end,
  case when abs(observed_ms - slot_ms) >= 2147483648 then to_timestamp(observed_ms / 1000) end`;

const insertBlind = async (tx: Queryable, results: readonly ProbeResult[]): Promise<void> => {
  await tx.run(
    `with ${noteLate}, ${noteArrived}
     insert into result (slot, camera, inspection, attempt, observed_after, observed_at, online, image, failure, step,
       detail, took)
     select to_timestamp(slot_ms / 1000), camera, inspection, attempt, ${observed}, online, image, failure, step, detail,
       took
     from unnest($1::double precision[], $2::integer[], $3::bigint[], $4::smallint[], $5::double precision[],
       $6::boolean[], $7::boolean[], $8::text[], $9::text[], $10::text[], $11::integer[])
       as r (slot_ms, camera, inspection, attempt, observed_ms, online, image, failure, step, detail, took)
     on conflict (camera, slot) do nothing`,
    answers(valuesOf(results)),
  );
};

/**
 * A picture whose pixels are those of the one before is frozen, unless it is an even one: a covered camera's noise drowns
 * in the coding (2 fingerprints in 5 key frames of a grey wall). No fault is null: an empty array took 0.17 bytes a result.
 */
const insertSeen = async (tx: Queryable, results: readonly ProbeResult[]): Promise<void> => {
  const column = valuesOf(results);
  await tx.run(
    `with ${noteLate}, ${noteArrived}
     insert into result (slot, camera, inspection, attempt, observed_after, observed_at, online, image, failure, step,
       detail, took, codec, width, height, keyframe_bytes, mean_luma, contrast, sharpness, faults, proved_by)
     select r.slot, r.camera, inspection, attempt, ${observed}, online, image, failure, step, detail, took,
       codec, width, height, keyframe_bytes, mean_luma, contrast, sharpness,
       nullif(
         case when e.fingerprint = r.fingerprint and not string_to_array(faults, ',') && '{black,white,flat}'
           then array_append(string_to_array(faults, ','), 'frozen')
           else string_to_array(faults, ',') end, '{}'), proved_by
     from (
       select to_timestamp(slot_ms / 1000) as slot, given.*
       from unnest($1::double precision[], $2::integer[], $3::bigint[], $4::smallint[], $5::double precision[],
         $6::boolean[], $7::boolean[], $8::text[], $9::text[], $10::text[], $11::integer[], $12::text[],
         $13::smallint[], $14::smallint[], $15::integer[], $16::real[], $17::real[], $18::real[], $19::text[],
         $20::text[], $21::text[])
         as given (slot_ms, camera, inspection, attempt, observed_ms, online, image, failure, step, detail, took, codec,
           width, height, keyframe_bytes, mean_luma, contrast, sharpness, faults, proved_by, fingerprint)
     ) r
     left join evidence e on e.camera = r.camera and e.slot < r.slot
     on conflict (camera, slot) do nothing`,
    [
      ...answers(column),
      column('codec'),
      array(column('width')),
      array(column('height')),
      array(column('keyframeBytes')),
      array(column('meanLuma')),
      array(column('contrast')),
      array(column('sharpness')),
      column('faults').map((faults) => faults.join()),
      column('provedBy'),
      column('fingerprint'),
    ],
  );
};

/**
 * A bytea[] as the wire has it in binary (array_recv in PostgreSQL's arrayfuncs.c), which pg takes as a Buffer. As text it is
 * twice as long: with 8 KB a picture 345 us of the database's CPU and 37 of ours, so 170 and 22.
 */
const bytes = (values: readonly (Buffer | null)[]): Buffer => {
  const int = (value: number): Buffer => {
    const four = Buffer.alloc(4);
    four.writeInt32BE(value);
    return four;
  };
  const hasNull = values.includes(null) ? 1 : 0;
  const bytea = 17;
  const head = [1, hasNull, bytea, values.length, 1].map(int);
  return Buffer.concat([...head, ...values.flatMap((one) => (one === null ? [int(-1)] : [int(one.length), one]))]);
};

/** Keeps the newest picture of each camera, in whatever order they come. */
const keep = async (tx: Queryable, results: readonly ProbeResult[]): Promise<void> => {
  const column = valuesOf(results);
  await tx.run(
    `insert into evidence as e (camera, slot, fingerprint, jpeg)
     select distinct on (camera) camera, to_timestamp(ms / 1000), fingerprint, jpeg
     from unnest($1::integer[], $2::double precision[], $3::text[], $4::bytea[]) as p (camera, ms, fingerprint, jpeg)
     order by camera, ms desc
     on conflict (camera) do update set slot = excluded.slot, fingerprint = excluded.fingerprint, jpeg = excluded.jpeg
     where e.slot < excluded.slot`,
    [array(column('camera')), array(column('slot').map(Number)), column('fingerprint'), bytes(column('jpeg'))],
  );
};
