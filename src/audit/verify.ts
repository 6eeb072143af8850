import type { Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { type Break, Chain, type ChainEnd, type ChainRow, chainStart } from './chain.ts';

export type Verified = {
  /** The rows that were looked at, by number, and how many there are of them. */
  readonly from: number;
  readonly until: number;
  readonly rows: number;
  /** Nothing of it is broken. */
  readonly whole: boolean;
  /** How many places are broken; of those the first hundred. */
  readonly broken: number;
  readonly breaks: readonly Break[];
  /** The end of the chain as it was; null: it is not there. To be noted elsewhere. */
  readonly head: ChainEnd | null;
};

export type VerifyWish = {
  /** The first row; those before it are taken at their word. */
  readonly from?: number;
  /** How many numbers at most; all where it is not given. */
  readonly most?: number;
  /** What was noted elsewhere of a row from `from` on: the one thing that tells of a chain that was rewritten as a whole. */
  readonly anchor?: ChainEnd | null;
};

/** Rows in memory at once. */
const page = 1_000;

/** The columns' texts as they are hashed (audit_text of migrations/0015_audit.sql), asked for without its help. */
const texts = `array[number::text, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), actor, role, via,
  address, action, kind, on_id, unit, why, outcome, request, detail::text]`;

type Stored = { readonly texts: (string | null)[]; readonly previous: string; readonly hash: string };

/** Of a number that somebody has made too large for us: it is reported, not stumbled over. */
const fitting = (column: string): string => `least(${column}, ${Number.MAX_SAFE_INTEGER})`;

/** The end of the chain; null: there is none, or more than one, which no program of ours leaves. */
export const headOf = (db: Queryable): Promise<ChainEnd | null> =>
  db.maybeOne<ChainEnd>(
    `select ${fitting('number')} as number, encode(hash, 'hex') as hash from audit_head
     where (select count(*) from audit_head) = 1`,
  );

/**
 * Reads the chain in pages and computes every hash anew, here and not in the database. Rows that come meanwhile are not
 * looked at. A Sentence where `anchor` is of a row before the first, or there is no such row as the first, nor will the
 * next be it.
 */
export const verify = async (db: Queryable, { from = 1, most, anchor = null }: VerifyWish = {}): Promise<Verified> => {
  if (anchor !== null && anchor.number < from) {
    throw new Sentence(
      `锚点是第 ${anchor.number} 条，而从第 ${from} 条起核验：请从第 ${anchor.number} 条或更早起`,
      `the anchor is of row ${anchor.number}, before row ${from}: begin with row ${anchor.number} or before it`,
    );
  }
  const head = await headOf(db);
  const newest = head?.number ?? (await lastNumber(db));
  if (from > newest + 1) {
    throw new Sentence(
      `没有第 ${from} 条：链的末尾是第 ${newest} 条。若曾有过，则链已被截短：请从第 1 条起核验`,
      `there is no row ${from}: the chain ends with row ${newest}. If there was one, the chain was cut: verify it from row 1 on`,
    );
  }
  const until = most === undefined ? newest : Math.min(newest, from + most - 1);
  const chain = new Chain(from, await before(db, from), anchor === null ? [] : [anchor]);
  // No unique number keeps somebody from a second row of it who can switch off a trigger, nor does any `not null`.
  if (await hasNumberless(db)) chain.numberless();
  // From the very first row on: whatever stands before it is one too many.
  let after: string | null = from === 1 ? null : String(from - 1);
  for (;;) {
    const rows: Stored[] = await db.many<Stored>(
      `select ${texts} as texts, coalesce(encode(previous, 'hex'), '') as previous,
         coalesce(encode(hash, 'hex'), '') as hash
       from audit where ($1::bigint is null or number > $1) and number <= $2
       order by audit.number fetch first $3 rows with ties`,
      [after, until, page],
    );
    for (const row of rows) chain.follow(rowOf(row));
    if (rows.length < page) break;
    after = rows.at(-1)!.texts[0]!;
  }
  if (until < newest) chain.reached(until);
  else {
    chain.finish(head);
    // In one statement: both as they are at one moment.
    const now = await db.maybeOne<{ head: number; last: string }>(
      `select ${fitting('number')} as head, (select coalesce(max(number), 0)::text from audit) as last from audit_head
       where (select count(*) from audit_head) = 1`,
    );
    if (now !== null) chain.surpassed(now.head, Number(now.last));
  }
  const { rows, broken, breaks } = chain;
  return { from, until, rows, whole: broken === 0, broken, breaks, head };
};

const rowOf = ({ texts: all, ...hashes }: Stored): ChainRow => ({ number: Number(all[0]), texts: all, ...hashes });

const before = async (db: Queryable, from: number): Promise<ChainEnd | null> =>
  from === 1
    ? chainStart
    : db.maybeOne<ChainEnd>("select number, encode(hash, 'hex') as hash from audit where number = $1", [from - 1]);

const lastNumber = async (db: Queryable): Promise<number> =>
  (await db.one<{ last: number }>(`select coalesce(${fitting('max(number)')}, 0) as last from audit`)).last;

const hasNumberless = async (db: Queryable): Promise<boolean> =>
  (await db.one<{ some: boolean }>('select exists (select from audit where number is null) as some')).some;

/** What a broken place means, for whoever must look into it. */
export const broken = (one: Break): { readonly zh: string; readonly en: string } => {
  const { kind, number } = one;
  switch (kind) {
    case 'altered':
      return {
        zh: `第 ${number} 条被改动：内容与其哈希不符`,
        en: `row ${number} was altered: it does not fit its hash`,
      };
    case 'rewritten':
      return {
        zh: `第 ${number} 条被整条改写：第 ${number + 1} 条记有它原来的哈希`,
        en: `row ${number} was rewritten, hash and all: row ${number + 1} names the hash that it had`,
      };
    case 'removed':
      return one.number === one.until
        ? { zh: `第 ${number} 条被删除`, en: `row ${number} was removed` }
        : {
            zh: `第 ${number} 至 ${one.until} 条被删除`,
            en: `rows ${number} to ${one.until} were removed`,
          };
    case 'moved':
      return {
        zh: `第 ${number} 条原是第 ${one.was} 条：其前后有记录被插入、删除或调换`,
        en: `row ${number} was made as row ${one.was}: rows were put in, taken out or changed places beside it`,
      };
    case 'surplus':
      return { zh: `多出一条编号为 ${number} 的记录`, en: `there is one row too many of the number ${number}` };
    case 'numberless':
      return { zh: '有不带编号的记录（第 0 条）', en: 'there are rows without a number (row 0)' };
    case 'beyond':
      return {
        zh: `第 ${number} 至 ${one.until} 条不在链上：链的末尾是第 ${number - 1} 条`,
        en: `rows ${number} to ${one.until} are not of the chain, which ends with row ${number - 1}`,
      };
    case 'end':
      return {
        zh: `链的末尾与第 ${number} 条不符：末条或链的末尾被改写`,
        en: `the end of the chain does not fit row ${number}: the last row, or the end itself, was rewritten`,
      };
    case 'anchor':
      return {
        zh: `第 ${number} 条与锚点不符：自别处记下它之后，整条链被改写或截短`,
        en: `row ${number} is not what was noted of it: since then the chain was rewritten or cut as a whole`,
      };
  }
};
