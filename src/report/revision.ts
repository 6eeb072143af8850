import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import canonicalize from 'canonicalize';
import type { Database, Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';
import type { FrozenContent } from './content.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** The canonical form (RFC 8785, UTF-8) of a content: the same content always gives the same bytes. */
export const canonicalBytes = (content: FrozenContent): Buffer => Buffer.from(canonicalize(content)!);

/** Lower-case hex. */
export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Writes down a revision: from then on the inspection's rows are read-only. Gives its SHA-256. */
export const saveRevision = async (tx: Queryable, content: FrozenContent): Promise<string> => {
  const bytes = canonicalBytes(content);
  const sha256 = sha256Of(bytes);
  const { number, madeAt, madeBy, why, previous } = content.revision;
  await tx.run(
    `insert into revision (inspection, number, made_at, made_by, why, formula, content, sha256, previous_sha256)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      ...[content.inspection.id, number, madeAt, madeBy, why, content.formula],
      ...[await compress(bytes), sha256, previous?.sha256 ?? null],
    ],
  );
  return sha256;
};

/** A frozen inspection as one revision tells it. */
export type Frozen = {
  readonly content: FrozenContent;
  /** Its canonical form, whose SHA-256 it is. */
  readonly bytes: Buffer;
  readonly sha256: string;
  /** null: a draft. */
  readonly published: { readonly at: Date; readonly by: string } | null;
};

/**
 * A revision of an inspection, the newest where `number` is null; null where there is none. Its hash is checked: bytes
 * that are not those that were frozen are given to nobody.
 */
export const frozenOf = async (db: Queryable, inspection: number, number: number | null): Promise<Frozen | null> => {
  const row = await db.maybeOne<{
    number: number;
    content: Buffer;
    sha256: string;
    published_at: Date | null;
    published_by: string | null;
  }>(
    `select r.number, r.content, r.sha256, p.published_at, p.published_by
     from revision r left join publication p on p.inspection = r.inspection and p.revision = r.number
     where r.inspection = $1 and ($2::integer is null or r.number = $2) order by r.number desc limit 1`,
    [inspection, number],
  );
  if (row === null) return null;
  const bytes = await decompress(row.content);
  if (sha256Of(bytes) !== row.sha256) {
    throw new Error(`revision ${row.number} of inspection ${inspection} is not what was frozen: its hash differs`);
  }
  const content = JSON.parse(bytes.toString()) as FrozenContent;
  const published = row.published_at === null ? null : { at: row.published_at, by: row.published_by! };
  return { content, bytes, sha256: row.sha256, published };
};

/** The same; throws a Sentence where there is none. */
export const requireFrozen = async (db: Queryable, inspection: number, number: number | null): Promise<Frozen> => {
  const frozen = await frozenOf(db, inspection, number);
  if (frozen !== null) return frozen;
  throw absent(inspection, number);
};

const absent = (inspection: number, number: number | null): Sentence =>
  number === null
    ? new Sentence(
        `第 ${inspection} 次巡检尚未结束，或没有这次巡检；请检查编号`,
        `inspection ${inspection} is not complete, or there is none: check its number`,
      )
    : new Sentence(
        `第 ${inspection} 次巡检没有第 ${number} 版；请查看各版次`,
        `inspection ${inspection} has no revision ${number}: see its revisions`,
      );

/** The daily inspection of a day (YYYY-MM-DD); a Sentence that names days that have one where it has none. */
export const requireDaily = async (db: Queryable, day: string): Promise<number> => {
  const found = await db.maybeOne<{ id: number }>('select id from inspection where day = $1', [day]);
  if (found !== null) return found.id;
  const near = await db.many<{ day: string }>(
    'select day from inspection where day is not null order by abs(day - $1::date), day limit 5',
    [day],
  );
  const days = near.map((one) => one.day).sort();
  throw new Sentence(
    `日期 ${day}：这一天没有巡检；${days.length === 0 ? '尚无任何日巡检' : `最近的有 ${days.join('、')}`}`,
    `date ${day}: no inspection on that day; ${days.length === 0 ? 'there is none yet' : `near it: ${days.join(', ')}`}`,
  );
};

export type Revision = {
  readonly number: number;
  readonly madeAt: string;
  readonly madeBy: string;
  readonly why: string;
  readonly formula: string;
  readonly sha256: string;
  /** Of the one before; null of the first. */
  readonly previousSha256: string | null;
  readonly published: { readonly at: string; readonly by: string } | null;
};

/** All revisions of an inspection, the first one first. */
export const revisionsOf = async (db: Queryable, inspection: number): Promise<Revision[]> => {
  const rows = await db.many<{
    number: number;
    made_at: Date;
    made_by: string;
    why: string;
    formula: string;
    sha256: string;
    previous_sha256: string | null;
    published_at: Date | null;
    published_by: string | null;
  }>(
    `select r.number, r.made_at, r.made_by, r.why, r.formula, r.sha256, r.previous_sha256, p.published_at, p.published_by
     from revision r left join publication p on p.inspection = r.inspection and p.revision = r.number
     where r.inspection = $1 order by r.number`,
    [inspection],
  );
  return rows.map((row) => ({
    number: row.number,
    madeAt: row.made_at.toISOString(),
    madeBy: row.made_by,
    why: row.why,
    formula: row.formula,
    sha256: row.sha256,
    previousSha256: row.previous_sha256,
    published: row.published_at === null ? null : { at: row.published_at.toISOString(), by: row.published_by! },
  }));
};

export type Published = { readonly inspection: number; readonly revision: number; readonly sha256: string };

/** Publishes the newest revision of an inspection at `at`, once; refused where that is not the one that was `looked` at. */
export const publish = (
  db: Database,
  inspection: number,
  by: string,
  at: Date,
  looked: number | null = null,
): Promise<Published> =>
  db.transaction(async (tx) => {
    // A revision that is made, or published by somebody else, at this moment is seen, or waits.
    await tx.run('select from inspection where id = $1 for no key update', [inspection]);
    const last = (await revisionsOf(tx, inspection)).at(-1);
    if (last === undefined) throw absent(inspection, null);
    const { number, sha256, published } = last;
    if (looked !== null && looked !== number) {
      throw new Sentence(
        `第 ${inspection} 次巡检的最新版次是第 ${number} 版，不是第 ${looked} 版：请先核对该版次，再发布`,
        `the newest revision of inspection ${inspection} is ${number}, not ${looked}: look at it first`,
      );
    }
    if (published !== null) {
      const when = localTime(new Date(published.at));
      throw new Sentence(
        `第 ${inspection} 次巡检第 ${number} 版已由 ${published.by} 于 ${when} 发布`,
        `revision ${number} of inspection ${inspection} was published by ${published.by} at ${when}`,
      );
    }
    await tx.run('insert into publication (inspection, revision, published_at, published_by) values ($1, $2, $3, $4)', [
      inspection,
      number,
      at,
      by,
    ]);
    return { inspection, revision: number, sha256 };
  });

/**
 * The oldest completed inspection without a revision, which is of before there were any, held for the transaction; null
 * where there is none that nobody else holds.
 */
export const oldestUnfrozen = (tx: Queryable): Promise<{ id: number } | null> =>
  tx.maybeOne<{ id: number }>(
    `select id from inspection i
     where completed_at is not null and not exists (select from revision r where r.inspection = i.id)
     order by id limit 1 for no key update skip locked`,
  );
