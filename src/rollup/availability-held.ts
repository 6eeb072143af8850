import type { Queryable } from '../db/pool.ts';

/**
 * The policy over time, a row a class and stretch of time in which one version was in force: `hold` is for how many seconds
 * the state holds that a probe of a sweep found (two intervals; null: the class was not swept), `down_after` and `up_after`
 * how many failed or good probes in a row take a camera down or up. To be put behind `with`.
 */
export const held = `held as (
  select of.class, p.since, p.until, of.hold, p.down_after, p.up_after
  from (
    select *, valid_from as since, lead(valid_from, 1, 'infinity') over (order by valid_from) as until
    from (select distinct on (valid_from) * from policy order by valid_from, version desc) newest
  ) p
  cross join lateral (values
    ('skynet', 2 * least(skynet_online_every, skynet_picture_every)),
    ('social', 2 * least(social_online_every, social_picture_every)),
    ('household', 2 * least(household_online_every, household_picture_every))
  ) as of (class, hold)
)`;

/** A probe holds for two intervals, and an interval is a day at most. */
const longestHold = 2 * 86_400;

const before = (at: Date, seconds: number): Date => new Date(at.getTime() - seconds * 1000);

/** Where to read from, so that every probe is seen whose state reaches to `from` or beyond. */
export const reachOf = async (db: Queryable, from: Date, until: Date): Promise<Date> => {
  const { hold } = await db.one<{ hold: number | null }>(
    `with ${held} select max(hold) as hold from held where until > $1 and since < $2`,
    [before(from, longestHold), until],
  );
  return before(from, hold ?? 0);
};

/**
 * Where to read from, so that every run of probes that goes on at `from` and is not long enough before it to say anything
 * is seen from its first probe on. Probes of a run lie no further apart than a state holds: so many of those are enough.
 */
export const runReachOf = async (db: Queryable, from: Date, until: Date): Promise<Date> => {
  const spans = await db.many<{ since: Date; until: Date; hold: number; most: number }>(
    `with ${held}
     select since, case when until = 'infinity' then $1 else until end as until, hold, greatest(down_after, up_after) as most
     from held where since < $1 and hold is not null`,
    [until],
  );
  for (let back = 0; ; ) {
    const overlapping = spans.filter((span) => span.until > before(from, back));
    const needed =
      Math.max(0, ...overlapping.map(({ most }) => most)) * Math.max(0, ...overlapping.map(({ hold }) => hold));
    if (needed <= back) return before(from, back);
    back = needed;
  }
};
