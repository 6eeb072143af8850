import type { Answer } from '../../probes/index.ts';
import type { Database } from '../db/pool.ts';
import type { Log } from '../log.ts';
import type { ProbeResult } from '../probing/result.ts';

/** Rows to one statement at most, and how long the first of them waits for company. */
const most = 1_000;
const gatherMs = 100;
const retryMs = 1_000;

type Waiting = { readonly result: ProbeResult; readonly done: () => void; readonly failed: (error: unknown) => void };

/**
 * Appends results in batches: one statement a flush, one flush at a time. `write` resolves when its result is
 * committed, so whoever waits for it feels a slow database, and what is buffered stays bounded by the probes under way.
 * While the database is away it tries again and again; writing twice changes nothing (camera and slot are the key).
 */
export class ResultWriter {
  readonly #db: Database;
  readonly #log: Log;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> | null = null;
  #closing = false;

  constructor(db: Database, log: Log) {
    this.#db = db;
    this.#log = log;
  }

  write(result: ProbeResult): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ result, done, failed });
      if (this.#waiting.length >= most) this.#flush();
      else this.#timer ??= setTimeout(() => this.#flush(), gatherMs);
    });
  }

  /**
   * Resolves when everything written so far is committed; where the database is away, when it was asked once more. What
   * is not committed then is rejected: its slot stays open.
   */
  async close(): Promise<void> {
    this.#closing = true;
    while (this.#waiting.length > 0 || this.#flushing !== null) {
      this.#flush();
      await this.#flushing;
    }
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#flushing !== null || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, most);
    this.#flushing = this.#commit(batch).finally(() => {
      this.#flushing = null;
      if (this.#waiting.length > 0) this.#flush();
    });
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    for (;;) {
      try {
        await insert(
          this.#db,
          batch.map(({ result }) => result),
        );
        for (const { done } of batch) done();
        return;
      } catch (error) {
        if (!(error instanceof Error && 'retryable' in error && error.retryable === true)) {
          await this.#oneByOne(batch);
          return;
        }
        if (this.#closing) {
          for (const { failed } of batch) failed(error);
          return;
        }
        this.#log.warn({ results: batch.length, error: error.message }, 'the database is away: results wait');
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  /** A result that the database refuses fails by itself and takes none of its neighbours along. */
  async #oneByOne(batch: readonly Waiting[]): Promise<void> {
    for (const { result, done, failed } of batch) {
      try {
        await insert(this.#db, [result]);
        done();
      } catch (error) {
        this.#log.error({ camera: result.camera, error: String(error) }, 'a result was not taken');
        failed(error);
      }
    }
  }
}

const flag = (answer: Answer): boolean | null => (answer === 'unknown' ? null : answer === 'yes');

/**
 * Appends results, and the pictures among them as evidence. A result that is there already stays as it is. A picture whose
 * pixels are those of the one before is frozen, unless it is an even one: a covered camera's noise drowns in the coding
 * (2 fingerprints in 5 key frames of a grey wall).
 */
export const insert = (db: Database, results: readonly ProbeResult[]): Promise<void> =>
  db.transaction(async (tx) => {
    const column = <K extends keyof ProbeResult>(name: K): ProbeResult[K][] => results.map((result) => result[name]);
    await tx.run(
      `insert into result (slot, camera, inspection, attempt, observed_at, online, image, failure, step, detail, took,
         codec, width, height, keyframe_bytes, mean_luma, contrast, sharpness, faults, proved_by)
       select r.slot, r.camera, inspection, attempt, observed_at, online, image, failure, step, detail, took, codec, width,
         height, keyframe_bytes, mean_luma, contrast, sharpness,
         case when e.fingerprint = r.fingerprint and not string_to_array(faults, ',') && '{black,white,flat}'
           then array_append(string_to_array(faults, ','), 'frozen')
           else string_to_array(faults, ',') end, proved_by
       from unnest($1::timestamptz[], $2::integer[], $3::bigint[], $4::smallint[], $5::timestamptz[], $6::boolean[],
         $7::boolean[], $8::text[], $9::text[], $10::text[], $11::integer[], $12::text[], $13::smallint[],
         $14::smallint[], $15::integer[], $16::real[], $17::real[], $18::real[], $19::text[], $20::text[],
         $21::text[])
         as r (slot, camera, inspection, attempt, observed_at, online, image, failure, step, detail, took, codec, width,
           height, keyframe_bytes, mean_luma, contrast, sharpness, faults, proved_by, fingerprint)
       left join evidence e on e.camera = r.camera and e.slot < r.slot
       on conflict (camera, slot) do nothing`,
      [
        column('slot'),
        column('camera'),
        column('inspection'),
        column('attempt'),
        column('observedAt'),
        column('online').map(flag),
        column('image').map(flag),
        column('failure'),
        column('step'),
        column('detail'),
        column('took'),
        column('codec'),
        column('width'),
        column('height'),
        column('keyframeBytes'),
        column('meanLuma'),
        column('contrast'),
        column('sharpness'),
        column('faults').map((faults) => faults.join()),
        column('provedBy'),
        column('fingerprint'),
      ],
    );
    const pictures = results.filter(({ fingerprint }) => fingerprint !== null);
    if (pictures.length === 0) return;
    await tx.run(
      `insert into evidence as e (camera, slot, fingerprint, jpeg)
       select distinct on (camera) *
       from unnest($1::integer[], $2::timestamptz[], $3::text[], $4::bytea[]) as p (camera, slot, fingerprint, jpeg)
       order by camera, slot desc
       on conflict (camera) do update set slot = excluded.slot, fingerprint = excluded.fingerprint, jpeg = excluded.jpeg
       where e.slot < excluded.slot`,
      [
        pictures.map(({ camera }) => camera),
        pictures.map(({ slot }) => slot),
        pictures.map(({ fingerprint }) => fingerprint),
        pictures.map(({ jpeg }) => jpeg),
      ],
    );
  });
