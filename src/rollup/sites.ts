import type { Queryable } from '../db/pool.ts';

export type SiteNow = {
  readonly code: string;
  readonly name: string;
  readonly sockets: number | null;
  readonly megabits: number | null;
  /** In use. */
  readonly cameras: number;
  /** Of those that are swept, how many have no result in two of their intervals: what they do now nobody knows. */
  readonly unknown: number;
  /** The newest slot of a sweep whose results are all there; null where there is none of the last two hours. */
  readonly newest: Date | null;
  /** Probes that are planned and have no result yet, so far as their time is not over. */
  readonly open: number;
  /** Probes of sweeps that were not made since midnight (Asia/Shanghai), by reason; of one unit nobody has counted them. */
  readonly skipped: Readonly<Record<string, number>> | null;
};

/**
 * The intervals of the policy in force at $1, by class, s: the shortest, and where nothing is swept null. A state holds
 * for two of them.
 */
const intervals = `interval_of as (
  select class, case class
    when 'skynet' then least(skynet_online_every, skynet_picture_every)
    when 'social' then least(social_online_every, social_picture_every)
    else least(household_online_every, household_picture_every) end as seconds
  from unnest('{skynet,social,household}'::text[]) as class,
    (select * from policy where valid_from <= $1 order by valid_from desc, version desc limit 1) as p
)`;

/**
 * How each site does at `now`; of one unit its cameras alone, and the sites that have some. Reads some hours of jobs, not
 * of results: these are millions, and by camera.
 */
export const sitesNow = (db: Queryable, now: Date, unit: string | null = null): Promise<SiteNow[]> =>
  db.many<SiteNow>(
    `with ${intervals},
     known as (
       select c.site, count(distinct c.id) as cameras
       from sweep s cross join unnest(s.cameras) as of (camera)
       join camera c on c.id = of.camera and c.in_use and ($3::text is null or c.unit = $3)
       join interval_of i using (class)
       where s.slot > $2 and s.done_at is not null and s.slot > $1::timestamptz - make_interval(secs => 2 * i.seconds)
       group by c.site
     )
     select s.code, s.name, s.sockets, s.megabits, coalesce(c.cameras, 0)::integer as cameras, w.newest,
       (coalesce(c.swept, 0) - coalesce(n.cameras, 0))::integer as unknown,
       coalesce(w.open, 0)::integer as open, case when $3::text is null then coalesce(k.skipped, '{}') end as skipped
     from site s
     left join (
       select site, count(*) as cameras, count(i.seconds) as swept
       from camera join interval_of i using (class) where in_use and ($3::text is null or unit = $3) group by site
     ) c on c.site = s.code
     left join known n on n.site = s.code
     left join (
       select site, max(slot) filter (where done_at is not null and cameras > 0) as newest,
         sum(cameras) filter (where done_at is null and skipped is null and expires_at > $1) as open
       from (
         select site, slot, done_at, skipped, expires_at,
           case when $3::text is null then cardinality(cameras)
             else (select count(*) from camera where id = any(cameras) and unit = $3) end as cameras
         from sweep where slot > $2
       ) s group by site
     ) w on w.site = s.code
     left join (
       select site, jsonb_object_agg(reason, cameras) as skipped
       from (
         select site, reason, sum(cameras) as cameras from sweep_skipped
         where day = ($1::timestamptz at time zone 'Asia/Shanghai')::date group by site, reason
       ) r group by site
     ) k on k.site = s.code
     where $3::text is null or exists (select from camera of where of.site = s.code and of.unit = $3)
     order by s.code`,
    [now, new Date(now.getTime() - 7_200_000), unit],
  );

export type Freshness = {
  /** Seconds after which the newest result is too old: two of the shortest intervals; null where nothing is swept. */
  readonly within: number | null;
  readonly newest: Date | null;
};

/** How fresh what is known must be at `now`, and is: by the policy then in force and the cameras in use. */
export const freshness = (db: Queryable, now: Date): Promise<Freshness> =>
  db.one<Freshness>(
    `with ${intervals}
     select
       (select 2 * min(i.seconds) from interval_of i
        where exists (select from camera c where c.class = i.class and c.in_use))::integer as within,
       (select max(slot) from sweep where slot > $2 and slot <= $1 and done_at is not null) as newest`,
    [now, new Date(now.getTime() - 2 * 86_400_000)],
  );
