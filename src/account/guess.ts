import type { Queryable } from '../db/pool.ts';
import { digest } from './secret.ts';

/**
 * Slows down whoever guesses, without holding up the owner (OWASP, "Slow Down Online Guessing Attacks with Device
 * Cookies"): strangers share a budget by account, a browser that the owner has signed in from has one of its own, and so
 * has an address over all names.
 */
export type Guesser =
  | { readonly kind: 'name'; readonly of: string }
  | { readonly kind: 'browser'; readonly of: string }
  | { readonly kind: 'address'; readonly of: string }
  /** Somebody signed in who proves again who they are. */
  | { readonly kind: 'self'; readonly of: string };

/** Failures before the first delay. Behind one address a whole county may sit. */
const free = { name: 5, browser: 10, address: 30, self: 10 } as const satisfies Readonly<
  Record<Guesser['kind'], number>
>;

/** How long nothing is tried after each failure past the free ones, ms; the last again and again: 96 tries a day. */
const delaysMs = [60_000, 120_000, 240_000, 480_000, 900_000] as const;

/** Failures are forgotten after a day without one; at an address where hundreds mistype there is never such a day. */
const forgottenMs = 86_400_000;
/** So an address regains one free try each five minutes, as long as it is not held: 288 a day. */
const regainedEveryMs = 300_000;

/** So many forgotten rows are cleared away with each try. */
const cleared = 20;

const columns = (guessers: readonly Guesser[]): [string[], Buffer[]] => [
  guessers.map(({ kind }) => kind),
  guessers.map(({ of }) => digest(of)),
];

/**
 * Takes one try of every budget, before it is made: a thousand at once get no more than one after the other. Null: go on;
 * else when the next one may be made, and nothing was taken.
 */
export const takeTry = async (db: Queryable, now: Date, guessers: readonly Guesser[]): Promise<Date | null> => {
  const [kinds, keys] = columns(guessers);
  const gone = new Date(now.getTime() - forgottenMs);
  await db.run(
    `delete from guess where (kind, key) in (select kind, key from guess where at < $1 and until < $1 limit $2
       for update skip locked)`,
    [gone, cleared],
  );
  await db.run(
    `update guess set failures = greatest(failures - extract(epoch from $3 - at) * 1000 / $4, 0), at = $3
     from unnest($1::text[], $2::bytea[]) as asked (kind, key)
     where guess.kind = asked.kind and guess.key = asked.key and guess.kind = 'address' and at < $3 and until <= $3`,
    [kinds, keys, now, regainedEveryMs],
  );
  // Free tries are in $4 by kind; $5 are the delays, of which the last is taken again and again.
  const taken = await db.many<{ kind: Guesser['kind'] }>(
    `insert into guess as held (kind, key, failures, at, until)
     select kind, key, 1, $3, $3 from unnest($1::text[], $2::bytea[]) as asked (kind, key)
     where not exists (select from guess join unnest($1::text[], $2::bytea[]) as asked (kind, key) using (kind, key)
       where guess.until > $3)
     order by kind, key
     on conflict (kind, key) do update set failures = held.failures + 1, at = $3,
       until = $3::timestamptz + coalesce(
         ($5::integer[])[least(round(held.failures)::integer + 2 - ($4::jsonb ->> held.kind)::integer, cardinality($5::integer[]))], 0
       ) * interval '1 millisecond'
       where held.until <= $3
     returning kind`,
    [kinds, keys, now, JSON.stringify(free), delaysMs],
  );
  if (taken.length === guessers.length) return null;
  // Another process held one of them in this very moment: those that were taken were for nothing.
  const idle = guessers.filter(({ kind }) => taken.some((one) => one.kind === kind));
  if (idle.length > 0) await giveTryBack(db, now, idle);
  const { until } = await db.one<{ until: Date | null }>(
    `select max(until) as until from guess join unnest($1::text[], $2::bytea[]) as asked (kind, key) using (kind, key)`,
    [kinds, keys],
  );
  return until !== null && until > now ? until : new Date(now.getTime() + 1_000);
};

/** Gives back a try that was no guess; `now` as it was taken. What others guessed meanwhile stays. */
export const giveTryBack = async (db: Queryable, now: Date, guessers: readonly Guesser[]): Promise<void> => {
  const [kinds, keys] = columns(guessers);
  // In the order of takeTry, or two who sign in at once could wait for each other.
  await db.run(
    `with asked as (
       select kind, key from guess join unnest($1::text[], $2::bytea[]) as asked (kind, key) using (kind, key)
       order by kind, key for update of guess)
     update guess set failures = greatest(failures - 1, 0), until = case when at = $3 then $3 else until end
     from asked where guess.kind = asked.kind and guess.key = asked.key`,
    [kinds, keys, now],
  );
};

/** Forgets what failed: of a browser and of somebody who were right. */
export const forgetTries = async (db: Queryable, guessers: readonly Guesser[]): Promise<void> => {
  const [kinds, keys] = columns(guessers);
  await db.run(
    `delete from guess using unnest($1::text[], $2::bytea[]) as asked (kind, key)
     where guess.kind = asked.kind and guess.key = asked.key`,
    [kinds, keys],
  );
};
