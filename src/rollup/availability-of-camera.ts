import type { Queryable } from '../db/pool.ts';
import type { Scope } from './availability.ts';
import type { Span } from './availability-split.ts';
import type { Seconds } from './period.ts';

/** Seconds of a camera hour by hour, those that are over and added up. */
export const hoursOf = (
  db: Queryable,
  { camera, unit }: Scope,
  { from, until }: Span,
): Promise<(Seconds & { readonly hour: Date })[]> =>
  db.many(
    `select hour, online, offline, unknown from availability_hour
     where camera = $1 and ($2::text is null or unit = $2) and hour >= $3 and hour < $4 order by hour`,
    [camera, unit, from, until],
  );
